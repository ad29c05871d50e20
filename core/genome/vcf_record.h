/* One record, taken apart. */
#pragma once

#include "core/genome/vcf.h"

struct mfd_vcf_line {
    struct mfd_vcf_record record;
    struct mfd_span *allele; /* room for record.allele */
    size_t allele_room;
};

void mfd_vcf_line_deinit(struct mfd_vcf_line *l);
/* Take a line apart; what is wrong with it makes the record malformed. Fails for want of memory
 * only. `columns` is how many the header names. */
int mfd_vcf_line_parse(struct mfd_vcf_line *l, struct mfd_span text, uint64_t line, size_t columns,
                       struct mfd_error *err) MFD_MUST_CHECK;
/* A record that was longer than `limit` bytes, of which `text` is the start. */
void mfd_vcf_line_too_long(struct mfd_vcf_line *l, struct mfd_span text, uint64_t line,
                           size_t limit);
