/* What the encoders share. Private to proto. */
#pragma once

#include "proto/encode.h"

/* ,"NAME":"value" (or null), ,"NAME":value */
void mfd_encode_text(struct mfd_buffer *out, const char *name, const char *value);
void mfd_encode_integer(struct mfd_buffer *out, const char *name, int64_t value);
/* {"provenance":...,"tracks":[...] without the brace that closes it */
void mfd_encode_head(const struct mfd_layout *layout, struct mfd_buffer *out);
/* "summary":{...}} */
void mfd_encode_summary(const struct mfd_counts *counts, struct mfd_buffer *out);
