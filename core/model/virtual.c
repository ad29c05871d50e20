#include "core/model/virtual.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/model_impl.h"

#define CHUNK 1024 /* halves whose inputs are laid out at a time */

MFD_DEFINE_CLEANUP(const struct mfd_virtual, mfd_virtual_unref);

/* ---- combinations ---- */

static int need_metadata(const struct mfd_model *model, struct mfd_error *err)
{
    return model->embedding
               ? MFD_OK
               : mfd_fail_as(err, MFD_EUNSUPPORTED, "unsupported",
                             "this model is a baseline without a metadata head; it cannot "
                             "predict experiments that it was not trained on");
}

int mfd_virtual_code(const struct mfd_model *model, const json_t *metadata, size_t defaults,
                     struct mfd_combination *out, char *column, struct mfd_error *err)
{
    int status = need_metadata(model, err);
    if (column)
        column[0] = '\0';
    return status ? status : mfd_combination_code(model->md, metadata, defaults, out, column, err);
}

int mfd_virtual_of_track(const struct mfd_model *model, size_t track, struct mfd_combination *out,
                         struct mfd_error *err)
{
    int status = need_metadata(model, err);
    if (status)
        return status;
    if (track >= mfd_model_tracks(model))
        return mfd_fail(err, MFD_EINVAL, "there is no track number %zu", track);
    return mfd_combination_of_track(model->md, track, out, err);
}

/* ---- distinct halves ---- */

/* Combinations by their half of one group, each numbered at its first appearance. */
struct halves {
    uint32_t *row;   /* (n), the half of each combination */
    uint32_t *first; /* (n), the combination where half i appears first */
    size_t n;        /* halves */
};

static void halves_deinit(struct halves *h)
{
    free(h->row);
    free(h->first);
}

/* Digests are as good as random: their first bytes are the hash. */
static size_t hash_half(const char *key)
{
    size_t h = 0;
    for (size_t i = 0; i < 15; i++)
        h = h * 16 + (size_t)((key[i] & 15) + (key[i] > '9' ? 9 : 0));
    return h;
}

static int find_halves(struct halves *h, const struct mfd_combination *c, size_t n, size_t g,
                       struct mfd_error *err)
{
    size_t slots = 16;
    while (slots < 2 * n)
        slots *= 2;
    MFD_AUTO_FREE uint32_t *table = mfd_calloc(slots, sizeof *table); /* half + 1; 0: empty */
    h->row = mfd_calloc(n, sizeof *h->row);
    h->first = mfd_calloc(n, sizeof *h->first);
    if (!table || !h->row || !h->first)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        size_t at = hash_half(c[i].key[g]) & (slots - 1);
        while (table[at] &&
               memcmp(c[h->first[table[at] - 1]].key[g], c[i].key[g], MFD_HALF_KEY) != 0)
            at = (at + 1) & (slots - 1);
        if (!table[at]) {
            h->first[h->n++] = (uint32_t)i;
            table[at] = (uint32_t)h->n;
        }
        h->row[i] = table[at] - 1;
    }
    return MFD_OK;
}

/* ---- weights ---- */

static void expand(const struct mfd_model *m, const struct mfd_combination *c, float *inputs)
{
    const uint32_t *code = c->code;
    for (size_t i = 0; i < mfd_fields_count(m->md); i++) {
        const struct mfd_field *f = mfd_fields_at(m->md, i);
        mfd_code_expand(f, code, inputs + mfd_embedding_offset(m->embedding, i));
        code += mfd_code_length(f, code);
    }
}

static size_t row_width(const struct mfd_model *m, enum mfd_group g, const struct mfd_basis *basis)
{
    return basis ? basis->stride : mfd_group_width(&m->config, g);
}

/* w (h->n, width): the embedding networks over one combination of each half; rows of the basis
 * where there is one. */
static int embed(const struct mfd_model *m, const struct mfd_combination *c, const struct halves *h,
                 enum mfd_group g, const struct mfd_basis *basis, float *w, struct mfd_error *err)
{
    size_t stride = mfd_embedding_inputs(m->embedding), rows = h->n < CHUNK ? h->n : CHUNK;
    size_t width = row_width(m, g, basis);
    MFD_AUTO_FREE float *inputs = mfd_calloc(rows, stride * sizeof *inputs);
    MFD_AUTO_FREE const float **row = mfd_calloc(rows, sizeof *row);
    if (!inputs || !row)
        return mfd_fail_nomem(err);
    for (size_t at = 0; at < h->n; at += rows) {
        size_t n = h->n - at < rows ? h->n - at : rows;
        for (size_t i = 0; i < n; i++) {
            row[i] = inputs + i * stride;
            expand(m, &c[h->first[at + i]], inputs + i * stride);
        }
        int status = (basis ? mfd_embedding_factors
                            : mfd_embedding_weights)(m->embedding, g, row, n, w + at * width, err);
        if (status)
            return status;
    }
    return MFD_OK;
}

/* ---- biases ---- */

static double mean_bias(const struct mfd_model *m, const char *half, size_t *count)
{
    double sum = 0;
    size_t n = 0;
    for (size_t t = 0; t < m->config.tracks; t++)
        if (!m->held_out[t] &&
            (!half || !memcmp(m->track_keys[t].half[MFD_BIOLOGICAL], half, MFD_HALF_KEY))) {
            sum += (double)m->head->bias[t];
            n++;
        }
    *count = n;
    return n ? sum / (double)n : 0;
}

/* What the biases of combinations have in common is computed once. */
struct biases {
    double mean;
    size_t trained;
    double *matched;   /* a half */
    uint32_t *matches; /* tracks that share it + 1; 0: not yet looked for */
};

static int bias_of(const struct mfd_model *m, const struct mfd_combination *c, uint32_t half,
                   struct biases *b, float *out, struct mfd_error *err)
{
    size_t n;
    switch (c->bias_policy) {
    case MFD_BIAS_NONE:
        *out = 0;
        return MFD_OK;
    case MFD_BIAS_NUMBER:
        if (!isfinite((float)c->bias))
            return mfd_fail_as(err, MFD_EINVAL, "invalid-value", "a bias of %g is out of range",
                               c->bias);
        *out = (float)c->bias;
        return MFD_OK;
    case MFD_BIAS_MEAN:
        *out = (float)b->mean;
        return MFD_OK;
    case MFD_BIAS_MATCHED:
        if (!b->matches[half]) {
            b->matched[half] = mean_bias(m, c->key[MFD_BIOLOGICAL], &n);
            b->matches[half] = (uint32_t)n + 1;
        }
        if (b->matches[half] == 1)
            return mfd_fail_as(
                err, MFD_ENOTFOUND, "no-track-matches",
                "no trained track shares all biological values of this combination, so "
                "there is no bias to match; ask for bias none, mean or a number");
        *out = (float)b->matched[half];
        return MFD_OK;
    }
    return mfd_fail(err, MFD_EINVAL, "there is no bias policy %d", (int)c->bias_policy);
}

static int fill_bias(const struct mfd_model *m, const struct mfd_combination *c, size_t n,
                     const struct halves *h, float *bias, size_t *bad, struct mfd_error *err)
{
    MFD_AUTO_FREE double *matched = mfd_calloc(h->n, sizeof *matched);
    MFD_AUTO_FREE uint32_t *matches = mfd_calloc(h->n, sizeof *matches);
    struct biases b = { .matched = matched, .matches = matches };
    if (!matched || !matches)
        return mfd_fail_nomem(err);
    b.mean = mean_bias(m, NULL, &b.trained);
    for (size_t i = 0; i < n; i++) {
        int status = bias_of(m, &c[i], h->row[i], &b, &bias[i], err);
        if (!status)
            continue;
        if (bad)
            *bad = i;
        return status;
    }
    return MFD_OK;
}

/* ---- requests ---- */

static float *weights_new(size_t rows, size_t width)
{
    size_t n;
    return mfd_mul(rows, width, &n) ? mfd_aligned(n, sizeof(float)) : NULL;
}

/* What is allocated hangs on v even on failure. */
static int build(const struct mfd_model *m, const struct mfd_combination *c, size_t n,
                 struct mfd_virtual *v, struct halves *bio, struct halves *tech, size_t *bad,
                 struct mfd_error *err)
{
    int status;
    if ((status = find_halves(bio, c, n, MFD_BIOLOGICAL, err)) ||
        (status = find_halves(tech, c, n, MFD_TECHNICAL, err)))
        return status;
    const struct mfd_basis *bio_basis = mfd_embedding_basis(m->embedding, MFD_BIOLOGICAL);
    const struct mfd_basis *tech_basis = mfd_embedding_basis(m->embedding, MFD_TECHNICAL);
    size_t bio_width = row_width(m, MFD_BIOLOGICAL, bio_basis);
    size_t tech_width = row_width(m, MFD_TECHNICAL, tech_basis);
    float *w_bio = weights_new(bio->n, bio_width), *w_tech = weights_new(tech->n, tech_width);
    float *bias = mfd_calloc(n, sizeof *bias);
    *v =
        (struct mfd_virtual){ .tracks = n,
                              .n_bio = bio->n,
                              .n_tech = tech->n,
                              .biological = m->config.biological,
                              .technical = m->config.technical,
                              .w_bio = w_bio,
                              .w_tech = w_tech,
                              .bio_basis = bio_basis,
                              .tech_basis = tech_basis,
                              .embedding = m->embedding,
                              .bio = bio->row,
                              .tech = tech->row,
                              .bias = bias,
                              .bytes = sizeof *v +
                                       (bio->n * bio_width + tech->n * tech_width) * sizeof(float) +
                                       n * 3 * sizeof(float) };
    atomic_init(&v->refs, 1);
    bio->row = tech->row = NULL;
    if (!w_bio || !w_tech || !bias)
        return mfd_fail_nomem(err);
    const struct halves rows = { .row = (uint32_t *)(size_t)v->bio, .n = bio->n };
    if ((status = fill_bias(m, c, n, &rows, bias, bad, err)) ||
        (status = embed(m, c, bio, MFD_BIOLOGICAL, bio_basis, w_bio, err)) ||
        (status = embed(m, c, tech, MFD_TECHNICAL, tech_basis, w_tech, err)))
        return status;
    return MFD_OK;
}

int mfd_virtual_weights(const struct mfd_model *model, const struct mfd_combination *combinations,
                        size_t n, const struct mfd_virtual **out, size_t *bad,
                        struct mfd_error *err)
{
    if (!model->embedding)
        return mfd_fail_as(err, MFD_EUNSUPPORTED, "unsupported",
                           "this model is a baseline without a metadata head");
    if (n == 0 || n > MFD_MAX_VIRTUAL)
        return mfd_fail_as(err, n ? MFD_ELIMIT : MFD_EINVAL, n ? "over-limit" : "invalid-value",
                           "%zu virtual tracks are asked for; 1 to %d are possible", n,
                           MFD_MAX_VIRTUAL);
    if ((*out = mfd_cache_find(model->cache, combinations, n)))
        return MFD_OK;
    struct mfd_virtual *made = mfd_calloc(1, sizeof *made);
    if (!made)
        return mfd_fail_nomem(err);
    atomic_init(&made->refs, 1);
    MFD_CLEANUP(mfd_virtual_unref_p) const struct mfd_virtual *v = made;
    struct halves bio = { 0 }, tech = { 0 };
    int status = build(model, combinations, n, made, &bio, &tech, bad, err);
    halves_deinit(&bio);
    halves_deinit(&tech);
    if (status)
        return status;
    mfd_cache_add(model->cache, combinations, n, v);
    *out = mfd_steal(v);
    return MFD_OK;
}

int mfd_virtual_half(const struct mfd_model *model, const struct mfd_combination *c, size_t n,
                     enum mfd_group g, float *w, struct mfd_error *err)
{
    if (!model->embedding)
        return mfd_fail_as(err, MFD_EUNSUPPORTED, "unsupported",
                           "this model is a baseline without a metadata head");
    size_t width = mfd_group_width(&model->config, g);
    MFD_CLEANUP(halves_deinit) struct halves halves = { 0 };
    int status = find_halves(&halves, c, n, g, err);
    if (status)
        return status;
    MFD_AUTO_FREE float *distinct = weights_new(halves.n, width);
    if (!distinct)
        return mfd_fail_nomem(err);
    status = embed(model, c, &halves, g, NULL, distinct, err);
    for (size_t i = 0; i < n && !status; i++)
        memcpy(w + i * width, distinct + halves.row[i] * width, width * sizeof *w);
    return status;
}

void mfd_virtual_stats(const struct mfd_model *model, struct mfd_virtual_stats *stats)
{
    mfd_cache_stats(model->cache, stats);
}

void mfd_virtual_limit(const struct mfd_model *model, size_t bytes)
{
    mfd_cache_limit(model->cache, bytes);
}
