/* What all that scores (predict, features, variants/score, ism) has in common: the request as it
 * was read, what it is asked of, where each number of the answer comes from, and how the answer is
 * laid out. */
#pragma once

#include "core/score/background.h"
#include "proto/encode.h"
#include "server/handlers/choice.h"
#include "server/operation.h"

#define MFD_MAX_PARTS 48
#define MFD_MAX_ARRAYS 32
/* An effect is "mostly technical" where the technical parts are the larger ones over the tracks. */
#define MFD_MOSTLY_TECHNICAL 0.5

/* An output of the computation that some part of the answer is made of. */
struct mfd_array {
    size_t offset; /* of its pointer in the task's `out`, or `effects` for variants */
    size_t stride; /* floats a row there */
};

enum mfd_making {
    MFD_MADE_COPIED,   /* features, as they are */
    MFD_MADE_PICKED,   /* through the choice of tracks */
    MFD_MADE_GATHERED, /* the same, as `gather` says: averages over settings, contrasts */
    MFD_MADE_SAR,      /* of the probabilities `array` (alternative) and `other` (reference) */
    MFD_MADE_MAX_ABS,  /* over the tracks chosen */
    MFD_MADE_L2,
    MFD_MADE_SHARE,     /* of the biological effects `array` beside the technical ones `other` */
    MFD_MADE_SHARES,    /* the same, track by track */
    MFD_MADE_FLAG,      /* 1 where that share is under MFD_MOSTLY_TECHNICAL, else 0 */
    MFD_MADE_AGREEMENT, /* of signs across laboratories */
    MFD_MADE_TOP,       /* pairs of a track's place and its effect */
    MFD_MADE_QUANTILE,  /* of the effects on the logits in `array`, against the background */
};

/* How the numbers of a part of the answer are made: places in the scoring's arrays. */
struct mfd_source {
    enum mfd_making making;
    size_t array, other;
    enum mfd_gather gather;
    bool centred; /* of a scan */
};

struct mfd_scoring {
    enum mfd_call call;
    struct mfd_body body;
    struct mfd_served *served; /* the driver's reference */
    const struct mfd_config *config;
    struct mfd_genome *genome; /* NULL: sequences only */
    const char *genome_name;
    struct mfd_ensemble ensemble;
    struct mfd_choice choice;
    struct mfd_part parts[MFD_MAX_PARTS];
    struct mfd_source sources[MFD_MAX_PARTS];
    struct mfd_array arrays[MFD_MAX_ARRAYS]; /* each output once, whatever is made of it */
    size_t n_arrays;
    enum mfd_gather gather;  /* of a row of the head, what the answer says: tracks, a mean ... */
    uint32_t *biology, *lab; /* (choice.n) for agreement, see mfd_scoring_labs */
    struct mfd_background background; /* of the model; no points where nobody asked for it */
    struct mfd_layout layout;         /* rows and input: the operation's to fill in */
    const struct mfd_encoder *encoder;
    struct mfd_buffer provenance;
    float *scratch; /* one row of the answer */
    int64_t max_items, max_passes, max_unscored;
    size_t kept;              /* problems of items */
    size_t windows, unscored; /* what it costs */
    double passes;
};

/* Read the model, genome and tracks that `s->body` names, and lay out the answer. Sets plan->model.
 * 0, or -1 with the problem. */
int mfd_scoring_open(struct mfd_scoring *s, enum mfd_call call,
                     const struct mfd_operation_input *input, struct mfd_operation_plan *plan,
                     struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_scoring_deinit(struct mfd_scoring *s);
/* Where a request names too many items, say that jobs take more. */
void mfd_scoring_hint(const struct mfd_operation_input *input, struct mfd_problem *problem);

/* Once items have been looked at: strict requests fail at the first bad one; else the plan's items,
 * passes and part size, with `rows` rows in all and at most `most` of one item. */
int mfd_scoring_plan(struct mfd_scoring *s, size_t rows, size_t most,
                     struct mfd_operation_plan *plan, struct mfd_problem *problem) MFD_MUST_CHECK;

/* Write the labels of all rows, with mfd_labels_row. */
typedef void mfd_label_rows_fn(const void *state, struct mfd_buffer *out);
/* The answer to a dry run; where the answer itself would be an array, with the labels of its rows.
 */
int mfd_scoring_describe(const struct mfd_scoring *s, mfd_label_rows_fn *rows, const void *state,
                         struct mfd_buffer *out, struct mfd_problem *problem) MFD_MUST_CHECK;

/* Numbers of one part of the batch while it is computed and encoded. */
struct mfd_numbers {
    const struct mfd_scoring *scoring;
    size_t rows;
    float *block;                  /* all arrays and a row of work */
    float *arrays[MFD_MAX_ARRAYS]; /* (rows, stride) of each */
    float *work;                   /* scores of every track of the head, before the choice */
    float *chosen;                 /* (2, choice.n) */
    size_t *best;                  /* (top) */
};

/* Make room for `rows` rows and point the task's outputs at it. */
int mfd_numbers_init(struct mfd_numbers *n, const struct mfd_scoring *s, size_t rows,
                     struct mfd_task *task, struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_numbers_deinit(struct mfd_numbers *n);
/* For struct mfd_results: ctx is a struct mfd_numbers. */
mfd_fill_fn mfd_numbers_fill;

/* Bases that a pass of this ensemble reads. */
int64_t mfd_scoring_window(const struct mfd_scoring *s);
/* A sequence must be letters, and just a window; `found` tells where it is not. */
void mfd_scoring_check_sequence(const struct mfd_scoring *s, const struct mfd_item *item,
                                const char *pointer, struct mfd_problem *found);
/* Bases of [start, end) that lie outside a contig of that length. */
int64_t mfd_outside(int64_t start, int64_t end, int64_t length);
/* What a batch calls a problem of that type: skipped where the input is fine but is not scored. */
enum mfd_outcome mfd_outcome_of(const struct mfd_problem *problem);
/* Add one to what it came to. */
void mfd_outcome_count(enum mfd_outcome outcome, struct mfd_tally *counts);
/* Give item i a problem of its own; returns where to write it, NULL on lack of memory. */
struct mfd_problem *mfd_scoring_item_problem(struct mfd_scoring *s, size_t i,
                                             struct mfd_problem *problem);

/* Add the results of a part to its counts. */
void mfd_scoring_count(const struct mfd_result *results, size_t n, struct mfd_tally *counts);
/* The operations' `finish`. */
int mfd_scoring_finish(const struct mfd_scoring *s, const struct mfd_tally *counts,
                       struct mfd_buffer *out, struct mfd_problem *problem) MFD_MUST_CHECK;
