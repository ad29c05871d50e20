/* Separate windows and bins of a genome. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/score/ensemble.h"
#include "core/score/stretch.h"

#define GROUP_PASSES 1024 /* passes whose features are held at a time */

MFD_DEFINE_CLEANUP(struct mfd_batch, mfd_batch_free);

static int run_and_average(struct mfd_engine *engine, const struct mfd_head *head,
                           struct mfd_batch *batch, struct mfd_ensemble e, size_t items,
                           const struct mfd_outputs *out, const volatile int *cancel,
                           struct mfd_error *err)
{
    MFD_CLEANUP(mfd_passes_deinit) struct mfd_passes passes = { 0 };
    int status = mfd_passes_run(engine, batch, e, items, &passes, cancel, err);
    return status ? status : mfd_passes_average(engine, head, &passes, out, err);
}

/* ---- separate windows ---- */

static int ask_sequences(struct mfd_batch *batch, const struct mfd_window *w, size_t n,
                         struct mfd_ensemble e, struct mfd_error *err)
{
    const struct mfd_config *c = mfd_batch_config(batch);
    int64_t k = (int64_t)c->seq_order, bases = (int64_t)mfd_ensemble_window(e, c);
    int status = MFD_OK;
    for (size_t i = 0, s; i < n && status == MFD_OK; i++) {
        status = mfd_batch_sequence(batch, w[i].bases, w[i].n, 0, &s, err);
        if (status == MFD_OK)
            status = mfd_ensemble_ask(batch, e, s, 0, err);
    }
    for (size_t i = 0, s; e.strands && i < n && status == MFD_OK; i++) {
        status = mfd_batch_reverse(batch, i, &s, err);
        if (status == MFD_OK)
            status = mfd_ensemble_ask(batch, e, s, k - 1 - bases, err);
    }
    return status;
}

int mfd_score_sequences(struct mfd_engine *engine, const struct mfd_head *head,
                        const struct mfd_window *windows, size_t n, struct mfd_ensemble e,
                        const struct mfd_outputs *out, const volatile int *cancel,
                        struct mfd_error *err)
{
    const struct mfd_config *c = mfd_engine_config(engine);
    MFD_CLEANUP(mfd_batch_free_p) struct mfd_batch *batch = NULL;
    int status = mfd_ensemble_check(e, err);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++)
        if (windows[i].n != mfd_ensemble_window(e, c))
            return mfd_fail_as(err, MFD_EINVAL, "length-mismatch",
                               "sequence %zu has %zu bases; the model reads exactly %zu%s", i,
                               windows[i].n, mfd_ensemble_window(e, c),
                               e.shifts > 1 ? " for an ensemble of shifts" : "");
    status = mfd_batch_new(&batch, c, err);
    size_t group = GROUP_PASSES / mfd_ensemble_passes(e);
    for (size_t first = 0; first < n && status == MFD_OK; first += group) {
        size_t items = n - first < group ? n - first : group;
        struct mfd_outputs at = mfd_outputs_at(out, first, head);
        mfd_batch_clear(batch);
        status = ask_sequences(batch, windows + first, items, e, err);
        if (status == MFD_OK)
            status = run_and_average(engine, head, batch, e, items, &at, cancel, err);
    }
    return status;
}

/* ---- bins of a genome ---- */

static int ask_bins(struct mfd_batch *batch, const struct mfd_place *bins, size_t n, int64_t window,
                    struct mfd_ensemble e, const struct mfd_stretches *stretches,
                    struct mfd_error *err)
{
    int64_t k = (int64_t)mfd_batch_config(batch)->seq_order;
    int status = MFD_OK;
    for (size_t i = 0; i < n && status == MFD_OK; i++)
        status = mfd_ensemble_ask(batch, e, stretches->forward[bins[i].stretch], bins[i].from, err);
    for (size_t i = 0; e.strands && i < n && status == MFD_OK; i++) /* the last base comes first */
        status = mfd_ensemble_ask(batch, e, stretches->reverse[bins[i].stretch],
                                  k - 2 - (bins[i].from + window - 1), err);
    return status;
}

/* Rows of a group, computed in the order of places, put where the caller wants them. */
static void scatter(const struct mfd_outputs *from, const struct mfd_outputs *to,
                    const struct mfd_place *bins, size_t n, const struct mfd_head *head)
{
    struct mfd_outputs f = *from, t = *to;
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++) {
        float *source = *mfd_outputs_slot(&f, k), *target = *mfd_outputs_slot(&t, k);
        size_t width = mfd_outputs_width(k, head);
        for (size_t i = 0; target && i < n; i++)
            memcpy(target + bins[i].item * width, source + i * width, width * sizeof *target);
    }
}

/* The caller's bins as windows, in order of place; what leaves its contig is told or padded. */
static size_t sort_bins(const struct mfd_config *c, const struct mfd_genome *genome,
                        const size_t *contig, const int64_t *start, size_t n, struct mfd_ensemble e,
                        bool pad, struct mfd_place *bins, int *status, bool *padded)
{
    int64_t window = (int64_t)mfd_ensemble_window(e, c), count = 0;
    int64_t before = (int64_t)mfd_ensemble_before(e, c);
    for (size_t i = 0; i < n; i++) {
        int64_t from = start[i] - before;
        bool outside = from < 0 || from + window > mfd_genome_contig_length(genome, contig[i]);
        status[i] = outside && !pad ? MFD_ELIMIT : MFD_OK;
        if (padded)
            padded[i] = outside && pad;
        if (status[i] == MFD_OK)
            bins[count++] = (struct mfd_place){
                .item = i, .contig = contig[i], .from = from, .to = from + window
            };
    }
    mfd_places_sort(bins, (size_t)count);
    return (size_t)count;
}

int mfd_score_bins(struct mfd_engine *engine, const struct mfd_head *head,
                   struct mfd_genome *genome, const size_t *contig, const int64_t *start, size_t n,
                   struct mfd_ensemble e, bool pad, const struct mfd_outputs *out, int *status,
                   bool *padded, const volatile int *cancel, struct mfd_error *err)
{
    const struct mfd_config *c = mfd_engine_config(engine);
    int64_t window = (int64_t)mfd_ensemble_window(e, c);
    int result = mfd_ensemble_check(e, err);
    if (result)
        return result;
    size_t group = GROUP_PASSES / mfd_ensemble_passes(e);
    MFD_AUTO_FREE struct mfd_place *bins = mfd_calloc(n, sizeof *bins);
    MFD_CLEANUP(mfd_stretches_deinit) struct mfd_stretches stretches = { 0 };
    MFD_CLEANUP(mfd_batch_free_p) struct mfd_batch *batch = NULL;
    MFD_CLEANUP(mfd_outputs_free) struct mfd_outputs rows = { 0 };
    if (!bins)
        return mfd_fail_nomem(err);
    size_t inside = sort_bins(c, genome, contig, start, n, e, pad, bins, status, padded);
    for (size_t i = 0; i < n; i++)
        if (status[i] != MFD_OK)
            mfd_outputs_blank(out, i, head);
    result = mfd_batch_new(&batch, c, err);
    if (result == MFD_OK)
        result = mfd_outputs_new(&rows, out, inside < group ? inside : group, head, err);
    for (size_t first = 0; first < inside && result == MFD_OK; first += group) {
        size_t items = inside - first < group ? inside - first : group;
        mfd_batch_clear(batch);
        result = mfd_stretches_read(&stretches, engine, genome, batch, bins + first, items,
                                    e.strands, err);
        if (result == MFD_OK)
            result = ask_bins(batch, bins + first, items, window, e, &stretches, err);
        if (result == MFD_OK)
            result = run_and_average(engine, head, batch, e, items, &rows, cancel, err);
        if (result == MFD_OK)
            scatter(&rows, out, bins + first, items, head);
    }
    return result;
}
