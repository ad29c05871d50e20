/* A metadata table as pandas.read_csv(sep="\t") reads it and the public code prepares it: one row
 * an experiment. Dots in column names become underscores; each column is a column of integers,
 * decimal numbers, truth values or text, judged over the whole table; a missing value (pandas'
 * usual spellings) turns integers into decimals, so that 13 prints as 13.0. Sources: shared design
 * "The model", section 5; pandas' documentation of read_csv; golden files, which decide about ages.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

struct mfd_table; /* immutable; any thread */

/* Where versions of the public code and of pandas differ. All false is what the golden files show.
 */
struct mfd_table_rules {
    /* A row without an age unit takes the median age and the most frequent unit of rows of the same
     * organism and life stage, or (-1, "unknown") where its stage is "unknown". As published, the
     * assignment loses those values and such a row gets (-1, missing). */
    bool median_age;
    /* The word None is a missing value, as since pandas 2. */
    bool none_is_missing;
};

/* Parse n bytes of UTF-8. `rules` may be NULL. A table without a File_accession column, with two
 * columns of one name, a row longer than the header, invalid UTF-8 or NUL bytes is MFD_EFORMAT, the
 * message naming line and column. */
int mfd_table_parse(struct mfd_table **out, const char *text, size_t n,
                    const struct mfd_table_rules *rules, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_table_free(struct mfd_table *table);

/* Borrowed for the table's life. A cell is what pandas would print: "nan" where it is missing. */
size_t mfd_table_rows(const struct mfd_table *table);
size_t mfd_table_columns(const struct mfd_table *table);
const char *mfd_table_column(const struct mfd_table *table, size_t column);
size_t mfd_table_find_column(const struct mfd_table *table, const char *name); /* (size_t)-1 */
const char *mfd_table_cell(const struct mfd_table *table, size_t row, size_t column);
bool mfd_table_is_missing(const struct mfd_table *table, size_t row, size_t column);
/* Whether pandas took the whole column for numbers. */
bool mfd_table_is_numeric(const struct mfd_table *table, size_t column);

/* The row of an experiment; MFD_ENOTFOUND where there is none, MFD_EFORMAT where there are two. */
int mfd_table_find(const struct mfd_table *table, const char *id, size_t *row,
                   struct mfd_error *err) MFD_MUST_CHECK;
