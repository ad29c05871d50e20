/* Stretches of a genome that hold the windows of many places, so that neighbours share rows.
 * Private to core/score. */
#pragma once

#include "core/engine/engine.h"
#include "core/genome/genome.h"

struct mfd_place {
    size_t item; /* the caller's number */
    size_t contig;
    int64_t from, to; /* bases that its windows read, 0-based half-open; may leave the contig */
    size_t stretch;   /* set by mfd_stretches_read */
};

/* Sequences of the batch, a pair a stretch. */
struct mfd_stretches {
    size_t *forward, *reverse;
    size_t n, size;
};

/* By contig, place, number. */
void mfd_places_sort(struct mfd_place *places, size_t n);

/* Add to the batch stretches that hold all of `n` sorted places and the engine's margins around
 * them, on the genome's own axis, with their reverse complements where `strands`; N is read outside
 * a contig. */
int mfd_stretches_read(struct mfd_stretches *out, const struct mfd_engine *engine,
                       struct mfd_genome *genome, struct mfd_batch *batch, struct mfd_place *places,
                       size_t n, bool strands, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_stretches_deinit(struct mfd_stretches *stretches);
