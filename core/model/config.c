#include "core/model/config.h"

#include <math.h>
#include <string.h>

/* One integer argument: its name, default, range and where it goes. */
struct integer {
    const char *name;
    json_int_t fallback, min, max;
    size_t *out;
};

static bool absent(const json_t *v)
{
    return !v || json_is_null(v);
}

/* Lightning may store 8 as 8.0. */
static bool integral(const json_t *v, json_int_t *out)
{
    if (json_is_integer(v)) {
        *out = json_integer_value(v);
        return true;
    }
    double x = json_real_value(v);
    if (!json_is_real(v) || x != floor(x) || fabs(x) > 1e15)
        return false;
    *out = (json_int_t)x;
    return true;
}

static int read_integer(const json_t *hyper, const struct integer *arg, struct mfd_error *err)
{
    const json_t *v = json_object_get(hyper, arg->name);
    json_int_t x = arg->fallback;
    if (!absent(v) && !integral(v, &x))
        return mfd_fail(err, MFD_EFORMAT, "hyper-parameter '%s' is not an integer", arg->name);
    if (x < arg->min || x > arg->max)
        return mfd_fail(err, MFD_EFORMAT, "hyper-parameter '%s' is %lld; it must lie in %lld..%lld",
                        arg->name, (long long)x, (long long)arg->min, (long long)arg->max);
    *arg->out = (size_t)x;
    return MFD_OK;
}

static int read_number(const json_t *hyper, const char *name, double fallback, double *out,
                       struct mfd_error *err)
{
    const json_t *v = json_object_get(hyper, name);
    if (!absent(v) && !json_is_number(v))
        return mfd_fail(err, MFD_EFORMAT, "hyper-parameter '%s' is not a number", name);
    *out = absent(v) ? fallback : json_number_value(v);
    return MFD_OK;
}

static int read_flag(const json_t *hyper, const char *name, bool *out, struct mfd_error *err)
{
    const json_t *v = json_object_get(hyper, name);
    if (!absent(v) && !json_is_boolean(v))
        return mfd_fail(err, MFD_EFORMAT, "hyper-parameter '%s' is neither true nor false", name);
    *out = json_is_true(v);
    return MFD_OK;
}

static int read_class(struct mfd_config *c, const json_t *hyper, struct mfd_error *err)
{
    static const char *const names[] = {
        [MFD_DISENTANGLED] = "IEAquaticDilated", [MFD_BASELINE] = "AquaticDilated"
    };
    const char *name = json_string_value(json_object_get(hyper, "model_class"));
    if (!name)
        return mfd_fail(err, MFD_EFORMAT,
                        "the hyper-parameters name no model_class; expected IEAquaticDilated or "
                        "AquaticDilated");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) {
            c->model_class = (enum mfd_model_class)i;
            return MFD_OK;
        }
    return mfd_fail(
        err, MFD_EUNSUPPORTED,
        "models of class '%.64s' are not supported; IEAquaticDilated and AquaticDilated are", name);
}

static int read_activation(struct mfd_config *c, const json_t *hyper, struct mfd_error *err)
{
    const json_t *v = json_object_get(hyper, "activation");
    const char *name = v ? json_string_value(v) : "gelu";
    if (!name)
        return mfd_fail(
            err, MFD_EUNSUPPORTED,
            "hyper-parameter 'activation' is not a name; 'gelu' and 'relu' are supported");
    if (!strcmp(name, "gelu"))
        c->activation = MFD_GELU_TANH;
    else if (!strcmp(name, "relu"))
        c->activation = MFD_RELU;
    else
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "activation '%.64s' is not supported; 'gelu' and 'relu' are", name);
    return MFD_OK;
}

/* The dilation of block i is int(2 * D^i), as Python truncates. */
static int read_dilations(struct mfd_config *c, const json_t *hyper, struct mfd_error *err)
{
    double factor = 0;
    int status = read_number(hyper, "D", 1.5, &factor, err);
    if (status)
        return status;
    for (size_t i = 0; i < c->n_dilated; i++) {
        double d = trunc(2 * pow(factor, (double)i));
        if (!(d >= 1 && d <= MFD_MAX_SEQ_LEN))
            return mfd_fail(err, MFD_EFORMAT,
                            "hyper-parameter 'D' = %g gives dilated block %zu a dilation of %g",
                            factor, i, d);
        c->dilation[i] = (size_t)d;
    }
    return MFD_OK;
}

static int read_split(struct mfd_config *c, const json_t *hyper, struct mfd_error *err)
{
    const json_t *ratio = json_object_get(hyper, "biological_subspace_ratio");
    const struct integer counts[] = {
        { "biological_subspace_n", 0, 0, MFD_MAX_CHANNELS, &c->asked_biological },
        { "technical_subspace_n", 0, 0, MFD_MAX_CHANNELS, &c->asked_technical },
    };
    for (size_t i = 0; i < 2; i++) {
        int status = read_integer(hyper, &counts[i], err);
        if (status)
            return status;
    }
    bool counted = c->asked_biological || c->asked_technical;
    if (ratio && json_is_null(ratio)) {
        c->biological_ratio = -1;
        if (counted)
            return MFD_OK;
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "this model learns its subspaces (neither biological_subspace_ratio nor "
                        "biological_subspace_n nor technical_subspace_n is set); only models with "
                        "split features are supported");
    }
    int status = read_number(hyper, "biological_subspace_ratio", 0.5, &c->biological_ratio, err);
    if (status)
        return status;
    if (counted)
        return mfd_fail(
            err, MFD_EFORMAT,
            "both biological_subspace_ratio and a count of features are set; a count needs "
            "a ratio of null");
    if (!(c->biological_ratio >= 0 && c->biological_ratio <= 1))
        return mfd_fail(err, MFD_EFORMAT, "biological_subspace_ratio is %g; it must lie in 0..1",
                        c->biological_ratio);
    return MFD_OK;
}

int mfd_config_split(struct mfd_config *c, struct mfd_error *err)
{
    c->biological = c->technical = 0;
    if (c->model_class == MFD_BASELINE)
        return MFD_OK;
    size_t bio = c->asked_biological, tech = c->asked_technical;
    if (c->biological_ratio >= 0)
        bio = (size_t)((double)c->embed * c->biological_ratio);
    else if (!bio && tech < c->embed)
        bio = c->embed - tech;
    if (!tech && bio < c->embed)
        tech = c->embed - bio;
    if (!bio || !tech || bio + tech != c->embed)
        return mfd_fail(err, MFD_EFORMAT,
                        "%zu features cannot be split into %zu biological and %zu technical ones",
                        c->embed, bio, tech);
    c->biological = bio;
    c->technical = tech;
    return MFD_OK;
}

/* Widths as the public code computes them, to be replaced by those of the tensors. */
static void expected_widths(struct mfd_config *c, size_t channels)
{
    size_t first = channels / 2;
    double growth = pow((double)channels / (double)first, 1.0 / (double)c->n_tower);
    for (size_t i = 0; i <= c->n_tower; i++)
        c->width[i] = (size_t)((double)first * pow(growth, (double)i));
}

static int check_geometry(const struct mfd_config *c, struct mfd_error *err)
{
    if (c->tower_kernel % 2 == 0)
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "tower_kernel_size %zu is even; only odd widths are supported",
                        c->tower_kernel);
    if (c->seq_len != (2 * c->crop + 1) * mfd_config_bin(c))
        return mfd_fail(
            err, MFD_EUNSUPPORTED,
            "seq_len %zu with %zu tower blocks and a crop of %zu does not leave exactly one "
            "position; %zu would",
            c->seq_len, c->n_tower, c->crop, (2 * c->crop + 1) * mfd_config_bin(c));
    return MFD_OK;
}

int mfd_config_from_json(struct mfd_config *config, const json_t *hyper, struct mfd_error *err)
{
    struct mfd_config c = { 0 };
    size_t channels = 0, embed = 0;
    bool labels_encoder = false;
    const struct integer integers[] = {
        { "seq_len", 2176, 1, MFD_MAX_SEQ_LEN, &c.seq_len },
        { "seq_order", 1, 1, MFD_MAX_ORDER, &c.seq_order },
        { "L1", 6, 1, MFD_MAX_LEVELS, &c.n_tower },
        { "L2", 2, 0, MFD_MAX_DILATED, &c.n_dilated },
        { "crop", 8, 1, MFD_MAX_SEQ_LEN / 4, &c.crop },
        { "tower_kernel_size", 5, 1, 255, &c.tower_kernel },
        { "C", 768, 2, MFD_MAX_CHANNELS, &channels },
        { "C_embed", 0, 0, MFD_MAX_CHANNELS, &embed },
        { "n_classes", 0, 0, MFD_MAX_TRACKS, &c.tracks },
    };
    if (!json_is_object(hyper))
        return mfd_fail(err, MFD_EFORMAT, "the hyper-parameters are not an object");
    int status = read_class(&c, hyper, err);
    for (size_t i = 0; !status && i < sizeof integers / sizeof *integers; i++)
        status = read_integer(hyper, &integers[i], err);
    if (status || (status = read_activation(&c, hyper, err)) ||
        (status = read_dilations(&c, hyper, err)) || (status = check_geometry(&c, err)) ||
        (status = read_flag(hyper, "learn_signal_to_noise", &c.signal_to_noise, err)) ||
        (status = read_flag(hyper, "linearly_embed_direct_features", &c.mixes_direct, err)) ||
        (status = read_flag(hyper, "labels_encoder", &labels_encoder, err)))
        return status;
    if (labels_encoder)
        return mfd_fail(
            err, MFD_EUNSUPPORTED,
            "this model encodes labels, not sequence (labels_encoder); it cannot be served");
    c.embed = embed ? embed : 2 * channels;
    expected_widths(&c, channels);
    if (c.model_class == MFD_DISENTANGLED &&
        ((status = read_split(&c, hyper, err)) || (status = mfd_config_split(&c, err))))
        return status;
    *config = c;
    return MFD_OK;
}
