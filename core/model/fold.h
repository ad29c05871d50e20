/* Output weights of a model's own tracks, out of its tensors. */
#pragma once

#include "core/base/error.h"
#include "core/model/config.h"
#include "core/model/embedding.h"
#include "core/model/head.h"
#include "core/tensor/safetensors.h"

/* The head of a disentangled model: the embedding networks run over the tracks' var_vals, and
 * `bias`. The weights are bare, as the golden files weights_*.npy: stn is not yet in them. */
int mfd_head_fold(struct mfd_head **out, const struct mfd_config *config,
                  const struct mfd_embedding *embedding, const struct mfd_metadata *md,
                  const struct mfd_safetensors *weights, struct mfd_error *err) MFD_MUST_CHECK;

/* Multiply sigmoid(stn_biological) and sigmoid(stn_technical) into a head's rows. */
int mfd_head_apply_signal(struct mfd_head *head, const struct mfd_safetensors *weights,
                          struct mfd_error *err) MFD_MUST_CHECK;

/* The head of a baseline: `head.weight` and `head.bias`. */
int mfd_head_fold_baseline(struct mfd_head **out, const struct mfd_config *config,
                           const struct mfd_safetensors *weights,
                           struct mfd_error *err) MFD_MUST_CHECK;
