/* Weights of virtual tracks that were asked for, most recently used first, up to a number of bytes.
 * Entries are reference counted: one that is dropped lives on while somebody uses it. Every
 * function locks; any thread. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/virtual.h"

#define MFD_CACHE_BUCKETS 1024

/* What was asked for, a combination: content and order decide. */
struct mfd_cache_key {
    char half[MFD_GROUPS][MFD_HALF_KEY];
    double bias;
    uint32_t policy, zero;
};

struct mfd_cache_entry {
    struct mfd_virtual v; /* first: what callers hold */
    atomic_uint refs;
    size_t bytes; /* all of the entry */
    uint64_t hash;
    struct mfd_cache_key *keys; /* (v.tracks) */
    struct mfd_cache_entry *newer, *older, *next;
};

struct mfd_cache;
struct mfd_cache *mfd_cache_new(size_t limit); /* NULL on lack of memory */
void mfd_cache_free(struct mfd_cache *cache);

/* What an entry of these combinations is found by: its hash, and its keys (owned; NULL on lack of
 * memory). */
uint64_t mfd_cache_hash(const struct mfd_combination *combinations, size_t n);
struct mfd_cache_key *mfd_cache_keys(const struct mfd_combination *combinations, size_t n);
/* The entry of these combinations with a new reference, or NULL; counted as hit or miss. */
struct mfd_cache_entry *mfd_cache_find(struct mfd_cache *cache,
                                       const struct mfd_combination *combinations, size_t n);
/* Keep an entry (taking a reference), unless it is larger than the limit or there already. */
void mfd_cache_add(struct mfd_cache *cache, struct mfd_cache_entry *entry);

void mfd_cache_limit(struct mfd_cache *cache, size_t bytes);
void mfd_cache_stats(struct mfd_cache *cache, struct mfd_virtual_stats *stats);
