/* The tables of mfd-model enrich: what is asked of which rows, and the lines that answer. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/error.h"
#include "core/score/enrich.h"
#include "core/tool/labels.h"

#define ENRICH_MOST_BINS 1000
#define ENRICH_OUTPUTS 9 /* that a folder written by `mfd-model score` may hold */

enum enrich_report { REPORT_BINS, REPORT_RANKING, REPORT_CORRELATION };
enum enrich_direction { ABSOLUTE, SIGNED, BOTH };
/* NULL-terminated, in the order of the enumerations. */
extern const char *const enrich_reports[], *const enrich_directions[];

/* One line of a table of bins, kept until the false discovery rate over all of them is known. */
struct enrich_line {
    uint32_t output, column;
    uint8_t direction; /* ABSOLUTE or SIGNED */
    const char *name;  /* of the column, or "" */
    struct mfd_enrich_bin bin;
};

/* Fill what is asked for, leave the rest zero; release with enrich_deinit. */
struct enrich {
    const char *operand;
    int report, direction;
    double cuts[ENRICH_MOST_BINS];
    size_t n_cuts;
    struct labels labels;
    double *values; /* correlation: (rows) measured, NaN where missing */
    size_t rows;
    char **names; /* of columns */
    size_t n_names;
    FILE *out;
    char *output[ENRICH_OUTPUTS]; /* names of the matrices, as the table says */
    size_t n_outputs;
    struct enrich_line *lines;
    size_t n_lines;
};

/* Write the table: of one matrix (.npy), or of all known ones of a folder. */
int enrich_run(struct enrich *e, struct mfd_error *err) MFD_MUST_CHECK;
void enrich_deinit(struct enrich *e);
