#include "core/genome/spelling.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/genome/quote.h"

int mfd_text_fail(const struct mfd_text *text, size_t at, const char *what, struct mfd_error *err)
{
    return mfd_fail_as(err, MFD_EINVAL, "malformed-variant",
                       "variant %s cannot be read at character %zu: %s",
                       mfd_quote(text->s, text->n).text, at + 1, what);
}

int mfd_text_bases(const struct mfd_text *text, size_t from, size_t n, struct mfd_error *err)
{
    for (size_t i = from; i < from + n; i++)
        if (!text->s[i] || !strchr("ACGTNacgtn", text->s[i]))
            return mfd_fail_as(err, MFD_EINVAL, "bad-allele",
                               "variant %s cannot be read at character %zu: %s is not one of A, C, "
                               "G, T and N",
                               mfd_quote(text->s, text->n).text, i + 1,
                               mfd_quote(text->s + i, 1).text);
    return MFD_OK;
}

char *mfd_spelling_copy(const char *s, size_t n)
{
    char *copy = mfd_strndup(s, n);
    for (size_t i = 0; copy && i < n; i++)
        if (copy[i] >= 'a' && copy[i] <= 'z')
            copy[i] = (char)(copy[i] - 'a' + 'A');
    return copy;
}

int mfd_spelling_unknown(struct mfd_variant *out, struct mfd_genome *genome,
                         const struct mfd_text *text, size_t n_chrom, int64_t pos,
                         struct mfd_error *err)
{
    MFD_AUTO_FREE char *chrom = mfd_strndup(text->s, n_chrom);
    return chrom ? mfd_variant_set(out, genome, chrom, pos, "", "", NULL, err)
                 : mfd_fail_nomem(err);
}

int mfd_spelling_implied(struct mfd_edit *e, struct mfd_genome *genome, const struct mfd_text *text,
                         int64_t n, struct mfd_error *err)
{
    int64_t length = mfd_genome_contig_length(genome, e->contig);
    if (e->pos < 0 || e->pos > length || n > length - e->pos)
        return mfd_fail_as(err, MFD_EINVAL, "window-off-contig",
                           "variant %s leaves contig '%.40s', which has %lld bases",
                           mfd_quote(text->s, text->n).text,
                           mfd_genome_contig_name(genome, e->contig), (long long)length);
    if (n > MFD_MAX_IMPLIED)
        return mfd_fail_as(err, MFD_ELIMIT, "allele-too-long",
                           "variant %s changes %lld bases, more than the %d that are read",
                           mfd_quote(text->s, text->n).text, (long long)n, MFD_MAX_IMPLIED);
    MFD_AUTO_FREE char *bases = mfd_calloc((size_t)n + 1, 1);
    if (!bases)
        return mfd_fail_nomem(err);
    int status = mfd_edit_bases(genome, e->contig, e->pos, e->pos + n, bases, err);
    if (status != MFD_OK)
        return status;
    free(e->deleted);
    e->deleted = mfd_steal(bases);
    e->n_deleted = (size_t)n;
    return MFD_OK;
}

int mfd_spelling_compare(const struct mfd_edit *e, struct mfd_genome *genome,
                         const struct mfd_text *text, size_t from, size_t n, struct mfd_error *err)
{
    int status = mfd_text_bases(text, from, n, err);
    if (status != MFD_OK)
        return status;
    MFD_AUTO_FREE char *written = mfd_spelling_copy(text->s + from, n);
    if (!written)
        return mfd_fail_nomem(err);
    if (n == e->n_deleted && memcmp(written, e->deleted, n) == 0)
        return MFD_OK;
    return mfd_fail_as(err, MFD_EMISMATCH, "ref-mismatch",
                       "variant %s: the reference has %s at %.40s:%lld (1-based), not %s",
                       mfd_quote(text->s, text->n).text, mfd_quote(e->deleted, e->n_deleted).text,
                       mfd_genome_contig_name(genome, e->contig), (long long)e->pos + 1,
                       mfd_quote(written, n).text);
}

int mfd_spelling_finish(struct mfd_variant *out, struct mfd_genome *genome,
                        const struct mfd_text *text, size_t n_chrom, const struct mfd_edit *edit,
                        struct mfd_error *err)
{
    MFD_AUTO_FREE char *chrom = mfd_strndup(text->s, n_chrom);
    MFD_AUTO_FREE char *ref = NULL;
    MFD_AUTO_FREE char *alt = NULL;
    int64_t pos;
    if (!chrom)
        return mfd_fail_nomem(err);
    int status = mfd_edit_alleles(edit, genome, &pos, &ref, &alt, err);
    if (status != MFD_OK)
        return status;
    return mfd_variant_set(out, genome, chrom, pos, ref, alt, NULL, err);
}
