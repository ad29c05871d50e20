#include "core/engine/geometry.h"

#include <math.h>
#include <string.h>

/* Way of a tower convolution, by level and model alone: Cook-Toom for width 5, with tiles that
 * divide a bin so that windows on the bin grid share them. */
static void choose_way(struct mfd_level *l, size_t block, size_t blocks)
{
    if (l->taps != 5)
        l->way = MFD_CONV_DIRECT;
    else
        l->way = block + 1 < blocks ? MFD_CONV_F45 : MFD_CONV_F25;
    l->tile = l->way == MFD_CONV_F45 ? 4 : l->way == MFD_CONV_F25 ? 2 : 1;
    l->span = l->points = l->tile + l->taps - 1;
    l->advance = l->tile;
}

static void add_levels(struct mfd_geometry *g, const struct mfd_config *c)
{
    g->level[g->n++] = (struct mfd_level){ .kind = MFD_LEVEL_STEM, .tile = 1, .advance = 1 };
    for (size_t i = 0; i < c->n_tower; i++) {
        struct mfd_level l = { .kind = MFD_LEVEL_TOWER,
                               .index = i,
                               .shift = (unsigned)i + 1,
                               .pooled = true,
                               .taps = c->tower_kernel,
                               .step = 1,
                               .left = (int64_t)(c->tower_kernel - 1) / 2 };
        choose_way(&l, i, c->n_tower);
        g->level[g->n++] = l;
    }
    unsigned shift = (unsigned)c->n_tower + 1;
    for (size_t i = 0; i < c->n_dilated; i++)
        g->level[g->n++] = (struct mfd_level){ .kind = MFD_LEVEL_DILATED,
                                               .index = i,
                                               .shift = shift,
                                               .pooled = i == 0,
                                               .taps = 3,
                                               .left = 1,
                                               .step = (int64_t)c->dilation[i],
                                               .tile = 1,
                                               .span = 3,
                                               .advance = 3,
                                               .points = 3 };
    g->level[g->n++] = (struct mfd_level){ .kind = MFD_LEVEL_OUTPUT,
                                           .shift = shift,
                                           .pooled = c->n_dilated == 0,
                                           .taps = 1,
                                           .step = 1,
                                           .tile = 1,
                                           .span = 1,
                                           .advance = 1,
                                           .points = 1 };
}

/* Bases that a row sees, from the stem up. */
static void set_reach(struct mfd_geometry *g)
{
    int64_t lo = MFD_STEM_WIDTH / 2, hi = MFD_STEM_WIDTH / 2 + (int64_t)g->seq_order - 1;
    g->level[0].lo = lo;
    g->level[0].hi = hi;
    for (size_t i = 1; i < g->n; i++) {
        struct mfd_level *l = &g->level[i];
        int64_t stride = (int64_t)1 << l->shift;
        if (l->pooled)
            hi += stride / 2;
        lo += l->left * l->step * stride;
        hi += ((int64_t)l->taps - 1 - l->left) * l->step * stride;
        l->lo = lo;
        l->hi = hi;
    }
}

/* The cone of the window at 0: first lane row needed a level, which fixes the tiles' phase; and,
 * with tiles at their worst, how far reads may reach. */
static void set_phases(struct mfd_geometry *g)
{
    int64_t first = g->center >> g->level[g->n - 1].shift; /* lane row, exact cone */
    int64_t low = first, high = first;                     /* with whole tiles, any alignment */
    for (size_t i = g->n; i-- > 0;) {
        struct mfd_level *l = &g->level[i];
        int64_t tile = (int64_t)l->tile;
        l->phase = first - tile * mfd_floor_div(first, tile);
        if (l->kind == MFD_LEVEL_STEM)
            break;
        low -= tile - 1;
        high += tile - 1;
        int64_t right = ((int64_t)l->taps - 1 - l->left) * l->step;
        first -= l->left * l->step;
        low -= l->left * l->step;
        high += right;
        if (l->pooled) {
            first *= 2;
            low *= 2;
            high = high * 2 + 1;
        }
    }
    int64_t window = (int64_t)(g->seq_len + g->seq_order) - 1;
    low -= g->level[0].lo;
    high += g->level[0].hi;
    g->margin_left = low < 0 ? -low : 0;
    g->margin_right = high >= window ? high - window + 1 : 0;
}

int mfd_geometry_init(struct mfd_geometry *g, const struct mfd_config *c, struct mfd_error *err)
{
    memset(g, 0, sizeof *g);
    if (c->n_tower < 1 || c->n_tower > MFD_MAX_LEVELS || c->n_dilated > MFD_MAX_DILATED ||
        c->seq_len > (size_t)1 << 24 || c->crop > c->seq_len || !c->tower_kernel ||
        c->tower_kernel > 64)
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "a network of %zu tower blocks, %zu dilated blocks and %zu positions is "
                        "outside what this engine computes",
                        c->n_tower, c->n_dilated, c->seq_len);
    size_t bins = c->seq_len >> (c->n_tower + 1);
    if (bins != 2 * c->crop + 1)
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "the network leaves %zu bins of %zu after a crop of %zu on either side; "
                        "exactly one is needed",
                        bins > 2 * c->crop ? bins - 2 * c->crop : 0, bins, c->crop);
    g->seq_len = c->seq_len;
    g->seq_order = c->seq_order;
    g->center = (int64_t)c->crop << (c->n_tower + 1);
    add_levels(g, c);
    set_reach(g);
    const struct mfd_level *top = &g->level[g->n - 1];
    g->padded =
        g->center - top->lo < 0 || g->center + top->hi >= (int64_t)(c->seq_len + c->seq_order - 1);
    set_phases(g);
    if (g->padded)
        g->margin_left = g->margin_right = 0;
    return MFD_OK;
}

int64_t mfd_geometry_rows(const struct mfd_geometry *g, size_t level, int64_t positions)
{
    return positions >> g->level[level].shift;
}

void mfd_geometry_direct(struct mfd_geometry *direct, const struct mfd_geometry *g)
{
    *direct = *g;
    for (size_t i = 0; i < direct->n; i++) {
        struct mfd_level *l = &direct->level[i];
        if (l->kind != MFD_LEVEL_TOWER)
            continue;
        l->way = MFD_CONV_DIRECT;
        l->tile = l->advance = 1;
        l->span = l->points = l->taps;
        l->phase = 0;
    }
}

/* Products of a row of a level: its convolution, and the one of width 1 behind it. */
static double products(const struct mfd_level *l, const struct mfd_config *c)
{
    bool tower = l->kind == MFD_LEVEL_TOWER;
    double in = (double)c->width[tower ? l->index : c->n_tower];
    double out = (double)(l->kind == MFD_LEVEL_OUTPUT ? c->embed
                          : tower                     ? c->width[l->index + 1]
                                                      : c->width[c->n_tower]);
    return (double)l->taps * in * out + (l->kind == MFD_LEVEL_OUTPUT ? 0 : out * out);
}

double mfd_geometry_share(const struct mfd_geometry *g, const struct mfd_config *c)
{
    const struct mfd_level *top = &g->level[g->n - 1];
    double touched = 0, all = 0;
    for (size_t i = 1; i < g->n && !g->padded; i++) { /* the stem has no products */
        const struct mfd_level *l = &g->level[i];
        double stride = (double)((int64_t)1 << l->shift);
        double cone = 1 + (double)(top->lo + top->hi - l->lo - l->hi) / stride;
        double seeing = ceil((double)(l->lo + l->hi + 1) / stride);
        all += cone * products(l, c);
        touched += fmin(cone, seeing) * products(l, c);
    }
    return all > 0 ? touched / all : 1;
}
