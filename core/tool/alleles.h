/* The alternative alleles of a VCF file, in blocks: what commands that score variants read. */
#pragma once

#include <stdbool.h>

#include "core/genome/vcf.h"

#define ALLELES_BLOCK 512 /* of them at once */

struct alleles_sink {
    /* Whether an allele of a record is wanted; NULL: all are. */
    bool (*wants)(void *context, const struct mfd_vcf_record *record, size_t allele);
    /* Takes n > 0 variants, in the order of the file; they are released afterwards. */
    int (*take)(void *context, struct mfd_variant *variants, size_t n, struct mfd_error *err);
    void *context;
};

/* Number of alleles to account for: a malformed record counts as one. */
static inline size_t alleles_of(const struct mfd_vcf_record *record)
{
    return record->malformed ? 1 : record->alleles;
}

/* The next record, NULL at the end; a failure names the file. */
int alleles_next(struct mfd_vcf_reader *reader, const char *path,
                 const struct mfd_vcf_record **record, struct mfd_error *err) MFD_MUST_CHECK;

/* Read the file (plain or gzip, "-" is stdin) to its end, or to the first failure of `take`. Memory
 * does not grow with the file. Says on stderr where a bgzip file may have been cut short. */
int alleles_read(const char *path, struct mfd_genome *genome, const struct alleles_sink *sink,
                 struct mfd_error *err) MFD_MUST_CHECK;
