/* Inputs of a batch: sequences, intervals and variants in all their shapes. Part of decode.c. */
#pragma once

#include "proto/body.h"
#include "proto/json.h"

/* Read an array of inputs; what cannot be read as one is kept as that item's problem. `scan`: a
 * sequence may say which of its bases are scanned. */
int mfd_read_items(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                   enum mfd_input input, bool scan, int64_t max_items, struct mfd_item **items,
                   size_t *n);
