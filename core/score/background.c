#include "core/score/background.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/model/rewrite.h"

#define EFFECT "background.effect"
#define PROBABILITY "background.probability"
#define VARIANTS "background_variants"
#define SOURCE "background_source"

/* Probabilities i / EVEN up to 3/4, then PER in each half of what is left, STEPS times, and 1.
 * Between them a quantile of ten thousand variants is told as well as they know it (its standard
 * error is 0.005 in the middle), and the last step is as fine as there are variants. */
#define EVEN 64
#define PER 6
#define STEPS 12
#define POINTS (EVEN / 4 * 3 + PER * STEPS + 1)

int mfd_background_open(const struct mfd_model *model, struct mfd_background *out,
                        struct mfd_error *err)
{
    const struct mfd_safetensors *st = mfd_model_weights(model);
    const struct mfd_tensor *effect = mfd_safetensors_find(st, EFFECT);
    const struct mfd_tensor *probability = mfd_safetensors_find(st, PROBABILITY);
    const char *text = mfd_safetensors_metadata(st, VARIANTS);
    if (!effect || !probability || !text)
        return mfd_fail(
            err, MFD_ENOTFOUND,
            "the bundle has no background of common variants; mfd-model background adds one");
    struct mfd_background b = { .tracks = mfd_model_tracks(model) };
    int64_t n = 0;
    if (!mfd_parse_i64(text, strlen(text), 1, INT64_MAX, &n))
        n = 0;
    if (n < 1 || effect->dtype != MFD_F32 || probability->dtype != MFD_F32 || effect->ndim != 2 ||
        probability->ndim != 1 || effect->shape[0] < 2 ||
        effect->shape[0] != probability->shape[0] || effect->shape[1] != b.tracks)
        return mfd_fail(err, MFD_EFORMAT, "the bundle's background is damaged or of another model");
    b.points = effect->shape[0];
    b.variants = (uint64_t)n;
    b.probability = probability->data;
    b.effect = effect->data;
    b.source = mfd_safetensors_metadata(st, SOURCE);
    *out = b;
    return MFD_OK;
}

/* First row whose numbers do not rise from the row before, n where all do. */
static size_t first_fall(const float *x, size_t n, size_t width)
{
    for (size_t i = 1; i < n; i++)
        for (size_t c = 0; c < width; c++)
            if (!(x[i * width + c] >= x[(i - 1) * width + c]))
                return i;
    return n;
}

int mfd_background_check(const struct mfd_background *b, struct mfd_error *err)
{
    size_t row = first_fall(b->effect, b->points, b->tracks);
    if (b->probability[0] != 0 || b->probability[b->points - 1] != 1 ||
        first_fall(b->probability, b->points, 1) < b->points)
        return mfd_fail(err, MFD_EFORMAT,
                        "'" PROBABILITY "' does not rise from 0 to 1: the background is damaged");
    if (row < b->points)
        return mfd_fail(err, MFD_EFORMAT,
                        "'" EFFECT "' falls at its row %zu: the background is damaged", row + 1);
    for (size_t t = 0; t < b->tracks; t++)
        if (b->effect[t] < 0)
            return mfd_fail(err, MFD_EFORMAT,
                            "'" EFFECT "' holds a negative size: the background is damaged");
    return MFD_OK;
}

double mfd_background_quantile(const struct mfd_background *b, size_t track, double effect)
{
    double size = fabs(effect), most = (double)b->variants / ((double)b->variants + 1);
    if (isnan(effect))
        return NAN;
    const float *column = b->effect + track;
    size_t low = 0, high = b->points; /* the last point whose effect is not above size */
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if ((double)column[mid * b->tracks] <= size)
            low = mid;
        else
            high = mid;
    }
    double q = b->probability[low], below = column[low * b->tracks];
    if (size < below)
        q = 0;
    else if (high < b->points) {
        double step = (double)column[high * b->tracks] - below;
        if (step > 0)
            q += ((double)b->probability[high] - q) * (size - below) / step;
    }
    q = q < most ? q : most;
    return effect < 0 ? -q : q;
}

static void fill_probabilities(float *p)
{
    size_t n = 0;
    for (; n < EVEN / 4 * 3; n++)
        p[n] = (float)n / EVEN;
    double left = 0.25;
    for (size_t step = 0; step < STEPS; step++, left /= 2)
        for (size_t i = 0; i < PER; i++)
            p[n++] = (float)(1 - left + left / 2 / PER * (double)i);
    p[n] = 1;
}

static int compare_floats(const void *x, const void *y)
{
    float a = *(const float *)x, b = *(const float *)y;
    return (a > b) - (a < b);
}

/* Quantiles of |column| as numpy.quantile, linear between neighbours. */
static void fill_column(const float *effects, size_t n, size_t tracks, size_t track,
                        const float *probability, float *scratch, float *out)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = fabsf(effects[i * tracks + track]);
    qsort(scratch, n, sizeof *scratch, compare_floats);
    for (size_t p = 0; p < POINTS; p++) {
        double at = (double)probability[p] * (double)(n - 1);
        size_t i = (size_t)at;
        i = i + 1 < n ? i : n - 2;
        out[p * tracks + track] =
            (float)(scratch[i] + (at - (double)i) * ((double)scratch[i + 1] - scratch[i]));
    }
}

int mfd_background_write(const struct mfd_model *model, const float *effects, size_t n,
                         const char *source, const char *path, struct mfd_error *err)
{
    size_t tracks = mfd_model_tracks(model), floats;
    if (n < MFD_BACKGROUND_VARIANTS)
        return mfd_fail(err, MFD_EINVAL,
                        "a background needs at least %d scored variants; there are %zu",
                        MFD_BACKGROUND_VARIANTS, n);
    if (!mfd_mul(POINTS, tracks, &floats))
        return mfd_fail_nomem(err);
    MFD_AUTO_FREE float *probability = mfd_aligned(POINTS, sizeof *probability);
    MFD_AUTO_FREE float *table = mfd_aligned(floats, sizeof *table);
    MFD_AUTO_FREE float *scratch = mfd_aligned(n, sizeof *scratch);
    char count[24];
    snprintf(count, sizeof count, "%zu", n);
    if (!probability || !table || !scratch)
        return mfd_fail_nomem(err);
    fill_probabilities(probability);
    for (size_t t = 0; t < tracks; t++)
        fill_column(effects, n, tracks, t, probability, scratch, table);
    const struct mfd_tensor added[] = {
        { .name = PROBABILITY,
          .dtype = MFD_F32,
          .ndim = 1,
          .shape = { POINTS },
          .data = probability,
          .bytes = POINTS * sizeof(float) },
        { .name = EFFECT,
          .dtype = MFD_F32,
          .ndim = 2,
          .shape = { POINTS, tracks },
          .data = table,
          .bytes = floats * sizeof(float) },
    };
    const struct mfd_addition_text texts[] = { { VARIANTS, count }, { SOURCE, source } };
    const struct mfd_addition addition = {
        .texts = texts, .n_texts = 2, .tensors = added, .n_tensors = 2
    };
    return mfd_model_rewrite(model, &addition, path, err);
}
