/* A track's weights, explained by its columns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/combination.h"
#include "core/score/introspect.h"
#include "core/score/introspect_impl.h"

MFD_DEFINE_CLEANUP(struct mfd_decomposition, mfd_decomposition_free);

void mfd_decomposition_free(struct mfd_decomposition *d)
{
    if (!d)
        return;
    free(d->part);
    free(d);
}

/* One group of one track. */
struct work {
    const struct mfd_model *model;
    const struct mfd_combination *own;
    const struct mfd_panel *panel;
    enum mfd_group group;
    size_t *field; /* (n), the group's columns */
    size_t n, width;
    const uint32_t **values; /* (fields), scratch */
};

/* out (width): weights with the track's own values in the columns of a set (a bit a column) and the
 * background's in the others. */
static int evaluate(const struct work *w, const bool *in_set, double *out, struct mfd_error *err)
{
    const struct mfd_metadata *md = mfd_model_metadata(w->model);
    memset(w->values, 0, mfd_fields_count(md) * sizeof *w->values);
    for (size_t i = 0; i < w->n; i++)
        if (in_set[i])
            w->values[w->field[i]] = mfd_combination_value(md, w->own, w->field[i]);
    return mfd_panel_mean(w->panel, w->model, w->group, w->values, out, err);
}

/* part (n, width): Shapley values, of all 2^n sets. */
static int shapley(const struct work *w, double *part, struct mfd_error *err)
{
    size_t sets = (size_t)1 << w->n;
    bool in_set[MFD_SHAPLEY_MAX];
    double factorial[MFD_SHAPLEY_MAX + 1] = { 1 };
    MFD_AUTO_FREE double *value = mfd_calloc(sets, w->width * sizeof *value);
    if (!value)
        return mfd_fail_nomem(err);
    for (size_t i = 1; i <= w->n; i++)
        factorial[i] = factorial[i - 1] * (double)i;
    for (size_t s = 0; s < sets; s++) {
        for (size_t i = 0; i < w->n; i++)
            in_set[i] = s >> i & 1;
        int status = evaluate(w, in_set, value + s * w->width, err);
        if (status)
            return status;
    }
    for (size_t i = 0; i < w->n; i++)
        for (size_t s = 0; s < sets; s++) {
            size_t size = (size_t)__builtin_popcountll(s);
            if (s >> i & 1)
                continue;
            double weight = factorial[size] * factorial[w->n - size - 1] / factorial[w->n];
            const double *without = value + s * w->width;
            const double *with = value + (s | (size_t)1 << i) * w->width;
            for (size_t j = 0; j < w->width; j++)
                part[i * w->width + j] += weight * (with[j] - without[j]);
        }
    return MFD_OK;
}

/* part (n, width): what changes where one column alone is taken from the background. */
static int differences(const struct work *w, double *part, struct mfd_error *err)
{
    MFD_AUTO_FREE bool *in_set = mfd_calloc(w->n, sizeof *in_set);
    MFD_AUTO_FREE double *whole = mfd_calloc(w->width, sizeof *whole);
    if (!in_set || !whole)
        return mfd_fail_nomem(err);
    memset(in_set, true, w->n * sizeof *in_set);
    int status = evaluate(w, in_set, whole, err);
    for (size_t i = 0; i < w->n && !status; i++) {
        double *out = part + i * w->width;
        in_set[i] = false;
        status = evaluate(w, in_set, out, err);
        in_set[i] = true;
        for (size_t j = 0; j < w->width; j++)
            out[j] = whole[j] - out[j];
    }
    return status;
}

static int explain(const struct work *w, struct mfd_decomposition *d, struct mfd_error *err)
{
    bool all = w->n <= MFD_SHAPLEY_MAX;
    double square = 0;
    MFD_AUTO_FREE double *part = mfd_calloc(w->n, w->width * sizeof *part);
    MFD_AUTO_FREE double *whole = mfd_calloc(w->width, sizeof *whole);
    MFD_AUTO_FREE double *usual = mfd_calloc(w->width, sizeof *usual);
    MFD_AUTO_FREE bool *in_set = mfd_calloc(w->n, sizeof *in_set);
    if (!part || !whole || !usual || !in_set)
        return mfd_fail_nomem(err);
    int status = evaluate(w, in_set, usual, err);
    memset(in_set, true, w->n * sizeof *in_set);
    if (!status)
        status = evaluate(w, in_set, whole, err);
    if (!status)
        status = (all ? shapley : differences)(w, part, err);
    if (status)
        return status;
    for (size_t j = 0; j < w->width; j++)
        square += (whole[j] - usual[j]) * (whole[j] - usual[j]);
    d->distance[w->group] = sqrt(square);
    for (size_t i = 0; i < w->n; i++) {
        double norm = 0, along = 0;
        for (size_t j = 0; j < w->width; j++) {
            norm += part[i * w->width + j] * part[i * w->width + j];
            along += part[i * w->width + j] * (whole[j] - usual[j]);
        }
        d->part[d->n++] = (struct mfd_column_part){
            .field_index = w->field[i],
            .group = w->group,
            .method = all ? MFD_EFFECT_SHAPLEY : MFD_EFFECT_DIFFERENCE,
            .norm = sqrt(norm),
            .share = square > 0 ? along / square : 0,
        };
    }
    return MFD_OK;
}

static int explain_groups(struct work *w, struct mfd_decomposition *d, struct mfd_error *err)
{
    const struct mfd_config *c = mfd_model_config(w->model);
    const struct mfd_metadata *md = mfd_model_metadata(w->model);
    for (size_t g = 0; g < MFD_GROUPS; g++) {
        w->group = (enum mfd_group)g;
        w->width = mfd_group_width(c, w->group);
        w->n = 0;
        for (size_t i = 0; i < mfd_fields_count(md); i++) {
            const struct mfd_field_role *role = &mfd_fields_at(md, i)->role[g];
            if (role->direct || role->interact)
                w->field[w->n++] = i;
        }
        int status = explain(w, d, err);
        if (status)
            return status;
    }
    return MFD_OK;
}

int mfd_track_decompose(const struct mfd_model *model, size_t track, struct mfd_decomposition **out,
                        struct mfd_error *err)
{
    size_t fields = mfd_fields_count(mfd_model_metadata(model));
    struct mfd_combination own = MFD_COMBINATION_INIT;
    int status = mfd_virtual_of_track(model, track, &own, err);
    if (status)
        return status;
    MFD_CLEANUP(mfd_combination_deinit) struct mfd_combination held = own;
    MFD_CLEANUP(mfd_panel_deinit) struct mfd_panel b = { .n = 0 };
    MFD_CLEANUP(mfd_decomposition_free_p) struct mfd_decomposition *d = mfd_calloc(1, sizeof *d);
    MFD_AUTO_FREE size_t *field = mfd_calloc(fields, sizeof *field);
    MFD_AUTO_FREE const uint32_t **values = mfd_calloc(fields, sizeof *values);
    if (!d || !field || !values || !(d->part = mfd_calloc(fields, MFD_GROUPS * sizeof *d->part)))
        return mfd_fail_nomem(err);
    if ((status = mfd_panel_init(&b, model, err)))
        return status;
    struct work w = { .model = model, .own = &held, .panel = &b, .field = field, .values = values };
    d->background = b.n;
    status = explain_groups(&w, d, err);
    if (!status)
        *out = mfd_steal(d);
    return status;
}
