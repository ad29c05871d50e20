/* What the encoders share. Private to proto. */
#pragma once

#include "proto/encode.h"

/* ,"NAME":value */
void mfd_encode_integer(struct mfd_buffer *out, const char *name, int64_t value);
/* ,"GROUP":{"NAME":[...],...} for every group of parts; `add` writes what a part has between its
 * brackets. */
typedef void (*mfd_part_fn)(const void *ctx, size_t part, struct mfd_buffer *out);
void mfd_encode_parts(const struct mfd_layout *layout, mfd_part_fn add, const void *ctx,
                      struct mfd_buffer *out);
/* "COLUMN\tSETTING\t" of number i of a part, the second cell where the layout has settings. */
void mfd_tsv_column(const struct mfd_layout *layout, const struct mfd_part *part, size_t i,
                    struct mfd_buffer *out);
