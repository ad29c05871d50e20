/* Rows under column titles: aligned for people, tab-separated for programs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/error.h"

enum sheet_side { SHEET_LEFT, SHEET_RIGHT };

struct sheet_column {
    const char *title;
    enum sheet_side side;
    bool grows; /* may be cut with an ellipsis where the terminal is too narrow */
    bool hides; /* a table leaves it out while it is empty */
};

struct sheet_style {
    bool tsv; /* tab-separated: full precision, nothing cut */
    bool header;
    bool colour;
    size_t width; /* columns of the terminal; 0: nothing is cut */
};

struct sheet;

/* `columns` is copied, their titles too. */
int sheet_new(struct sheet **out, FILE *to, const struct sheet_style *style,
              const struct sheet_column *columns, size_t n, struct mfd_error *err) MFD_MUST_CHECK;
/* Cells of the current row, left to right; a row that is short is filled up with nothing. Numbers
 * have `digits` decimals in a table and nine significant digits in TSV; NaN is nothing. */
void sheet_text(struct sheet *s, const char *text); /* NULL is nothing */
void sheet_number(struct sheet *s, double value, int digits);
void sheet_integer(struct sheet *s, int64_t value);
int sheet_end_row(struct sheet *s, struct mfd_error *err) MFD_MUST_CHECK;
/* Write what is still held back. */
int sheet_flush(struct sheet *s, struct mfd_error *err) MFD_MUST_CHECK;
void sheet_free(struct sheet *s);
