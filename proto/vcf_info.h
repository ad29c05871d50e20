/* Scores as INFO fields of a VCF: what they are called and how they are declared, the same whether
 * the daemon writes them or the client.
 *
 * Some fields sum up the effects, whatever is asked for; the others are the parts of the answer,
 * one a score and component. Every field has a value an allele, so that tools which split records
 * of several alleles (bcftools norm -m-) split ours with them. Of several tracks it is a text of
 * numbers between |, its description ending in "Format: " and their names, as VEP has it. */
#pragma once

#include "core/base/buffer.h"

enum mfd_vcf_summary {
    MFD_VCF_STATUS,
    MFD_VCF_TRACK,
    MFD_VCF_EFFECT,
    MFD_VCF_BIO,
    MFD_VCF_TECH,
    MFD_VCF_L2,
    MFD_VCF_SHARE,
    MFD_VCF_TOP,
    MFD_VCF_SUMMARIES
};

/* Of all, Number is A. */
extern const struct mfd_vcf_summary_field {
    const char *id, *type, *description;
} mfd_vcf_summaries[MFD_VCF_SUMMARIES];

/* A setting of an average, whose level is a field of its own. */
struct mfd_vcf_level {
    size_t number; /* from 1, in the order of the provenance */
    double weight;
    const char *text; /* "COLUMN=VALUE;COLUMN=VALUE" */
};

/* Append ID and Description of the field for the part of an answer that JSON calls `group`.`name`
 * ("effect", "biological"); `level` counts for the group "levels" alone. Appends nothing for a part
 * that has no field. The Description may hold what VCF wants escaped. */
void mfd_vcf_part(const char *group, const char *name, const struct mfd_vcf_level *level,
                  struct mfd_buffer *id, struct mfd_buffer *description);
/* Append to a Description what the numbers between | are: `names` (n), or where they are NULL the
 * numbers from `first` on. */
void mfd_vcf_format(const char *const *names, size_t n, size_t first, struct mfd_buffer *out);
/* What the numbers are of. Strings are borrowed. */
struct mfd_vcf_source {
    const char *model, *digest, *scale;
    const char *const *over; /* (n_over) columns that they are averaged over; NULL: they are not */
    size_t n_over, settings; /* settings of those columns */
};
/* Append the header line that tells it, without its end. */
void mfd_vcf_source_line(const struct mfd_vcf_source *source, struct mfd_buffer *out);
/* Append a number of a field; NaN is a point. */
void mfd_vcf_number(float value, struct mfd_buffer *out);
