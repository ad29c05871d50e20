/* Saturation mutagenesis of one window. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/score/ensemble.h"

#define GROUP_BASES 128 /* bases whose substitutions are held at a time */

MFD_DEFINE_CLEANUP(struct mfd_batch, mfd_batch_free);

static const char letters[] = "ACGT";

/* Which of A, C, G, T a base is, or 4. */
static size_t letter(char base)
{
    static const char lower[] = "acgt";
    for (size_t i = 0; i < 4; i++)
        if (base == letters[i] || base == lower[i])
            return i;
    return 4;
}

/* One strand: the window's own passes, then those of each substitution of bases [from, to). */
static int ask_strand(struct mfd_batch *batch, const struct mfd_window *w, size_t from, size_t to,
                      struct mfd_ensemble e, bool reverse, size_t sequence, struct mfd_error *err)
{
    int64_t k = (int64_t)mfd_batch_config(batch)->seq_order;
    int64_t start = reverse ? k - 1 - (int64_t)w->n : 0;
    int status = mfd_ensemble_ask(batch, e, sequence, start, err);
    for (size_t x = from; x < to; x++) {
        size_t own = letter(w->bases[x]);
        int64_t pos = reverse ? k - 2 - (int64_t)x : (int64_t)x;
        for (size_t b = 0, allele; b < 4 && own < 4 && status == MFD_OK; b++) {
            if (b == own)
                continue;
            status = mfd_batch_allele(batch, sequence, pos, 1, &letters[reverse ? 3 - b : b], 1,
                                      &allele, err);
            if (status == MFD_OK)
                status = mfd_ensemble_ask(batch, e, allele, start, err);
        }
    }
    return status;
}

static int ask(struct mfd_batch *batch, const struct mfd_window *w, size_t from, size_t to,
               struct mfd_ensemble e, struct mfd_error *err)
{
    size_t forward, back;
    mfd_batch_clear(batch);
    int status = mfd_batch_sequence(batch, w->bases, w->n, 0, &forward, err);
    if (status == MFD_OK)
        status = ask_strand(batch, w, from, to, e, false, forward, err);
    if (status == MFD_OK && e.strands)
        status = mfd_batch_reverse(batch, forward, &back, err);
    if (status == MFD_OK && e.strands)
        status = ask_strand(batch, w, from, to, e, true, back, err);
    return status;
}

/* Row 0 is the reference; the others are its substitutions in order. Spread them over four rows a
 * base, each less the reference. */
static void put(const struct mfd_outputs *rows, const struct mfd_outputs *out,
                const struct mfd_outputs *reference, const struct mfd_head *head,
                const struct mfd_window *w, size_t from, size_t to)
{
    struct mfd_outputs r = *rows, o = *out,
                       own = reference ? *reference : (struct mfd_outputs){ 0 };
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++) {
        const float *ref = *mfd_outputs_slot(&r, k);
        float *to_row = *mfd_outputs_slot(&o, k), *to_own = *mfd_outputs_slot(&own, k);
        size_t width = mfd_outputs_width(k, head);
        if (to_own)
            memcpy(to_own, ref, width * sizeof *ref);
        if (!to_row)
            continue;
        const float *alt = ref + width;
        for (size_t x = from; x < to; x++)
            for (size_t b = 0, base = letter(w->bases[x]); b < 4; b++, to_row += width) {
                bool same = base == 4 || b == base;
                for (size_t j = 0; j < width; j++)
                    to_row[j] = same ? 0.0f : alt[j] - ref[j];
                alt += same ? 0 : width;
            }
    }
}

static size_t count_rows(const struct mfd_window *w, size_t from, size_t to)
{
    size_t n = 1;
    for (size_t x = from; x < to; x++)
        n += letter(w->bases[x]) < 4 ? 3 : 0;
    return n;
}

/* The outputs wanted of the substitutions or of the reference. */
static struct mfd_outputs either(const struct mfd_outputs *a, const struct mfd_outputs *b)
{
    struct mfd_outputs x = *a, y = b ? *b : (struct mfd_outputs){ 0 };
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++)
        if (!*mfd_outputs_slot(&x, k))
            *mfd_outputs_slot(&x, k) = *mfd_outputs_slot(&y, k);
    return x;
}

int mfd_score_ism(struct mfd_engine *engine, const struct mfd_head *head,
                  const struct mfd_window *w, size_t from, size_t to, struct mfd_ensemble e,
                  const struct mfd_outputs *out, const struct mfd_outputs *reference,
                  const volatile int *cancel, struct mfd_error *err)
{
    const struct mfd_config *c = mfd_engine_config(engine);
    MFD_CLEANUP(mfd_batch_free_p) struct mfd_batch *batch = NULL;
    MFD_CLEANUP(mfd_outputs_free) struct mfd_outputs rows = { 0 };
    struct mfd_outputs want = either(out, reference);
    int status = mfd_ensemble_check(e, err);
    if (status == MFD_OK && (w->n != mfd_ensemble_window(e, c) || from > to || to > w->n))
        return mfd_fail_as(err, MFD_EINVAL, "length-mismatch",
                           "bases %zu to %zu of a window of %zu: the model reads windows of %zu",
                           from, to, w->n, mfd_ensemble_window(e, c));
    if (status == MFD_OK)
        status = mfd_batch_new(&batch, c, err);
    if (status == MFD_OK)
        status = mfd_outputs_new(
            &rows, &want, 1 + 3 * (to - from < GROUP_BASES ? to - from : GROUP_BASES), head, err);
    /* once at least, for the reference */
    for (size_t first = from; (first < to || first == from) && status == MFD_OK;
         first += GROUP_BASES) {
        size_t last = to - first < GROUP_BASES ? to : first + GROUP_BASES;
        MFD_CLEANUP(mfd_passes_deinit) struct mfd_passes passes = { 0 };
        struct mfd_outputs at = mfd_outputs_at(out, 4 * (first - from), head);
        status = ask(batch, w, first, last, e, err);
        if (status == MFD_OK)
            status =
                mfd_passes_run(engine, batch, e, count_rows(w, first, last), &passes, cancel, err);
        if (status == MFD_OK)
            status = mfd_passes_average(engine, head, &passes, &rows, err);
        if (status == MFD_OK)
            put(&rows, &at, reference, head, w, first, last);
    }
    return status;
}
