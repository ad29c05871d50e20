/* The trunk's tensors, bound by name and checked against one another. All memory is borrowed from
 * the mapped bundle, in PyTorch's layout. */
#pragma once

#include "core/base/error.h"
#include "core/model/config.h"
#include "core/tensor/safetensors.h"

/* Batch norm with running statistics, eps 1e-5: y = (x - mean) / sqrt(var + eps) * weight + bias.
 */
struct mfd_norm {
    size_t n;
    const float *weight, *bias, *mean, *var; /* (n) each */
};

struct mfd_conv {
    size_t out, in, width, dilation;
    const float *w;    /* (out, in, width) */
    const float *bias; /* (out) or NULL */
};

/* norm -> activation -> convolution */
struct mfd_block {
    struct mfd_norm norm;
    struct mfd_conv conv;
};

struct mfd_trunk {
    struct mfd_conv stem;        /* 4^k -> width[0], width 15, with bias */
    struct mfd_block stem_point; /* x + block(x) */
    struct {
        struct mfd_block conv, point;
    } tower[MFD_MAX_LEVELS], dilated[MFD_MAX_DILATED];
    struct mfd_block pointwise; /* width[last] -> embed */
    bool has_features_norm;     /* bn_features: absent in the baseline's features */
    struct mfd_norm features;
};

/* Bind and check every tensor of the trunk, filling the parts of `config` that tensors tell
 * (widths, kernel, embed) from hyper-parameters already there. MFD_EFORMAT names the tensor, what
 * its shape is and what was expected. */
int mfd_trunk_bind(struct mfd_trunk *trunk, struct mfd_config *config,
                   const struct mfd_safetensors *weights, struct mfd_error *err) MFD_MUST_CHECK;

/* Find a float tensor by name and check it: `shape` (ndim entries) says what is expected, 0 meaning
 * any size above 0, and receives what there is; all values are finite. *out is borrowed. */
int mfd_tensor_require(const struct mfd_safetensors *weights, const char *name, size_t ndim,
                       size_t *shape, const float **out, struct mfd_error *err) MFD_MUST_CHECK;
