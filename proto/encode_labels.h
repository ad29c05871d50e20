/* What the rows and columns of an .npy answer are: an array has no names of its own, so a dry run
 * of the same request tells them, as what proto/openapi.yaml calls ArrayLabels. */
#pragma once

#include "proto/encode.h"

/* A row of the array. Strings are borrowed. */
struct mfd_row_label {
    size_t index;          /* of the input that it belongs to */
    const char *id;        /* NULL: none */
    const char *chrom;     /* NULL: no place */
    int64_t start, end;    /* of a bin or a base, 0-based half-open */
    const char *ref, *alt; /* of a variant; NULL: none */
};

/* The shape of an answer's array: (rows, parts, tracks), or (rows, numbers) where parts differ in
 * width or are features. Returns the number of dimensions. */
size_t mfd_layout_shape(const struct mfd_layout *layout, size_t shape[3]);

/* The same of a scan: (rows, parts, 4, tracks), or (rows, numbers). */
size_t mfd_scan_shape(const struct mfd_layout *layout, size_t shape[4]);

/* Append ,"array":{"shape":...,"rows":[ for an array of that shape whose last axis is the layout's
 * columns; then the rows, in order; then its end. A scan has four letters before the last axis. */
void mfd_labels_start(const struct mfd_layout *layout, bool scan, struct mfd_buffer *out);
void mfd_labels_row(const struct mfd_row_label *row, bool first, struct mfd_buffer *out);
void mfd_labels_end(struct mfd_buffer *out);
