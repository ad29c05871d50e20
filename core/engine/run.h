/* Computes a plan, level by level, on a pool of workers. */
#pragma once

#include "core/engine/kernels.h"
#include "core/engine/pack.h"
#include "core/engine/plan.h"
#include "core/engine/pool.h"

/* State of one engine's runs: buffers grown as plans need them, reused from run to run. */
struct mfd_run_state;

int mfd_run_state_new(struct mfd_run_state **out, const struct mfd_geometry *geometry,
                      const struct mfd_packed *packed, const struct mfd_kernels *kernels,
                      struct mfd_pool *pool, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_run_state_free(struct mfd_run_state *state);

/* Bytes of row buffers that a plan needs. */
size_t mfd_run_bytes(const struct mfd_run_state *state, const struct mfd_plan *plan);

/* Compute all outputs of the plan into features (n_outputs, embed). */
int mfd_run_plan(struct mfd_run_state *state, const struct mfd_plan *plan, float *features,
                 const volatile int *cancel, struct mfd_error *err) MFD_MUST_CHECK;

double mfd_run_product_seconds(const struct mfd_run_state *state);
size_t mfd_run_scratch_bytes(const struct mfd_run_state *state);
