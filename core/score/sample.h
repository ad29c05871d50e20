/* Places of a genome at random. */
#pragma once

#include <stdint.h>

#include "core/base/error.h"
#include "core/genome/genome.h"
#include "core/model/config.h"

/* SplitMix64 (Steele, Lea and Flood 2014): the next number of a sequence that `state` seeds. */
static inline uint64_t mfd_random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Draw n different bins uniformly from those of all contigs whose windows lie inside the
 * contig and hold nothing but ACGT; starts (0-based) are multiples of the bin's length. The same
 * seed and genome give the same bins. MFD_EINVAL where there are too few such bins. */
int mfd_sample_bins(struct mfd_genome *genome, const struct mfd_config *config, uint64_t seed,
                    size_t *contig, int64_t *start, size_t n, struct mfd_error *err) MFD_MUST_CHECK;
