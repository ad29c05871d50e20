/* A column of a table as pandas infers it: its kind from all its fields together, and each cell as
 * Python would print it. Source: pandas' documentation of read_csv and its C parser's behaviour
 * (version 1.5), which tests/unit/model compares where pandas is installed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/model/arena.h"

enum mfd_series_kind {
    MFD_SERIES_INT,   /* all 64-bit integers, none missing */
    MFD_SERIES_FLOAT, /* numbers, some missing or not integers */
    MFD_SERIES_BOOL,  /* true and false in any case */
    MFD_SERIES_TEXT,
    MFD_SERIES_WORDS, /* text in which nothing is missing, not even the empty word */
};

struct mfd_series {
    enum mfd_series_kind kind;
    const char **cells; /* one a row, as printed; NULL where it is missing */
};

/* Infer from n fields, `stride` pointers apart. Cells live in `arena` or are the fields themselves.
 */
int mfd_series_infer(struct mfd_series *out, struct mfd_arena *arena, const char *const *fields,
                     size_t stride, size_t n, bool none_is_missing,
                     struct mfd_error *err) MFD_MUST_CHECK;

/* As Python's repr: shortest digits that read back the same, "13.0", "1e-05", "1e+16", "nan". */
#define MFD_REPR 48
void mfd_python_repr(double x, char out[MFD_REPR]);
