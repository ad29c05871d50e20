/* Which rows of a matrix are cases, which are controls: out of a file of labels or the INFO column
 * of a VCF. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

enum label { LABEL_NEITHER, LABEL_CONTROL, LABEL_CASE };

/* Rows in the order of the file. Release with labels_deinit. */
struct labels {
    uint8_t *row; /* (n), enum label */
    size_t n;
    size_t *record; /* (n) VCF: which record each allele is of; NULL otherwise */
    size_t records;
};

void labels_deinit(struct labels *labels);

/* One label a line: `cases`, `controls`, or anything else for neither; what stands behind a tab is
 * passed over. */
int labels_read(struct labels *out, const char *path, const char *cases, const char *controls,
                struct mfd_error *err) MFD_MUST_CHECK;

/* One label an alternative allele, by conditions (core/tool/condition.h) that exclude one another:
 * MFD_EINVAL where an allele fulfils both, or one cannot be read. */
int labels_from_vcf(struct labels *out, const char *path, const char *cases, const char *controls,
                    struct mfd_error *err) MFD_MUST_CHECK;

/* One number a line ("NA", "nan", "." or nothing: missing, NaN); *values is the caller's (free). */
int labels_values(double **values, size_t *n, const char *path,
                  struct mfd_error *err) MFD_MUST_CHECK;
