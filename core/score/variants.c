/* Effects of variants by the published protocol (Rakowski et al. 2024, btae403). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/score/ensemble.h"
#include "core/score/stretch.h"

#define GROUP_VARIANTS 192 /* variants computed together: enough to share, little to hold */

MFD_DEFINE_CLEANUP(struct mfd_batch, mfd_batch_free);

/* The two sequences of a variant on one strand: one of them the genome's own. */
struct haplotype {
    size_t sequence;
    int64_t delta; /* bases longer than the genome */
};

static void reverse_complement(const char *bases, size_t n, char *out)
{
    static const char from[] = "ACGTacgt", to[] = "TGCAtgca";
    for (size_t i = 0; i < n; i++) {
        const char *p = memchr(from, bases[n - 1 - i], sizeof from - 1);
        out[i] = p ? to[p - from] : 'N';
    }
}

/* Reference and alternative haplotype on a stretch. Where REF and ALT are swapped, the genome's own
 * sequence is the alternative. */
static int haplotypes(struct mfd_batch *batch, const struct mfd_variant *v, size_t sequence,
                      bool reverse, struct haplotype pair[2], struct mfd_error *err)
{
    bool flipped = v->status == MFD_VARIANT_FLIPPED;
    const char *here = flipped ? v->alt : v->ref, *there = flipped ? v->ref : v->alt;
    size_t n_here = strlen(here), n_there = strlen(there);
    int64_t pos = v->pos;
    char turned[2 * MFD_MAX_ALLELE];
    if (n_there > sizeof turned)
        return mfd_fail(err, MFD_EINVAL, "an allele of %zu bases is too long to score", n_there);
    if (reverse) {
        int64_t k = (int64_t)mfd_batch_config(batch)->seq_order;
        pos = k - 2 - (v->pos + (int64_t)n_here - 1);
        reverse_complement(there, n_there, turned);
        there = turned;
    }
    struct haplotype own = { .sequence = sequence };
    struct haplotype other = { .delta = (int64_t)n_there - (int64_t)n_here };
    int status =
        mfd_batch_allele(batch, sequence, pos, n_here, there, n_there, &other.sequence, err);
    if (status)
        return status;
    pair[0] = flipped ? other : own;
    pair[1] = flipped ? own : other;
    return MFD_OK;
}

/* Windows of all variants of a group: a strand, a variant, an allele, a shift at a time. */
static int ask_group(struct mfd_batch *batch, const struct mfd_variant *variants,
                     const struct mfd_place *places, size_t n, struct mfd_ensemble e,
                     const struct mfd_stretches *stretches, struct mfd_error *err)
{
    const struct mfd_config *c = mfd_batch_config(batch);
    int64_t k = (int64_t)c->seq_order, window = (int64_t)mfd_ensemble_window(e, c);
    int status = MFD_OK;
    for (int reverse = 0; reverse <= (e.strands ? 1 : 0); reverse++)
        for (size_t i = 0; i < n && status == MFD_OK; i++) {
            const struct mfd_place *p = &places[i];
            struct haplotype pair[2];
            size_t sequence = (reverse ? stretches->reverse : stretches->forward)[p->stretch];
            status = haplotypes(batch, &variants[p->item], sequence, reverse, pair, err);
            for (size_t a = 0; a < 2 && status == MFD_OK; a++) {
                /* from the other end, a longer allele's window starts later on the genome's axis */
                int64_t start = reverse ? k - 2 - (p->from + window - 1) + pair[a].delta : p->from;
                status = mfd_ensemble_ask(batch, e, pair[a].sequence, start, err);
            }
        }
    return status;
}

/* to[i] = rows[2i + 1] - rows[2i] and the like, for one output. */
static void subtract(const float *rows, size_t width, const struct mfd_place *places, size_t n,
                     float *effect, float *reference, float *alternative)
{
    for (size_t i = 0; i < n; i++) {
        const float *ref = rows + 2 * i * width, *alt = ref + width;
        size_t at = places[i].item * width;
        for (size_t j = 0; effect && j < width; j++)
            effect[at + j] = alt[j] - ref[j];
        if (reference)
            memcpy(reference + at, ref, width * sizeof *ref);
        if (alternative)
            memcpy(alternative + at, alt, width * sizeof *alt);
    }
}

/* Logits of one allele's biological part with the other's technical part, minus the reference. */
static void swap(const struct mfd_outputs *rows, const struct mfd_head *h,
                 const struct mfd_place *places, size_t n, float *biological, float *technical)
{
    size_t width = h->tracks;
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < width; t++) {
            size_t ref = 2 * i * width + t, alt = ref + width, at = places[i].item * width + t;
            const float *b = rows->logits_biological, *c = rows->logits_technical;
            if (biological)
                biological[at] = (b[alt] + c[ref] + h->bias[t]) - rows->logits[ref];
            if (technical)
                technical[at] = (b[ref] + c[alt] + h->bias[t]) - rows->logits[ref];
        }
}

static void put_group(const struct mfd_outputs *rows, const struct mfd_effects *out,
                      const struct mfd_head *head, const struct mfd_place *places, size_t n)
{
    struct mfd_outputs r = *rows;
    struct mfd_effects o = *out;
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++) {
        const float *from = *mfd_outputs_slot(&r, k);
        if (from)
            subtract(from, mfd_outputs_width(k, head), places, n, *mfd_outputs_slot(&o.effect, k),
                     *mfd_outputs_slot(&o.reference, k), *mfd_outputs_slot(&o.alternative, k));
    }
    if (o.logits_biological_ver2 || o.logits_technical_ver2)
        swap(&r, head, places, n, o.logits_biological_ver2, o.logits_technical_ver2);
}

/* The outputs that any of the wanted arrays is made of. */
static struct mfd_outputs needed(const struct mfd_effects *out)
{
    static float any;
    struct mfd_effects o = *out;
    struct mfd_outputs need = { 0 };
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++)
        if (*mfd_outputs_slot(&o.effect, k) || *mfd_outputs_slot(&o.reference, k) ||
            *mfd_outputs_slot(&o.alternative, k))
            *mfd_outputs_slot(&need, k) = &any;
    if (o.logits_biological_ver2 || o.logits_technical_ver2)
        need.logits = need.logits_biological = need.logits_technical = &any;
    return need;
}

static void blank(const struct mfd_effects *out, size_t row, const struct mfd_head *head)
{
    mfd_outputs_blank(&out->effect, row, head);
    mfd_outputs_blank(&out->reference, row, head);
    mfd_outputs_blank(&out->alternative, row, head);
    for (size_t t = 0; t < head->tracks; t++) {
        if (out->logits_biological_ver2)
            out->logits_biological_ver2[row * head->tracks + t] = NAN;
        if (out->logits_technical_ver2)
            out->logits_technical_ver2[row * head->tracks + t] = NAN;
    }
}

/* Bases that a variant's windows read. A shorter allele draws more from the right. */
static struct mfd_place place(const struct mfd_config *c, const struct mfd_variant *v, size_t item,
                              struct mfd_ensemble e)
{
    int64_t window = (int64_t)mfd_ensemble_window(e, c);
    int64_t left = window % 2 ? (window - 1) / 2 : window / 2 - 1;
    bool flipped = v->status == MFD_VARIANT_FLIPPED;
    int64_t here = (int64_t)strlen(flipped ? v->alt : v->ref);
    int64_t there = (int64_t)strlen(flipped ? v->ref : v->alt);
    int64_t more = here > there ? here - there : 0, from = v->pos - left;
    return (struct mfd_place){
        .item = item, .contig = v->contig, .from = from, .to = from + window + more
    };
}

int64_t mfd_score_outside(const struct mfd_config *config, const struct mfd_genome *genome,
                          const struct mfd_variant *v, struct mfd_ensemble ensemble)
{
    const struct mfd_place p = place(config, v, 0, ensemble);
    int64_t over = p.to - mfd_genome_contig_length(genome, v->contig);
    return (p.from < 0 ? -p.from : 0) + (over > 0 ? over : 0);
}

/* Number of N in a stretch of genome. */
static int count_n(struct mfd_genome *genome, const struct mfd_place *p, int64_t *count,
                   struct mfd_error *err)
{
    int64_t n = p->to - p->from;
    MFD_AUTO_FREE char *bases = mfd_calloc((size_t)n, 1);
    if (!bases)
        return mfd_fail_nomem(err);
    int status = mfd_genome_fetch(genome, p->contig, p->from, p->to, bases, NULL, err);
    if (status)
        return status;
    *count = 0;
    for (int64_t i = 0; i < n; i++)
        *count += !strchr("ACGTacgt", bases[i]);
    return MFD_OK;
}

/* Places of the variants that can be scored, in order; the others' status says why not. */
static int find_places(struct mfd_engine *engine, struct mfd_genome *genome,
                       struct mfd_variant *variants, size_t n, struct mfd_ensemble e, bool pad,
                       struct mfd_place *places, size_t *count, struct mfd_error *err)
{
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        struct mfd_variant *v = &variants[i];
        if (!mfd_variant_scored(v->status))
            continue;
        struct mfd_place p = place(mfd_engine_config(engine), v, i, e);
        int64_t unknown = 0;
        if (!pad && mfd_score_outside(mfd_engine_config(engine), genome, v, e) > 0) {
            v->status = MFD_VARIANT_OFF_CONTIG;
            continue;
        }
        if (mfd_variant_unknown(v)) {
            v->status = MFD_VARIANT_UNKNOWN_BASE;
            continue;
        }
        int status = count_n(genome, &p, &unknown, err);
        if (status)
            return status;
        if (unknown * 2 > p.to - p.from)
            v->status = MFD_VARIANT_N_WINDOW;
        else
            places[(*count)++] = p;
    }
    mfd_places_sort(places, *count);
    return MFD_OK;
}

static int score_group(struct mfd_engine *engine, const struct mfd_head *head,
                       struct mfd_genome *genome, const struct mfd_variant *variants,
                       struct mfd_place *places, size_t n, struct mfd_ensemble e,
                       struct mfd_batch *batch, struct mfd_stretches *stretches,
                       const struct mfd_outputs *rows, const struct mfd_effects *out,
                       const volatile int *cancel, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_passes_deinit) struct mfd_passes passes = { 0 };
    mfd_batch_clear(batch);
    int status = mfd_stretches_read(stretches, engine, genome, batch, places, n, e.strands, err);
    if (status == MFD_OK)
        status = ask_group(batch, variants, places, n, e, stretches, err);
    if (status == MFD_OK)
        status = mfd_passes_run(engine, batch, e, 2 * n, &passes, cancel, err);
    if (status == MFD_OK)
        status = mfd_passes_average(engine, head, &passes, rows, err);
    if (status == MFD_OK)
        put_group(rows, out, head, places, n);
    return status;
}

int mfd_score_variants(struct mfd_engine *engine, const struct mfd_head *head,
                       struct mfd_genome *genome, struct mfd_variant *variants, size_t n,
                       struct mfd_ensemble e, bool pad, const struct mfd_effects *out,
                       const volatile int *cancel, struct mfd_error *err)
{
    MFD_AUTO_FREE struct mfd_place *places = mfd_calloc(n, sizeof *places);
    MFD_CLEANUP(mfd_batch_free_p) struct mfd_batch *batch = NULL;
    MFD_CLEANUP(mfd_stretches_deinit) struct mfd_stretches stretches = { 0 };
    MFD_CLEANUP(mfd_outputs_free) struct mfd_outputs rows = { 0 };
    struct mfd_outputs need = needed(out);
    size_t count = 0;
    int status = places ? mfd_ensemble_check(e, err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = find_places(engine, genome, variants, n, e, pad, places, &count, err);
    for (size_t i = 0; i < n && status == MFD_OK; i++)
        if (!mfd_variant_scored(variants[i].status))
            blank(out, i, head);
    if (status == MFD_OK)
        status = mfd_batch_new(&batch, mfd_engine_config(engine), err);
    if (status == MFD_OK)
        status = mfd_outputs_new(&rows, &need,
                                 2 * (count < GROUP_VARIANTS ? count : GROUP_VARIANTS), head, err);
    for (size_t first = 0; first < count && status == MFD_OK; first += GROUP_VARIANTS) {
        size_t group = count - first < GROUP_VARIANTS ? count - first : GROUP_VARIANTS;
        status = score_group(engine, head, genome, variants, places + first, group, e, batch,
                             &stretches, &rows, out, cancel, err);
    }
    return status;
}
