/* Networks with random weights, of any size: for benches and tests, which need a network and no
 * training. Weights are scaled so that activations neither vanish nor explode; the same options and
 * seed give the same bits on every machine. */
#pragma once

#include "core/base/error.h"
#include "core/model/head.h"
#include "core/model/trunk.h"

/* As the hyper-parameters of the published code; the initialiser is the published size. */
struct mfd_synthetic_options {
    size_t channels;     /* C; the stem has C/2, the tower grows to C */
    size_t order;        /* k */
    size_t seq_len;      /* L, input positions; may leave a rest below a bin */
    size_t n_tower;      /* L1 */
    size_t n_dilated;    /* L2 */
    size_t crop;         /* bins on either side of the predicted one */
    size_t tower_kernel; /* odd */
    size_t embed;        /* E; 0 = 2C */
    size_t technical;    /* technical features; 0 = half. Not for the baseline */
    size_t tracks;
    double dilation; /* D: block i has a dilation of int(2 D^i) bins */
    enum mfd_activation activation;
    enum mfd_model_class model_class;
    uint64_t seed;
};
#define MFD_SYNTHETIC_OPTIONS_INIT                                                                 \
    {                                                                                              \
        .channels = 768, .order = 2, .seq_len = 2176, .n_tower = 6, .n_dilated = 2, .crop = 8,     \
        .tower_kernel = 5, .tracks = 2106, .dilation = 1.5, .seed = 1                              \
    }

struct mfd_synthetic;

/* MFD_EINVAL or MFD_EUNSUPPORTED where no engine could compute such a network. */
int mfd_synthetic_new(struct mfd_synthetic **out, const struct mfd_synthetic_options *options,
                      struct mfd_error *err) MFD_MUST_CHECK;
void mfd_synthetic_free(struct mfd_synthetic *synthetic);

/* All borrowed, for the network's life. The head's weights are random like the rest, folded from no
 * metadata. */
const struct mfd_config *mfd_synthetic_config(const struct mfd_synthetic *synthetic);
const struct mfd_trunk *mfd_synthetic_trunk(const struct mfd_synthetic *synthetic);
const struct mfd_head *mfd_synthetic_head(const struct mfd_synthetic *synthetic);
