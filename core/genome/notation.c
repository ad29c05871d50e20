/* Variants written as text: which notation it is, and those that are short. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/genome/hgvs.h"
#include "core/genome/quote.h"
#include "core/genome/spelling.h"

#define MAX_TEXT ((size_t)1 << 20) /* bytes of a variant's text */

/* The deleted part of SPDI into e->deleted: bases, or how many. */
static int spdi_deleted(struct mfd_edit *e, struct mfd_genome *genome, const struct mfd_text *text,
                        size_t from, size_t n, struct mfd_error *err)
{
    int64_t length;
    if (n && text->s[from] >= '0' && text->s[from] <= '9') {
        if (!mfd_parse_i64(text->s + from, n, 0, INT64_MAX, &length))
            return mfd_text_fail(text, from, "a deleted length must be a whole number", err);
        return mfd_spelling_implied(e, genome, text, length, err);
    }
    int status = mfd_text_bases(text, from, n, err);
    if (status == MFD_OK && e->n_inserted == 0) { /* nothing else would tell a wrong base */
        status = mfd_spelling_implied(e, genome, text, (int64_t)n, err);
        return status == MFD_OK ? mfd_spelling_compare(e, genome, text, from, n, err) : status;
    }
    if (status != MFD_OK)
        return status;
    e->deleted = mfd_spelling_copy(text->s + from, n);
    e->n_deleted = n;
    return e->deleted ? MFD_OK : mfd_fail_nomem(err);
}

/* chr20:42984261:C:T is how people also write what counts from 1. Where the deleted bases are not
 * the reference's but those one before are, that is what was meant, and half of it would come out
 * scored one base beside. */
static int check_count(const struct mfd_edit *e, struct mfd_genome *genome,
                       const struct mfd_text *text, size_t n_chrom, struct mfd_error *err)
{
    size_t n = e->n_deleted;
    if (n == 0 || e->pos == 0)
        return MFD_OK;
    MFD_AUTO_FREE char *bases = mfd_calloc(n + 1, 1);
    if (!bases)
        return mfd_fail_nomem(err);
    int status = mfd_edit_bases(genome, e->contig, e->pos - 1, e->pos + (int64_t)n, bases, err);
    if (status != MFD_OK || memcmp(bases + 1, e->deleted, n) == 0 ||
        memcmp(bases, e->deleted, n) != 0)
        return status;
    return mfd_fail_as(
        err, MFD_EMISMATCH, "ref-mismatch",
        "variant %s: SPDI counts from 0, and only counted from 1 are the deleted bases "
        "the reference's; write %.*s:%lld:%.40s:%.40s",
        mfd_quote(text->s, text->n).text, (int)(n_chrom < 40 ? n_chrom : 40), text->s,
        (long long)e->pos - 1, e->deleted, e->inserted);
}

static int parse_spdi(struct mfd_variant *out, struct mfd_genome *genome,
                      const struct mfd_text *text, const size_t colon[3], struct mfd_error *err)
{
    MFD_CLEANUP(mfd_edit_deinit) struct mfd_edit e = MFD_EDIT_INIT;
    if (!mfd_parse_i64(text->s + colon[0] + 1, colon[1] - colon[0] - 1, 0, INT64_MAX / 2, &e.pos))
        return mfd_text_fail(text, colon[0] + 1,
                             "SPDI has a position of 0 or more behind its first colon", err);
    size_t from = colon[1] + 1, n = colon[2] - from;
    size_t at_inserted = colon[2] + 1;
    e.n_inserted = text->n - at_inserted;
    int status = mfd_text_bases(text, at_inserted, e.n_inserted, err);
    if (status != MFD_OK)
        return status;
    if (mfd_genome_resolve(genome, text->s, colon[0], &e.contig, NULL) != MFD_OK)
        return mfd_spelling_unknown(out, genome, text, colon[0], e.pos, err);
    e.inserted = mfd_spelling_copy(text->s + at_inserted, e.n_inserted);
    if (!e.inserted)
        return mfd_fail_nomem(err);
    status = spdi_deleted(&e, genome, text, from, n, err);
    if (status != MFD_OK)
        return status;
    if (e.n_deleted == 0 && e.n_inserted == 0)
        return mfd_text_fail(text, from, "nothing is deleted and nothing inserted", err);
    if (e.pos > mfd_genome_contig_length(genome, e.contig)) /* an insertion: nothing was read yet */
        return mfd_spelling_implied(&e, genome, text, 0, err);
    status = check_count(&e, genome, text, colon[0], err);
    if (status != MFD_OK)
        return status;
    return mfd_spelling_finish(out, genome, text, colon[0], &e, err);
}

static int parse_dash(struct mfd_variant *out, struct mfd_genome *genome,
                      const struct mfd_text *text, const size_t dash[3], struct mfd_error *err)
{
    int64_t pos;
    if (!mfd_parse_i64(text->s + dash[0] + 1, dash[1] - dash[0] - 1, 0, INT64_MAX / 2, &pos))
        return mfd_text_fail(text, dash[0] + 1, "the position must be a whole number", err);
    size_t n_ref = dash[2] - dash[1] - 1, n_alt = text->n - dash[2] - 1;
    if (n_ref == 0 || n_alt == 0)
        return mfd_text_fail(text, dash[n_ref ? 2 : 1] + 1,
                             "an allele is empty; write the base before the change in both", err);
    MFD_AUTO_FREE char *chrom = mfd_strndup(text->s, dash[0]);
    MFD_AUTO_FREE char *ref = mfd_strndup(text->s + dash[1] + 1, n_ref);
    MFD_AUTO_FREE char *alt = mfd_strndup(text->s + dash[2] + 1, n_alt);
    if (!chrom || !ref || !alt)
        return mfd_fail_nomem(err);
    return mfd_variant_set(out, genome, chrom, pos - 1, ref, alt, NULL, err);
}

/* Places of the last three `c`; false where there are fewer, or nothing before them. */
static bool last_three(const struct mfd_text *text, char c, size_t place[3])
{
    size_t found = 3;
    for (size_t i = text->n; i > 0 && found > 0; i--)
        if (text->s[i - 1] == c)
            place[--found] = i - 1;
    return found == 0 && place[0] > 0;
}

/* The colon before "g." or another letter and a dot, or text->n. */
static size_t find_hgvs(const struct mfd_text *text)
{
    for (size_t i = 1; i + 2 < text->n; i++)
        if (text->s[i] == ':' && text->s[i + 2] == '.' && strchr("gmcnrpo", text->s[i + 1]))
            return i;
    return text->n;
}

int mfd_variant_parse(struct mfd_variant *out, struct mfd_genome *genome, const char *s, size_t n,
                      struct mfd_error *err)
{
    struct mfd_text text = { s, n };
    if (n > MAX_TEXT)
        return mfd_fail_as(err, MFD_ELIMIT, "over-limit",
                           "a variant's text of %zu bytes is longer than %zu", n, MAX_TEXT);
    const char *nul = memchr(s, '\0', n);
    if (nul)
        return mfd_text_fail(&text, (size_t)(nul - s), "a NUL has no place there", err);
    size_t place[3], colon = find_hgvs(&text);
    if (colon < n)
        return mfd_hgvs_parse(out, genome, &text, colon, err);
    bool dashes = last_three(&text, '-', place);
    int64_t pos;
    if (dashes && mfd_parse_i64(s + place[0] + 1, place[1] - place[0] - 1, 0, INT64_MAX, &pos))
        return parse_dash(out, genome, &text, place, err);
    size_t colons[3];
    if (last_three(&text, ':', colons))
        return parse_spdi(out, genome, &text, colons, err);
    if (dashes)
        return parse_dash(out, genome, &text, place, err);
    return mfd_fail_as(err, MFD_EINVAL, "malformed-variant",
                       "%s is not a variant; write chr20-42984200-C-T (1-based), SPDI "
                       "20:42984199:C:T (0-based) or HGVS NC_000020.10:g.42984200C>T",
                       mfd_quote(s, n).text);
}

/* acc:pos:deleted:inserted, and over the whole stretch where the edit could stand. */
static int format_spdi(const struct mfd_variant *v, struct mfd_genome *genome, bool contextual,
                       struct mfd_buffer *out, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_edit_deinit) struct mfd_edit e = MFD_EDIT_INIT;
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer context = MFD_BUFFER_INIT;
    int status = mfd_edit_of(&e, v->contig, v->pos, v->ref, v->alt, err);
    int64_t room = 0;
    if (status == MFD_OK && mfd_edit_shiftable(&e)) {
        status = mfd_edit_shift(&e, genome, false, err);
        if (status == MFD_OK && contextual)
            status = mfd_edit_room(&e, genome, true, &room, err);
    }
    if (status != MFD_OK)
        return status;
    if (room > MFD_MAX_IMPLIED)
        return mfd_fail_as(err, MFD_ELIMIT, "over-limit",
                           "the change could stand anywhere in %lld bases, too many to write",
                           (long long)room);
    if (room) {
        int64_t from = e.pos + (int64_t)e.n_deleted;
        char *bases = mfd_buffer_reserve(&context, (size_t)room);
        if (!bases)
            return mfd_fail_nomem(err);
        status = mfd_edit_bases(genome, e.contig, from, from + room, bases, err);
        if (status != MFD_OK)
            return status;
        bases[room] = '\0';
    }
    bool none = e.n_deleted == 0 && e.n_inserted == 0; /* no change */
    mfd_genome_contig_accession(genome, e.contig, out);
    mfd_buffer_addf(out, ":%lld:%s%s:%s%s", (long long)(none ? v->pos : e.pos),
                    none ? v->ref : e.deleted, room ? context.data : "", none ? v->alt : e.inserted,
                    room ? context.data : "");
    return out->failed ? mfd_fail_nomem(err) : MFD_OK;
}

/* Texts that name the reference's bases need a REF that has them. */
static int check_formattable(const struct mfd_variant *v, struct mfd_genome *genome,
                             struct mfd_error *err)
{
    if (v->status == MFD_VARIANT_OK || v->status == MFD_VARIANT_NO_CHANGE ||
        v->status == MFD_VARIANT_N_WINDOW || v->status == MFD_VARIANT_UNKNOWN_BASE)
        return MFD_OK;
    bool same = false;
    if (v->status == MFD_VARIANT_ALLELE_TOO_LONG) {
        size_t n = strlen(v->ref);
        MFD_AUTO_FREE char *bases = mfd_calloc(n, 1);
        if (!bases)
            return mfd_fail_nomem(err);
        int status = mfd_edit_bases(genome, v->contig, v->pos, v->pos + (int64_t)n, bases, err);
        if (status != MFD_OK)
            return status;
        same = memcmp(bases, v->ref, n) == 0;
    }
    return same ? MFD_OK
                : mfd_fail_as(err, MFD_EINVAL, mfd_variant_status_slug(v->status),
                              "a variant whose status is '%s' has no SPDI and no HGVS",
                              mfd_variant_status_slug(v->status));
}

int mfd_variant_format(const struct mfd_variant *v, struct mfd_genome *genome,
                       enum mfd_variant_form form, struct mfd_buffer *out, struct mfd_error *err)
{
    if (form == MFD_FORM_DASH) {
        mfd_buffer_addf(out, "%s-%lld-%s-%s",
                        v->contig == MFD_NO_CONTIG ? v->chrom
                                                   : mfd_genome_contig_name(genome, v->contig),
                        (long long)v->pos + 1, v->ref, v->alt);
        return out->failed ? mfd_fail_nomem(err) : MFD_OK;
    }
    int status = check_formattable(v, genome, err);
    if (status != MFD_OK)
        return status;
    return form == MFD_FORM_HGVS ? mfd_hgvs_format(v, genome, out, err)
                                 : format_spdi(v, genome, form == MFD_FORM_SPDI, out, err);
}
