#include "core/genome/variant.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/genome/assembly.h"
#include "core/genome/contigs.h"
#include "core/genome/edit.h"
#include "core/genome/quote.h"

static const char *const slugs[MFD_VARIANT_STATUSES] = {
    [MFD_VARIANT_OK] = "ok",
    [MFD_VARIANT_FLIPPED] = "flipped",
    [MFD_VARIANT_REF_MISMATCH] = "ref-mismatch",
    [MFD_VARIANT_CONTIG_UNKNOWN] = "contig-unknown",
    [MFD_VARIANT_OFF_CONTIG] = "window-off-contig",
    [MFD_VARIANT_ALLELE_TOO_LONG] = "allele-too-long",
    [MFD_VARIANT_SYMBOLIC] = "symbolic-allele",
    [MFD_VARIANT_STAR] = "star-allele",
    [MFD_VARIANT_MISSING] = "missing-alt",
    [MFD_VARIANT_BAD_ALLELE] = "bad-allele",
    [MFD_VARIANT_UNKNOWN_BASE] = "unknown-base",
    [MFD_VARIANT_N_WINDOW] = "n-window",
    [MFD_VARIANT_MALFORMED] = "malformed-variant",
    [MFD_VARIANT_NO_CHANGE] = "no-change",
};

const char *mfd_variant_status_slug(enum mfd_variant_status status)
{
    return (size_t)status < MFD_VARIANT_STATUSES ? slugs[status] : "internal";
}

bool mfd_variant_scored(enum mfd_variant_status status)
{
    return status == MFD_VARIANT_OK || status == MFD_VARIANT_FLIPPED;
}

static bool all_unknown(const char *bases, size_t n)
{
    return n > 0 && strspn(bases, "N") >= n;
}

bool mfd_variant_unknown(const struct mfd_variant *v)
{
    const char *ref = v->ref, *alt = v->alt;
    while (*ref && *ref == *alt) {
        ref++;
        alt++;
    }
    size_t n = strlen(ref), m = strlen(alt);
    while (n && m && ref[n - 1] == alt[m - 1]) {
        n--;
        m--;
    }
    return all_unknown(ref, n) || all_unknown(alt, m);
}

void mfd_variant_deinit(struct mfd_variant *v)
{
    free(v->chrom);
    free(v->ref);
    free(v->alt);
    free(v->id);
    *v = (struct mfd_variant)MFD_VARIANT_INIT;
}

static char *upper_copy(const char *s)
{
    char *copy = mfd_strdup(s);
    for (char *p = copy; p && *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return copy;
}

int mfd_variant_set(struct mfd_variant *out, struct mfd_genome *genome, const char *chrom,
                    int64_t pos, const char *ref, const char *alt, const char *id,
                    struct mfd_error *err)
{
    struct mfd_variant v = {
        .chrom = mfd_strdup(chrom),
        .contig = MFD_NO_CONTIG,
        .pos = pos,
        .ref = upper_copy(ref),
        .alt = upper_copy(alt),
        .id = id ? mfd_strdup(id) : NULL,
    };
    int status = v.chrom && v.ref && v.alt && (v.id || !id)
                     ? mfd_variant_check(&v, genome, NULL, err)
                     : mfd_fail_nomem(err);
    if (status == MFD_OK)
        *out = v;
    else
        mfd_variant_deinit(&v);
    return status;
}

/* What an ALT (or REF) is, without looking at the genome. */
static enum mfd_variant_status kind_of_allele(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || strcmp(s, ".") == 0)
        return MFD_VARIANT_MISSING;
    if (strcmp(s, "*") == 0)
        return MFD_VARIANT_STAR;
    /* <DEL>, A[chr2:100[ and the single breakends .A and A. */
    if (s[0] == '<' || strpbrk(s, "[]") || s[0] == '.' || s[n - 1] == '.')
        return MFD_VARIANT_SYMBOLIC;
    return s[strspn(s, "ACGTN")] ? MFD_VARIANT_BAD_ALLELE : MFD_VARIANT_OK;
}

static void explain_allele(struct mfd_error *reason, enum mfd_variant_status status,
                           const char *what, const char *allele)
{
    static const char *const because[MFD_VARIANT_STATUSES] = {
        [MFD_VARIANT_MISSING] = "is missing; there is no change to look at",
        [MFD_VARIANT_STAR] = "stands for a deletion that another record describes",
        [MFD_VARIANT_SYMBOLIC] =
            "is symbolic or a breakend, which has no sequence; write its bases",
        [MFD_VARIANT_BAD_ALLELE] = "holds letters other than A, C, G, T and N",
    };
    mfd_fail_as(reason, MFD_EINVAL, slugs[status], "%s %s %s", what,
                mfd_quote(allele, strlen(allele)).text, because[status]);
}

/* Contig and alleles: what can be said before the reference is read. */
static enum mfd_variant_status check_shape(struct mfd_variant *v, struct mfd_genome *genome,
                                           struct mfd_error *reason)
{
    int found = mfd_genome_resolve(genome, v->chrom, strlen(v->chrom), &v->contig, reason);
    if (found != MFD_OK) {
        v->contig = MFD_NO_CONTIG;
        return MFD_VARIANT_CONTIG_UNKNOWN;
    }
    enum mfd_variant_status alt = kind_of_allele(v->alt), ref = kind_of_allele(v->ref);
    if (alt != MFD_VARIANT_OK) {
        explain_allele(reason, alt, "ALT", v->alt);
        return alt;
    }
    if (ref != MFD_VARIANT_OK) {
        explain_allele(reason, MFD_VARIANT_BAD_ALLELE, "REF", v->ref);
        return MFD_VARIANT_BAD_ALLELE;
    }
    int64_t length = mfd_genome_contig_length(genome, v->contig);
    const char *assembly = mfd_genome_assembly(genome);
    if (v->pos < 0 || v->pos >= length || length - v->pos < (int64_t)strlen(v->ref)) {
        mfd_fail_as(reason, MFD_EINVAL, slugs[MFD_VARIANT_OFF_CONTIG],
                    "position %lld with %zu reference bases leaves contig '%.40s', which has %lld "
                    "bases%s%s",
                    (long long)v->pos + 1, strlen(v->ref),
                    mfd_genome_contig_name(genome, v->contig), (long long)length,
                    assembly ? " in " : "", assembly ? assembly : "");
        return MFD_VARIANT_OFF_CONTIG;
    }
    return MFD_VARIANT_OK;
}

/* Whether the reference has `allele` at the variant's place; `bases` is room for it. */
static int matches(const struct mfd_variant *v, struct mfd_genome *genome, const char *allele,
                   char *bases, bool *same, struct mfd_error *err)
{
    size_t n = strlen(allele);
    int status = mfd_edit_bases(genome, v->contig, v->pos, v->pos + (int64_t)n, bases, err);
    *same = status == MFD_OK && memcmp(bases, allele, n) == 0 &&
            v->pos + (int64_t)n <= mfd_genome_contig_length(genome, v->contig);
    return status;
}

static enum mfd_variant_status mismatch(const struct mfd_variant *v, struct mfd_genome *genome,
                                        const char *bases, bool flipped, struct mfd_error *reason)
{
    enum mfd_variant_status status = flipped ? MFD_VARIANT_FLIPPED : MFD_VARIANT_REF_MISMATCH;
    mfd_fail_as(reason, MFD_EMISMATCH, slugs[status],
                "the reference has %s at %.40s:%lld, not REF %s%s",
                mfd_quote(bases, strlen(v->ref)).text, mfd_genome_contig_name(genome, v->contig),
                (long long)v->pos + 1, mfd_quote(v->ref, strlen(v->ref)).text,
                flipped ? " but ALT: the alleles are swapped, or the assembly is another" : "");
    return status;
}

static enum mfd_variant_status too_long(const struct mfd_variant *v, struct mfd_error *reason)
{
    bool ref = strlen(v->ref) > strlen(v->alt);
    mfd_fail_as(reason, MFD_ELIMIT, slugs[MFD_VARIANT_ALLELE_TOO_LONG],
                "%s has %zu bases, more than the %d that are scored", ref ? "REF" : "ALT",
                strlen(ref ? v->ref : v->alt), MFD_MAX_ALLELE);
    return MFD_VARIANT_ALLELE_TOO_LONG;
}

int mfd_variant_check(struct mfd_variant *v, struct mfd_genome *genome, struct mfd_error *reason,
                      struct mfd_error *err)
{
    v->status = check_shape(v, genome, reason);
    if (v->status != MFD_VARIANT_OK)
        return MFD_OK;
    size_t n = strlen(v->ref), m = strlen(v->alt);
    bool ref_matches, alt_matches;
    /* REF last, so that its bases are there for the message */
    MFD_AUTO_FREE char *bases = mfd_calloc(n > m ? n : m, 1);
    if (!bases)
        return mfd_fail_nomem(err);
    int status = matches(v, genome, v->alt, bases, &alt_matches, err);
    if (status == MFD_OK)
        status = matches(v, genome, v->ref, bases, &ref_matches, err);
    if (status != MFD_OK)
        return status;
    if (!ref_matches && !alt_matches) {
        v->status = mismatch(v, genome, bases, false, reason);
    } else if (strcmp(v->ref, v->alt) == 0) {
        v->status = MFD_VARIANT_NO_CHANGE;
        mfd_fail_as(reason, MFD_EINVAL, slugs[v->status], "ALT %s is REF: nothing changes",
                    mfd_quote(v->alt, m).text);
    } else if (n > MFD_MAX_ALLELE || m > MFD_MAX_ALLELE) {
        v->status = too_long(v, reason);
    } else if (!ref_matches) {
        v->status = mismatch(v, genome, bases, true, reason);
    }
    return MFD_OK;
}

/* " (GRCh38's)", where a length tells. */
static void add_assembly(struct mfd_buffer *out, const char *name, int64_t length)
{
    MFD_AUTO_FREE char *key = mfd_name_key(name, strlen(name));
    unsigned assemblies = 0;
    if (key)
        mfd_chromosome_find(key, length, &assemblies);
    if (mfd_assembly_name(assemblies))
        mfd_buffer_addf(out, " (%s's)", mfd_assembly_name(assemblies));
}

void mfd_variant_check_length(struct mfd_variant *v, const struct mfd_genome *genome,
                              int64_t length, struct mfd_error *reason)
{
    if (v->contig == MFD_NO_CONTIG || length == 0)
        return;
    const char *own = mfd_genome_contig_name(genome, v->contig);
    int64_t have = mfd_genome_contig_length(genome, v->contig);
    if (have == length)
        return;
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_buffer_addf(&text, "contig %s has %lld bases", mfd_quote(v->chrom, strlen(v->chrom)).text,
                    (long long)length);
    add_assembly(&text, own, length);
    mfd_buffer_addf(&text,
                    " where the variant was called, and contig '%.40s' of the genome has %lld", own,
                    (long long)have);
    add_assembly(&text, own, have);
    v->contig = MFD_NO_CONTIG;
    v->status = MFD_VARIANT_CONTIG_UNKNOWN;
    mfd_fail_as(reason, MFD_EMISMATCH, slugs[v->status],
                "%s; lift the coordinates over, or use a genome of the other assembly",
                text.data ? text.data : "the contig is another");
}

int mfd_variant_normalize(struct mfd_variant *v, struct mfd_genome *genome, bool *changed,
                          struct mfd_error *err)
{
    if (changed)
        *changed = false;
    if (!mfd_variant_scored(v->status) && v->status != MFD_VARIANT_ALLELE_TOO_LONG)
        return MFD_OK;
    MFD_CLEANUP(mfd_edit_deinit) struct mfd_edit e = MFD_EDIT_INIT;
    int status = mfd_edit_of(&e, v->contig, v->pos, v->ref, v->alt, err);
    if (status == MFD_OK && mfd_edit_shiftable(&e))
        status = mfd_edit_shift(&e, genome, false, err);
    if (status != MFD_OK)
        return status;
    struct mfd_variant w = *v;
    status = mfd_edit_alleles(&e, genome, &w.pos, &w.ref, &w.alt, err);
    if (status != MFD_OK)
        return status;
    MFD_AUTO_FREE char *old_ref = w.ref;
    MFD_AUTO_FREE char *old_alt = w.alt;
    if (w.pos == v->pos && strcmp(w.ref, v->ref) == 0 && strcmp(w.alt, v->alt) == 0)
        return MFD_OK;
    if (w.status == MFD_VARIANT_ALLELE_TOO_LONG) {
        status = mfd_variant_check(&w, genome, NULL, err);
        if (status != MFD_OK)
            return status;
    }
    old_ref = v->ref;
    old_alt = v->alt;
    *v = w;
    if (changed)
        *changed = true;
    return MFD_OK;
}
