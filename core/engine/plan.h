/* Which rows a batch needs, level by level, each once; and where each level finds its inputs. Pure
 * integers. A level is convolved a tile at a time; of a tile's rows, those that nobody needs go no
 * further. */
#pragma once

#include "core/engine/batch_in.h"
#include "core/engine/geometry.h"

#define MFD_ZERO_ROW UINT32_MAX /* an input that lies in the zero padding */

/* Neighbouring tiles of one lane of one sequence. */
struct mfd_run {
    uint32_t sequence;
    uint32_t lane;    /* position mod stride */
    int64_t a, b;     /* tiles [a, b) */
    int64_t from, to; /* their lane rows from the first to the last that is needed: [from, to) */
    size_t tile0;     /* number of tile a among all tiles of the level */
    size_t row0;      /* number of lane row `from` among all rows of the level */
    size_t in0;       /* first staged input; tile t reads in0 + (t - a) * advance ... + span */
};

struct mfd_plan_level {
    struct mfd_run *runs; /* sorted by sequence, lane, a; neither touching nor overlapping */
    size_t n_runs;
    size_t tiles, rows;
    uint32_t *in[2]; /* staged input i is the maximum of rows in[0][i] and in[1][i] of the level
                      * below; both the same where the level does not pool */
    size_t n_in;
    uint16_t *codes; /* stem only: k-mer codes; run r's rows read from codes + in0 */
};

struct mfd_plan {
    struct mfd_plan_level level[MFD_ENGINE_LEVELS];
    uint32_t *outputs; /* row of the output level of each window */
    size_t n_outputs;
};

/* Plan windows [first, last) of a batch; its sequences are whole windows where geometry->padded.
 * MFD_ELIMIT where a level would have 2^32 rows or more. */
int mfd_plan_new(struct mfd_plan **out, const struct mfd_geometry *geometry,
                 const struct mfd_batch *batch, size_t first, size_t last,
                 struct mfd_error *err) MFD_MUST_CHECK;
void mfd_plan_free(struct mfd_plan *plan);

/* Index of the run that holds tile number `tile` of the level, or row number `row`. */
size_t mfd_plan_find_tile(const struct mfd_plan_level *level, size_t tile);
size_t mfd_plan_find_row(const struct mfd_plan_level *level, size_t row);
