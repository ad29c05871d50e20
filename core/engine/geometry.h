/* Where the rows of a network lie: strides, taps, reach, tiles. Pure integers, no weights.
 *
 * A row of a level is named by (sequence, position): the base (k-mer) position at which it starts.
 * Rows of level l that belong together lie `stride` positions apart; they form a *lane*, named by
 * position mod stride, and a row's number in its lane is position div stride.
 *
 * Levels, bottom up: the stem (stride 1); tower convolution i (stride 2^(i+1)), whose inputs are
 * pairs of rows of the level below, pooled; the dilated blocks and the output (stride of a bin). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/config.h"

#define MFD_ENGINE_LEVELS (MFD_MAX_LEVELS + MFD_MAX_DILATED + 2)

enum mfd_level_kind { MFD_LEVEL_STEM, MFD_LEVEL_TOWER, MFD_LEVEL_DILATED, MFD_LEVEL_OUTPUT };

/* How a convolution is computed: tiles of `outputs` rows from `span` input rows by `points`
 * products. outputs == 1 is the direct way (points == taps). */
enum mfd_conv_way { MFD_CONV_DIRECT, MFD_CONV_F25, MFD_CONV_F45 };

struct mfd_level {
    enum mfd_level_kind kind;
    size_t index;   /* block number within its kind */
    unsigned shift; /* log2 of the stride of its rows (and of its inputs) */
    bool pooled;    /* inputs are max of rows p and p + stride/2 of the level below */
    size_t taps;    /* 0 for the stem */
    int64_t left;   /* the first tap lies `left` steps before the row */
    int64_t step;   /* distance of taps in lane units (dilation) */
    enum mfd_conv_way way;
    size_t tile;    /* outputs of a tile */
    size_t span;    /* inputs of a tile */
    size_t advance; /* staged inputs from one tile of a run to the next */
    size_t points;  /* products of a tile */
    int64_t phase;  /* tile t covers lane rows phase + t*tile ... */
    int64_t lo, hi; /* a row at p sees the bases p - lo ... p + hi, and no others */
};

struct mfd_geometry {
    size_t n; /* levels, stem first, output last */
    struct mfd_level level[MFD_ENGINE_LEVELS];
    size_t seq_len, seq_order;
    int64_t center; /* position of the predicted bin in a window: crop * bin */
    bool padded;    /* the output's cone reaches the zero padding: compute windows whole */
    int64_t margin_left, margin_right; /* bases before a window's first and behind its last that
                                        * tiles may read besides (0 where padded) */
};

/* MFD_EUNSUPPORTED where after the crop not exactly one bin is left. */
int mfd_geometry_init(struct mfd_geometry *g, const struct mfd_config *config,
                      struct mfd_error *err) MFD_MUST_CHECK;

/* The same network with every convolution computed directly: its plans hold just the rows that are
 * needed, without what tiles add. */
void mfd_geometry_direct(struct mfd_geometry *direct, const struct mfd_geometry *g);

/* Rows of a level in a window of `positions` input positions, computed whole. */
int64_t mfd_geometry_rows(const struct mfd_geometry *g, size_t level, int64_t positions);

/* Share of a window's work, at most, that changing one of its bases asks for again: rows that see
 * the base, weighed by their products. 1 where windows are computed whole. */
double mfd_geometry_share(const struct mfd_geometry *g, const struct mfd_config *config);

/* Floor division and remainder for a power of two or any positive divisor. */
static inline int64_t mfd_floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b < 0);
}
