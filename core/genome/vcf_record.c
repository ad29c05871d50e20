#include "core/genome/vcf_record.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/genome/quote.h"

#define NEEDED 5 /* columns up to ALT; bcftools fills the others with "." */

void mfd_vcf_line_deinit(struct mfd_vcf_line *l)
{
    free(l->allele);
    *l = (struct mfd_vcf_line){ 0 };
}

static int malformed(struct mfd_vcf_record *r, const char *slug, const char *fmt, ...)
    MFD_PRINTF(3, 4);

/* Always MFD_OK: the reader goes on. */
static int malformed(struct mfd_vcf_record *r, const char *slug, const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    r->malformed = true;
    mfd_fail_as(&r->reason, MFD_EINVAL, slug, "VCF line %llu: %s", (unsigned long long)r->line,
                why);
    return MFD_OK;
}

/* Columns into place, the rest into samples; the number there are. */
static size_t split(struct mfd_vcf_record *r)
{
    size_t count = 0, from = 0;
    for (;; count++) {
        const char *tab = memchr(r->text.s + from, '\t', r->text.n - from);
        size_t to = tab ? (size_t)(tab - r->text.s) : r->text.n;
        if (count < MFD_VCF_COLUMNS)
            r->column[count] = (struct mfd_span){ r->text.s + from, to - from };
        if (count + 1 == MFD_VCF_COLUMNS)
            r->samples = (struct mfd_span){ r->text.s + to, r->text.n - to };
        if (!tab)
            break;
        from = to + 1;
    }
    for (size_t i = count + 1; i < MFD_VCF_COLUMNS; i++)
        r->column[i] = (struct mfd_span){ ".", 1 };
    return count + 1;
}

static int split_alleles(struct mfd_vcf_line *l, struct mfd_error *err)
{
    struct mfd_vcf_record *r = &l->record;
    struct mfd_span alt = r->column[MFD_VCF_ALT];
    for (size_t from = 0; from <= alt.n;) {
        const char *comma = memchr(alt.s + from, ',', alt.n - from);
        size_t to = comma ? (size_t)(comma - alt.s) : alt.n;
        if (r->alleles == MFD_VCF_MAX_ALLELES)
            return malformed(r, "over-limit", "more than %d alternative alleles",
                             MFD_VCF_MAX_ALLELES);
        if (r->alleles == l->allele_room) {
            size_t room = l->allele_room ? 2 * l->allele_room : 8;
            struct mfd_span *more = mfd_realloc(l->allele, room, sizeof *more);
            if (!more)
                return mfd_fail_nomem(err);
            l->allele = more;
            l->allele_room = room;
        }
        l->allele[r->alleles++] = (struct mfd_span){ alt.s + from, to - from };
        from = to + 1;
    }
    r->allele = l->allele;
    return MFD_OK;
}

int mfd_vcf_line_parse(struct mfd_vcf_line *l, struct mfd_span text, uint64_t line, size_t columns,
                       struct mfd_error *err)
{
    struct mfd_vcf_record *r = &l->record;
    *r = (struct mfd_vcf_record){ .line = line, .text = text, .samples = { "", 0 } };
    if (memchr(text.s, '\0', text.n))
        return malformed(r, "malformed-variant", "a NUL byte has no place in a record");
    if (text.s[0] == '#')
        return malformed(r, "malformed-variant", "a header line among the records");
    size_t count = split(r);
    if (count < NEEDED)
        return malformed(r, "malformed-variant", "%zu columns, of 8 at least%s", count,
                         count == 1 && memchr(text.s, ' ', text.n) ? "; they are separated by tabs"
                                                                   : "");
    if (count != columns && (columns > MFD_VCF_COLUMNS || count > columns))
        return malformed(r, "malformed-variant", "%zu columns, but the header names %zu", count,
                         columns);
    const struct mfd_span *pos = &r->column[MFD_VCF_POS];
    if (!mfd_parse_i64(pos->s, pos->n, 0, INT64_MAX / 2, &r->pos))
        return malformed(r, "malformed-variant", "POS %s is not a position",
                         mfd_quote(pos->s, pos->n).text);
    r->pos--;
    if (r->column[MFD_VCF_CHROM].n == 0 || r->column[MFD_VCF_REF].n == 0)
        return malformed(r, "malformed-variant", "%s is empty",
                         r->column[MFD_VCF_REF].n ? "CHROM" : "REF");
    return split_alleles(l, err);
}

void mfd_vcf_line_too_long(struct mfd_vcf_line *l, struct mfd_span text, uint64_t line,
                           size_t limit)
{
    l->record = (struct mfd_vcf_record){ .line = line, .text = text, .samples = { "", 0 } };
    malformed(&l->record, "over-limit", "the record is longer than %zu bytes", limit);
}

static char *copy(struct mfd_span span)
{
    return mfd_strndup(span.s, span.n);
}

static int set_malformed(struct mfd_variant *out, struct mfd_error *err)
{
    struct mfd_variant v = MFD_VARIANT_INIT;
    v.status = MFD_VARIANT_MALFORMED;
    v.chrom = mfd_strdup("");
    v.ref = mfd_strdup("");
    v.alt = mfd_strdup("");
    if (v.chrom && v.ref && v.alt) {
        *out = v;
        return MFD_OK;
    }
    mfd_variant_deinit(&v);
    return mfd_fail_nomem(err);
}

int mfd_vcf_record_variant(const struct mfd_vcf_record *record, size_t allele,
                           struct mfd_genome *genome, struct mfd_variant *out,
                           struct mfd_error *reason, struct mfd_error *err)
{
    if (record->malformed) {
        if (reason)
            *reason = record->reason;
        return set_malformed(out, err);
    }
    const struct mfd_span id = record->column[MFD_VCF_ID];
    bool named = id.n > 0 && !(id.n == 1 && id.s[0] == '.');
    MFD_AUTO_FREE char *chrom_text = copy(record->column[MFD_VCF_CHROM]);
    MFD_AUTO_FREE char *ref_text = copy(record->column[MFD_VCF_REF]);
    MFD_AUTO_FREE char *alt_text = copy(record->allele[allele]);
    MFD_AUTO_FREE char *id_text = named ? copy(id) : NULL;
    if (!chrom_text || !ref_text || !alt_text || (named && !id_text))
        return mfd_fail_nomem(err);
    struct mfd_variant v;
    int status =
        mfd_variant_set(&v, genome, chrom_text, record->pos, ref_text, alt_text, id_text, err);
    if (status == MFD_OK && v.status != MFD_VARIANT_OK && reason) /* once more, for the words */
        status = mfd_variant_check(&v, genome, reason, err);
    if (status == MFD_OK) {
        mfd_variant_check_length(&v, genome, record->chrom_length, reason);
        *out = v;
    }
    return status;
}
