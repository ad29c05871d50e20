/* Weights of virtual tracks that were asked for, most recently used first, up to a number of bytes.
 * Weights are reference counted: what is dropped lives on while somebody uses it. Every function
 * locks; any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/model/combination.h"
#include "core/model/virtual_set.h"

#define MFD_VIRTUAL_CACHE                                                                          \
    ((size_t)96 << 20) /* bytes of weights a model keeps, unless told otherwise */

/* What it holds and what it was asked. */
struct mfd_virtual_stats {
    uint64_t hits, misses;
    size_t entries, bytes, limit;
};

struct mfd_cache;
struct mfd_cache *mfd_cache_new(size_t limit); /* NULL on lack of memory */
void mfd_cache_free(struct mfd_cache *cache);

/* The weights of these combinations (content and order decide) with a new reference, or NULL;
 * counted as hit or miss. */
const struct mfd_virtual *mfd_cache_find(struct mfd_cache *cache,
                                         const struct mfd_combination *combinations, size_t n);
/* Keep the weights of n combinations, taking a reference, unless they are larger than the limit or
 * there already, or memory is short. */
void mfd_cache_add(struct mfd_cache *cache, const struct mfd_combination *combinations, size_t n,
                   const struct mfd_virtual *weights);

void mfd_cache_limit(struct mfd_cache *cache, size_t bytes);
void mfd_cache_stats(struct mfd_cache *cache, struct mfd_virtual_stats *stats);
