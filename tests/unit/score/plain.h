/* Scores once more: one pass at a time in double precision, as the published protocol is written.
 * And the small world of network, head, engine and genome that the tests of this room share. */
#pragma once

#include "core/score/ensemble.h"
#include "core/score/score.h"
#include "tests/unit/genome/scratch.h"
#include "tests/util/network.h"

#define PLAIN_CONTIG 0       /* long, with a stretch of N */
#define PLAIN_SHORT_CONTIG 1 /* shorter than a window */

struct world {
    struct mfd_synthetic_options options;
    struct mfd_synthetic *network;
    const struct mfd_config *config;
    const struct mfd_head *head;
    struct mfd_engine *engine;
    struct test_random random;
    struct scratch scratch;
    struct mfd_genome *genome;
    int64_t length, unknown; /* bases of the long contig; where its 700 N begin */
};

/* Tests print the networks that they fail on. */
void world_init(struct world *w, uint64_t seed, enum network_kind kind, unsigned threads);
void world_deinit(struct world *w);

extern const struct mfd_ensemble plain_ensembles[5];

/* Every output of one window, averaged over the ensemble. */
struct plain {
    double *predictions, *logits, *logits_biological, *logits_technical; /* (tracks) */
    double *features; /* (embed), technical first */
};
/* `bases` holds mfd_ensemble_window letters. */
struct plain plain_score(const struct world *w, const char *bases, struct mfd_ensemble e);
void plain_free(struct plain *p);

/* Arrays of every output for so many rows, filled with a number that no output has. */
struct mfd_outputs plain_outputs(const struct world *w, size_t rows);
/* Are these rows of the outputs the same to the last bit? */
bool plain_same_row(const struct world *w, const struct mfd_outputs *a, size_t i,
                    const struct mfd_outputs *b, size_t j);
bool plain_row_is_nan(const struct world *w, const struct mfd_outputs *a, size_t row);

/* The largest difference of a row of outputs from `sign` times what is expected, less `less` where
 * that is not NULL; fails above the tolerance. */
double plain_check(const struct world *w, const struct mfd_outputs *got, size_t row,
                   const struct plain *want, const struct plain *less);
