/* Genomic HGVS (hgvs-nomenclature.org, DNA recommendations 21). */
#pragma once

#include <stddef.h>

#include "core/genome/spelling.h"

/* HGVS with the colon before "g." at `colon`. */
int mfd_hgvs_parse(struct mfd_variant *out, struct mfd_genome *genome, const struct mfd_text *text,
                   size_t colon, struct mfd_error *err) MFD_MUST_CHECK;
int mfd_hgvs_format(const struct mfd_variant *v, struct mfd_genome *genome, struct mfd_buffer *out,
                    struct mfd_error *err) MFD_MUST_CHECK;
