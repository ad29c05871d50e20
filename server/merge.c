#include "server/merge.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

enum width { TRACKS, BIOLOGICAL, TECHNICAL, EMBED, WIDTHS };

/* An output of a task: where its pointer lies in struct mfd_task, and how wide a row is. */
struct slot {
    size_t offset;
    enum width width;
};

#define SLOTS_OF(outputs)                                                                          \
    { offsetof(struct mfd_task, outputs.predictions), TRACKS },                                    \
        { offsetof(struct mfd_task, outputs.logits), TRACKS },                                     \
        { offsetof(struct mfd_task, outputs.logits_biological), TRACKS },                          \
        { offsetof(struct mfd_task, outputs.logits_technical), TRACKS },                           \
        { offsetof(struct mfd_task, outputs.features_biological), BIOLOGICAL },                    \
        { offsetof(struct mfd_task, outputs.features_technical), TECHNICAL },                      \
    {                                                                                              \
        offsetof(struct mfd_task, outputs.features), EMBED                                         \
    }

static const struct slot window_slots[] = { SLOTS_OF(out) };
static const struct slot variant_slots[] = {
    SLOTS_OF(effects.effect),
    SLOTS_OF(effects.reference),
    SLOTS_OF(effects.alternative),
    { offsetof(struct mfd_task, effects.logits_biological_ver2), TRACKS },
    { offsetof(struct mfd_task, effects.logits_technical_ver2), TRACKS },
};
#define MAX_SLOTS (sizeof variant_slots / sizeof *variant_slots)

struct merged {
    struct mfd_task task; /* arguments of the one call */
    const struct slot *slots;
    size_t n_slots;
    size_t width[WIDTHS];
    size_t per; /* rows an item */
    void *inputs[2];
    float *rows; /* behind the outputs of the call, where they are not the task's own */
    int *status;
    bool *padded;
};

static float **pointer_at(const struct mfd_task *task, const struct slot *slot)
{
    return (float **)((char *)(size_t)task + slot->offset);
}

static void deinit(struct merged *m)
{
    free(m->inputs[0]);
    free(m->inputs[1]);
    free(m->rows);
    free(m->status);
    free(m->padded);
}

static void init(struct merged *m, struct mfd_engine *engine, const struct mfd_task *first)
{
    struct mfd_model *model = mfd_engine_model(engine);
    const struct mfd_config *config = mfd_model_config(model);
    m->task = *first;
    if (!m->task.head)
        m->task.head = mfd_model_head(model);
    m->width[TRACKS] = m->task.head->tracks;
    m->width[BIOLOGICAL] = config->biological;
    m->width[TECHNICAL] = config->technical;
    m->width[EMBED] = config->embed;
    bool variants = first->kind == MFD_TASK_VARIANTS;
    m->per = first->kind == MFD_TASK_ISM ? 4 : 1;
    m->slots = variants ? variant_slots : window_slots;
    m->n_slots = variants ? MAX_SLOTS : sizeof window_slots / sizeof *window_slots;
}

/* One share: the call works on the task's own memory. */
static void point_into(struct merged *m, const struct mfd_share *share)
{
    const struct mfd_task *t = &share->ticket->task;
    m->task.n = share->n;
    if (t->windows)
        m->task.windows = t->windows + share->first;
    if (t->base)
        m->task.base = t->base + share->first;
    if (t->contig)
        m->task.contig = t->contig + share->first;
    if (t->start)
        m->task.start = t->start + share->first;
    if (t->variants)
        m->task.variants = t->variants + share->first;
    if (t->status)
        m->task.status = t->status + share->first;
    if (t->padded)
        m->task.padded = t->padded + share->first;
    for (size_t s = 0; s < m->n_slots; s++) {
        float *at = *pointer_at(t, &m->slots[s]);
        *pointer_at(&m->task, &m->slots[s]) =
            at ? at + share->first * m->per * m->width[m->slots[s].width] : NULL;
    }
}

/* Several: rows of every output that anyone wants, in one block. */
static int make_rows(struct merged *m, const struct mfd_pick *sel)
{
    size_t total = 0, offsets[MAX_SLOTS];
    bool wanted[MAX_SLOTS] = { false };
    for (size_t s = 0; s < m->n_slots; s++) {
        for (size_t i = 0; i < sel->n && !wanted[s]; i++)
            wanted[s] = *pointer_at(&sel->shares[i].ticket->task, &m->slots[s]) != NULL;
        size_t n = 0;
        offsets[s] = total;
        if (wanted[s] && (!mfd_mul(sel->items, m->per * m->width[m->slots[s].width], &n) ||
                          !mfd_add(total, (n + 15) & ~(size_t)15, &total)))
            return MFD_ENOMEM;
    }
    m->rows = mfd_aligned(total, sizeof *m->rows);
    if (!m->rows)
        return MFD_ENOMEM;
    for (size_t s = 0; s < m->n_slots; s++)
        *pointer_at(&m->task, &m->slots[s]) = wanted[s] ? m->rows + offsets[s] : NULL;
    return MFD_OK;
}

/* Concatenate an input array of the shares. */
static void *join(const struct mfd_pick *sel, size_t offset, size_t size)
{
    char *all = mfd_calloc(sel->items, size);
    size_t done = 0;
    for (size_t i = 0; all && i < sel->n; i++) {
        const struct mfd_share *share = &sel->shares[i];
        const char *from = *(char *const *)((const char *)&share->ticket->task + offset);
        memcpy(all + done * size, from + share->first * size, share->n * size);
        done += share->n;
    }
    return all;
}

static int gather(struct merged *m, const struct mfd_pick *sel)
{
    m->task.n = sel->items;
    if (make_rows(m, sel) < 0)
        return MFD_ENOMEM;
    switch (m->task.kind) {
    case MFD_TASK_SEQUENCES:
        m->task.windows = m->inputs[0] =
            join(sel, offsetof(struct mfd_task, windows), sizeof(struct mfd_window));
        break;
    case MFD_TASK_ISM:
        m->task.windows = m->inputs[0] =
            join(sel, offsetof(struct mfd_task, windows), sizeof(struct mfd_window));
        m->task.base = m->inputs[1] = join(sel, offsetof(struct mfd_task, base), sizeof(size_t));
        if (!m->inputs[1])
            return MFD_ENOMEM;
        break;
    case MFD_TASK_BINS:
        m->task.contig = m->inputs[0] =
            join(sel, offsetof(struct mfd_task, contig), sizeof(size_t));
        m->task.start = m->inputs[1] = join(sel, offsetof(struct mfd_task, start), sizeof(int64_t));
        m->task.status = m->status = mfd_calloc(sel->items, sizeof *m->status);
        m->task.padded = m->padded = mfd_calloc(sel->items, sizeof *m->padded);
        if (!m->inputs[1] || !m->status || !m->padded)
            return MFD_ENOMEM;
        break;
    case MFD_TASK_VARIANTS: /* shallow copies: the strings stay the tasks' */
        m->task.variants = m->inputs[0] =
            join(sel, offsetof(struct mfd_task, variants), sizeof(struct mfd_variant));
        break;
    }
    return m->inputs[0] ? MFD_OK : MFD_ENOMEM;
}

static void scatter(const struct merged *m, const struct mfd_pick *sel)
{
    size_t row = 0;
    for (size_t i = 0; i < sel->n; i++) {
        const struct mfd_share *share = &sel->shares[i];
        const struct mfd_task *t = &share->ticket->task;
        for (size_t s = 0; s < m->n_slots; s++) {
            float *to = *pointer_at(t, &m->slots[s]);
            size_t width = m->per * m->width[m->slots[s].width];
            if (to)
                memcpy(to + share->first * width, *pointer_at(&m->task, &m->slots[s]) + row * width,
                       share->n * width * sizeof *to);
        }
        if (m->status)
            memcpy(t->status + share->first, m->status + row, share->n * sizeof *m->status);
        if (m->padded && t->padded)
            memcpy(t->padded + share->first, m->padded + row, share->n * sizeof *m->padded);
        for (size_t k = 0; m->task.kind == MFD_TASK_VARIANTS && k < share->n; k++)
            t->variants[share->first + k].status = m->task.variants[row + k].status;
        row += share->n;
    }
}

/* Neighbouring items of one window are one scan where their bases are neighbours too. */
static int call_ism(struct mfd_engine *engine, const struct merged *m, const volatile int *cancel,
                    struct mfd_error *err)
{
    const struct mfd_task *t = &m->task;
    int status = MFD_OK;
    for (size_t first = 0, n; first < t->n && status == MFD_OK; first += n) {
        struct mfd_outputs out = { 0 };
        const struct mfd_window *window = &t->windows[first];
        size_t from = t->base[first];
        for (n = 1; first + n < t->n && t->windows[first + n].bases == window->bases &&
                    t->base[first + n] == from + n;
             n++)
            continue;
        for (size_t s = 0; s < m->n_slots; s++) {
            float *at = *pointer_at(t, &m->slots[s]);
            size_t offset = m->slots[s].offset - offsetof(struct mfd_task, out);
            *(float **)(void *)((char *)&out + offset) =
                at ? at + first * m->per * m->width[m->slots[s].width] : NULL;
        }
        status = mfd_score_ism(engine, t->head, window, from, from + n, t->ensemble, &out, NULL,
                               cancel, err);
    }
    return status;
}

static int call(struct mfd_engine *engine, const struct merged *m, const volatile int *cancel,
                struct mfd_error *err)
{
    const struct mfd_task *t = &m->task;
    switch (t->kind) {
    case MFD_TASK_ISM:
        return call_ism(engine, m, cancel, err);
    case MFD_TASK_SEQUENCES:
        return mfd_score_sequences(engine, t->head, t->windows, t->n, t->ensemble, &t->out, cancel,
                                   err);
    case MFD_TASK_BINS:
        return mfd_score_bins(engine, t->head, t->genome, t->contig, t->start, t->n, t->ensemble,
                              t->pad, &t->out, t->status, t->padded, cancel, err);
    default:
        return mfd_score_variants(engine, t->head, t->genome, t->variants, t->n, t->ensemble,
                                  t->pad, &t->effects, cancel, err);
    }
}

int mfd_merge_run(struct mfd_engine *engine, const struct mfd_pick *selection,
                  const volatile int *cancel, struct mfd_error *err)
{
    struct merged m = { 0 };
    init(&m, engine, &selection->shares[0].ticket->task);
    int status = MFD_OK;
    if (selection->n == 1)
        point_into(&m, &selection->shares[0]);
    else if (gather(&m, selection) < 0)
        status = mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = call(engine, &m, cancel, err);
    if (status == MFD_OK && selection->n > 1)
        scatter(&m, selection);
    deinit(&m);
    return status;
}
