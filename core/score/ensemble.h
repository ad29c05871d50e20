/* The passes of an ensemble and their averages. Private to core/score. */
#pragma once

#include "core/score/score.h"

/* Features of `items` inputs, each seen in `passes` ways; the row of item i's pass p is
 * row[i * passes + p] of features. */
struct mfd_passes {
    float *features; /* (n rows, embed) */
    size_t embed;
    size_t items, passes;
    size_t *row;
};

void mfd_passes_deinit(struct mfd_passes *passes);

/* Input positions of each pass. */
static inline size_t mfd_ensemble_positions(struct mfd_ensemble e, const struct mfd_config *c)
{
    return e.shifts > 1 ? c->seq_len + 1 : c->seq_len;
}
/* MFD_EINVAL unless shifts is 1 ... MFD_MAX_SHIFTS. */
int mfd_ensemble_check(struct mfd_ensemble e, struct mfd_error *err) MFD_MUST_CHECK;

/* Ask a batch for the passes of one strand of a window: `sequence` holds it from `start` on. */
int mfd_ensemble_ask(struct mfd_batch *batch, struct mfd_ensemble e, size_t sequence, int64_t start,
                     struct mfd_error *err) MFD_MUST_CHECK;

/* Run a batch whose windows are, for each strand, those of item 0, item 1, ..., each with its
 * shifts. */
int mfd_passes_run(struct mfd_engine *engine, struct mfd_batch *batch, struct mfd_ensemble e,
                   size_t items, struct mfd_passes *out, const volatile int *cancel,
                   struct mfd_error *err) MFD_MUST_CHECK;

/* Average the passes of every item into out's rows 0 ... items - 1. Features are averaged first and
 * the logits computed from the averages, which is the same because they are linear; probabilities
 * are averaged a pass. */
int mfd_passes_average(struct mfd_engine *engine, const struct mfd_head *head,
                       const struct mfd_passes *passes, const struct mfd_outputs *out,
                       struct mfd_error *err) MFD_MUST_CHECK;

/* Arrays for `rows` rows of the outputs that `like` wants; release with mfd_outputs_free, which
 * also takes what a failure left. */
int mfd_outputs_new(struct mfd_outputs *out, const struct mfd_outputs *like, size_t rows,
                    const struct mfd_head *head, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_outputs_free(struct mfd_outputs *out);

/* The same outputs, `rows` rows further on. */
struct mfd_outputs mfd_outputs_at(const struct mfd_outputs *out, size_t rows,
                                  const struct mfd_head *head);
/* Fill row `row` of every wanted output with NaN. */
void mfd_outputs_blank(const struct mfd_outputs *out, size_t row, const struct mfd_head *head);

/* Each output's array, width and place in struct mfd_outputs, for loops over all of them. */
#define MFD_N_OUTPUTS 7
float **mfd_outputs_slot(struct mfd_outputs *out, size_t i);
size_t mfd_outputs_width(size_t i, const struct mfd_head *head);
