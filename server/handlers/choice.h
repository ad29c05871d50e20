/* Which tracks answer: all of a model's, some by identifier or metadata, or virtual ones. */
#pragma once

#include <stddef.h>

#include "core/model/model.h"
#include "core/score/marginal.h"
#include "proto/decode.h"

/* Borrows names from the model and the body. */
struct mfd_choice {
    size_t n;                      /* tracks chosen, at least one */
    size_t *index;                 /* (n) rows of the head; NULL: its rows as they are */
    const char **names;            /* (n) */
    struct mfd_marginal *marginal; /* owned, where averages are asked for; `head` is then NULL */
    struct mfd_contrast *contrast; /* likewise */
    char **settings;               /* (marginal->settings) "COLUMN=VALUE;...", of levels; or NULL */
    float *spare;                  /* (n), for averages */
    struct mfd_head *head;         /* of virtual tracks, owned; NULL: the model's own */
    size_t stride;                 /* tracks of that head */
    enum mfd_aggregate aggregate;
    const char *const *columns; /* (width) what the answer calls its numbers */
    size_t width;               /* n, or 1 where aggregated */
};

/* Resolve what a request asks for. 0, or -1 with the problem: unknown-track, unknown-column,
 * unknown-label (each with the closest names), no-track-matches, unsupported. */
int mfd_choice_make(struct mfd_choice *out, const struct mfd_model *model,
                    const struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_choice_deinit(struct mfd_choice *choice);

/* Append ,"over":[...],"settings":[{"weight","tracks","values":{column: text}}, ...] of an average.
 */
void mfd_choice_settings(const struct mfd_choice *choice, const struct mfd_model *model,
                         struct mfd_buffer *out);

/* Append setting `s` of an average as "COLUMN=VALUE;COLUMN=VALUE". */
void mfd_choice_setting(const struct mfd_choice *choice, const struct mfd_model *model, size_t s,
                        struct mfd_buffer *out);

/* Append ,"virtual_tracks":[{"id","bias","value"}, ...]: the policy of each virtual track's bias
 * (or of a contrast's two settings), and the logit that it came to; nothing where there are none.
 */
void mfd_choice_biases(const struct mfd_choice *choice, const struct mfd_body *body,
                       struct mfd_buffer *out);

/* The head to score with; NULL: the model's own. */
const struct mfd_head *mfd_choice_head(const struct mfd_choice *choice);

enum mfd_gather {
    MFD_GATHER_TRACKS, /* picked, or aggregated over the selection: (width) */
    MFD_GATHER_MEAN,   /* over the settings of the nuisance columns: (width) */
    MFD_GATHER_SD,
    MFD_GATHER_LEVELS,     /* every setting: (width * settings) */
    MFD_GATHER_DIFFERENCE, /* of a contrast: 1 */
};
/* Make out of one row of the head (stride) what is asked for. One thread at a time. */
void mfd_choice_gather(const struct mfd_choice *choice, enum mfd_gather how, const float *row,
                       float *out);
