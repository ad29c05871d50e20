/* Workers that share the items of one loop at a time. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

struct mfd_pool;

/* `threads` workers in all: the caller of mfd_pool_run is one of them. `nice` is added to the
 * niceness of the others. */
int mfd_pool_new(struct mfd_pool **out, unsigned threads, int nice,
                 struct mfd_error *err) MFD_MUST_CHECK;
void mfd_pool_free(struct mfd_pool *pool);
unsigned mfd_pool_threads(const struct mfd_pool *pool);

/* Call fn(context, item, worker) for each item in [0, n), each once, on any worker (0-based);
 * returns when all are done. One run at a time a pool. */
void mfd_pool_run(struct mfd_pool *pool, void (*fn)(void *context, size_t item, unsigned worker),
                  void *context, size_t n);
