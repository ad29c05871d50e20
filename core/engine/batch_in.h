/* The inside of a batch, for the engine: sequences and alleles as codes of their bases. */
#pragma once

#include "core/engine/batch.h"

#define MFD_NO_SEQUENCE UINT32_MAX

struct mfd_sequence {
    uint8_t *bases; /* 0..3 for ACGT, 4 for anything else; NULL for an allele */
    int64_t start;  /* axis position of bases[0] */
    int64_t n;      /* bases */
    uint32_t base;  /* of an allele: the sequence it changes; else MFD_NO_SEQUENCE */
    int64_t pos;    /* of an allele: first replaced base, after trimming what both share */
    int64_t n_ref, n_alt;
    uint8_t *alt;      /* (n_alt) */
    int64_t positions; /* > 0: a window computed whole, zero padded; rows stand at 0 ... positions -
                          1 */
};

struct mfd_asked {
    uint32_t sequence;
    int64_t start;
    int64_t positions;
};

struct mfd_batch {
    struct mfd_config config;
    struct mfd_sequence *sequences;
    size_t n_sequences, size_sequences;
    struct mfd_asked *windows;
    size_t n_windows, size_windows;
    bool whole; /* asked for by the caller */
};

/* Base at axis position x: 0..3, or 4 for N and for what lies outside. */
uint8_t mfd_sequence_base(const struct mfd_batch *batch, const struct mfd_sequence *s, int64_t x);

/* k-mer codes of positions [from, from + n): 0 ... 4^k - 1, or 4^k where any base is not ACGT or
 * the position lies outside a whole window. */
void mfd_sequence_codes(const struct mfd_batch *batch, const struct mfd_sequence *s, int64_t from,
                        size_t n, uint16_t *codes);

/* A batch of the same windows in the same order, each on a sequence of its own that holds just its
 * bases and is computed whole. */
int mfd_batch_whole(struct mfd_batch **out, const struct mfd_batch *batch,
                    struct mfd_error *err) MFD_MUST_CHECK;
