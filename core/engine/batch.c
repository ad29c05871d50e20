#include "core/engine/batch.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/engine/batch_in.h"

/* Axis positions and lengths stay far from overflow. */
#define MAX_POSITION ((int64_t)1 << 48)

int mfd_batch_new(struct mfd_batch **out, const struct mfd_config *config, struct mfd_error *err)
{
    struct mfd_batch *b = mfd_calloc(1, sizeof *b);
    if (!b)
        return mfd_fail_nomem(err);
    b->config = *config;
    *out = b;
    return MFD_OK;
}

void mfd_batch_clear(struct mfd_batch *b)
{
    for (size_t i = 0; i < b->n_sequences; i++) {
        free(b->sequences[i].bases);
        free(b->sequences[i].alt);
    }
    b->n_sequences = b->n_windows = 0;
}

void mfd_batch_free(struct mfd_batch *b)
{
    if (!b)
        return;
    mfd_batch_clear(b);
    free(b->sequences);
    free(b->windows);
    free(b);
}

static uint8_t encode(char c)
{
    switch (c) {
    case 'A':
    case 'a':
        return 0;
    case 'C':
    case 'c':
        return 1;
    case 'G':
    case 'g':
        return 2;
    case 'T':
    case 't':
        return 3;
    default:
        return 4;
    }
}

static int push_sequence(struct mfd_batch *b, const struct mfd_sequence *s, size_t *number,
                         struct mfd_error *err)
{
    if (b->n_sequences == b->size_sequences) {
        size_t size = b->size_sequences ? 2 * b->size_sequences : 64;
        struct mfd_sequence *p = mfd_realloc(b->sequences, size, sizeof *p);
        if (!p)
            return mfd_fail_nomem(err);
        b->sequences = p;
        b->size_sequences = size;
    }
    if (b->n_sequences >= MFD_NO_SEQUENCE)
        return mfd_fail(err, MFD_ELIMIT, "more than %u sequences in a batch", MFD_NO_SEQUENCE);
    b->sequences[b->n_sequences] = *s;
    *number = b->n_sequences++;
    return MFD_OK;
}

int mfd_batch_sequence(struct mfd_batch *b, const char *bases, size_t n, int64_t start,
                       size_t *sequence, struct mfd_error *err)
{
    if (n > (size_t)MAX_POSITION || start > MAX_POSITION || start < -MAX_POSITION)
        return mfd_fail(err, MFD_ELIMIT, "a sequence of %zu bases at %lld is out of range", n,
                        (long long)start);
    struct mfd_sequence s = { .start = start, .n = (int64_t)n, .base = MFD_NO_SEQUENCE };
    MFD_AUTO_FREE uint8_t *copy = s.bases = mfd_calloc(n, 1);
    if (!copy)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        copy[i] = encode(bases[i]);
    int status = push_sequence(b, &s, sequence, err);
    if (status == MFD_OK)
        (void)mfd_steal(copy);
    return status;
}

int mfd_batch_reverse(struct mfd_batch *b, size_t sequence, size_t *reverse, struct mfd_error *err)
{
    if (sequence >= b->n_sequences || b->sequences[sequence].base != MFD_NO_SEQUENCE)
        return mfd_fail(err, MFD_EINVAL, "sequence %zu cannot be reversed: %s", sequence,
                        sequence < b->n_sequences ? "it is an allele" : "there is none");
    const struct mfd_sequence *f = &b->sequences[sequence];
    int64_t k = (int64_t)b->config.seq_order;
    /* base x stands at k-2-x, so the last base, start+n-1, comes first */
    struct mfd_sequence s = { .start = k - 2 - (f->start + f->n - 1),
                              .n = f->n,
                              .base = MFD_NO_SEQUENCE };
    MFD_AUTO_FREE uint8_t *copy = s.bases = mfd_calloc((size_t)f->n, 1);
    if (!copy)
        return mfd_fail_nomem(err);
    for (int64_t i = 0; i < f->n; i++) {
        uint8_t c = f->bases[f->n - 1 - i];
        copy[i] = c < 4 ? (uint8_t)(3 - c) : c;
    }
    int status = push_sequence(b, &s, reverse, err);
    if (status == MFD_OK)
        (void)mfd_steal(copy);
    return status;
}

int mfd_batch_allele(struct mfd_batch *b, size_t sequence, int64_t pos, size_t n_ref,
                     const char *alt, size_t n_alt, size_t *allele, struct mfd_error *err)
{
    if (sequence >= b->n_sequences || b->sequences[sequence].base != MFD_NO_SEQUENCE)
        return mfd_fail(err, MFD_EINVAL, "an allele needs a sequence that is not an allele itself");
    const struct mfd_sequence *f = &b->sequences[sequence];
    if (n_ref > (size_t)f->n || n_alt > 1 << 20 || pos < f->start ||
        pos > f->start + f->n - (int64_t)n_ref)
        return mfd_fail(err, MFD_EINVAL, "an allele of %zu bases at %lld leaves its sequence",
                        n_ref, (long long)pos);
    /* what both alleles share at either end is no change */
    const uint8_t *ref = f->bases + (pos - f->start);
    size_t skip = 0, drop = 0;
    while (skip < n_ref && skip < n_alt && ref[skip] == encode(alt[skip]))
        skip++;
    while (drop < n_ref - skip && drop < n_alt - skip &&
           ref[n_ref - 1 - drop] == encode(alt[n_alt - 1 - drop]))
        drop++;
    struct mfd_sequence s = { .start = f->start,
                              .base = (uint32_t)sequence,
                              .pos = pos + (int64_t)skip,
                              .n_ref = (int64_t)(n_ref - skip - drop),
                              .n_alt = (int64_t)(n_alt - skip - drop) };
    s.n = f->n + s.n_alt - s.n_ref;
    MFD_AUTO_FREE uint8_t *copy = s.alt = mfd_calloc((size_t)s.n_alt, 1);
    if (!copy)
        return mfd_fail_nomem(err);
    for (int64_t i = 0; i < s.n_alt; i++)
        copy[i] = encode(alt[skip + (size_t)i]);
    int status = push_sequence(b, &s, allele, err);
    if (status == MFD_OK)
        (void)mfd_steal(copy);
    return status;
}

int mfd_batch_window(struct mfd_batch *b, size_t sequence, int64_t start, size_t positions,
                     struct mfd_error *err)
{
    size_t L = b->config.seq_len;
    if (sequence >= b->n_sequences)
        return mfd_fail(err, MFD_EINVAL, "there is no sequence %zu", sequence);
    if (positions != L && positions != L + 1)
        return mfd_fail(err, MFD_EINVAL, "a window has %zu or %zu positions, not %zu", L, L + 1,
                        positions);
    const struct mfd_sequence *s = &b->sequences[sequence];
    int64_t bases = (int64_t)(positions + b->config.seq_order - 1);
    if (start < s->start || bases > s->n || start > s->start + s->n - bases)
        return mfd_fail(err, MFD_EINVAL,
                        "a window of %lld bases at %lld leaves its sequence of %lld bases at %lld",
                        (long long)bases, (long long)start, (long long)s->n, (long long)s->start);
    if (b->n_windows == b->size_windows) {
        size_t size = b->size_windows ? 2 * b->size_windows : 64;
        struct mfd_asked *p = mfd_realloc(b->windows, size, sizeof *p);
        if (!p)
            return mfd_fail_nomem(err);
        b->windows = p;
        b->size_windows = size;
    }
    b->windows[b->n_windows++] = (struct mfd_asked){ .sequence = (uint32_t)sequence,
                                                     .start = start,
                                                     .positions = (int64_t)positions };
    return MFD_OK;
}

size_t mfd_batch_windows(const struct mfd_batch *b)
{
    return b->n_windows;
}

const struct mfd_config *mfd_batch_config(const struct mfd_batch *b)
{
    return &b->config;
}

void mfd_batch_compute_whole(struct mfd_batch *b, bool whole)
{
    b->whole = whole;
}

uint8_t mfd_sequence_base(const struct mfd_batch *b, const struct mfd_sequence *s, int64_t x)
{
    if (s->base != MFD_NO_SEQUENCE) {
        if (x >= s->pos && x < s->pos + s->n_alt)
            return s->alt[x - s->pos];
        return mfd_sequence_base(b, &b->sequences[s->base],
                                 x < s->pos ? x : x - s->n_alt + s->n_ref);
    }
    return x >= s->start && x < s->start + s->n ? s->bases[x - s->start] : 4;
}

void mfd_sequence_codes(const struct mfd_batch *b, const struct mfd_sequence *s, int64_t from,
                        size_t n, uint16_t *codes)
{
    unsigned k = (unsigned)b->config.seq_order, none = 1u << (2 * k);
    unsigned window = 0, valid = 0; /* the last bases as a number; how many of them are ACGT */
    for (int64_t i = 0; i < (int64_t)n + k - 1; i++) {
        uint8_t c = mfd_sequence_base(b, s, from + i);
        valid = c < 4 ? valid + 1 : 0;
        window = (window << 2 | (c & 3u)) & (none - 1);
        int64_t at = i - (k - 1);
        if (at < 0)
            continue;
        bool inside = !s->positions || (from + at >= 0 && from + at < s->positions);
        codes[at] = (uint16_t)(valid >= k && inside ? window : none);
    }
}

int mfd_batch_whole(struct mfd_batch **out, const struct mfd_batch *batch, struct mfd_error *err)
{
    struct mfd_batch *b = NULL;
    int status = mfd_batch_new(&b, &batch->config, err);
    if (status)
        return status;
    for (size_t i = 0; i < batch->n_windows && status == MFD_OK; i++) {
        const struct mfd_asked *w = &batch->windows[i];
        const struct mfd_sequence *from = &batch->sequences[w->sequence];
        struct mfd_sequence s = { .base = MFD_NO_SEQUENCE,
                                  .positions = w->positions,
                                  .n = w->positions + (int64_t)batch->config.seq_order - 1 };
        size_t number;
        s.bases = mfd_calloc((size_t)s.n, 1);
        if (!s.bases) {
            status = mfd_fail_nomem(err);
            break;
        }
        for (int64_t x = 0; x < s.n; x++)
            s.bases[x] = mfd_sequence_base(batch, from, w->start + x);
        status = push_sequence(b, &s, &number, err);
        if (status)
            free(s.bases);
        else
            status = mfd_batch_window(b, number, 0, (size_t)w->positions, err);
    }
    if (status)
        mfd_batch_free(b);
    else
        *out = b;
    return status;
}
