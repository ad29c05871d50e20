#include "core/model/resolve.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/combination.h"
#include "core/model/model_impl.h"

MFD_DEFINE_CLEANUP(struct mfd_resolution, mfd_resolution_free);
MFD_DEFINE_CLEANUP(const struct mfd_virtual, mfd_virtual_unref);

void mfd_resolution_free(struct mfd_resolution *r)
{
    if (!r)
        return;
    free(r->labels);
    free(r->values);
    free(r->pairs);
    free(r->neighbours);
    free(r);
}

const char *mfd_verdict_name(enum mfd_verdict verdict)
{
    static const char *const names[] = { "measured", "interpolated", "unseen" };
    return names[verdict];
}

/* ---- nearest tracks ---- */

static double squared_distance(const float *restrict a, const float *restrict b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i];
        sum += d * d;
    }
    return sum;
}

/* The tracks nearest to given weights, w_bio (biological) and w_tech (technical); the earlier track
 * where two are as near. out has room for n; returns how many were filled, nearest first. */
static size_t nearest_tracks(const struct mfd_model *m, const float *w_bio, const float *w_tech,
                             struct mfd_neighbour *out, size_t n)
{
    const struct mfd_head *h = m->bare;
    size_t found = 0;
    for (size_t t = 0; n && t < h->tracks; t++) {
        double bio = squared_distance(w_bio, h->w_bio + t * h->biological, h->biological);
        double tech = squared_distance(w_tech, h->w_tech + t * h->technical, h->technical);
        struct mfd_neighbour one = { .track = t,
                                     .distance = sqrt(bio + tech),
                                     .biological = sqrt(bio),
                                     .technical = sqrt(tech),
                                     .held_out = m->held_out[t] };
        size_t at = found;
        while (at && one.distance < out[at - 1].distance)
            at--;
        if (at == n)
            continue;
        found += found < n;
        memmove(out + at + 1, out + at, (found - 1 - at) * sizeof *out);
        out[at] = one;
    }
    return found;
}

/* ---- counts ---- */

/* Sets of trained tracks are a bit a track. */
static size_t count_both(const uint64_t *a, const uint64_t *b, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += (size_t)__builtin_popcountll(a[i] & b[i]);
    return count;
}

static bool has_label(const struct mfd_metadata *md, size_t field, size_t track, size_t label)
{
    size_t n;
    const uint32_t *labels = mfd_fields_labels_of(md, field, track, &n);
    for (size_t i = 0; i < n; i++)
        if (labels[i] == label)
            return true;
    return false;
}

static void mark_label(const struct mfd_model *m, size_t field, size_t label, uint64_t *set)
{
    for (size_t t = 0; t < m->config.tracks; t++)
        if (!m->held_out[t] && has_label(m->md, field, t, label))
            set[t / 64] |= (uint64_t)1 << (t % 64);
}

static bool same_value(const struct mfd_metadata *md, size_t field, size_t track,
                       const uint32_t *code)
{
    const struct mfd_field *f = mfd_fields_at(md, field);
    size_t n;
    if (!f->n_labels) {
        float standard = (float)((mfd_fields_number_of(md, field, track) - f->mean) / f->sd) + 0.0f;
        return memcmp(&standard, code, sizeof standard) == 0;
    }
    const uint32_t *labels = mfd_fields_labels_of(md, field, track, &n);
    return n == code[0] && !memcmp(labels, code + 1, n * sizeof *labels);
}

static struct mfd_value_count count_value(const struct mfd_model *m, size_t field,
                                          const uint32_t *code)
{
    const struct mfd_field *f = mfd_fields_at(m->md, field);
    struct mfd_value_count v = { .field = f, .in_range = true };
    double low = INFINITY, high = -INFINITY;
    float standard;
    for (size_t t = 0; t < m->config.tracks; t++) {
        if (m->held_out[t])
            continue;
        v.tracks += same_value(m->md, field, t, code);
        if (!f->n_labels) {
            low = fmin(low, mfd_fields_number_of(m->md, field, t));
            high = fmax(high, mfd_fields_number_of(m->md, field, t));
        }
    }
    if (!f->n_labels) {
        /* the code is rounded to single precision: compare at that precision */
        memcpy(&standard, code, sizeof standard);
        v.number = (double)standard * f->sd + f->mean;
        v.in_range = standard >= (float)((low - f->mean) / f->sd) &&
                     standard <= (float)((high - f->mean) / f->sd);
    }
    return v;
}

static void count_tracks(const struct mfd_model *m, const struct mfd_combination *c,
                         struct mfd_resolution *r)
{
    for (size_t t = 0; t < m->config.tracks; t++) {
        bool bio =
            !memcmp(m->track_keys[t].half[MFD_BIOLOGICAL], c->key[MFD_BIOLOGICAL], MFD_HALF_KEY);
        bool tech =
            !memcmp(m->track_keys[t].half[MFD_TECHNICAL], c->key[MFD_TECHNICAL], MFD_HALF_KEY);
        if (m->held_out[t]) {
            r->exact_held_out += bio && tech;
            continue;
        }
        r->trained++;
        r->same_biological += bio;
        r->same_technical += tech;
        r->exact += bio && tech;
    }
}

/* Labels with the tracks that carry them; `sets` (n_labels, words) is filled beside. */
static void count_labels(const struct mfd_model *m, const struct mfd_combination *c,
                         struct mfd_resolution *r, uint64_t *sets, size_t words)
{
    const uint32_t *code = c->code;
    for (size_t i = 0; i < mfd_fields_count(m->md); i++) {
        const struct mfd_field *f = mfd_fields_at(m->md, i);
        r->values[r->n_values++] = count_value(m, i, code);
        for (size_t j = 0; f->n_labels && j < code[0]; j++) {
            uint64_t *set = sets + r->n_labels * words;
            mark_label(m, i, code[1 + j], set);
            r->labels[r->n_labels++] = (struct mfd_label_count){
                .field = f, .label = code[1 + j], .tracks = count_both(set, set, words)
            };
        }
        code += mfd_code_length(f, code);
    }
}

static void count_pairs(struct mfd_resolution *r, const uint64_t *sets, size_t words)
{
    for (size_t i = 0; i < r->n_labels; i++)
        for (size_t j = i + 1; j < r->n_labels; j++)
            if (r->labels[i].field != r->labels[j].field)
                r->pairs[r->n_pairs++] =
                    (struct mfd_pair_count){ .first = i,
                                             .second = j,
                                             .tracks = count_both(sets + i * words,
                                                                  sets + j * words, words) };
}

/* ---- the verdict ---- */

static const char *label_text(const struct mfd_label_count *l)
{
    return l->field->labels[l->label];
}

static void judge_seen(struct mfd_resolution *r)
{
    const struct mfd_pair_count *first = NULL;
    size_t apart = 0;
    r->verdict = MFD_INTERPOLATED;
    for (size_t i = 0; i < r->n_pairs; i++)
        if (!r->pairs[i].tracks) {
            first = first ? first : &r->pairs[i];
            apart++;
        }
    if (!first) {
        snprintf(
            r->reason, sizeof r->reason,
            "all its values, and each two of its labels, occur among the %zu trained tracks, but "
            "not all together",
            r->trained);
        return;
    }
    const struct mfd_label_count *a = &r->labels[first->first], *b = &r->labels[first->second];
    snprintf(
        r->reason, sizeof r->reason,
        "all its values occur among the %zu trained tracks, but %zu of its %zu pairs of labels do "
        "not, first %.40s '%.60s' with %.40s '%.60s'",
        r->trained, apart, r->n_pairs, a->field->name, label_text(a), b->field->name,
        label_text(b));
}

static void judge(struct mfd_resolution *r)
{
    if (r->exact) {
        r->verdict = MFD_MEASURED;
        snprintf(r->reason, sizeof r->reason,
                 "%zu of %zu trained tracks %s exactly this combination", r->exact, r->trained,
                 r->exact == 1 ? "has" : "have");
        return;
    }
    r->verdict = MFD_UNSEEN;
    for (size_t i = 0; i < r->n_labels; i++)
        if (!r->labels[i].tracks) {
            snprintf(r->reason, sizeof r->reason, "no trained track has %.60s '%.100s'",
                     r->labels[i].field->name, label_text(&r->labels[i]));
            return;
        }
    for (size_t i = 0; i < r->n_values; i++)
        if (!r->values[i].in_range) {
            snprintf(r->reason, sizeof r->reason,
                     "%.60s %g lies beyond the numbers of all trained tracks",
                     r->values[i].field->name, r->values[i].number);
            return;
        }
    judge_seen(r);
}

/* A combination that only held-out tracks have is worth a word. */
static void mention_held_out(struct mfd_resolution *r)
{
    size_t used = strlen(r->reason);
    if (!r->exact && r->exact_held_out)
        snprintf(r->reason + used, sizeof r->reason - used,
                 "; %zu track%s left out of training %s it", r->exact_held_out,
                 r->exact_held_out == 1 ? "" : "s", r->exact_held_out == 1 ? "has" : "have");
}

static int find_neighbours(const struct mfd_model *m, const struct mfd_combination *c,
                           size_t nearest, struct mfd_resolution *r, struct mfd_error *err)
{
    MFD_AUTO_FREE float *bio = mfd_calloc(m->config.biological, sizeof *bio);
    MFD_AUTO_FREE float *tech = mfd_calloc(m->config.technical, sizeof *tech);
    int status;
    if (!bio || !tech)
        return mfd_fail_nomem(err);
    if (nearest > m->config.tracks)
        nearest = m->config.tracks;
    if ((status = mfd_virtual_half(m, c, 1, MFD_BIOLOGICAL, bio, err)) ||
        (status = mfd_virtual_half(m, c, 1, MFD_TECHNICAL, tech, err)))
        return status;
    if (!(r->neighbours = mfd_calloc(nearest, sizeof *r->neighbours)))
        return mfd_fail_nomem(err);
    r->n_neighbours = nearest_tracks(m, bio, tech, r->neighbours, nearest);
    return MFD_OK;
}

int mfd_resolve(const struct mfd_model *model, const struct mfd_combination *c, size_t nearest,
                struct mfd_resolution **out, struct mfd_error *err)
{
    size_t words = (model->config.tracks + 63) / 64, labels = 0;
    const uint32_t *code = c->code;
    if (!model->embedding)
        return mfd_fail_as(err, MFD_EUNSUPPORTED, "unsupported",
                           "this model is a baseline without a metadata head");
    for (size_t i = 0; i < mfd_fields_count(model->md); i++) {
        const struct mfd_field *f = mfd_fields_at(model->md, i);
        labels += f->n_labels ? code[0] : 0;
        code += mfd_code_length(f, code);
    }
    if (labels > MFD_MAX_RESOLVED)
        return mfd_fail_as(err, MFD_ELIMIT, "over-limit",
                           "the combination has %zu labels; the limit is %d", labels,
                           MFD_MAX_RESOLVED);
    MFD_CLEANUP(mfd_resolution_free_p) struct mfd_resolution *r = mfd_calloc(1, sizeof *r);
    MFD_AUTO_FREE uint64_t *sets = mfd_calloc(labels, words * sizeof *sets);
    if (!r || !sets || !(r->labels = mfd_calloc(labels, sizeof *r->labels)) ||
        !(r->pairs = mfd_calloc(labels, labels * sizeof *r->pairs)) ||
        !(r->values = mfd_calloc(mfd_fields_count(model->md), sizeof *r->values)))
        return mfd_fail_nomem(err);
    count_tracks(model, c, r);
    count_labels(model, c, r, sets, words);
    count_pairs(r, sets, words);
    judge(r);
    mention_held_out(r);
    int status = find_neighbours(model, c, nearest, r, err);
    if (!status)
        *out = mfd_steal(r);
    return status;
}
