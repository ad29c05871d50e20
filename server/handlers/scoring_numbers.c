/* The numbers of a part of the batch: room for what is computed, and what is made of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/score/summary.h"
#include "server/handlers/scoring.h"

int mfd_numbers_init(struct mfd_numbers *n, const struct mfd_scoring *s, size_t rows,
                     struct mfd_task *task, struct mfd_problem *problem)
{
    char *base = task->kind == MFD_TASK_VARIANTS ? (char *)&task->effects : (char *)&task->out;
    size_t floats = 0;
    *n = (struct mfd_numbers){ .scoring = s, .rows = rows };
    for (size_t i = 0; i < s->n_arrays; i++)
        if (!mfd_add(floats, s->arrays[i].stride, &floats))
            return mfd_problem_nomem(problem);
    if (!mfd_mul(floats, rows, &floats) || !mfd_add(floats, s->choice.stride, &floats) ||
        !mfd_add(floats, 2 * s->choice.n, &floats) ||
        !(n->block = mfd_aligned(floats, sizeof(float))))
        return mfd_problem_nomem(problem);
    float *at = n->block;
    for (size_t i = 0; i < s->n_arrays; i++) {
        n->arrays[i] = at;
        *(float **)(void *)(base + s->arrays[i].offset) = at;
        at += rows * s->arrays[i].stride;
    }
    n->work = at;
    n->chosen = at + s->choice.stride;
    n->best = mfd_calloc((size_t)s->body.top, sizeof *n->best);
    return n->best ? 0 : mfd_problem_nomem(problem);
}

void mfd_numbers_deinit(struct mfd_numbers *n)
{
    free(n->block);
    free(n->best);
    n->block = NULL;
    n->best = NULL;
}

/* Values of the tracks chosen, before any aggregate. */
static const float *chosen(const struct mfd_scoring *s, const float *row, float *out)
{
    const struct mfd_choice *c = &s->choice;
    if (s->gather != MFD_GATHER_TRACKS)
        mfd_choice_gather(c, s->gather, row, out);
    for (size_t i = 0; s->gather == MFD_GATHER_TRACKS && i < c->n; i++)
        out[i] = row[c->index ? c->index[i] : i];
    return out;
}

static double share(double biological, double technical)
{
    double all = fabs(biological) + fabs(technical);
    return all > 0 ? fabs(biological) / all : NAN;
}

static void make_shares(const struct mfd_numbers *n, enum mfd_making making, const float *bio,
                        const float *tech, float *out)
{
    const struct mfd_scoring *s = n->scoring;
    struct mfd_summary sum;
    bio = chosen(s, bio, n->chosen);
    tech = chosen(s, tech, n->chosen + s->choice.n);
    if (making == MFD_MADE_SHARES) {
        for (size_t i = 0; i < s->choice.n; i++)
            out[i] = (float)share((double)bio[i], (double)tech[i]);
        return;
    }
    mfd_summary_of(bio, bio, tech, s->choice.n, &sum);
    bool flag = sum.biological_share < MFD_MOSTLY_TECHNICAL;
    *out = making == MFD_MADE_SHARE      ? (float)sum.biological_share
           : isnan(sum.biological_share) ? NAN
                                         : (float)flag;
}

static void make_summary(const struct mfd_numbers *n, const struct mfd_source *source,
                         const float *row, size_t width, float *out)
{
    const struct mfd_scoring *s = n->scoring;
    const float *effect = chosen(s, row, n->chosen);
    size_t found = 0, pairs;
    struct mfd_summary sum;
    switch ((int)source->making) {
    case MFD_MADE_AGREEMENT:
        *out = (float)mfd_summary_lab_agreement(effect, s->biology, s->lab, s->choice.n, &pairs);
        break;
    case MFD_MADE_TOP:
        found = mfd_summary_top(effect, s->choice.n, width / 2, n->best);
        for (size_t i = 0; i < width / 2; i++) {
            out[2 * i] = i < found ? (float)n->best[i] : NAN;
            out[2 * i + 1] = i < found ? effect[n->best[i]] : NAN;
        }
        break;
    default:
        mfd_summary_of(effect, NULL, NULL, s->choice.n, &sum);
        *out = (float)(source->making == MFD_MADE_L2 ? sum.l2 : sum.max_abs);
    }
}

void mfd_numbers_fill(void *ctx, size_t row, size_t part, float *out)
{
    const struct mfd_numbers *n = ctx;
    const struct mfd_scoring *s = n->scoring;
    const struct mfd_source *source = &s->sources[part];
    size_t stride = s->arrays[source->array].stride;
    const float *from = n->arrays[source->array] + row * stride;
    const float *other = n->arrays[source->other] + row * stride;
    switch (source->making) {
    case MFD_MADE_COPIED:
        memcpy(out, from, stride * sizeof *out);
        return;
    case MFD_MADE_PICKED:
        mfd_choice_gather(&s->choice, s->gather, from, out);
        return;
    case MFD_MADE_GATHERED:
        mfd_choice_gather(&s->choice, source->gather, from, out);
        return;
    case MFD_MADE_SHARE:
    case MFD_MADE_SHARES:
    case MFD_MADE_FLAG:
        make_shares(n, source->making, from, other, out);
        return;
    case MFD_MADE_MAX_ABS:
    case MFD_MADE_L2:
    case MFD_MADE_AGREEMENT:
    case MFD_MADE_TOP:
        make_summary(n, source, from, s->parts[part].width, out);
        return;
    case MFD_MADE_SAR:
        for (size_t t = 0; t < stride; t++)
            n->work[t] = (float)mfd_summary_sar((double)from[t], (double)other[t]);
        break;
    case MFD_MADE_QUANTILE:
        for (size_t t = 0; t < stride; t++)
            n->work[t] = (float)mfd_background_quantile(&s->background, t, (double)from[t]);
        break;
    }
    mfd_choice_gather(&s->choice, s->gather, n->work, out);
}
