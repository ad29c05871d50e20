/* A model's weights as the engine reads them: channels padded to MFD_LANES, batch norms folded to
 * scale and shift, convolutions turned into one (in, out) matrix a product. Immutable once built.
 */
#pragma once

#include "core/engine/geometry.h"
#include "core/engine/kernels.h"
#include "core/engine/pool.h"
#include "core/engine/product.h"
#include "core/model/trunk.h"

/* A level: norm -> act -> convolution (points matrices) -> norm -> act -> width-1 convolution. */
struct mfd_packed_level {
    size_t in, out; /* channels, padded */
    struct mfd_norm_act before, middle;
    struct mfd_matrix
        conv; /* (in, out) of the first product; the others follow, k * n floats each */
    struct mfd_matrix point; /* (out, out); data is NULL for the output level */
};

struct mfd_packed {
    struct mfd_packed_level
        level[MFD_ENGINE_LEVELS]; /* level 0, the stem, has only middle and point */
    float *stem_table;            /* (15, 4^k + 1, out); the last letter is all zero */
    float *stem_bias;             /* (out) */
    size_t letters;               /* 4^k + 1 */
    size_t embed;                 /* features, not padded */
    float *scale, *shift;         /* bn_features, padded; 1 and 0 where there is none */
    struct mfd_products products;
    float **blocks; /* everything owned */
    size_t n_blocks, bytes;
};

int mfd_packed_init(struct mfd_packed *packed, const struct mfd_geometry *geometry,
                    const struct mfd_config *config, const struct mfd_trunk *trunk,
                    const struct mfd_products *products, struct mfd_pool *pool,
                    struct mfd_error *err) MFD_MUST_CHECK;
void mfd_packed_deinit(struct mfd_packed *packed);

/* Kernel transform of a way: g (points, taps), so that product p uses sum over taps of g[p][t]
 * w[t]. g holds points * taps numbers. */
void mfd_conv_kernel_transform(enum mfd_conv_way way, size_t taps, double *g);
