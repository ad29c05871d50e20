#include "core/score/ensemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/score/project.h"

#define LOGIT_ROWS 64 /* passes whose logits are held at a time */

enum width { TRACKS, BIOLOGICAL, TECHNICAL, EMBED };

static const struct {
    size_t offset;
    enum width width;
} slots[MFD_N_OUTPUTS] = {
    { offsetof(struct mfd_outputs, predictions), TRACKS },
    { offsetof(struct mfd_outputs, logits), TRACKS },
    { offsetof(struct mfd_outputs, logits_biological), TRACKS },
    { offsetof(struct mfd_outputs, logits_technical), TRACKS },
    { offsetof(struct mfd_outputs, features_biological), BIOLOGICAL },
    { offsetof(struct mfd_outputs, features_technical), TECHNICAL },
    { offsetof(struct mfd_outputs, features), EMBED },
};

float **mfd_outputs_slot(struct mfd_outputs *out, size_t i)
{
    return (float **)(void *)((char *)out + slots[i].offset);
}

size_t mfd_outputs_width(size_t i, const struct mfd_head *h)
{
    const size_t widths[] = { h->tracks, h->biological, h->technical, h->embed };
    return widths[slots[i].width];
}

struct mfd_outputs mfd_outputs_at(const struct mfd_outputs *out, size_t rows,
                                  const struct mfd_head *head)
{
    struct mfd_outputs moved = *out;
    for (size_t i = 0; i < MFD_N_OUTPUTS; i++) {
        float **p = mfd_outputs_slot(&moved, i);
        if (*p)
            *p += rows * mfd_outputs_width(i, head);
    }
    return moved;
}

void mfd_outputs_blank(const struct mfd_outputs *out, size_t row, const struct mfd_head *head)
{
    struct mfd_outputs at = mfd_outputs_at(out, row, head);
    for (size_t i = 0; i < MFD_N_OUTPUTS; i++) {
        float *p = *mfd_outputs_slot(&at, i);
        for (size_t j = 0; p && j < mfd_outputs_width(i, head); j++)
            p[j] = NAN;
    }
}

void mfd_outputs_free(struct mfd_outputs *out)
{
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++)
        free(*mfd_outputs_slot(out, k));
}

int mfd_outputs_new(struct mfd_outputs *out, const struct mfd_outputs *like, size_t rows,
                    const struct mfd_head *head, struct mfd_error *err)
{
    struct mfd_outputs want = *like;
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++) {
        size_t n;
        if (!*mfd_outputs_slot(&want, k))
            continue;
        float *p = mfd_mul(rows, mfd_outputs_width(k, head), &n) ? mfd_aligned(n, sizeof *p) : NULL;
        if (!p)
            return mfd_fail_nomem(err);
        *mfd_outputs_slot(out, k) = p;
    }
    return MFD_OK;
}

void mfd_passes_deinit(struct mfd_passes *p)
{
    free(p->features);
    free(p->row);
    memset(p, 0, sizeof *p);
}

int mfd_ensemble_check(struct mfd_ensemble e, struct mfd_error *err)
{
    if (e.shifts < 1 || e.shifts > MFD_MAX_SHIFTS)
        return mfd_fail(err, MFD_EINVAL, "an ensemble has 1 to %d shifts, not %u", MFD_MAX_SHIFTS,
                        e.shifts);
    return MFD_OK;
}

int mfd_ensemble_ask(struct mfd_batch *batch, struct mfd_ensemble e, size_t sequence, int64_t start,
                     struct mfd_error *err)
{
    size_t positions = mfd_ensemble_positions(e, mfd_batch_config(batch));
    int status = MFD_OK;
    for (unsigned s = 0; s < e.shifts && status == MFD_OK; s++)
        status = mfd_batch_window(batch, sequence, start + s, positions, err);
    return status;
}

int mfd_passes_run(struct mfd_engine *engine, struct mfd_batch *batch, struct mfd_ensemble e,
                   size_t items, struct mfd_passes *out, const volatile int *cancel,
                   struct mfd_error *err)
{
    size_t strands = e.strands ? 2 : 1, embed = mfd_engine_config(engine)->embed, n;
    struct mfd_passes p = { .embed = embed, .items = items, .passes = e.shifts * strands };
    if (!mfd_mul(mfd_batch_windows(batch), embed, &n))
        return mfd_fail_nomem(err);
    p.features = mfd_aligned(n, sizeof *p.features);
    p.row = mfd_calloc(items * p.passes, sizeof *p.row);
    if (!p.features || !p.row) {
        mfd_passes_deinit(&p);
        return mfd_fail_nomem(err);
    }
    for (size_t i = 0; i < items; i++)
        for (size_t s = 0; s < strands; s++)
            for (size_t k = 0; k < e.shifts; k++)
                p.row[i * p.passes + s * e.shifts + k] = (s * items + i) * e.shifts + k;
    int status = mfd_engine_run(engine, batch, p.features, cancel, err);
    if (status)
        mfd_passes_deinit(&p);
    else
        *out = p;
    return status;
}

static void average_features(const struct mfd_passes *p, float *mean)
{
    float share = 1.0f / (float)p->passes;
    for (size_t i = 0; i < p->items; i++, mean += p->embed) {
        memset(mean, 0, p->embed * sizeof *mean);
        for (size_t k = 0; k < p->passes; k++) {
            const float *f = p->features + p->row[i * p->passes + k] * p->embed;
            for (size_t j = 0; j < p->embed; j++)
                mean[j] += f[j];
        }
        for (size_t j = 0; p->passes > 1 && j < p->embed; j++)
            mean[j] *= share;
    }
}

static void copy_features(const struct mfd_head *h, const float *mean, size_t items,
                          const struct mfd_outputs *out)
{
    size_t bio = h->biological, tech = h->technical, all = h->embed;
    for (size_t i = 0; i < items; i++, mean += all) {
        if (out->features)
            memcpy(out->features + i * all, mean, all * sizeof *mean);
        if (out->features_technical)
            memcpy(out->features_technical + i * tech, mean, tech * sizeof *mean);
        if (out->features_biological)
            memcpy(out->features_biological + i * bio, mean + tech, bio * sizeof *mean);
    }
}

/* Logits of the averaged features, LOGIT_ROWS items at a time; and, where they are asked for here
 * because an item has one pass only, their probabilities. */
static int average_logits(struct mfd_engine *engine, const struct mfd_head *h, const float *mean,
                          size_t items, const struct mfd_outputs *out, float *bio, float *tech,
                          struct mfd_error *err)
{
    for (size_t i = 0; i < items; i += LOGIT_ROWS) {
        size_t rows = items - i < LOGIT_ROWS ? items - i : LOGIT_ROWS, n = rows * h->tracks;
        int status = mfd_project(engine, h, mean + i * h->embed, rows, bio, tech, err);
        if (status)
            return status;
        if (out->logits_biological)
            memcpy(out->logits_biological + i * h->tracks, bio, n * sizeof *bio);
        if (out->logits_technical)
            memcpy(out->logits_technical + i * h->tracks, tech, n * sizeof *tech);
        if (out->logits)
            mfd_project_sum(h, rows, bio, tech, out->logits + i * h->tracks);
        if (out->predictions) {
            mfd_project_sum(h, rows, bio, tech, out->predictions + i * h->tracks);
            mfd_engine_sigmoid(engine, out->predictions + i * h->tracks, n);
        }
    }
    return MFD_OK;
}

/* Means of the passes' probabilities. Rows of an item lie anywhere: gather a block of them. */
static int average_predictions(struct mfd_engine *engine, const struct mfd_head *h,
                               const struct mfd_passes *p, float *predictions, float *bio,
                               float *tech, struct mfd_error *err)
{
    MFD_AUTO_FREE float *rows = mfd_aligned(LOGIT_ROWS * p->embed, sizeof *rows);
    if (!rows)
        return mfd_fail_nomem(err);
    memset(predictions, 0, p->items * h->tracks * sizeof *predictions);
    size_t all = p->items * p->passes;
    float share = 1.0f / (float)p->passes;
    for (size_t first = 0; first < all; first += LOGIT_ROWS) {
        size_t n = all - first < LOGIT_ROWS ? all - first : LOGIT_ROWS;
        for (size_t r = 0; r < n; r++)
            memcpy(rows + r * p->embed, p->features + p->row[first + r] * p->embed,
                   p->embed * sizeof *rows);
        int status = mfd_project(engine, h, rows, n, bio, tech, err);
        if (status)
            return status;
        mfd_project_sum(h, n, bio, tech, bio);
        mfd_engine_sigmoid(engine, bio, n * h->tracks);
        for (size_t r = 0; r < n; r++) {
            float *to = predictions + (first + r) / p->passes * h->tracks;
            for (size_t t = 0; t < h->tracks; t++)
                to[t] += bio[r * h->tracks + t];
        }
    }
    for (size_t i = 0; i < p->items * h->tracks; i++)
        predictions[i] *= share;
    return MFD_OK;
}

int mfd_passes_average(struct mfd_engine *engine, const struct mfd_head *head,
                       const struct mfd_passes *p, const struct mfd_outputs *out,
                       struct mfd_error *err)
{
    size_t block;
    if (p->items == 0)
        return MFD_OK;
    MFD_AUTO_FREE float *mean = mfd_aligned(p->items * p->embed, sizeof *mean);
    MFD_AUTO_FREE float *bio =
        mfd_mul(LOGIT_ROWS, head->tracks, &block) ? mfd_aligned(block, sizeof *bio) : NULL;
    MFD_AUTO_FREE float *tech = bio ? mfd_aligned(block, sizeof *tech) : NULL;
    if (!mean || !bio || !tech)
        return mfd_fail_nomem(err);
    average_features(p, mean);
    copy_features(head, mean, p->items, out);
    int status = MFD_OK;
    struct mfd_outputs now = *out;
    if (p->passes > 1)
        now.predictions = NULL;
    if (now.logits || now.logits_biological || now.logits_technical || now.predictions)
        status = average_logits(engine, head, mean, p->items, &now, bio, tech, err);
    if (status == MFD_OK && out->predictions && p->passes > 1)
        status = average_predictions(engine, head, p, out->predictions, bio, tech, err);
    return status;
}
