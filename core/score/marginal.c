#include "core/score/marginal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/combination.h"

MFD_DEFINE_CLEANUP(const struct mfd_virtual, mfd_virtual_unref);
MFD_DEFINE_CLEANUP(struct mfd_marginal, mfd_marginal_free);
MFD_DEFINE_CLEANUP(struct mfd_contrast, mfd_contrast_free);

void mfd_marginal_free(struct mfd_marginal *m)
{
    if (!m)
        return;
    for (size_t i = 0; m->setting && i < m->settings; i++)
        mfd_combination_deinit(&m->setting[i].combined);
    free(m->setting);
    free(m->over);
    mfd_head_free(m->all);
    mfd_head_free(m->mean);
    free(m);
}

/* Combinations that are freed together. */
struct list {
    struct mfd_combination *at;
    size_t n;
};

static void list_deinit(struct list *l)
{
    for (size_t i = 0; l->at && i < l->n; i++)
        mfd_combination_deinit(&l->at[i]);
    free(l->at);
}

/* What a marginal is made of. */
struct request {
    const struct mfd_model *model;
    const struct mfd_metadata *md;
    const struct mfd_combination *bases;
    size_t n_bases;
    const uint32_t **values; /* (fields), scratch: codes that take the place of a base's */
};

/* ---- settings ---- */

static bool same_setting(const struct mfd_combination *a, const struct mfd_combination *b)
{
    return a->n == b->n && !memcmp(a->code, b->code, a->n * sizeof *a->code);
}

/* Base 0 with the values that `source` has in the fields averaged over. */
static int combine(const struct request *r, const struct mfd_marginal *m,
                   const struct mfd_combination *base, const struct mfd_combination *source,
                   struct mfd_combination *out, struct mfd_error *err)
{
    memset(r->values, 0, mfd_fields_count(r->md) * sizeof *r->values);
    for (size_t i = 0; i < m->n_over; i++)
        r->values[m->over[i]] = mfd_combination_value(r->md, source, m->over[i]);
    return mfd_combination_with(r->md, base, r->values, out, err);
}

/* Room for n settings, so that what is filled can be freed at any time. */
static int reserve(const struct request *r, struct mfd_marginal *m, size_t n, struct mfd_error *err)
{
    size_t rows;
    if (!mfd_mul(n, r->n_bases, &rows) || rows > MFD_MAX_SETTINGS)
        return mfd_fail_as(err, MFD_ELIMIT, "over-limit",
                           "%zu settings of %zu combinations are too many: the limit is %d in all; "
                           "average over fewer columns",
                           n, r->n_bases, MFD_MAX_SETTINGS);
    m->setting = mfd_calloc(n, sizeof *m->setting);
    return m->setting ? MFD_OK : mfd_fail_nomem(err);
}

/* Each distinct joint value of the trained tracks, in order of first appearance. */
static int settings_of_training(const struct request *r, struct mfd_marginal *m,
                                struct mfd_error *err)
{
    size_t tracks = mfd_model_tracks(r->model);
    size_t trained = tracks - mfd_model_held_out_count(r->model);
    MFD_AUTO_FREE struct mfd_setting *found = mfd_calloc(tracks, sizeof *found);
    int status = found ? MFD_OK : mfd_fail_nomem(err);
    size_t n = 0;
    for (size_t t = 0; t < tracks && !status; t++) {
        struct mfd_combination own = MFD_COMBINATION_INIT, with = MFD_COMBINATION_INIT;
        if (mfd_model_held_out(r->model, t))
            continue;
        if (!(status = mfd_virtual_of_track(r->model, t, &own, err)))
            status = combine(r, m, &r->bases[0], &own, &with, err);
        mfd_combination_deinit(&own);
        if (status)
            break;
        size_t s = 0;
        while (s < n && !same_setting(&found[s].combined, &with))
            s++;
        found[s].tracks++;
        if (s < n)
            mfd_combination_deinit(&with);
        else
            found[n++].combined = with;
    }
    if (!status && !trained)
        status = mfd_fail(err, MFD_EINVAL, "the model has no trained track to average over");
    if (!status)
        status = reserve(r, m, n, err);
    for (size_t s = 0; s < n; s++) {
        found[s].weight = (double)found[s].tracks / (double)(trained ? trained : 1);
        if (status)
            mfd_combination_deinit(&found[s].combined);
        else
            m->setting[m->settings++] = found[s];
    }
    return status;
}

/* Labels that trained tracks carry, each as the code of a cell that has it alone. */
struct choices {
    uint32_t (*code)[2];
    size_t n;
};

static int find_choices(const struct request *r, size_t field, struct choices *c,
                        struct mfd_error *err)
{
    const struct mfd_field *f = mfd_fields_at(r->md, field);
    if (!f->n_labels)
        return mfd_fail_as(err, MFD_EINVAL, "invalid-value",
                           "column '%s' holds numbers, over which nothing is uniform; average over "
                           "the training distribution or give its values",
                           f->name);
    MFD_AUTO_FREE bool *seen = mfd_calloc(f->n_labels, sizeof *seen);
    c->code = mfd_calloc(f->n_labels, sizeof *c->code);
    if (!seen || !c->code)
        return mfd_fail_nomem(err);
    for (size_t t = 0, n; t < mfd_model_tracks(r->model); t++) {
        const uint32_t *labels = mfd_fields_labels_of(r->md, field, t, &n);
        for (size_t i = 0; i < n && !mfd_model_held_out(r->model, t); i++)
            seen[labels[i]] = true;
    }
    for (size_t i = 0; i < f->n_labels; i++)
        if (seen[i]) {
            c->code[c->n][0] = 1;
            c->code[c->n++][1] = (uint32_t)i;
        }
    return MFD_OK;
}

/* The product of all choices, the last column changing fastest. */
static int multiply(const struct request *r, struct mfd_marginal *m, const struct choices *choices,
                    struct mfd_error *err)
{
    size_t n = 1;
    for (size_t i = 0; i < m->n_over; i++)
        if (!mfd_mul(n, choices[i].n, &n))
            n = SIZE_MAX; /* reserve() refuses it */
    int status = reserve(r, m, n, err);
    for (size_t s = 0; s < n && !status; s++) {
        memset(r->values, 0, mfd_fields_count(r->md) * sizeof *r->values);
        for (size_t i = m->n_over, rest = s; i-- > 0; rest /= choices[i].n)
            r->values[m->over[i]] = choices[i].code[rest % choices[i].n];
        m->setting[s].weight = 1 / (double)n;
        status = mfd_combination_with(r->md, &r->bases[0], r->values, &m->setting[s].combined, err);
        m->settings += !status;
    }
    return status;
}

static int settings_uniform(const struct request *r, struct mfd_marginal *m, struct mfd_error *err)
{
    MFD_AUTO_FREE struct choices *choices = mfd_calloc(m->n_over, sizeof *choices);
    int status = choices ? MFD_OK : mfd_fail_nomem(err);
    for (size_t i = 0; i < m->n_over && !status; i++)
        status = find_choices(r, m->over[i], &choices[i], err);
    if (!status)
        status = multiply(r, m, choices, err);
    for (size_t i = 0; choices && i < m->n_over; i++)
        free(choices[i].code);
    return status;
}

static int settings_given(const struct request *r, struct mfd_marginal *m,
                          const struct mfd_combination *given, const double *weights, size_t n,
                          struct mfd_error *err)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double w = weights ? weights[i] : 1;
        if (!(w >= 0) || !isfinite(w))
            return mfd_fail_as(err, MFD_EINVAL, "invalid-value",
                               "weight %zu is %g; weights are 0 or more", i, w);
        sum += w;
    }
    if (!(sum > 0) || !isfinite(sum))
        return mfd_fail_as(err, MFD_EINVAL, "invalid-value",
                           "the weights of %zu given settings add up to %g", n, sum);
    int status = reserve(r, m, n, err);
    for (size_t s = 0; s < n && !status; s++) {
        m->setting[s].weight = (weights ? weights[s] : 1) / sum;
        status = combine(r, m, &r->bases[0], &given[s], &m->setting[s].combined, err);
        m->settings += !status;
    }
    return status;
}

/* How many trained tracks have a setting's values; of the training distribution it is known. */
static int count_tracks(const struct request *r, struct mfd_marginal *m, struct mfd_error *err)
{
    int status = MFD_OK;
    for (size_t t = 0; t < mfd_model_tracks(r->model) && !status; t++) {
        struct mfd_combination own = MFD_COMBINATION_INIT, with = MFD_COMBINATION_INIT;
        if (mfd_model_held_out(r->model, t))
            continue;
        if (!(status = mfd_virtual_of_track(r->model, t, &own, err)))
            status = combine(r, m, &r->bases[0], &own, &with, err);
        for (size_t s = 0; s < m->settings && !status; s++)
            m->setting[s].tracks += same_setting(&m->setting[s].combined, &with);
        mfd_combination_deinit(&own);
        mfd_combination_deinit(&with);
    }
    return status;
}

/* ---- heads ---- */

static int embed(const struct request *r, struct mfd_marginal *m, struct mfd_error *err)
{
    MFD_CLEANUP(list_deinit) struct list all = { 0 };
    MFD_CLEANUP(mfd_virtual_unref_p) const struct mfd_virtual *v = NULL;
    int status = MFD_OK;
    if (!(all.at = mfd_calloc(m->bases * m->settings, sizeof *all.at)))
        return mfd_fail_nomem(err);
    for (size_t b = 0; b < m->bases; b++)
        for (size_t s = 0; s < m->settings && !status; s++) {
            status = combine(r, m, &r->bases[b], &m->setting[s].combined, &all.at[all.n], err);
            all.n += !status;
        }
    if (!status)
        status = mfd_virtual_weights(r->model, all.at, all.n, &v, NULL, err);
    if (status)
        return status;
    m->n_bio = v->n_bio;
    m->n_tech = v->n_tech;
    m->all = mfd_virtual_head(v);
    return m->all ? MFD_OK : mfd_fail_nomem(err);
}

/* out (n) = the average of the settings' rows of x (settings, n). */
static void average(const struct mfd_marginal *m, const float *x, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t s = 0; s < m->settings; s++)
            sum += m->setting[s].weight * (double)x[s * n + i];
        out[i] = (float)sum;
    }
}

static int average_weights(struct mfd_marginal *m, struct mfd_error *err)
{
    const struct mfd_head *all = m->all;
    struct mfd_head *mean = mfd_head_new(m->bases, all->biological, all->technical, all->embed);
    if (!mean)
        return mfd_fail_nomem(err);
    for (size_t b = 0; b < m->bases; b++) {
        size_t at = b * m->settings;
        average(m, all->w_bio + at * all->biological, all->biological,
                mean->w_bio + b * all->biological);
        average(m, all->w_tech + at * all->technical, all->technical,
                mean->w_tech + b * all->technical);
        average(m, all->bias + at, 1, mean->bias + b);
    }
    m->mean = mean;
    return MFD_OK;
}

static int take_over(const struct request *r, struct mfd_marginal *m, const size_t *over, size_t n,
                     struct mfd_error *err)
{
    size_t fields = mfd_fields_count(r->md);
    if (!(m->over = mfd_calloc(n, sizeof *m->over)))
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (over[i] >= fields)
            return mfd_fail(err, MFD_EINVAL, "there is no field number %zu", over[i]);
        for (size_t j = 0; j < i; j++)
            if (over[j] == over[i])
                return mfd_fail_as(err, MFD_EINVAL, "invalid-value",
                                   "column '%s' is to be averaged over twice",
                                   mfd_fields_at(r->md, over[i])->name);
        m->over[m->n_over++] = over[i];
    }
    return MFD_OK;
}

int mfd_marginal_new(struct mfd_marginal **out, const struct mfd_model *model,
                     const struct mfd_combination *bases, size_t n_bases, const size_t *over,
                     size_t n_over, enum mfd_over distribution, const struct mfd_combination *given,
                     const double *weights, size_t n_given, struct mfd_error *err)
{
    const struct mfd_metadata *md = mfd_model_metadata(model);
    if (!n_bases || !n_over)
        return mfd_fail_as(err, MFD_EINVAL, "invalid-value",
                           "a marginal needs a combination and a column to average over");
    MFD_AUTO_FREE const uint32_t **values = mfd_calloc(mfd_fields_count(md), sizeof *values);
    MFD_CLEANUP(mfd_marginal_free_p) struct mfd_marginal *m = mfd_calloc(1, sizeof *m);
    if (!values || !m)
        return mfd_fail_nomem(err);
    const struct request r = { model, md, bases, n_bases, values };
    m->bases = n_bases;
    int status = take_over(&r, m, over, n_over, err);
    if (status)
        return status;
    status = distribution == MFD_OVER_TRAINING ? settings_of_training(&r, m, err)
             : distribution == MFD_OVER_UNIFORM
                 ? settings_uniform(&r, m, err)
                 : settings_given(&r, m, given, weights, n_given, err);
    if (!status && distribution != MFD_OVER_TRAINING)
        status = count_tracks(&r, m, err);
    if (!status)
        status = embed(&r, m, err);
    if (!status)
        status = average_weights(m, err);
    if (!status)
        *out = mfd_steal(m);
    return status;
}

void mfd_marginal_reduce(const struct mfd_marginal *m, const float *values, size_t rows,
                         float *mean, float *sd)
{
    for (size_t i = 0; i < rows * m->bases; i++) {
        const float *x = values + i * m->settings;
        double sum = 0, square = 0;
        for (size_t s = 0; s < m->settings; s++)
            sum += m->setting[s].weight * (double)x[s];
        for (size_t s = 0; sd && s < m->settings; s++)
            square += m->setting[s].weight * ((double)x[s] - sum) * ((double)x[s] - sum);
        mean[i] = (float)sum;
        if (sd)
            sd[i] = (float)sqrt(square);
    }
}

/* ---- contrasts ---- */

void mfd_contrast_free(struct mfd_contrast *c)
{
    if (!c)
        return;
    mfd_head_free(c->all);
    mfd_head_free(c->difference);
    free(c);
}

static void hold(struct mfd_head *h, size_t pairs, enum mfd_held held)
{
    for (size_t i = 0; i < pairs; i++) {
        float *bio = h->w_bio + 2 * i * h->biological, *tech = h->w_tech + 2 * i * h->technical;
        if (held == MFD_HELD_BIOLOGICAL)
            memcpy(bio + h->biological, bio, h->biological * sizeof *bio);
        if (held == MFD_HELD_TECHNICAL)
            memcpy(tech + h->technical, tech, h->technical * sizeof *tech);
        if (held != MFD_HELD_NOTHING)
            h->bias[2 * i + 1] = h->bias[2 * i];
    }
}

/* out (pairs, n) = even rows minus odd rows of x (2 * pairs, n). */
static void subtract(const float *x, size_t pairs, size_t n, float *out)
{
    for (size_t i = 0; i < pairs; i++)
        for (size_t j = 0; j < n; j++)
            out[i * n + j] = x[2 * i * n + j] - x[(2 * i + 1) * n + j];
}

/* a and b in turn, borrowed. */
static int weights_of_pairs(const struct mfd_model *model, const struct mfd_combination *a,
                            const struct mfd_combination *b, size_t pairs, struct mfd_head **all,
                            struct mfd_error *err)
{
    MFD_CLEANUP(mfd_virtual_unref_p) const struct mfd_virtual *v = NULL;
    MFD_AUTO_FREE struct mfd_combination *both = mfd_calloc(pairs, 2 * sizeof *both);
    if (!both)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < pairs; i++) {
        both[2 * i] = a[i];
        both[2 * i + 1] = b[i];
    }
    int status = mfd_virtual_weights(model, both, 2 * pairs, &v, NULL, err);
    if (status)
        return status;
    *all = mfd_virtual_head(v);
    return *all ? MFD_OK : mfd_fail_nomem(err);
}

int mfd_contrast_new(struct mfd_contrast **out, const struct mfd_model *model,
                     const struct mfd_combination *a, const struct mfd_combination *b, size_t pairs,
                     enum mfd_held held, struct mfd_error *err)
{
    if (pairs > MFD_MAX_SETTINGS / 2)
        return mfd_fail_as(err, MFD_ELIMIT, "over-limit", "%zu contrasts are too many: up to %d",
                           pairs, MFD_MAX_SETTINGS / 2);
    MFD_CLEANUP(mfd_contrast_free_p) struct mfd_contrast *c = mfd_calloc(1, sizeof *c);
    if (!c)
        return mfd_fail_nomem(err);
    c->pairs = pairs;
    int status = weights_of_pairs(model, a, b, pairs, &c->all, err);
    if (status)
        return status;
    struct mfd_head *all = c->all;
    c->difference = mfd_head_new(pairs, all->biological, all->technical, all->embed);
    if (!c->difference)
        return mfd_fail_nomem(err);
    hold(all, pairs, held);
    subtract(all->w_bio, pairs, all->biological, c->difference->w_bio);
    subtract(all->w_tech, pairs, all->technical, c->difference->w_tech);
    subtract(all->bias, pairs, 1, c->difference->bias);
    *out = mfd_steal(c);
    return MFD_OK;
}

void mfd_contrast_reduce(const struct mfd_contrast *c, const float *values, size_t rows,
                         float *difference)
{
    subtract(values, rows * c->pairs, 1, difference);
}
