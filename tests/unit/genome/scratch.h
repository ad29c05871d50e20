/* A directory that a test fills with FASTA, indexes and VCFs, and that goes away with it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/genome/genome.h"

struct scratch {
    char dir[32];
    char path[8][64]; /* answers of scratch_path, in turn */
    unsigned next;
};

void scratch_init(struct scratch *s);
void scratch_deinit(struct scratch *s);
/* dir/name, good for the next eight calls. */
const char *scratch_path(struct scratch *s, const char *name);
const char *scratch_write(struct scratch *s, const char *name, const void *bytes, size_t n);
const char *scratch_text(struct scratch *s, const char *name, const char *text);
/* Write text as bgzip in blocks of `block` bytes, with its .gzi. */
const char *scratch_bgzip(struct scratch *s, const char *name, const char *text, size_t n,
                          size_t block);
bool scratch_has(struct scratch *s, const char *name);
/* A FASTA with its index, opened. */
struct mfd_genome *scratch_genome(struct scratch *s, const char *fasta);

/* Numbers that are the same in every run (splitmix64; Steele, Lea and Flood 2014). */
static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
