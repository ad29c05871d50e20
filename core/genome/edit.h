/* A variant as an edit of the reference: `deleted` bases at `pos` go, `inserted` ones come. Behind
 * the normal forms of VCF, SPDI and HGVS. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/genome/genome.h"

/* Bases by which an allele is moved in search of its normal form; MFD_ELIMIT beyond. */
#define MFD_MAX_SHIFT 1000000

struct mfd_edit {
    size_t contig;
    int64_t pos; /* 0-based, between bases */
    char *deleted, *inserted;
    size_t n_deleted, n_inserted;
};

#define MFD_EDIT_INIT                                                                              \
    {                                                                                              \
        0                                                                                          \
    }

void mfd_edit_deinit(struct mfd_edit *e);

/* `ref` at `pos` into `alt`, without what the two share: at the end first, then at the start. */
int mfd_edit_of(struct mfd_edit *out, size_t contig, int64_t pos, const char *ref, const char *alt,
                struct mfd_error *err) MFD_MUST_CHECK;
/* True where bases only go or only come. */
static inline bool mfd_edit_shiftable(const struct mfd_edit *e)
{
    return (e->n_deleted == 0) != (e->n_inserted == 0);
}
/* By how many bases a shiftable edit can move left or right without changing what it does. */
int mfd_edit_room(const struct mfd_edit *e, struct mfd_genome *genome, bool right, int64_t *bases,
                  struct mfd_error *err) MFD_MUST_CHECK;
/* Move a shiftable edit as far left or right as it goes. */
int mfd_edit_shift(struct mfd_edit *e, struct mfd_genome *genome, bool right,
                   struct mfd_error *err) MFD_MUST_CHECK;

/* Alleles as VCF wants them, none empty: where one would be, the base before both, or behind where
 * there is none before. Strings to free; *pos is that of the first base. MFD_EINVAL where the
 * contig has no base to anchor on. */
int mfd_edit_alleles(const struct mfd_edit *e, struct mfd_genome *genome, int64_t *pos, char **ref,
                     char **alt, struct mfd_error *err) MFD_MUST_CHECK;

/* Bases [start, end) of a contig, other than ACGT as N. */
int mfd_edit_bases(struct mfd_genome *genome, size_t contig, int64_t start, int64_t end,
                   char *bases, struct mfd_error *err) MFD_MUST_CHECK;
/* "ACGT" into "ACGT": reverse complement of n bases in place. */
void mfd_edit_reverse_complement(char *bases, size_t n);
