/* Answers to saturation scans, in every format: what proto/openapi.yaml calls IsmAnswer, its lines,
 * tables and arrays. Written in steps as in proto/encode.h; an item is a base of a region.
 *
 * A part of the layout is (4, columns) wide: what A, C, G and T at that place do. Its columns are
 * the tracks; those of `levels` track by track the settings of each in their order. */
#pragma once

#include "proto/encode.h"

/* A base that is scanned, or (`unread`) a region that cannot be. Strings are borrowed. */
struct mfd_scan_base {
    size_t index;       /* of the region in the request */
    const char *id;     /* NULL: none */
    const char *chrom;  /* NULL: a base of a sequence */
    int64_t start, end; /* of the region, 0-based half-open */
    int64_t at;         /* of the base, 0-based */
    char base;          /* what is there: ACGTN */
    int64_t padded;     /* bases of the window that lie outside the contig */
    enum mfd_outcome outcome;
    const struct mfd_problem *problem; /* where the outcome is not OK */
    bool unread;
};

struct mfd_scan_bases {
    const struct mfd_scan_base *bases;
    size_t n;
    mfd_fill_fn *fill; /* row: number of the base among these */
    void *ctx;
    float *scratch; /* mfd_layout_width floats */
};

struct mfd_scan_encoder {
    void (*start)(const struct mfd_layout *layout, struct mfd_buffer *out);
    void (*bases)(const struct mfd_layout *layout, const struct mfd_scan_bases *bases,
                  struct mfd_buffer *out);
    void (*end)(const struct mfd_layout *layout, const struct mfd_counts *counts,
                struct mfd_buffer *out);
};

extern const struct mfd_scan_encoder mfd_scan_json, mfd_scan_ndjson, mfd_scan_tsv, mfd_scan_npy;
