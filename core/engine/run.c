#include "core/engine/run.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

#define CHUNK_TILES 480 /* that go through a level together: tall products, buffers in cache */
#define STAGE_TILES 24  /* staged by a worker at a time */
#define POINT_ROWS 256  /* about this many rows a width-1 product */
#define STEM_ROWS 240   /* an item of the stem, at most */
#define FEW_ROWS 28     /* so few share their width-1 product by columns, not by rows */
/* Products are cut here, always: few rows keep all busy, and read weights once. */
#define COLUMNS 192

struct grown {
    float *data;
    size_t floats;
};

struct worker_state {
    struct grown staged; /* activated inputs, or the middle activation */
    struct grown spare;  /* a tile of which not all is kept */
    double seconds;      /* inside products */
    char apart[64];      /* keep workers off one another's cache lines */
};

struct mfd_run_state {
    const struct mfd_geometry *geometry;
    const struct mfd_packed *packed;
    const struct mfd_kernels *kernels;
    struct mfd_pool *pool;
    unsigned threads;
    size_t quantum;
    struct grown rows[2]; /* the level below, this level */
    struct grown in, out; /* (points, tiles, channels) before and after the products */
    struct worker_state *workers;
};

/* One level at work. */
struct step {
    struct mfd_run_state *state;
    const struct mfd_level *level;
    const struct mfd_packed_level *packed;
    const struct mfd_plan_level *plan;
    const float *below;
    float *rows;
    size_t first, tiles, tiles_padded; /* the chunk */
    size_t first_row, n_rows;          /* and the rows that it gives */
    size_t sub;                        /* tiles or rows an item */
};

static int grow(struct grown *g, size_t n, size_t width)
{
    size_t floats;
    if (!mfd_mul(n, width, &floats))
        return MFD_ENOMEM;
    if (floats <= g->floats)
        return MFD_OK;
    float *data = mfd_aligned(floats, sizeof *data);
    if (!data)
        return MFD_ENOMEM;
    free(g->data);
    g->data = data;
    g->floats = floats;
    return MFD_OK;
}

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Cut n into items of at most about `most`, as many as keep every worker busy, each but the last a
 * multiple of the quantum; returns the size of an item. */
static size_t item_size(const struct mfd_run_state *s, size_t n, size_t most)
{
    size_t items = (n + most - 1) / most;
    items = (items + s->threads - 1) / s->threads * s->threads;
    return mfd_round_up((n + items - 1) / items, s->quantum);
}

static size_t count_items(size_t n, size_t size)
{
    return (n + size - 1) / size;
}

/* ---- stem ---- */

static void stem_item(void *context, size_t item, unsigned worker)
{
    const struct step *st = context;
    struct mfd_run_state *s = st->state;
    const struct mfd_packed *p = s->packed;
    size_t n = st->packed->out, first = item * st->sub;
    size_t rows = at_most(st->sub, st->plan->tiles - first);
    size_t tall = mfd_round_up(rows, s->quantum);
    float *g = s->workers[worker].staged.data, *to = st->rows + first * n;

    for (size_t done = 0, r = mfd_plan_find_tile(st->plan, first); done < rows; r++) {
        const struct mfd_run *run = &st->plan->runs[r];
        size_t skip = first + done - run->tile0;
        size_t count = at_most((size_t)(run->b - run->a) - skip, rows - done);
        s->kernels->stem(to + done * n, st->plan->codes + run->in0 + skip, count, p->stem_table,
                         p->letters, p->stem_bias, n);
        done += count;
    }
    memset(to + rows * n, 0, (tall - rows) * n * sizeof *to);
    for (size_t r = 0; r < tall; r++)
        s->kernels->norm_act(g + r * n, to + r * n, st->packed->middle, n);
    mfd_product(&p->products, tall, &st->packed->point, 0, n, g, n, to, n, 1,
                &s->workers[worker].seconds);
}

static int run_stem(struct step *st)
{
    struct mfd_run_state *s = st->state;
    st->sub = item_size(s, st->plan->tiles, STEM_ROWS);
    for (unsigned i = 0; i < s->threads; i++)
        if (grow(&s->workers[i].staged, st->sub, st->packed->out))
            return MFD_ENOMEM;
    mfd_pool_run(s->pool, stem_item, st, count_items(st->plan->tiles, st->sub));
    return MFD_OK;
}

/* ---- convolutions ---- */

/* Activated inputs `from` ... `from + count` of the level, into x. */
static void stage(const struct step *st, size_t from, size_t count, float *x)
{
    size_t n = st->packed->in;
    const uint32_t *a = st->plan->in[0] + from, *b = st->plan->in[1] + from;
    for (size_t i = 0; i < count; i++, x += n) {
        if (a[i] == MFD_ZERO_ROW)
            memset(x, 0, n * sizeof *x);
        else if (a[i] == b[i])
            st->state->kernels->norm_act(x, st->below + a[i] * n, st->packed->before, n);
        else
            st->state->kernels->pool_norm_act(x, st->below + a[i] * n, st->below + b[i] * n,
                                              st->packed->before, n);
    }
}

/* The unactivated row in the middle of a dilated tile: what its result is added to. */
static void stage_residual(const struct step *st, size_t tile, size_t in)
{
    size_t n = st->packed->in, middle = in + (size_t)st->level->left;
    const float *a = st->below + st->plan->in[0][middle] * n;
    const float *b = st->below + st->plan->in[1][middle] * n;
    st->state->kernels->pool(st->rows + tile * n, a, b, n);
}

/* Stage the inputs of some tiles of the chunk and transform them for the products. */
static void input_item(void *context, size_t item, unsigned worker)
{
    const struct step *st = context;
    const struct mfd_level *l = st->level;
    struct mfd_run_state *s = st->state;
    size_t n = st->packed->in, stride = st->tiles_padded * n;
    size_t t = item * st->sub, end = at_most(t + st->sub, st->tiles_padded);
    float *x = s->workers[worker].staged.data, *y = s->in.data;

    for (size_t r = mfd_plan_find_tile(st->plan, st->first + t); t < end && t < st->tiles; r++) {
        const struct mfd_run *run = &st->plan->runs[r];
        size_t skip = st->first + t - run->tile0;
        size_t count = at_most((size_t)(run->b - run->a) - skip, at_most(end, st->tiles) - t);
        size_t in = run->in0 + skip * l->advance;
        stage(st, in, (count - 1) * l->advance + l->span, x);
        for (size_t i = 0; i < count; i++, t++, in += l->advance) {
            const float *from = x + i * l->advance * n;
            if (l->way != MFD_CONV_DIRECT)
                s->kernels->tile_in[l->way](y + t * n, stride, from, n);
            else
                for (size_t p = 0; p < l->points; p++)
                    memcpy(y + p * stride + t * n, from + p * n, n * sizeof *y);
            if (l->kind == MFD_LEVEL_DILATED)
                stage_residual(st, st->first + t, in);
        }
    }
    for (; t < end; t++) {
        for (size_t p = 0; p < l->points; p++)
            memset(y + p * stride + t * n, 0, n * sizeof *y);
        if (l->kind == MFD_LEVEL_DILATED)
            memset(st->rows + (st->first + t) * n, 0, n * sizeof *y);
    }
}

/* Columns of a piece that all products of so many columns are cut into: pieces of about one size,
 * or the last and smallest leaves a worker idle and reads all rows for a few columns. */
static size_t piece(size_t item, size_t columns, size_t *first)
{
    size_t panels = count_items(columns, MFD_PANEL_MOST), pieces = count_items(columns, COLUMNS);
    size_t a = panels * item / pieces, b = panels * (item + 1) / pieces;
    *first = a * MFD_PANEL_MOST;
    return at_most(b * MFD_PANEL_MOST, columns) - *first;
}

static void product_item(void *context, size_t item, unsigned worker)
{
    const struct step *st = context;
    struct mfd_run_state *s = st->state;
    size_t in = st->packed->in, out = st->packed->out, pieces = count_items(out, COLUMNS), first;
    size_t p = item / pieces, columns = piece(item % pieces, out, &first);
    struct mfd_matrix w = st->packed->conv;
    w.data += p * w.k * w.n;
    mfd_product(&s->packed->products, st->tiles_padded, &w, first, columns,
                s->in.data + p * st->tiles_padded * in, in,
                s->out.data + p * st->tiles_padded * out + first, out, 0,
                &s->workers[worker].seconds);
}

/* Turn the products of the chunk's tiles into `count` rows from number `row` on, and into g the
 * same normed and activated. */
static void combine(const struct step *st, size_t row, size_t count, float *spare, float *g)
{
    const struct mfd_level *l = st->level;
    const struct mfd_kernels *k = st->state->kernels;
    bool dilated = l->kind == MFD_LEVEL_DILATED; /* its rows hold the residual already */
    size_t n = st->packed->out, stride = st->tiles_padded * n, done = 0;
    int64_t tile = (int64_t)l->tile;
    for (size_t r = mfd_plan_find_row(st->plan, row); done < count; r++) {
        const struct mfd_run *run = &st->plan->runs[r];
        int64_t q = run->from + (int64_t)(row + done - run->row0);
        for (size_t keep; q < run->to && done < count; q += (int64_t)keep, done += keep) {
            int64_t t = mfd_floor_div(q - l->phase, tile);
            size_t offset = (size_t)(q - l->phase - t * tile);
            const float *z =
                st->state->out.data + (run->tile0 + (size_t)(t - run->a) - st->first) * n;
            keep = at_most(l->tile - offset, at_most((size_t)(run->to - q), count - done));
            float *rows = st->rows + (row + done) * n, *to = g + done * n;
            bool whole = keep == l->tile;
            float *x = whole && !dilated ? rows : spare, *y = whole ? to : spare + l->tile * n;
            if (l->way != MFD_CONV_DIRECT)
                k->tile_out[l->way](x, y, z, stride, st->packed->middle, n);
            else
                k->sum_out(x, y, z, stride, l->points, st->packed->middle, n);
            if (!whole) {
                memcpy(rows, x + offset * n, keep * n * sizeof *x);
                memcpy(to, y + offset * n, keep * n * sizeof *y);
            }
        }
    }
}

/* The same, with rows of zeros up to a height that products may have. */
static size_t combine_padded(const struct step *st, size_t row, size_t count, float *spare,
                             float *g)
{
    size_t n = st->packed->out, tall = mfd_round_up(count, st->state->quantum);
    float *rest = st->rows + (row + count) * n; /* the next chunk's, or to spare */
    combine(st, row, count, spare, g);
    memset(g + count * n, 0, (tall - count) * n * sizeof *g);
    memset(rest, 0, (tall - count) * n * sizeof *rest);
    return tall;
}

/* Add what the width-1 block makes of g to rows from number `row` on, in some columns. */
static void add_point(const struct step *st, size_t row, size_t tall, const float *g, size_t item,
                      double *seconds)
{
    size_t n = st->packed->out, first, columns = piece(item, n, &first);
    mfd_product(&st->state->packed->products, tall, &st->packed->point, first, columns, g, n,
                st->rows + row * n + first, n, 1, seconds);
}

/* Some rows of the chunk: the convolution's result and what the width-1 block adds. */
static void output_item(void *context, size_t item, unsigned worker)
{
    const struct step *st = context;
    struct worker_state *w = &st->state->workers[worker];
    size_t first = item * st->sub, row = st->first_row + first;
    size_t count = at_most(st->sub, st->n_rows - first);
    size_t tall = combine_padded(st, row, count, w->spare.data, w->staged.data);
    for (size_t i = 0; i < count_items(st->packed->out, COLUMNS); i++)
        add_point(st, row, tall, w->staged.data, i, &w->seconds);
}

static void point_item(void *context, size_t item, unsigned worker)
{
    const struct step *st = context;
    struct mfd_run_state *s = st->state;
    add_point(st, st->first_row, mfd_round_up(st->n_rows, s->quantum), s->in.data, item,
              &s->workers[worker].seconds);
}

static int run_outputs(struct step *st)
{
    struct mfd_run_state *s = st->state;
    size_t n = st->packed->out;
    if (st->n_rows > FEW_ROWS) {
        st->sub = item_size(s, st->n_rows, POINT_ROWS);
        mfd_pool_run(s->pool, output_item, st, count_items(st->n_rows, st->sub));
        return MFD_OK;
    }
    if (grow(&s->in, mfd_round_up(st->n_rows, s->quantum), n)) /* its products are done with it */
        return MFD_ENOMEM;
    combine_padded(st, st->first_row, st->n_rows, s->workers[0].spare.data, s->in.data);
    mfd_pool_run(s->pool, point_item, st, count_items(n, COLUMNS));
    return MFD_OK;
}

/* Number of the first row that tile number `tile` of the level gives. */
static size_t row_of_tile(const struct step *st, size_t tile)
{
    if (tile == st->plan->tiles)
        return st->plan->rows;
    const struct mfd_run *run = &st->plan->runs[mfd_plan_find_tile(st->plan, tile)];
    if (tile == run->tile0)
        return run->row0;
    int64_t q =
        st->level->phase + (run->a + (int64_t)(tile - run->tile0)) * (int64_t)st->level->tile;
    return run->row0 + (size_t)(q - run->from);
}

static int run_chunk(struct step *st, size_t input_tiles)
{
    struct mfd_run_state *s = st->state;
    const struct mfd_level *l = st->level;
    st->tiles_padded = mfd_round_up(st->tiles, s->quantum);
    st->first_row = row_of_tile(st, st->first);
    st->n_rows = row_of_tile(st, st->first + st->tiles) - st->first_row;
    if (grow(&s->in, l->points * st->tiles_padded, st->packed->in) ||
        grow(&s->out, l->points * st->tiles_padded, st->packed->out))
        return MFD_ENOMEM;
    st->sub = input_tiles;
    mfd_pool_run(s->pool, input_item, st, count_items(st->tiles_padded, st->sub));
    mfd_pool_run(s->pool, product_item, st, l->points * count_items(st->packed->out, COLUMNS));
    return run_outputs(st);
}

static int run_conv(struct step *st, const volatile int *cancel)
{
    struct mfd_run_state *s = st->state;
    const struct mfd_level *l = st->level;
    size_t chunks = count_items(st->plan->tiles, CHUNK_TILES);
    size_t chunk = mfd_round_up(count_items(st->plan->tiles, chunks), s->quantum);
    size_t input_tiles =
        at_most(item_size(s, chunk, STAGE_TILES), mfd_round_up(STAGE_TILES, s->quantum));
    size_t staged = input_tiles * l->span * st->packed->in;
    size_t middle =
        mfd_round_up(at_most(POINT_ROWS, chunk * l->tile), s->quantum) * st->packed->out;
    for (unsigned i = 0; i < s->threads; i++)
        if (grow(&s->workers[i].staged, staged > middle ? staged : middle, 1) ||
            grow(&s->workers[i].spare, 2 * l->tile, st->packed->out))
            return MFD_ENOMEM;
    for (st->first = 0; st->first < st->plan->tiles; st->first += chunk) {
        if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
            return MFD_ECANCELLED;
        st->tiles = at_most(chunk, st->plan->tiles - st->first);
        if (run_chunk(st, input_tiles))
            return MFD_ENOMEM;
    }
    return MFD_OK;
}

/* ---- output ---- */

static void features_item(void *context, size_t item, unsigned worker)
{
    const struct step *st = context;
    struct mfd_run_state *s = st->state;
    size_t in = st->packed->in, out = st->packed->out, first, columns = piece(item, out, &first);
    mfd_product(&s->packed->products, st->tiles_padded, &st->packed->conv, first, columns,
                s->in.data, in, st->rows + first, out, 0, &s->workers[worker].seconds);
}

static int run_features(struct step *st)
{
    struct mfd_run_state *s = st->state;
    size_t n = st->packed->out;
    st->tiles = st->plan->tiles;
    st->tiles_padded = mfd_round_up(st->tiles, s->quantum);
    if (grow(&s->in, st->tiles_padded, st->packed->in))
        return MFD_ENOMEM;
    stage(st, 0, st->tiles, s->in.data);
    memset(s->in.data + st->tiles * st->packed->in, 0,
           (st->tiles_padded - st->tiles) * st->packed->in * sizeof(float));
    mfd_pool_run(s->pool, features_item, st, count_items(n, COLUMNS));
    for (size_t r = 0; r < st->tiles; r++)
        s->kernels->affine(st->rows + r * n, s->packed->scale, s->packed->shift, n);
    return MFD_OK;
}

/* ---- all levels ---- */

static size_t level_rows(const struct mfd_run_state *s, const struct mfd_plan *plan, size_t level)
{
    return plan->level[level].rows + s->quantum; /* a chunk's last product may be higher than it */
}

size_t mfd_run_bytes(const struct mfd_run_state *s, const struct mfd_plan *plan)
{
    size_t most[2] = { 0, 0 };
    for (size_t i = 0; i < s->geometry->n; i++) {
        size_t floats = level_rows(s, plan, i) * s->packed->level[i].out;
        most[i % 2] = floats > most[i % 2] ? floats : most[i % 2];
    }
    return (most[0] + most[1]) * sizeof(float);
}

static int run_level(struct step *st, const volatile int *cancel)
{
    switch (st->level->kind) {
    case MFD_LEVEL_STEM:
        return run_stem(st);
    case MFD_LEVEL_OUTPUT:
        return run_features(st);
    default:
        return run_conv(st, cancel);
    }
}

int mfd_run_plan(struct mfd_run_state *s, const struct mfd_plan *plan, float *features,
                 const volatile int *cancel, struct mfd_error *err)
{
    const struct mfd_geometry *g = s->geometry;
    for (size_t i = 0; i < g->n; i++) {
        struct grown *rows = &s->rows[i % 2];
        if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
            return mfd_fail(err, MFD_ECANCELLED, "the run was cancelled");
        if (grow(rows, level_rows(s, plan, i), s->packed->level[i].out))
            return mfd_fail_nomem(err);
        struct step st = { .state = s,
                           .level = &g->level[i],
                           .packed = &s->packed->level[i],
                           .plan = &plan->level[i],
                           .rows = rows->data,
                           .below = s->rows[(i + 1) % 2].data };
        int status = run_level(&st, cancel);
        if (status)
            return status == MFD_ECANCELLED ? mfd_fail(err, status, "the run was cancelled")
                                            : mfd_fail_nomem(err);
    }
    const float *rows = s->rows[(g->n - 1) % 2].data;
    size_t width = s->packed->level[g->n - 1].out, embed = s->packed->embed;
    for (size_t i = 0; i < plan->n_outputs; i++)
        memcpy(features + i * embed, rows + plan->outputs[i] * width, embed * sizeof *features);
    return MFD_OK;
}

int mfd_run_state_new(struct mfd_run_state **out, const struct mfd_geometry *geometry,
                      const struct mfd_packed *packed, const struct mfd_kernels *kernels,
                      struct mfd_pool *pool, struct mfd_error *err)
{
    struct mfd_run_state *s = mfd_calloc(1, sizeof *s);
    if (!s)
        return mfd_fail_nomem(err);
    *s = (struct mfd_run_state){ .geometry = geometry,
                                 .packed = packed,
                                 .kernels = kernels,
                                 .pool = pool,
                                 .threads = mfd_pool_threads(pool),
                                 .quantum = packed->products.quantum };
    s->workers = mfd_calloc(s->threads, sizeof *s->workers);
    if (!s->workers) {
        free(s);
        return mfd_fail_nomem(err);
    }
    *out = s;
    return MFD_OK;
}

void mfd_run_state_free(struct mfd_run_state *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->threads; i++) {
        free(s->workers[i].staged.data);
        free(s->workers[i].spare.data);
    }
    free(s->workers);
    free(s->rows[0].data);
    free(s->rows[1].data);
    free(s->in.data);
    free(s->out.data);
    free(s);
}

double mfd_run_product_seconds(const struct mfd_run_state *s)
{
    double seconds = 0;
    for (unsigned i = 0; i < s->threads; i++)
        seconds += s->workers[i].seconds;
    return seconds;
}

size_t mfd_run_scratch_bytes(const struct mfd_run_state *s)
{
    size_t floats = s->rows[0].floats + s->rows[1].floats + s->in.floats + s->out.floats;
    for (unsigned i = 0; i < s->threads; i++)
        floats += s->workers[i].staged.floats + s->workers[i].spare.floats;
    return floats * sizeof(float);
}
