#include "core/engine/synthetic.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/engine/geometry.h"

struct mfd_synthetic {
    struct mfd_config config;
    struct mfd_trunk trunk;
    struct mfd_head *head;
    float *data; /* every tensor of the trunk; NULL while they are being counted */
    size_t used; /* floats */
    bool overflow;
    uint64_t random;
};

MFD_DEFINE_CLEANUP(struct mfd_synthetic, mfd_synthetic_free);

/* splitmix64 (Steele, Lea and Flood 2014) */
static uint64_t draw(struct mfd_synthetic *s)
{
    uint64_t z = s->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In [0.5, 1.5) */
static float near_one(struct mfd_synthetic *s)
{
    return 0.5f + (float)(draw(s) >> 40) * 0x1p-24f;
}

/* Mean 0, variance 1, bell-shaped enough: the sum of four uniform numbers, which asks no library
 * for a logarithm and so is the same everywhere. */
static float bell(struct mfd_synthetic *s)
{
    uint64_t x = draw(s);
    int64_t sum = (int64_t)((x & 0xffff) + (x >> 16 & 0xffff) + (x >> 32 & 0xffff) + (x >> 48));
    return (float)(sum - 2 * 0xffff) * 2.6429e-5f; /* sqrt(3) / 2^16 */
}

/* Room for n floats, filled with bell-shaped numbers of this spread; NULL while counting. */
static float *tensor(struct mfd_synthetic *s, size_t n, double spread)
{
    float *data = s->data ? s->data + s->used : NULL;
    s->overflow |= !mfd_add(s->used, n, &s->used);
    for (size_t i = 0; data && i < n; i++)
        data[i] = bell(s) * (float)spread;
    return data;
}

static float *tensor_near_one(struct mfd_synthetic *s, size_t n)
{
    float *data = tensor(s, n, 0);
    for (size_t i = 0; data && i < n; i++)
        data[i] = near_one(s);
    return data;
}

static struct mfd_norm norm(struct mfd_synthetic *s, size_t n)
{
    struct mfd_norm x = { .n = n };
    x.weight = tensor_near_one(s, n);
    x.bias = tensor(s, n, 0.1);
    x.mean = tensor(s, n, 0.1);
    x.var = tensor_near_one(s, n);
    return x;
}

static struct mfd_conv conv(struct mfd_synthetic *s, size_t in, size_t out, size_t width,
                            size_t dilation)
{
    struct mfd_conv x = { .out = out, .in = in, .width = width, .dilation = dilation };
    size_t fan, n;
    s->overflow |= !mfd_mul(in, width, &fan) || !mfd_mul(fan, out, &n);
    x.w = s->overflow ? NULL : tensor(s, n, 1 / sqrt((double)fan));
    return x;
}

static struct mfd_block block(struct mfd_synthetic *s, size_t in, size_t out, size_t width,
                              size_t dilation)
{
    struct mfd_norm before = norm(s, in);
    return (struct mfd_block){ .norm = before, .conv = conv(s, in, out, width, dilation) };
}

/* Walks over every tensor: counts them first, then makes them. */
static void build(struct mfd_synthetic *s)
{
    const struct mfd_config *c = &s->config;
    struct mfd_trunk *t = &s->trunk;
    const size_t *width = c->width, top = width[c->n_tower];
    t->stem = conv(s, (size_t)1 << (2 * c->seq_order), width[0], MFD_STEM_WIDTH, 1);
    t->stem.bias = tensor(s, width[0], 0.1);
    t->stem_point = block(s, width[0], width[0], 1, 1);
    for (size_t i = 0; i < c->n_tower; i++) {
        t->tower[i].conv = block(s, width[i], width[i + 1], c->tower_kernel, 1);
        t->tower[i].point = block(s, width[i + 1], width[i + 1], 1, 1);
    }
    for (size_t i = 0; i < c->n_dilated; i++) {
        t->dilated[i].conv = block(s, top, top, MFD_DILATED_WIDTH, c->dilation[i]);
        t->dilated[i].point = block(s, top, top, 1, 1);
    }
    t->pointwise = block(s, top, c->embed, 1, 1);
    t->has_features_norm = c->model_class == MFD_DISENTANGLED;
    if (t->has_features_norm)
        t->features = norm(s, c->embed);
}

static int build_trunk(struct mfd_synthetic *s, struct mfd_error *err)
{
    build(s);
    if (s->overflow || !(s->data = mfd_aligned(s->used, sizeof *s->data)))
        return mfd_fail_nomem(err);
    s->used = 0;
    build(s);
    return MFD_OK;
}

static int build_head(struct mfd_synthetic *s, struct mfd_error *err)
{
    const struct mfd_config *c = &s->config;
    struct mfd_head *h = s->head = mfd_head_new(c->tracks, c->biological, c->technical, c->embed);
    if (!h)
        return mfd_fail_nomem(err);
    const struct {
        float *w;
        size_t n;
    } parts[] = { { h->w_bio, h->biological },
                  { h->w_tech, h->technical },
                  { h->w_all, h->embed } };
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
        for (size_t i = 0; parts[p].w && i < h->tracks * parts[p].n; i++)
            parts[p].w[i] = bell(s) / (float)sqrt((double)h->embed);
    for (size_t i = 0; i < h->tracks; i++)
        h->bias[i] = bell(s) - 2.0f;
    return MFD_OK;
}

/* Widths grow geometrically from C/2 to C, truncated as the published code does. */
static void set_widths(struct mfd_config *c, size_t channels)
{
    double half = (double)(channels / 2), growth = (double)channels / half;
    for (size_t i = 0; i <= c->n_tower; i++)
        c->width[i] = (size_t)(half * pow(growth, (double)i / (double)c->n_tower) + 1e-9);
}

static int set_dilations(struct mfd_config *c, double factor, struct mfd_error *err)
{
    for (size_t i = 0; i < c->n_dilated; i++) {
        double d = trunc(2 * pow(factor, (double)i));
        if (!(d >= 1 && d <= (double)MFD_MAX_SEQ_LEN))
            return mfd_fail(err, MFD_EINVAL, "D = %g gives dilated block %zu a dilation of %g",
                            factor, i, d);
        c->dilation[i] = (size_t)d;
    }
    return MFD_OK;
}

static int set_config(struct mfd_config *c, const struct mfd_synthetic_options *o,
                      struct mfd_error *err)
{
    struct mfd_geometry geometry;
    if (o->channels < 2 || o->channels > MFD_MAX_CHANNELS || o->embed > MFD_MAX_CHANNELS ||
        o->order < 1 || o->order > MFD_MAX_ORDER || !o->tracks || o->tracks > MFD_MAX_TRACKS ||
        o->n_tower > MFD_MAX_LEVELS || o->n_dilated > MFD_MAX_DILATED || o->tower_kernel % 2 == 0)
        return mfd_fail(
            err, MFD_EINVAL,
            "a network of %zu channels, %zu-mers, width %zu and %zu tracks is outside the limits",
            o->channels, o->order, o->tower_kernel, o->tracks);
    *c = (struct mfd_config){ .model_class = o->model_class,
                              .activation = o->activation,
                              .seq_len = o->seq_len,
                              .seq_order = o->order,
                              .n_tower = o->n_tower,
                              .n_dilated = o->n_dilated,
                              .crop = o->crop,
                              .tower_kernel = o->tower_kernel,
                              .tracks = o->tracks,
                              .embed = o->embed ? o->embed : 2 * o->channels,
                              .biological_ratio = o->technical ? -1 : 0.5,
                              .asked_technical = o->technical };
    int status = set_dilations(c, o->dilation, err);
    if (status == MFD_OK)
        status = mfd_geometry_init(&geometry, c, err);
    if (status)
        return status;
    set_widths(c, o->channels);
    return mfd_config_split(c, err);
}

int mfd_synthetic_new(struct mfd_synthetic **out, const struct mfd_synthetic_options *options,
                      struct mfd_error *err)
{
    MFD_CLEANUP(mfd_synthetic_free_p) struct mfd_synthetic *s = mfd_calloc(1, sizeof *s);
    if (!s)
        return mfd_fail_nomem(err);
    s->random = options->seed;
    int status = set_config(&s->config, options, err);
    if (status == MFD_OK)
        status = build_trunk(s, err);
    if (status == MFD_OK)
        status = build_head(s, err);
    if (status == MFD_OK)
        *out = mfd_steal(s);
    return status;
}

void mfd_synthetic_free(struct mfd_synthetic *s)
{
    if (!s)
        return;
    mfd_head_free(s->head);
    free(s->data);
    free(s);
}

const struct mfd_config *mfd_synthetic_config(const struct mfd_synthetic *s)
{
    return &s->config;
}

const struct mfd_trunk *mfd_synthetic_trunk(const struct mfd_synthetic *s)
{
    return &s->trunk;
}

const struct mfd_head *mfd_synthetic_head(const struct mfd_synthetic *s)
{
    return s->head;
}
