/* The header of a VCF while it is read, and as it is written. */
#pragma once

#include "core/genome/vcf.h"

struct mfd_vcf_contig {
    char *name;
    int64_t length; /* 0 = not said */
};

struct mfd_vcf_header {
    struct mfd_buffer text;        /* "##" lines with newlines */
    struct mfd_buffer columns;     /* the #CHROM line, without newline */
    size_t n_columns;              /* 0 = not read yet */
    struct mfd_vcf_contig *contig; /* declared, sorted by name once the header is whole */
    size_t contigs, contig_room;
};

void mfd_vcf_header_deinit(struct mfd_vcf_header *h);
/* Take line number `line`; sets n_columns with the last one. MFD_EFORMAT where it is no header
 * line. */
int mfd_vcf_header_take(struct mfd_vcf_header *h, const char *s, size_t n, uint64_t line,
                        struct mfd_error *err) MFD_MUST_CHECK;
/* Append the header of an output: see mfd_vcf_writer_new. `first` (may be NULL) is the first
 * record. */
int mfd_vcf_header_write(const struct mfd_vcf_header *h,
                         const struct mfd_vcf_writer_options *options,
                         const struct mfd_vcf_record *first, struct mfd_buffer *out,
                         struct mfd_error *err) MFD_MUST_CHECK;
