/* Answers to a batch, in every format: what proto/openapi.yaml calls PredictAnswer, FeaturesAnswer
 * and VariantsAnswer, their lines, tables, arrays and tracks.
 *
 * An answer is written in three steps, so that it can be streamed in parts: start, results (any
 * number of times, in order), end. The text of a result depends on the layout and that result
 * alone, never on what was written before it, so that an interrupted job may go on in the middle.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "proto/decode.h"
#include "proto/problem.h"

/* One array of numbers that every result has: its place in JSON is group.name. */
struct mfd_part {
    const char *group; /* "values", "effect", "swap", "features" ...; parts of one group are
                          neighbours */
    const char *name;  /* "total", "biological", "technical", "all" */
    size_t width;      /* numbers a row */
    const char *const *columns; /* (width) track of each; NULL: features, numbered from `first` */
    size_t first;
    bool top; /* numbers are pairs, a place among `names` and a value; NaN where there are fewer */
    const char *const *names; /* of the tracks that `top` may name */
    bool by_setting; /* a number for each of the layout's settings in every column, one after the
                        other */
};

/* What all results have in common. Borrowed; it outlives the calls. */
struct mfd_layout {
    enum mfd_input input;
    const char *provenance;    /* a JSON object */
    const char *const *tracks; /* JSON "tracks"; NULL: none (features) */
    size_t n_tracks;
    const char *const *settings; /* (n_settings) "COLUMN=VALUE;..."; NULL: no part is by_setting */
    size_t n_settings;
    const struct mfd_part *parts;
    size_t n_parts;
    size_t rows; /* of all results together, a result without values counting one */
};

enum mfd_outcome { MFD_OUTCOME_OK, MFD_OUTCOME_SKIPPED, MFD_OUTCOME_ERROR };
extern const char *const mfd_outcome_names[]; /* "ok", "skipped", "error" */

/* A bin of an interval; a sequence and a variant have one row, of which `padded` alone counts. */
struct mfd_row {
    int64_t start, end; /* 0-based half-open */
    int64_t padded;     /* bases of the window that lay outside the contig */
};

/* The answer to one input. Strings are borrowed. */
struct mfd_result {
    size_t index;   /* of the input */
    const char *id; /* NULL: none */
    enum mfd_outcome outcome;
    const struct mfd_problem *problem; /* where the outcome is not OK */
    const char *chrom;                 /* interval and variant, where the outcome is OK */
    int64_t start, end;                /* interval as asked for; variant: start is 0-based */
    const char *ref, *alt;             /* variant */
    bool flipped;                      /* variant */
    const struct mfd_row *rows;
    size_t n_rows;
    size_t first_row; /* handed to `fill` */
};

/* Write the numbers of a part of a row into out (part.width). */
typedef void mfd_fill_fn(void *ctx, size_t row, size_t part, float *out);

struct mfd_results {
    const struct mfd_result *results;
    size_t n;
    mfd_fill_fn *fill;
    void *ctx;
    float *scratch; /* as many floats as the parts are wide together */
};

/* Results that were not scored, by the type of their problem. */
struct mfd_reason {
    const char *slug;
    uint64_t n;
};

struct mfd_counts {
    uint64_t ok, skipped, error;
    const struct mfd_reason *reasons;
    size_t n_reasons;
};

/* How one format is written. A buffer that failed tells of lack of memory. */
struct mfd_encoder {
    void (*start)(const struct mfd_layout *layout, struct mfd_buffer *out);
    void (*results)(const struct mfd_layout *layout, const struct mfd_results *results,
                    struct mfd_buffer *out);
    void (*end)(const struct mfd_layout *layout, const struct mfd_counts *counts,
                struct mfd_buffer *out);
    bool transposed; /* a call of `results` writes column by column: where a row has more than one
                      * number, give it everything at once */
};

extern const struct mfd_encoder mfd_encode_json, mfd_encode_ndjson, mfd_encode_tsv, mfd_encode_npy,
    mfd_encode_bedgraph; /* the last for intervals only */

/* Numbers a row of all parts together. */
size_t mfd_layout_width(const struct mfd_layout *layout);
