/* The texts of variants: what their readers share, from pieces of a text to a variant. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/genome/edit.h"
#include "core/genome/variant.h"

/* A text being read. Pieces are not copied. */
struct mfd_text {
    const char *s;
    size_t n;
};

/* Fail with "malformed-variant", the text and the character (1-based) that is wrong, `what` says
 * how. */
int mfd_text_fail(const struct mfd_text *text, size_t at, const char *what, struct mfd_error *err);
/* The bases [from, from + n) of a text must be letters of A, C, G, T, N in any case ("bad-allele").
 */
int mfd_text_bases(const struct mfd_text *text, size_t from, size_t n,
                   struct mfd_error *err) MFD_MUST_CHECK;

/* A variant on the contig that the first n_chrom bytes of the text name, from an edit,
 * anchored where one of its alleles is empty, checked. */
int mfd_spelling_finish(struct mfd_variant *out, struct mfd_genome *genome,
                        const struct mfd_text *text, size_t n_chrom, const struct mfd_edit *edit,
                        struct mfd_error *err) MFD_MUST_CHECK;
/* A variant on a contig that is not known: status and no alleles. */
int mfd_spelling_unknown(struct mfd_variant *out, struct mfd_genome *genome,
                         const struct mfd_text *text, size_t n_chrom, int64_t pos,
                         struct mfd_error *err) MFD_MUST_CHECK;
/* Read the n bases of an edit that the text left out: e->deleted at e->pos, e->contig. */
int mfd_spelling_implied(struct mfd_edit *e, struct mfd_genome *genome, const struct mfd_text *text,
                         int64_t n, struct mfd_error *err) MFD_MUST_CHECK;
/* MFD_EMISMATCH where the n bases that the text wrote at `from` are not e->deleted. */
int mfd_spelling_compare(const struct mfd_edit *e, struct mfd_genome *genome,
                         const struct mfd_text *text, size_t from, size_t n,
                         struct mfd_error *err) MFD_MUST_CHECK;
/* Upper-case copy of n bytes; NULL on lack of memory. */
char *mfd_spelling_copy(const char *s, size_t n);
