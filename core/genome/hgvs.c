/* What one edit of one sequence says. */
#include "core/genome/hgvs.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/genome/quote.h"

enum operation { SUBSTITUTION, DELETION, INSERTION, DUPLICATION, INVERSION, DELINS, NOTHING };

/* A piece of the text. */
struct piece {
    size_t from, n;
};

/* The text understood: 1-based closed range, and pieces of the text, which may be empty. */
struct description {
    int64_t start, end;
    bool range;
    enum operation operation;
    struct piece changed; /* bases written for the range, or how many */
    struct piece inserted;
};

static int unsupported(const struct mfd_text *text, size_t at, const char *what,
                       struct mfd_error *err)
{
    return mfd_fail_as(err, MFD_EUNSUPPORTED, "unsupported",
                       "variant %s: %s, at character %zu, are not read; write one change of one "
                       "known sequence",
                       mfd_quote(text->s, text->n).text, what, at + 1);
}

/* What the letters of HGVS that have no one sequence stand for. */
static int fail_odd(const struct mfd_text *text, size_t at, const char *expected,
                    struct mfd_error *err)
{
    static const struct {
        char c;
        const char *what;
    } odd[] = {
        { '(', "uncertain positions and predictions" },
        { '?', "unknown positions" },
        { '[', "alleles and repeats" },
        { ';', "alleles of several changes" },
        { '*', "positions relative to a transcript" },
        { '+', "positions relative to a transcript" },
        { '-', "positions relative to a transcript" },
        { 'p', "positions at telomeres" },
        { 'q', "positions at telomeres" },
        { '{', "annotations" },
    };
    for (size_t i = 0; at < text->n && i < sizeof odd / sizeof *odd; i++)
        if (text->s[at] == odd[i].c)
            return unsupported(text, at, odd[i].what, err);
    return mfd_text_fail(text, at, expected, err);
}

static int parse_position(const struct mfd_text *text, size_t *at, int64_t *out,
                          struct mfd_error *err)
{
    size_t from = *at, n = 0;
    while (from + n < text->n && text->s[from + n] >= '0' && text->s[from + n] <= '9')
        n++;
    if (n == 0)
        return fail_odd(text, from, "a position is wanted", err);
    if (!mfd_parse_i64(text->s + from, n, 1, INT64_MAX / 2, out))
        return mfd_text_fail(text, from, "positions are whole numbers from 1", err);
    *at = from + n;
    return MFD_OK;
}

static bool accept(const struct mfd_text *text, size_t *at, const char *word)
{
    size_t n = strlen(word);
    if (text->n - *at < n || memcmp(text->s + *at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

/* Letters from here on up to what no sequence or length holds; "ins" begins with a letter that is
 * none. */
static struct piece take_letters(const struct mfd_text *text, size_t *at)
{
    struct piece p = { *at, 0 };
    while (*at < text->n && text->s[*at] && strchr("ACGTNacgtn0123456789", text->s[*at]))
        (*at)++;
    p.n = *at - p.from;
    return p;
}

static int parse_inserted(struct description *d, const struct mfd_text *text, size_t *at,
                          struct mfd_error *err)
{
    d->inserted = take_letters(text, at);
    if (d->inserted.n == 0)
        return fail_odd(text, *at, "the inserted bases are wanted", err);
    if (text->s[d->inserted.from] >= '0' && text->s[d->inserted.from] <= '9')
        return unsupported(text, d->inserted.from, "insertions without their bases", err);
    return mfd_text_bases(text, d->inserted.from, d->inserted.n, err);
}

static int parse_change(struct description *d, const struct mfd_text *text, size_t *at,
                        struct mfd_error *err)
{
    static const struct {
        const char *word;
        enum operation operation;
    } words[] = {
        { "=", NOTHING },       { "delins", DELINS }, { "del", DELETION },
        { "dup", DUPLICATION }, { "inv", INVERSION }, { "ins", INSERTION },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!accept(text, at, words[i].word))
            continue;
        d->operation = words[i].operation;
        if (d->operation == INSERTION || d->operation == DELINS)
            return parse_inserted(d, text, at, err);
        if (d->operation != NOTHING)
            d->changed = take_letters(text, at);
        if (d->operation == DELETION && accept(text, at, "ins")) {
            d->operation = DELINS;
            return parse_inserted(d, text, at, err);
        }
        return MFD_OK;
    }
    d->operation = SUBSTITUTION;
    d->changed = take_letters(text, at);
    if (!d->changed.n || !accept(text, at, ">"))
        return fail_odd(text, *at, "one of C>T, del, ins, dup, inv, delins or = is wanted", err);
    d->inserted = take_letters(text, at);
    if (d->changed.n != 1 || d->inserted.n != 1 || d->range)
        return mfd_text_fail(text, d->changed.from,
                             "> changes one base into one other; write delins for more", err);
    int status = mfd_text_bases(text, d->changed.from, 1, err);
    return status == MFD_OK ? mfd_text_bases(text, d->inserted.from, 1, err) : status;
}

static int parse_description(struct description *d, const struct mfd_text *text, size_t at,
                             struct mfd_error *err)
{
    size_t from = at;
    int status = parse_position(text, &at, &d->start, err);
    if (status != MFD_OK)
        return status;
    d->end = d->start;
    d->range = accept(text, &at, "_");
    if (d->range && (status = parse_position(text, &at, &d->end, err)) != MFD_OK)
        return status;
    if (d->end < d->start)
        return mfd_text_fail(text, from, "the range ends before it begins", err);
    status = parse_change(d, text, &at, err);
    if (status == MFD_OK && at < text->n)
        return fail_odd(text, at, "the description should have ended", err);
    if (status == MFD_OK && d->operation == INSERTION && d->end != d->start + 1)
        return mfd_text_fail(text, from,
                             "an insertion stands between two neighbours, such as 100_101", err);
    if (status == MFD_OK && d->operation == INVERSION && d->end == d->start)
        return mfd_text_fail(text, from, "an inversion has two bases at least", err);
    return status;
}

/* What the text wrote for the range must be the range's length or its bases. */
static int check_changed(const struct description *d, const struct mfd_edit *e,
                         struct mfd_genome *genome, const struct mfd_text *text,
                         struct mfd_error *err)
{
    const struct piece *p = &d->changed;
    int64_t length;
    if (p->n == 0)
        return MFD_OK;
    if (mfd_parse_i64(text->s + p->from, p->n, 0, INT64_MAX, &length))
        return length == d->end - d->start + 1
                   ? MFD_OK
                   : mfd_text_fail(text, p->from, "that is not the length of the range", err);
    if ((int64_t)p->n != d->end - d->start + 1)
        return mfd_text_fail(text, p->from, "those are more or fewer bases than the range has",
                             err);
    return mfd_spelling_compare(e, genome, text, p->from, p->n, err);
}

static int take_inserted(struct mfd_edit *e, const char *s, size_t n, struct mfd_error *err)
{
    e->inserted = mfd_spelling_copy(s, n);
    e->n_inserted = n;
    return e->inserted ? MFD_OK : mfd_fail_nomem(err);
}

/* The description as an edit; e->contig is set. */
static int understand(struct mfd_edit *e, const struct description *d, struct mfd_genome *genome,
                      const struct mfd_text *text, struct mfd_error *err)
{
    bool insertion = d->operation == INSERTION;
    e->pos = d->start - 1;
    int status = mfd_spelling_implied(e, genome, text, d->end - d->start + 1, err);
    /* a wrong base of a substitution may be a swapped allele: the variant's check tells */
    if (status == MFD_OK && d->operation != SUBSTITUTION)
        status = check_changed(d, e, genome, text, err);
    if (status != MFD_OK)
        return status;
    if (d->operation == SUBSTITUTION)
        e->deleted[0] = (char)(text->s[d->changed.from] & ~0x20);
    if (d->operation == NOTHING || d->operation == DUPLICATION || d->operation == INVERSION)
        status = take_inserted(e, e->deleted, e->n_deleted, err);
    else
        status = take_inserted(e, text->s + d->inserted.from, d->inserted.n, err);
    if (status != MFD_OK)
        return status;
    if (d->operation == INVERSION)
        mfd_edit_reverse_complement(e->inserted, e->n_inserted);
    if (insertion || d->operation == DUPLICATION) { /* behind the first base, or the range */
        e->pos = insertion ? d->start : d->end;
        e->deleted[0] = '\0';
        e->n_deleted = 0;
    }
    return MFD_OK;
}

int mfd_hgvs_parse(struct mfd_variant *out, struct mfd_genome *genome, const struct mfd_text *text,
                   size_t colon, struct mfd_error *err)
{
    char type = text->s[colon + 1];
    if (type != 'g' && type != 'm')
        return mfd_fail_as(err, MFD_EUNSUPPORTED, "unsupported",
                           "variant %s is described on a transcript or protein (%c.); only genomic "
                           "descriptions (g., m.) are read",
                           mfd_quote(text->s, text->n).text, type);
    struct description d = { 0 };
    int status = parse_description(&d, text, colon + 3, err);
    if (status != MFD_OK)
        return status;
    MFD_CLEANUP(mfd_edit_deinit) struct mfd_edit e = MFD_EDIT_INIT;
    if (mfd_genome_resolve(genome, text->s, colon, &e.contig, NULL) != MFD_OK)
        return mfd_spelling_unknown(out, genome, text, colon, d.start - 1, err);
    status = understand(&e, &d, genome, text, err);
    return status == MFD_OK ? mfd_spelling_finish(out, genome, text, colon, &e, err) : status;
}

/* "100" or "100_105" from 0-based half-open. */
static void add_range(struct mfd_buffer *out, int64_t start, int64_t end)
{
    mfd_buffer_addf(out, "%lld", (long long)start + 1);
    if (end > start + 1)
        mfd_buffer_addf(out, "_%lld", (long long)end);
}

/* Whether an insertion repeats the bases before it. */
static int repeats(const struct mfd_edit *e, struct mfd_genome *genome, bool *yes,
                   struct mfd_error *err)
{
    int64_t n = (int64_t)e->n_inserted;
    *yes = false;
    if (n > e->pos)
        return MFD_OK;
    MFD_AUTO_FREE char *before = mfd_calloc((size_t)n, 1);
    if (!before)
        return mfd_fail_nomem(err);
    int status = mfd_edit_bases(genome, e->contig, e->pos - n, e->pos, before, err);
    *yes = status == MFD_OK && memcmp(before, e->inserted, (size_t)n) == 0;
    return status;
}

static int add_insertion(const struct mfd_edit *e, struct mfd_genome *genome,
                         struct mfd_buffer *out, struct mfd_error *err)
{
    bool dup;
    int status = repeats(e, genome, &dup, err);
    if (status != MFD_OK)
        return status;
    int64_t n = (int64_t)e->n_inserted, length = mfd_genome_contig_length(genome, e->contig);
    if (dup) {
        add_range(out, e->pos - n, e->pos);
        mfd_buffer_adds(out, "dup");
    } else if (e->pos > 0 && e->pos < length) {
        add_range(out, e->pos - 1, e->pos + 1);
        mfd_buffer_addf(out, "ins%s", e->inserted);
    } else { /* no neighbour on one side: the end's base replaced by itself and the insertion */
        int64_t at = e->pos ? e->pos - 1 : 0;
        char base[2] = "";
        status = mfd_edit_bases(genome, e->contig, at, at + 1, base, err);
        mfd_buffer_addf(out, "%llddelins%s%s%s", (long long)at + 1, e->pos ? base : "", e->inserted,
                        e->pos ? "" : base);
    }
    return status;
}

static int is_inversion(const struct mfd_edit *e, bool *yes, struct mfd_error *err)
{
    *yes = false;
    if (e->n_deleted != e->n_inserted || e->n_deleted < 2 || strchr(e->deleted, 'N'))
        return MFD_OK;
    MFD_AUTO_FREE char *reversed = mfd_strndup(e->deleted, e->n_deleted);
    if (!reversed)
        return mfd_fail_nomem(err);
    mfd_edit_reverse_complement(reversed, e->n_deleted);
    *yes = memcmp(reversed, e->inserted, e->n_inserted) == 0;
    return MFD_OK;
}

/* Bases go and others, or none, come. */
static int add_replacement(const struct mfd_edit *e, struct mfd_buffer *out, struct mfd_error *err)
{
    bool inversion;
    int status = is_inversion(e, &inversion, err);
    if (status != MFD_OK)
        return status;
    if (e->n_deleted == 1 && e->n_inserted == 1) {
        mfd_buffer_addf(out, "%lld%s>%s", (long long)e->pos + 1, e->deleted, e->inserted);
        return MFD_OK;
    }
    add_range(out, e->pos, e->pos + (int64_t)e->n_deleted);
    if (e->n_inserted == 0)
        mfd_buffer_adds(out, "del");
    else if (inversion)
        mfd_buffer_adds(out, "inv");
    else
        mfd_buffer_addf(out, "delins%s", e->inserted);
    return MFD_OK;
}

int mfd_hgvs_format(const struct mfd_variant *v, struct mfd_genome *genome, struct mfd_buffer *out,
                    struct mfd_error *err)
{
    MFD_CLEANUP(mfd_edit_deinit) struct mfd_edit e = MFD_EDIT_INIT;
    int status = mfd_edit_of(&e, v->contig, v->pos, v->ref, v->alt, err);
    if (status == MFD_OK && mfd_edit_shiftable(&e))
        status = mfd_edit_shift(&e, genome, true, err);
    if (status != MFD_OK)
        return status;
    mfd_genome_contig_accession(genome, e.contig, out);
    mfd_buffer_adds(out, mfd_genome_find_contig(genome, "MT", 2) == e.contig ? ":m." : ":g.");
    if (e.n_deleted) {
        status = add_replacement(&e, out, err);
    } else if (e.n_inserted) {
        status = add_insertion(&e, genome, out, err);
    } else {
        add_range(out, v->pos, v->pos + (int64_t)strlen(v->ref));
        mfd_buffer_adds(out, "=");
    }
    if (status != MFD_OK)
        return status;
    return out->failed ? mfd_fail_nomem(err) : MFD_OK;
}
