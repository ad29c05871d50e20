#include "core/score/introspect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/combination.h"
#include "core/score/introspect_impl.h"

MFD_DEFINE_CLEANUP(struct mfd_introspection, mfd_introspection_free);

const char *mfd_effect_method_name(enum mfd_effect_method m)
{
    static const char *const names[] = { "exact", "difference", "shapley" };
    return names[m];
}

/* ---- the panel ---- */

void mfd_panel_deinit(struct mfd_panel *b)
{
    for (size_t i = 0; i < b->n; i++)
        mfd_combination_deinit(&b->track[i]);
}

int mfd_panel_init(struct mfd_panel *b, const struct mfd_model *model, struct mfd_error *err)
{
    size_t tracks = mfd_model_tracks(model), at = 0;
    size_t trained = tracks - mfd_model_held_out_count(model);
    size_t want = trained < MFD_PANEL ? trained : MFD_PANEL;
    for (size_t t = 0; t < tracks; t++) {
        if (mfd_model_held_out(model, t))
            continue;
        if (b->n < want && at == b->n * trained / want) {
            int status = mfd_virtual_of_track(model, t, &b->track[b->n], err);
            if (status)
                return status;
            b->n++;
        }
        at++;
    }
    return b->n ? MFD_OK : mfd_fail(err, MFD_EINVAL, "the model has no trained track");
}

/* mean (width): of the weights of one group that n combinations have. */
static int mean_weights(const struct mfd_model *model, const struct mfd_combination *c, size_t n,
                        enum mfd_group g, double *mean, struct mfd_error *err)
{
    size_t width = mfd_group_width(mfd_model_config(model), g);
    MFD_AUTO_FREE float *w = mfd_calloc(n, width * sizeof *w);
    if (!w)
        return mfd_fail_nomem(err);
    int status = mfd_virtual_half(model, c, n, g, w, err);
    memset(mean, 0, width * sizeof *mean);
    for (size_t i = 0; i < n && !status; i++)
        for (size_t j = 0; j < width; j++)
            mean[j] += (double)w[i * width + j] / (double)n;
    return status;
}

int mfd_panel_mean(const struct mfd_panel *b, const struct mfd_model *model, enum mfd_group g,
                   const uint32_t *const *values, double *mean, struct mfd_error *err)
{
    struct mfd_combination c[MFD_PANEL];
    int status = MFD_OK;
    size_t n = 0;
    while (n < b->n && !status) {
        status = mfd_combination_with(mfd_model_metadata(model), &b->track[n], values, &c[n], err);
        n += !status;
    }
    if (!status)
        status = mean_weights(model, c, n, g, mean, err);
    for (size_t i = 0; i < n; i++)
        mfd_combination_deinit(&c[i]);
    return status;
}

/* The same with one number of every track a standard deviation larger. */
static int mean_of_larger(const struct mfd_panel *b, const struct mfd_model *model,
                          enum mfd_group g, size_t field, double *mean, struct mfd_error *err)
{
    const struct mfd_metadata *md = mfd_model_metadata(model);
    struct mfd_combination c[MFD_PANEL];
    MFD_AUTO_FREE const uint32_t **values = mfd_calloc(mfd_fields_count(md), sizeof *values);
    int status = values ? MFD_OK : mfd_fail_nomem(err);
    size_t n = 0;
    while (n < b->n && !status) {
        float number;
        uint32_t larger;
        memcpy(&number, mfd_combination_value(md, &b->track[n], field), sizeof number);
        number += 1;
        memcpy(&larger, &number, sizeof larger);
        values[field] = &larger;
        status = mfd_combination_with(md, &b->track[n], values, &c[n], err);
        n += !status;
    }
    if (!status)
        status = mean_weights(model, c, n, g, mean, err);
    for (size_t i = 0; i < n; i++)
        mfd_combination_deinit(&c[i]);
    return status;
}

/* ---- effects of factors ---- */

void mfd_introspection_free(struct mfd_introspection *in)
{
    if (!in)
        return;
    mfd_model_unref((struct mfd_model *)(size_t)in->model);
    free(in->factor);
    free(in->first);
    free(in->effect);
    free(in);
}

/* Does a field have a part in a feature, and is it the only one? */
static bool has_part(const struct mfd_introspection *in, size_t field, size_t feature, bool *alone)
{
    const struct mfd_metadata *md = mfd_model_metadata(in->model);
    const struct mfd_field *f = mfd_fields_at(md, field);
    struct mfd_feature what;
    *alone = false;
    if (!mfd_fields_feature(md, mfd_model_config(in->model), feature, &what))
        return false;
    *alone = what.field != NULL;
    return what.field ? what.field == f : f->role[what.group].interact;
}

enum mfd_effect_method mfd_introspection_method(const struct mfd_introspection *in, size_t field,
                                                size_t feature)
{
    const struct mfd_field *f = mfd_fields_at(mfd_model_metadata(in->model), field);
    bool alone, part = has_part(in, field, feature, &alone);
    /* how far a number moves a network's output depends on where it was */
    bool bends = !f->n_labels && f->intermediate == MFD_EMBED;
    return !part || (alone && !bends) ? MFD_EFFECT_EXACT : MFD_EFFECT_DIFFERENCE;
}

static int list_factors(struct mfd_introspection *in, struct mfd_error *err)
{
    const struct mfd_metadata *md = mfd_model_metadata(in->model);
    size_t fields = mfd_fields_count(md), n = 0;
    for (size_t i = 0; i < fields; i++)
        n += mfd_fields_at(md, i)->n_labels ? mfd_fields_at(md, i)->n_labels : 1;
    size_t most = MFD_MAX_EFFECTS / in->embed;
    if (n > most)
        return mfd_fail_as(err, MFD_ELIMIT, "over-limit",
                           "%zu labels and numbers by %zu features are more effects than are kept; "
                           "there may be %zu of the former",
                           n, in->embed, most);
    in->factor = mfd_calloc(n, sizeof *in->factor);
    in->first = mfd_calloc(fields, sizeof *in->first);
    in->effect = mfd_calloc(n, in->embed * sizeof *in->effect);
    if (!in->factor || !in->first || !in->effect)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < fields; i++) {
        const struct mfd_field *f = mfd_fields_at(md, i);
        in->first[i] = in->n_factors;
        for (size_t l = 0; l < (f->n_labels ? f->n_labels : 1); l++)
            in->factor[in->n_factors++] = (struct mfd_factor){ f, i, f->n_labels ? l : MFD_NONE };
    }
    return MFD_OK;
}

/* mean (E_g): weights of one group over all trained tracks; zero before. */
static void mean_of_trained(const struct mfd_model *model, enum mfd_group g, double *mean)
{
    const struct mfd_head *h = mfd_model_bare_head(model);
    size_t n = h->tracks - mfd_model_held_out_count(model);
    size_t width = g == MFD_BIOLOGICAL ? h->biological : h->technical;
    const float *w = g == MFD_BIOLOGICAL ? h->w_bio : h->w_tech;
    for (size_t t = 0; t < h->tracks; t++)
        for (size_t j = 0; j < width && !mfd_model_held_out(model, t); j++)
            mean[j] += (double)w[t * width + j] / (double)n;
}

/* Means of weights that effects are differences from, (E_g) each. */
struct usual {
    double *trained[MFD_GROUPS], *background[MFD_GROUPS];
    const uint32_t **values; /* (fields), scratch, all NULL between uses */
    double *with;            /* (E), scratch */
};

static void usual_deinit(struct usual *u)
{
    for (size_t g = 0; g < MFD_GROUPS; g++) {
        free(u->trained[g]);
        free(u->background[g]);
    }
    free(u->values);
    free(u->with);
}

static int usual_init(struct usual *u, const struct mfd_introspection *in,
                      const struct mfd_panel *b, struct mfd_error *err)
{
    u->values = mfd_calloc(mfd_fields_count(mfd_model_metadata(in->model)), sizeof *u->values);
    u->with = mfd_calloc(in->embed, sizeof *u->with);
    for (int g = 0; g < MFD_GROUPS; g++) {
        size_t width = mfd_group_width(mfd_model_config(in->model), (enum mfd_group)g);
        u->trained[g] = mfd_calloc(width, sizeof **u->trained);
        u->background[g] = mfd_calloc(width, sizeof **u->background);
        if (!u->values || !u->with || !u->trained[g] || !u->background[g])
            return mfd_fail_nomem(err);
        mean_of_trained(in->model, (enum mfd_group)g, u->trained[g]);
        int status =
            mfd_panel_mean(b, in->model, (enum mfd_group)g, u->values, u->background[g], err);
        if (status)
            return status;
    }
    return MFD_OK;
}

/* Effects of factor k on the features of one group. */
static int fill_factor(struct mfd_introspection *in, const struct mfd_panel *b, size_t k,
                       enum mfd_group g, struct usual *u, struct mfd_error *err)
{
    const struct mfd_config *config = mfd_model_config(in->model);
    const struct mfd_factor *f = &in->factor[k];
    const uint32_t code[2] = { 1, (uint32_t)f->label };
    size_t from = g == MFD_TECHNICAL ? 0 : config->technical;
    float *effect = in->effect + k * in->embed + from;
    int status;
    if (f->label == MFD_NONE) {
        status = mean_of_larger(b, in->model, g, f->field_index, u->with, err);
    } else {
        u->values[f->field_index] = code;
        status = mfd_panel_mean(b, in->model, g, u->values, u->with, err);
        u->values[f->field_index] = NULL;
    }
    for (size_t j = 0; j < mfd_group_width(config, g) && !status; j++) {
        bool alone;
        if (has_part(in, f->field_index, from + j, &alone))
            effect[j] = (float)(u->with[j] - (alone && f->label != MFD_NONE ? u->trained[g][j]
                                                                            : u->background[g][j]));
    }
    return status;
}

static int fill_effects(struct mfd_introspection *in, const struct mfd_panel *b,
                        struct mfd_error *err)
{
    MFD_CLEANUP(usual_deinit) struct usual u = { .values = NULL };
    int status = usual_init(&u, in, b, err);
    for (size_t k = 0; k < in->n_factors; k++)
        for (int g = 0; g < MFD_GROUPS && !status; g++) {
            const struct mfd_field_role *role = &in->factor[k].field->role[g];
            if (role->direct || role->interact)
                status = fill_factor(in, b, k, (enum mfd_group)g, &u, err);
        }
    return status;
}

int mfd_introspection_new(struct mfd_introspection **out, struct mfd_model *model,
                          struct mfd_error *err)
{
    if (mfd_model_config(model)->model_class == MFD_BASELINE)
        return mfd_fail_as(err, MFD_EUNSUPPORTED, "unsupported",
                           "this model is a baseline without a metadata head");
    MFD_CLEANUP(mfd_introspection_free_p) struct mfd_introspection *in = mfd_calloc(1, sizeof *in);
    MFD_CLEANUP(mfd_panel_deinit) struct mfd_panel b = { .n = 0 };
    if (!in)
        return mfd_fail_nomem(err);
    in->model = mfd_model_ref(model);
    in->embed = mfd_model_config(model)->embed;
    int status = list_factors(in, err);
    if (!status)
        status = mfd_panel_init(&b, model, err);
    in->background = b.n;
    if (!status)
        status = fill_effects(in, &b, err);
    if (!status)
        *out = mfd_steal(in);
    return status;
}

/* ---- rankings ---- */

/* Put one into the n best so far; returns how many there are then. */
static size_t rank(struct mfd_ranked *r, size_t found, size_t n, struct mfd_ranked one)
{
    size_t at = found;
    while (at && fabs(one.value) > fabs(r[at - 1].value))
        at--;
    if (at == n)
        return found;
    found += found < n;
    memmove(r + at + 1, r + at, (found - 1 - at) * sizeof *r);
    r[at] = one;
    return found;
}

size_t mfd_feature_tracks(const struct mfd_model *model, size_t feature, struct mfd_ranked *r,
                          size_t n)
{
    const struct mfd_head *h = mfd_model_bare_head(model);
    size_t found = 0;
    if (!h->technical && !h->biological)
        return 0;
    for (size_t t = 0; t < h->tracks; t++) {
        float w = feature < h->technical ? h->w_tech[t * h->technical + feature]
                                         : h->w_bio[t * h->biological + feature - h->technical];
        found = rank(r, found, n, (struct mfd_ranked){ t, (double)w });
    }
    return found;
}

size_t mfd_feature_factors(const struct mfd_introspection *in, size_t feature, struct mfd_ranked *r,
                           size_t n)
{
    size_t found = 0;
    bool alone;
    for (size_t k = 0; k < in->n_factors; k++)
        if (has_part(in, in->factor[k].field_index, feature, &alone))
            found = rank(r, found, n,
                         (struct mfd_ranked){ k, (double)in->effect[k * in->embed + feature] });
    return found;
}

size_t mfd_factor_features(const struct mfd_introspection *in, size_t factor, struct mfd_ranked *r,
                           size_t n)
{
    size_t found = 0;
    bool alone;
    for (size_t j = 0; j < in->embed; j++)
        if (has_part(in, in->factor[factor].field_index, j, &alone))
            found = rank(r, found, n,
                         (struct mfd_ranked){ j, (double)in->effect[factor * in->embed + j] });
    return found;
}

/* ---- tracks side by side ---- */

static void compare(const float *a, const float *b, size_t n, double *cosine, double *distance)
{
    double ab = 0, aa = 0, bb = 0, dd = 0;
    for (size_t i = 0; i < n; i++) {
        double x = (double)a[i], y = (double)b[i];
        ab += x * y;
        aa += x * x;
        bb += y * y;
        dd += (x - y) * (x - y);
    }
    *cosine = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
    *distance = sqrt(dd);
}

void mfd_tracks_compare(const struct mfd_model *model, size_t track, size_t other,
                        struct mfd_similarity *out)
{
    const struct mfd_head *h = mfd_model_bare_head(model);
    out->track = other;
    out->held_out = mfd_model_held_out(model, other);
    compare(h->w_bio + track * h->biological, h->w_bio + other * h->biological, h->biological,
            &out->cosine[MFD_BIOLOGICAL], &out->distance[MFD_BIOLOGICAL]);
    compare(h->w_tech + track * h->technical, h->w_tech + other * h->technical, h->technical,
            &out->cosine[MFD_TECHNICAL], &out->distance[MFD_TECHNICAL]);
}

size_t mfd_tracks_nearest(const struct mfd_model *model, size_t track, enum mfd_group by,
                          bool cosine, struct mfd_similarity *out, size_t n)
{
    size_t found = 0;
    for (size_t t = 0; t < mfd_model_tracks(model); t++) {
        struct mfd_similarity one;
        size_t at = found;
        if (t == track)
            continue;
        mfd_tracks_compare(model, track, t, &one);
        while (at && (cosine ? one.cosine[by] > out[at - 1].cosine[by]
                             : one.distance[by] < out[at - 1].distance[by]))
            at--;
        if (at == n)
            continue;
        found += found < n;
        memmove(out + at + 1, out + at, (found - 1 - at) * sizeof *out);
        out[at] = one;
    }
    return found;
}
