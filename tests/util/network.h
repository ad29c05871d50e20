/* Small random networks and engines for tests. Everything here fails the running test where it
 * cannot do what it is asked. */
#pragma once

#include <stdbool.h>

#include "core/engine/engine.h"
#include "core/engine/synthetic.h"
#include "tests/util/random.h"

enum network_kind {
    NETWORK_ANY,
    NETWORK_CONE,   /* the output's cone stays off the padding */
    NETWORK_PADDED, /* it does not */
};

/* A random architecture: 1 to 3-mers, kernels 3 to 7, 2 to 6 tower blocks, 0 to 4 dilated ones,
 * either activation, either class, lengths with and without a rest. */
struct mfd_synthetic_options network_options(struct test_random *r, enum network_kind kind);
/* In one line, for messages. */
const char *network_describe(const struct mfd_synthetic_options *options);

struct mfd_synthetic *network_new(const struct mfd_synthetic_options *options);
struct mfd_engine *network_engine(const struct mfd_synthetic *network, unsigned threads,
                                  size_t scratch_bytes, const char *kernels);
struct mfd_batch *network_batch(const struct mfd_synthetic *network);

/* As the functions of the batch without the `network_`, but they return the number. */
size_t network_sequence(struct mfd_batch *batch, const char *bases, size_t n, int64_t start);
size_t network_reverse(struct mfd_batch *batch, size_t sequence);
size_t network_allele(struct mfd_batch *batch, size_t sequence, int64_t pos, size_t n_ref,
                      const char *alt, size_t n_alt);
void network_window(struct mfd_batch *batch, size_t sequence, int64_t start, size_t positions);

/* Features of every window of the batch, (windows, embed); release with free(). */
float *network_run(struct mfd_engine *engine, struct mfd_batch *batch);

/* Of two rows: the largest difference over the largest value of `want`. */
double network_error(const float *got, const double *want, size_t n);
double network_distance(const float *got, const float *want, size_t n);
