/* What the encoders share. Private to proto. */
#pragma once

#include "proto/encode.h"

/* ,"NAME":value */
void mfd_encode_integer(struct mfd_buffer *out, const char *name, int64_t value);
/* {"provenance":...,"tracks":[...] without the brace that closes it */
void mfd_encode_head(const struct mfd_layout *layout, struct mfd_buffer *out);
/* "summary":{...}} */
void mfd_encode_summary(const struct mfd_counts *counts, struct mfd_buffer *out);
/* ,"GROUP":{"NAME":[...],...} for every group of parts; `add` writes what a part has between its
 * brackets. */
typedef void (*mfd_part_fn)(const void *ctx, size_t part, struct mfd_buffer *out);
void mfd_encode_parts(const struct mfd_layout *layout, mfd_part_fn add, const void *ctx,
                      struct mfd_buffer *out);
