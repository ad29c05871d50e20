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

/* One label an alternative allele. `cases` and `controls` are conditions such as "AF<0.005" or
 * "AF>=0.05,AN>100": INFO keys, < <= > >= == !=, numbers, all of which must hold. AF is AC/AN where
 * the record has no AF of its own; MAF is the smaller of AF and 1 - AF. A field that is missing
 * fulfils no condition. MFD_EINVAL for a condition that cannot be read. */
int labels_from_vcf(struct labels *out, const char *path, const char *cases, const char *controls,
                    struct mfd_error *err) MFD_MUST_CHECK;

/* One number a line ("NA", "nan", "." or nothing: missing, NaN); *values is the caller's (free). */
int labels_values(double **values, size_t *n, const char *path,
                  struct mfd_error *err) MFD_MUST_CHECK;
