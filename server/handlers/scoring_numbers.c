/* The numbers of a part of the batch: room for what is computed, and what is made of it. */
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/score/summary.h"
#include "server/handlers/scoring.h"

static int no_memory(struct mfd_problem *problem)
{
    return mfd_problem_set(problem, "internal", NULL, "out of memory");
}

int mfd_numbers_init(struct mfd_numbers *n, const struct mfd_scoring *s, size_t rows,
                     struct mfd_task *task, struct mfd_problem *problem)
{
    char *base = task->kind == MFD_TASK_VARIANTS ? (char *)&task->effects : (char *)&task->out;
    size_t floats = 0;
    *n = (struct mfd_numbers){ .scoring = s, .rows = rows };
    for (size_t i = 0; i < s->n_arrays; i++)
        if (!mfd_add(floats, s->arrays[i].stride, &floats))
            return no_memory(problem);
    if (!mfd_mul(floats, rows, &floats) || !mfd_add(floats, s->choice.stride, &floats) ||
        !(n->block = mfd_aligned(floats, sizeof(float))))
        return no_memory(problem);
    float *at = n->block;
    for (size_t i = 0; i < s->n_arrays; i++) {
        n->arrays[i] = at;
        *(float **)(void *)(base + s->arrays[i].offset) = at;
        at += rows * s->arrays[i].stride;
    }
    n->work = at;
    return 0;
}

void mfd_numbers_deinit(struct mfd_numbers *n)
{
    free(n->block);
    n->block = NULL;
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
        mfd_choice_gather(&s->choice, MFD_GATHER_TRACKS, from, out);
        return;
    case MFD_MADE_GATHERED:
        mfd_choice_gather(&s->choice, source->gather, from, out);
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
    mfd_choice_gather(&s->choice, MFD_GATHER_TRACKS, n->work, out);
}
