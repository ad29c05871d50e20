/* The evaluator: asked for windows, it computes each row of each level once, whoever asked for it.
 *
 * The engine returns the latent features of each window of a batch. Results depend on the place of
 * a window in its sequence and on the bases around it, never on what else is in the batch, its
 * order, or the number of threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/engine/batch.h"
#include "core/model/model.h"

struct mfd_engine;

struct mfd_engine_options {
    unsigned threads;     /* workers, 0 = one a core */
    int nice;             /* added to the niceness of the workers that the engine starts */
    size_t scratch_bytes; /* memory for rows a run, 0 = 128 MiB; a batch above it runs in parts */
    const char *kernels;  /* NULL = the best here; or "avx512", "avx2", "portable" */
    bool openblas;        /* matrix products by OpenBLAS even where the kernels have their own */
};
#define MFD_ENGINE_OPTIONS_INIT                                                                    \
    {                                                                                              \
        0                                                                                          \
    }

/* Pack the model's weights and start the workers. Takes a reference on `model`. One run at a time
 * an engine: callers queue (mfd_engine_run locks). */
int mfd_engine_new(struct mfd_engine **out, struct mfd_model *model,
                   const struct mfd_engine_options *options, struct mfd_error *err) MFD_MUST_CHECK;
/* The same for a trunk that belongs to no model; config is copied, the trunk's tensors are read
 * during the call only. */
int mfd_engine_new_bare(struct mfd_engine **out, const struct mfd_config *config,
                        const struct mfd_trunk *trunk, const struct mfd_engine_options *options,
                        struct mfd_error *err) MFD_MUST_CHECK;
void mfd_engine_free(struct mfd_engine *engine);
struct mfd_model *mfd_engine_model(const struct mfd_engine *engine); /* borrowed; NULL where bare */
const struct mfd_config *mfd_engine_config(const struct mfd_engine *engine);
const char *mfd_engine_kernels(const struct mfd_engine *engine); /* name of the set in use */

/* Bases before a window's first and behind its last that the engine reads where they are there: a
 * sequence cut from a genome should hold them, so that a place's answer is the same to the last bit
 * whatever was cut with it. */
void mfd_engine_margin(const struct mfd_engine *engine, int64_t *left, int64_t *right);

/* Compute `features` (windows, E): after bn_features, technical part first; for the baseline the
 * trunk's output. `cancel` (may be NULL) is polled between steps; MFD_ECANCELLED where it turned
 * non-zero. */
int mfd_engine_run(struct mfd_engine *engine, struct mfd_batch *batch, float *features,
                   const volatile int *cancel, struct mfd_error *err) MFD_MUST_CHECK;

/* out (rows, tracks) = x (rows, width; x_stride floats apart) w (tracks, width)^T on the engine's
 * workers; a row's result depends on that row and w alone. */
int mfd_engine_project(struct mfd_engine *engine, const float *x, size_t rows, size_t width,
                       size_t x_stride, const float *w, size_t tracks, float *out,
                       struct mfd_error *err) MFD_MUST_CHECK;

/* x (n) = 1 / (1 + exp(-x)), in place, on the calling thread. */
void mfd_engine_sigmoid(const struct mfd_engine *engine, float *x, size_t n);

/* What a batch costs, without running it. rows[i]: stem, each tower convolution, each dilated
 * block, output. */
struct mfd_cost {
    size_t levels;
    uint64_t rows[2 + MFD_MAX_LEVELS + MFD_MAX_DILATED];
    uint64_t
        rows_done[2 + MFD_MAX_LEVELS + MFD_MAX_DILATED]; /* convolved: with what whole tiles add */
    double gmac;      /* multiply-adds as a direct convolution would need, 1e9 */
    double gmac_done; /* after Cook-Toom, 1e9 */
    double passes;    /* whole windows that would cost as much */
};
int mfd_engine_cost(struct mfd_engine *engine, struct mfd_batch *batch, struct mfd_cost *cost,
                    struct mfd_error *err) MFD_MUST_CHECK;

/* Counters since the start, for metrics and benches. */
struct mfd_engine_stats {
    uint64_t runs, windows;
    double seconds, product_seconds; /* of matrix products: summed over workers */
    size_t packed_bytes, scratch_bytes;
    unsigned threads;
};
void mfd_engine_stats(const struct mfd_engine *engine, struct mfd_engine_stats *stats);
