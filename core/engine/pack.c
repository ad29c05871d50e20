#include "core/engine/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

#define NORM_EPSILON 1e-5 /* PyTorch's default, which the published networks keep */

static size_t padded(size_t n)
{
    return mfd_round_up(n, MFD_LANES);
}

/* Zeroed floats, owned by `p`; NULL on lack of memory. */
static float *block(struct mfd_packed *p, size_t n, size_t size)
{
    size_t count;
    float **blocks = mfd_realloc(p->blocks, p->n_blocks + 1, sizeof *blocks);
    if (!blocks)
        return NULL;
    p->blocks = blocks;
    if (!mfd_mul(n, size, &count))
        return NULL;
    float *data = mfd_aligned(count, sizeof *data);
    if (!data)
        return NULL;
    memset(data, 0, count * sizeof *data);
    p->blocks[p->n_blocks++] = data;
    p->bytes += count * sizeof *data;
    return data;
}

static int fold_norm(struct mfd_packed *p, const struct mfd_norm *norm, const float **scale_out,
                     const float **shift_out)
{
    float *scale = block(p, padded(norm->n), 1), *shift = block(p, padded(norm->n), 1);
    if (!scale || !shift)
        return MFD_ENOMEM;
    for (size_t i = 0; i < norm->n; i++) {
        double s = norm->weight[i] / sqrt((double)norm->var[i] + NORM_EPSILON);
        scale[i] = (float)s;
        shift[i] = (float)(norm->bias[i] - norm->mean[i] * s);
    }
    *scale_out = scale;
    *shift_out = shift;
    return MFD_OK;
}

void mfd_conv_kernel_transform(enum mfd_conv_way way, size_t taps, double *g)
{
    static const double f45[] = { 0, 1, -1, 2, -2, 0.5, -0.5 };
    static const double f25[] = { 0, 1, -1, 2, -0.5 };
    const double *a = way == MFD_CONV_F45 ? f45 : f25;
    size_t finite = way == MFD_CONV_F45 ? 7 : 5;
    if (way == MFD_CONV_DIRECT) {
        for (size_t i = 0; i < taps * taps; i++)
            g[i] = i / taps == i % taps;
        return;
    }
    for (size_t p = 0; p < finite; p++) {
        double scale = 1, power = 1;
        for (size_t q = 0; q < finite; q++)
            if (q != p)
                scale *= a[p] - a[q];
        for (size_t t = 0; t < taps; t++, power *= a[p])
            g[p * taps + t] = power / scale;
    }
    for (size_t t = 0; t < taps; t++)
        g[finite * taps + t] = t + 1 == taps;
}

struct transform {
    const struct mfd_products *products;
    const struct mfd_conv *conv;
    const double *g;
    size_t points;
    struct mfd_matrix to; /* of the first product */
};

/* One item: MFD_LANES output channels of every input channel. */
static void transform_block(void *context, size_t item, unsigned worker)
{
    const struct transform *t = context;
    const struct mfd_conv *c = t->conv;
    size_t first = item * MFD_LANES, last = first + MFD_LANES < c->out ? first + MFD_LANES : c->out;
    (void)worker;
    for (size_t i = 0; i < c->in; i++)
        for (size_t o = first; o < last; o++) {
            const float *w = c->w + (o * c->in + i) * c->width;
            float *to = t->to.data + mfd_matrix_at(t->products, &t->to, i, o);
            for (size_t p = 0; p < t->points; p++) {
                double sum = 0;
                for (size_t k = 0; k < c->width; k++)
                    sum += t->g[p * c->width + k] * w[k];
                to[p * t->to.k * t->to.n] = (float)sum;
            }
        }
}

static int pack_conv(struct mfd_packed *p, const struct mfd_conv *conv, enum mfd_conv_way way,
                     size_t points, struct mfd_pool *pool, struct mfd_matrix *out)
{
    struct mfd_matrix m = { .k = conv->in, .n = padded(conv->out) };
    size_t size;
    double *g = mfd_calloc(points * conv->width, sizeof *g);
    m.data = g && mfd_mul(m.k, m.n, &size) ? block(p, points, size) : NULL;
    if (m.data) {
        mfd_conv_kernel_transform(way, conv->width, g);
        struct transform t = { &p->products, conv, g, points, m };
        mfd_pool_run(pool, transform_block, &t, (conv->out + MFD_LANES - 1) / MFD_LANES);
        *out = m;
    }
    free(g);
    return m.data ? MFD_OK : MFD_ENOMEM;
}

static int pack_stem(struct mfd_packed *p, const struct mfd_trunk *trunk)
{
    const struct mfd_conv *c = &trunk->stem;
    size_t out = padded(c->out);
    p->letters = c->in + 1;
    p->stem_table = block(p, MFD_STEM_WIDTH * p->letters, out);
    p->stem_bias = block(p, out, 1);
    if (!p->stem_table || !p->stem_bias)
        return MFD_ENOMEM;
    for (size_t o = 0; o < c->out; o++) {
        p->stem_bias[o] = c->bias ? c->bias[o] : 0.0f;
        for (size_t i = 0; i < c->in; i++)
            for (size_t tap = 0; tap < MFD_STEM_WIDTH; tap++)
                p->stem_table[(tap * p->letters + i) * out + o] =
                    c->w[(o * c->in + i) * MFD_STEM_WIDTH + tap];
    }
    return MFD_OK;
}

/* The block that norms the convolution's result, and its width-1 convolution. */
static int pack_second(struct mfd_packed *p, struct mfd_packed_level *l,
                       const struct mfd_block *second, struct mfd_pool *pool)
{
    if (pack_conv(p, &second->conv, MFD_CONV_DIRECT, 1, pool, &l->point))
        return MFD_ENOMEM;
    return fold_norm(p, &second->norm, &l->middle.scale, &l->middle.shift);
}

static int pack_level(struct mfd_packed *p, const struct mfd_level *level,
                      struct mfd_packed_level *l, const struct mfd_trunk *trunk,
                      struct mfd_pool *pool)
{
    if (level->kind == MFD_LEVEL_STEM) {
        l->out = padded(trunk->stem.out);
        int status = pack_stem(p, trunk);
        return status ? status : pack_second(p, l, &trunk->stem_point, pool);
    }
    const struct mfd_block *first = &trunk->pointwise, *second = NULL;
    if (level->kind == MFD_LEVEL_TOWER) {
        first = &trunk->tower[level->index].conv;
        second = &trunk->tower[level->index].point;
    } else if (level->kind == MFD_LEVEL_DILATED) {
        first = &trunk->dilated[level->index].conv;
        second = &trunk->dilated[level->index].point;
    }
    l->in = padded(first->conv.in);
    l->out = padded(first->conv.out);
    int status = pack_conv(p, &first->conv, level->way, level->points, pool, &l->conv);
    if (!status)
        status = fold_norm(p, &first->norm, &l->before.scale, &l->before.shift);
    return status || !second ? status : pack_second(p, l, second, pool);
}

static int pack_features(struct mfd_packed *p, const struct mfd_config *config,
                         const struct mfd_trunk *trunk)
{
    p->embed = config->embed;
    if (trunk->has_features_norm) {
        const float *scale, *shift;
        int status = fold_norm(p, &trunk->features, &scale, &shift);
        if (status)
            return status;
        p->scale = p->blocks[p->n_blocks - 2];
        p->shift = p->blocks[p->n_blocks - 1];
        return MFD_OK;
    }
    p->scale = block(p, padded(p->embed), 1);
    p->shift = block(p, padded(p->embed), 1);
    if (!p->scale || !p->shift)
        return MFD_ENOMEM;
    for (size_t i = 0; i < p->embed; i++)
        p->scale[i] = 1.0f;
    return MFD_OK;
}

int mfd_packed_init(struct mfd_packed *packed, const struct mfd_geometry *g,
                    const struct mfd_config *config, const struct mfd_trunk *trunk,
                    const struct mfd_products *products, struct mfd_pool *pool,
                    struct mfd_error *err)
{
    struct mfd_packed p = { .products = *products };
    int status = MFD_OK;
    for (size_t i = 0; i < g->n && status == MFD_OK; i++) {
        p.level[i].before.activation = p.level[i].middle.activation = config->activation;
        status = pack_level(&p, &g->level[i], &p.level[i], trunk, pool);
    }
    if (status == MFD_OK)
        status = pack_features(&p, config, trunk);
    if (status) {
        mfd_packed_deinit(&p);
        return mfd_fail_nomem(err);
    }
    *packed = p;
    return MFD_OK;
}

void mfd_packed_deinit(struct mfd_packed *p)
{
    for (size_t i = 0; i < p->n_blocks; i++)
        free(p->blocks[i]);
    free(p->blocks);
    memset(p, 0, sizeof *p);
}
