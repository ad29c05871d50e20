/* Which tracks answer: all of a model's, some by identifier or metadata, or virtual ones. */
#pragma once

#include <stddef.h>

#include "core/model/model.h"
#include "proto/decode.h"

/* Borrows names from the model and the body. */
struct mfd_choice {
    size_t n;              /* tracks chosen, at least one */
    size_t *index;         /* (n) rows of the head; NULL: its rows as they are */
    const char **names;    /* (n) */
    struct mfd_head *head; /* of virtual tracks, owned; NULL: the model's own */
    size_t stride;         /* tracks of that head */
    enum mfd_aggregate aggregate;
    const char *const *columns; /* (width) what the answer calls its numbers */
    size_t width;               /* n, or 1 where aggregated */
};

/* Resolve what a request asks for. 0, or -1 with the problem: unknown-track, unknown-column,
 * unknown-label (each with the closest names), no-track-matches, unsupported. */
int mfd_choice_make(struct mfd_choice *out, const struct mfd_model *model,
                    const struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_choice_deinit(struct mfd_choice *choice);

/* Pick or aggregate the numbers of one row of the head (stride) into out (width). */
void mfd_choice_gather(const struct mfd_choice *choice, const float *row, float *out);
