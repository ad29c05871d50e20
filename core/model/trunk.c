#include "core/model/trunk.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define ANY 0 /* a dimension that the tensor decides */

static void print_shape(char *out, size_t size, const size_t *shape, size_t ndim)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ndim && n < size; i++) {
        const char *comma = i ? ", " : "";
        int step = shape[i] == ANY ? snprintf(out + n, size - n, "%sany", comma)
                                   : snprintf(out + n, size - n, "%s%zu", comma, shape[i]);
        n += step > 0 ? (size_t)step : 0;
    }
}

static int check_values(const struct mfd_tensor *t, struct mfd_error *err)
{
    const float *v = t->data;
    for (size_t i = 0; i < t->bytes / sizeof *v; i++)
        if (!isfinite(v[i]))
            return mfd_fail(err, MFD_EFORMAT,
                            "tensor '%s': element %zu is %g; weights must be finite", t->name, i,
                            (double)v[i]);
    return MFD_OK;
}

int mfd_tensor_require(const struct mfd_safetensors *weights, const char *name, size_t ndim,
                       size_t *shape, const float **out, struct mfd_error *err)
{
    const struct mfd_tensor *t = mfd_safetensors_find(weights, name);
    if (!t)
        return mfd_fail(err, MFD_EFORMAT, "tensor '%s' is missing", name);
    if (t->dtype != MFD_F32)
        return mfd_fail(err, MFD_EFORMAT, "tensor '%s' is not of 32-bit floats", name);
    bool fits = t->ndim == ndim;
    for (size_t i = 0; fits && i < ndim; i++)
        fits = shape[i] == ANY ? t->shape[i] > 0 : t->shape[i] == shape[i];
    if (!fits) {
        char have[96], want[96];
        print_shape(have, sizeof have, t->shape, t->ndim);
        print_shape(want, sizeof want, shape, ndim);
        return mfd_fail(err, MFD_EFORMAT, "tensor '%s' has shape (%s); (%s) was expected", name,
                        have, want);
    }
    for (size_t i = 0; i < ndim; i++)
        if (t->shape[i] > MFD_MAX_TRACKS)
            return mfd_fail(err, MFD_ELIMIT, "tensor '%s' has a dimension of %zu; the limit is %u",
                            name, t->shape[i], MFD_MAX_TRACKS);
    int status = check_values(t, err);
    if (status)
        return status;
    for (size_t i = 0; i < ndim; i++)
        shape[i] = t->shape[i];
    *out = t->data;
    return MFD_OK;
}

static int bind_norm(struct mfd_norm *norm, const struct mfd_safetensors *weights,
                     const char *prefix, size_t n, struct mfd_error *err)
{
    const struct {
        const char *name;
        const float **out;
    } parts[] = { { "weight", &norm->weight },
                  { "bias", &norm->bias },
                  { "running_mean", &norm->mean },
                  { "running_var", &norm->var } };
    char name[160];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(name, sizeof name, "%s.%s", prefix, parts[i].name);
        int status = mfd_tensor_require(weights, name, 1, (size_t[]){ n }, parts[i].out, err);
        if (status)
            return status;
    }
    for (size_t i = 0; i < n; i++)
        if (norm->var[i] < 0)
            return mfd_fail(err, MFD_EFORMAT, "tensor '%s.running_var': element %zu is negative",
                            prefix, i);
    norm->n = n;
    return MFD_OK;
}

/* conv->out, in and width say what is expected (0: whatever there is) and receive what there is. */
static int bind_conv(struct mfd_conv *conv, const struct mfd_safetensors *weights,
                     const char *prefix, bool bias, struct mfd_error *err)
{
    char name[160];
    size_t shape[3] = { conv->out, conv->in, conv->width };
    snprintf(name, sizeof name, "%s.weight", prefix);
    int status = mfd_tensor_require(weights, name, 3, shape, &conv->w, err);
    if (status)
        return status;
    if (shape[0] > MFD_MAX_CHANNELS)
        return mfd_fail(err, MFD_ELIMIT, "tensor '%s' has %zu channels; the limit is %u", name,
                        shape[0], MFD_MAX_CHANNELS);
    conv->out = shape[0];
    conv->in = shape[1];
    conv->width = shape[2];
    if (!bias)
        return MFD_OK;
    snprintf(name, sizeof name, "%s.bias", prefix);
    return mfd_tensor_require(weights, name, 1, (size_t[]){ conv->out }, &conv->bias, err);
}

/* norm -> activation -> convolution of `width` at `dilation`, `in` to `out` channels (0: any). */
static int bind_block(struct mfd_block *block, const struct mfd_safetensors *weights,
                      const char *prefix, struct mfd_conv conv, struct mfd_error *err)
{
    char name[128];
    snprintf(name, sizeof name, "%s.conv1d_block.2", prefix);
    block->conv = conv;
    int status = bind_conv(&block->conv, weights, name, false, err);
    if (status)
        return status;
    snprintf(name, sizeof name, "%s.conv1d_block.0", prefix);
    return bind_norm(&block->norm, weights, name, conv.in, err);
}

static struct mfd_conv point(size_t channels)
{
    return (struct mfd_conv){ .out = channels, .in = channels, .width = 1, .dilation = 1 };
}

static int bind_stem(struct mfd_trunk *t, struct mfd_config *c,
                     const struct mfd_safetensors *weights, struct mfd_error *err)
{
    t->stem = (struct mfd_conv){ .in = (size_t)1 << (2 * c->seq_order),
                                 .width = MFD_STEM_WIDTH,
                                 .dilation = 1 };
    int status = bind_conv(&t->stem, weights, "model.0.0", true, err);
    if (status)
        return status;
    c->width[0] = t->stem.out;
    return bind_block(&t->stem_point, weights, "model.0.1", point(t->stem.out), err);
}

static int bind_tower(struct mfd_trunk *t, struct mfd_config *c,
                      const struct mfd_safetensors *weights, struct mfd_error *err)
{
    char name[96];
    for (size_t i = 0; i < c->n_tower; i++) {
        struct mfd_conv conv = { .in = c->width[i], .width = c->tower_kernel, .dilation = 1 };
        snprintf(name, sizeof name, "model.1.tower.%zu.0", i);
        int status = bind_block(&t->tower[i].conv, weights, name, conv, err);
        if (status)
            return status;
        c->width[i + 1] = t->tower[i].conv.conv.out;
        snprintf(name, sizeof name, "model.1.tower.%zu.1", i);
        status = bind_block(&t->tower[i].point, weights, name, point(c->width[i + 1]), err);
        if (status)
            return status;
    }
    return MFD_OK;
}

static int bind_dilated(struct mfd_trunk *t, struct mfd_config *c,
                        const struct mfd_safetensors *weights, struct mfd_error *err)
{
    char name[96];
    size_t channels = c->width[c->n_tower];
    for (size_t i = 0; i < c->n_dilated; i++) {
        struct mfd_conv conv = {
            .in = channels, .out = channels, .width = MFD_DILATED_WIDTH, .dilation = c->dilation[i]
        };
        snprintf(name, sizeof name, "model.2.dilatedresidualblock.%zu.conv1d_block_1", i);
        int status = bind_block(&t->dilated[i].conv, weights, name, conv, err);
        if (status)
            return status;
        snprintf(name, sizeof name, "model.2.dilatedresidualblock.%zu.conv1d_block_2", i);
        status = bind_block(&t->dilated[i].point, weights, name, point(channels), err);
        if (status)
            return status;
    }
    return MFD_OK;
}

/* A tower or dilated block beyond those the hyper-parameters count would go unused. */
static int refuse_further_blocks(const struct mfd_config *c, const struct mfd_safetensors *weights,
                                 struct mfd_error *err)
{
    char tower[96], dilated[96];
    snprintf(tower, sizeof tower, "model.1.tower.%zu.0.conv1d_block.2.weight", c->n_tower);
    snprintf(dilated, sizeof dilated,
             "model.2.dilatedresidualblock.%zu.conv1d_block_1.conv1d_block.2.weight", c->n_dilated);
    if (mfd_safetensors_find(weights, tower))
        return mfd_fail(
            err, MFD_EFORMAT,
            "tensor '%s' lies beyond the %zu tower blocks that hyper-parameter L1 counts", tower,
            c->n_tower);
    if (mfd_safetensors_find(weights, dilated))
        return mfd_fail(
            err, MFD_EFORMAT,
            "tensor '%s' lies beyond the %zu dilated blocks that hyper-parameter L2 counts",
            dilated, c->n_dilated);
    return MFD_OK;
}

int mfd_trunk_bind(struct mfd_trunk *trunk, struct mfd_config *config,
                   const struct mfd_safetensors *weights, struct mfd_error *err)
{
    struct mfd_trunk t = { 0 };
    struct mfd_config c = *config;
    int status;
    if ((status = bind_stem(&t, &c, weights, err)) || (status = bind_tower(&t, &c, weights, err)) ||
        (status = bind_dilated(&t, &c, weights, err)) ||
        (status = refuse_further_blocks(&c, weights, err)))
        return status;
    struct mfd_conv last = { .in = c.width[c.n_tower], .width = 1, .dilation = 1 };
    if ((status = bind_block(&t.pointwise, weights, "model.4", last, err)))
        return status;
    c.embed = t.pointwise.conv.out;
    /* the baseline's features are the trunk's output, even where a stray bn_features lies about */
    if (c.model_class == MFD_DISENTANGLED) {
        if ((status = bind_norm(&t.features, weights, "bn_features", c.embed, err)))
            return status;
        t.has_features_norm = true;
    }
    if ((status = mfd_config_split(&c, err)))
        return status;
    *trunk = t;
    *config = c;
    return MFD_OK;
}
