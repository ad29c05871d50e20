/* The network once more: double precision, one window at a time, every layer over the whole window
 * as it stands in the published description. Slow and plain, to judge the engine by. */
#pragma once

#include <stddef.h>

#include "core/model/head.h"
#include "core/model/trunk.h"

/* Features of the window of `positions` k-mers at `bases` (positions + k - 1 letters) into features
 * (embed). Aborts on lack of memory. */
void naive_features(const struct mfd_config *config, const struct mfd_trunk *trunk,
                    const char *bases, size_t positions, double *features);

/* The parts of one row of features (embed, technical first) on the logit scale: (tracks) each. For
 * the baseline all is biological. logits = bio + tech + bias. */
void naive_logits(const struct mfd_head *head, const double *features, double *bio, double *tech,
                  double *logits);

double naive_sigmoid(double x);
double naive_activation(enum mfd_activation activation, double x);

/* The reverse complement of n letters. */
void naive_reverse(const char *bases, size_t n, char *out);
