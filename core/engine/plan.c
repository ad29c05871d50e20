#include "core/engine/plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

/* Rows [a, b) of a lane. */
struct stretch {
    uint32_t sequence, lane;
    int64_t a, b;
};

/* What somebody needs of a level. */
struct demands {
    struct stretch *items;
    size_t n, size;
    bool failed;
};

struct planner {
    const struct mfd_geometry *g;
    const struct mfd_batch *batch;
    struct mfd_plan *plan;
    struct demands demands;
};

static void push(struct demands *d, const struct stretch *s)
{
    if (s->a >= s->b || d->failed)
        return;
    if (d->n == d->size) {
        size_t size = d->size ? 2 * d->size : 256;
        struct stretch *items = mfd_realloc(d->items, size, sizeof *items);
        if (!items) {
            d->failed = true;
            return;
        }
        d->items = items;
        d->size = size;
    }
    d->items[d->n++] = *s;
}

/* First lane row at or after position p. */
static int64_t lane_row_from(const struct mfd_level *l, uint32_t lane, int64_t p)
{
    int64_t stride = (int64_t)1 << l->shift;
    return (p - lane + stride - 1) >> l->shift;
}

/* Split rows [a, b) of a level into those left of an allele's change and right of it, which are the
 * sequence's own, and those that see it. Empty pieces are left out; at most three, in order. */
static size_t split(const struct planner *pl, size_t level, uint32_t sequence, uint32_t lane,
                    int64_t a, int64_t b, struct stretch piece[3])
{
    const struct mfd_level *l = &pl->g->level[level];
    const struct mfd_sequence *s = &pl->batch->sequences[sequence];
    size_t n = 0;
    bool plain = s->base == MFD_NO_SEQUENCE;
    if (plain || (s->n_ref == 0 && s->n_alt == 0)) { /* or an allele that changes nothing */
        if (a < b)
            piece[n++] = (struct stretch){ plain ? sequence : s->base, lane, a, b };
        return n;
    }
    int64_t own = lane_row_from(l, lane, s->pos - l->hi);
    int64_t right = lane_row_from(l, lane, s->pos + s->n_alt + l->lo);
    if (right < own)
        right = own;
    if (a < own)
        piece[n++] = (struct stretch){ s->base, lane, a, b < own ? b : own };
    int64_t from = a > own ? a : own, to = b < right ? b : right;
    if (from < to)
        piece[n++] = (struct stretch){ sequence, lane, from, to };
    from = a > right ? a : right;
    if (from < b) {
        int64_t stride = (int64_t)1 << l->shift;
        int64_t p = (int64_t)lane + from * stride - (s->n_alt - s->n_ref);
        int64_t first = p >> l->shift;
        piece[n++] =
            (struct stretch){ s->base, (uint32_t)(p & (stride - 1)), first, first + (b - from) };
    }
    return n;
}

/* Ask for lane rows [a, b) of a level. Rows outside a whole window are zero padding: nobody's work.
 */
static void ask(struct planner *pl, size_t level, uint32_t sequence, uint32_t lane, int64_t a,
                int64_t b)
{
    const struct mfd_sequence *s = &pl->batch->sequences[sequence];
    if (s->positions) {
        int64_t rows = mfd_geometry_rows(pl->g, level, s->positions);
        a = a > 0 ? a : 0;
        b = b < rows ? b : rows;
    }
    struct stretch piece[3];
    size_t n = split(pl, level, sequence, lane, a, b, piece);
    for (size_t i = 0; i < n; i++)
        push(&pl->demands, &piece[i]);
}

/* The rows of the level below that inputs [a, b) of a lane are made of. */
static void below(const struct mfd_level *l, uint32_t *lane, int64_t *a, int64_t *b)
{
    if (!l->pooled)
        return;
    uint32_t half = (uint32_t)1 << (l->shift - 1);
    int64_t odd = *lane >= half;
    *lane &= half - 1;
    *a = 2 * *a + odd;
    *b = 2 * *b + odd;
}

static void ask_inputs(struct planner *pl, size_t level, const struct mfd_run *run)
{
    const struct mfd_level *l = &pl->g->level[level];
    int64_t tile = (int64_t)l->tile;
    int64_t a = l->phase + run->a * tile - l->left * l->step;
    int64_t b = l->phase + run->b * tile - l->left * l->step;
    if (l->step == 1)
        b += (int64_t)l->taps - 1;
    for (size_t tap = 0; tap < (l->step == 1 ? 1 : l->taps); tap++) {
        int64_t from = a + (int64_t)tap * l->step, to = b + (int64_t)tap * l->step;
        uint32_t lane = run->lane;
        /* inputs outside a whole window are zero: clip before they turn into rows below */
        const struct mfd_sequence *s = &pl->batch->sequences[run->sequence];
        if (s->positions) {
            int64_t rows = mfd_geometry_rows(pl->g, level, s->positions);
            from = from > 0 ? from : 0;
            to = to < rows ? to : rows;
        }
        if (from >= to)
            continue;
        below(l, &lane, &from, &to);
        ask(pl, level - 1, run->sequence, lane, from, to);
    }
}

static int compare_demands(const void *x, const void *y)
{
    const struct stretch *a = x, *b = y;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    if (a->lane != b->lane)
        return a->lane < b->lane ? -1 : 1;
    return a->a < b->a ? -1 : a->a > b->a;
}

/* Number the tiles and rows of a level's runs. */
static int number_runs(struct mfd_plan_level *out, size_t tile, struct mfd_error *err)
{
    for (size_t i = 0; i < out->n_runs; i++) {
        struct mfd_run *r = &out->runs[i];
        r->tile0 = out->tiles;
        r->row0 = out->rows;
        out->tiles += (size_t)(r->b - r->a);
        out->rows += (size_t)(r->to - r->from);
    }
    if (out->tiles >= MFD_ZERO_ROW / tile)
        return mfd_fail(err, MFD_ELIMIT,
                        "a batch needs more rows than can be numbered; ask for less");
    return MFD_OK;
}

/* Turn the demands gathered for a level into its runs of tiles. */
static int make_runs(struct planner *pl, size_t level, struct mfd_error *err)
{
    const struct mfd_level *l = &pl->g->level[level];
    struct mfd_plan_level *out = &pl->plan->level[level];
    struct demands *d = &pl->demands;
    int64_t tile = (int64_t)l->tile;
    if (d->failed)
        return mfd_fail_nomem(err);
    if (d->n > 1)
        qsort(d->items, d->n, sizeof *d->items, compare_demands);
    out->runs = mfd_calloc(d->n, sizeof *out->runs);
    if (!out->runs)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < d->n; i++) {
        const struct stretch *x = &d->items[i];
        struct mfd_run *last = out->n_runs ? &out->runs[out->n_runs - 1] : NULL;
        int64_t a = mfd_floor_div(x->a - l->phase, tile);
        int64_t b = mfd_floor_div(x->b - 1 - l->phase, tile) + 1;
        if (last && last->sequence == x->sequence && last->lane == x->lane && a <= last->b) {
            last->b = b > last->b ? b : last->b;
            last->to = x->b > last->to ? x->b : last->to;
            continue;
        }
        out->runs[out->n_runs++] = (struct mfd_run){
            .sequence = x->sequence, .lane = x->lane, .a = a, .b = b, .from = x->a, .to = x->b
        };
    }
    d->n = 0;
    return number_runs(out, l->tile, err);
}

/* The run of a plain lane that holds lane row q; it exists, because it was asked for. */
static const struct mfd_run *find_run(const struct mfd_plan_level *pl, uint32_t sequence,
                                      uint32_t lane, int64_t tile)
{
    size_t low = 0, high = pl->n_runs;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        const struct mfd_run *r = &pl->runs[mid];
        bool after = r->sequence != sequence ? r->sequence > sequence
                     : r->lane != lane       ? r->lane > lane
                                             : r->a > tile;
        if (after)
            high = mid;
        else
            low = mid;
    }
    return &pl->runs[low];
}

/* Numbers of the rows that stand for lane rows [a, b) of a sequence or allele. */
static void number_rows(const struct planner *pl, size_t level, uint32_t sequence, uint32_t lane,
                        int64_t a, int64_t b, uint32_t *rows)
{
    const struct mfd_level *l = &pl->g->level[level];
    struct stretch piece[3];
    size_t n = split(pl, level, sequence, lane, a, b, piece);
    int64_t tile = (int64_t)l->tile;
    for (size_t i = 0; i < n; i++) {
        const struct stretch *p = &piece[i];
        const struct mfd_run *r = find_run(&pl->plan->level[level], p->sequence, p->lane,
                                           mfd_floor_div(p->a - l->phase, tile));
        uint32_t first = (uint32_t)((int64_t)r->row0 + p->a - r->from);
        for (int64_t q = p->a; q < p->b; q++)
            *rows++ = first++;
    }
}

/* Staged inputs [a, b) of a run's lane: the pairs of rows below. `scratch` holds 2 (b - a) numbers.
 */
static void number_inputs(const struct planner *pl, size_t level, const struct mfd_run *run,
                          int64_t a, int64_t b, uint32_t *in0, uint32_t *in1, uint32_t *scratch)
{
    const struct mfd_level *l = &pl->g->level[level];
    const struct mfd_sequence *s = &pl->batch->sequences[run->sequence];
    int64_t rows = s->positions ? mfd_geometry_rows(pl->g, level, s->positions) : INT64_MAX;
    int64_t none = s->positions ? 0 : INT64_MIN;
    for (; a < b && a < none; a++)
        *in0++ = *in1++ = MFD_ZERO_ROW;
    int64_t end = b < rows ? b : rows;
    if (a < end) {
        uint32_t lane = run->lane;
        int64_t from = a, to = end;
        below(l, &lane, &from, &to);
        number_rows(pl, level - 1, run->sequence, lane, from, to, scratch);
        for (size_t i = 0, n = (size_t)(end - a), wide = l->pooled ? 2 : 1; i < n; i++) {
            *in0++ = scratch[wide * i];
            *in1++ = scratch[wide * i + wide - 1];
        }
        a = end;
    }
    for (; a < b; a++)
        *in0++ = *in1++ = MFD_ZERO_ROW;
}

static int stage_inputs(struct planner *pl, size_t level, struct mfd_error *err)
{
    const struct mfd_level *l = &pl->g->level[level];
    struct mfd_plan_level *out = &pl->plan->level[level];
    size_t longest = 0;
    for (size_t i = 0; i < out->n_runs; i++) {
        struct mfd_run *r = &out->runs[i];
        size_t n = (size_t)(r->b - r->a - 1) * l->advance + l->span;
        r->in0 = out->n_in;
        out->n_in += n;
        longest = n > longest ? n : longest;
    }
    out->in[0] = mfd_calloc(out->n_in, sizeof *out->in[0]);
    out->in[1] = mfd_calloc(out->n_in, sizeof *out->in[1]);
    uint32_t *scratch = mfd_calloc(longest, 2 * sizeof *scratch);
    if (!out->in[0] || !out->in[1] || !scratch) {
        free(scratch);
        return mfd_fail_nomem(err);
    }
    for (size_t i = 0; i < out->n_runs; i++) {
        const struct mfd_run *r = &out->runs[i];
        uint32_t *in0 = out->in[0] + r->in0, *in1 = out->in[1] + r->in0;
        int64_t first = l->phase + r->a * (int64_t)l->tile - l->left * l->step;
        if (l->step == 1 && l->advance == l->tile) {
            int64_t n = (r->b - r->a - 1) * (int64_t)l->advance + (int64_t)l->span;
            number_inputs(pl, level, r, first, first + n, in0, in1, scratch);
            continue;
        }
        for (int64_t t = r->a; t < r->b; t++, first++)
            for (size_t tap = 0; tap < l->taps; tap++) {
                int64_t q = first + (int64_t)tap * l->step;
                number_inputs(pl, level, r, q, q + 1, in0++, in1++, scratch);
            }
    }
    free(scratch);
    return MFD_OK;
}

static int stage_codes(struct planner *pl, struct mfd_error *err)
{
    struct mfd_plan_level *stem = &pl->plan->level[0];
    const size_t halo = MFD_STEM_WIDTH - 1;
    for (size_t i = 0; i < stem->n_runs; i++) {
        stem->runs[i].in0 = stem->n_in;
        stem->n_in += (size_t)(stem->runs[i].b - stem->runs[i].a) + halo;
    }
    stem->codes = mfd_calloc(stem->n_in, sizeof *stem->codes);
    if (!stem->codes)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < stem->n_runs; i++) {
        const struct mfd_run *r = &stem->runs[i];
        mfd_sequence_codes(pl->batch, &pl->batch->sequences[r->sequence], r->a - MFD_STEM_WIDTH / 2,
                           (size_t)(r->b - r->a) + halo, stem->codes + r->in0);
    }
    return MFD_OK;
}

/* Where the output of a window stands: lane and lane row of its predicted bin. */
static int64_t window_row(const struct mfd_geometry *g, const struct mfd_asked *w, uint32_t *lane)
{
    const struct mfd_level *top = &g->level[g->n - 1];
    int64_t p = w->start + g->center, stride = (int64_t)1 << top->shift;
    *lane = (uint32_t)(p & (stride - 1));
    return p >> top->shift;
}

static int build(struct planner *pl, size_t first, size_t last, struct mfd_error *err)
{
    const struct mfd_geometry *g = pl->g;
    int status;
    for (size_t i = first; i < last; i++) {
        uint32_t lane;
        int64_t q = window_row(g, &pl->batch->windows[i], &lane);
        ask(pl, g->n - 1, pl->batch->windows[i].sequence, lane, q, q + 1);
    }
    for (size_t level = g->n; level-- > 0;) {
        status = make_runs(pl, level, err);
        if (status)
            return status;
        struct mfd_plan_level *out = &pl->plan->level[level];
        for (size_t i = 0; level > 0 && i < out->n_runs; i++)
            ask_inputs(pl, level, &out->runs[i]);
    }
    status = stage_codes(pl, err);
    for (size_t level = 1; level < g->n && status == MFD_OK; level++)
        status = stage_inputs(pl, level, err);
    if (status)
        return status;
    for (size_t i = first; i < last; i++) {
        uint32_t lane;
        int64_t q = window_row(g, &pl->batch->windows[i], &lane);
        number_rows(pl, g->n - 1, pl->batch->windows[i].sequence, lane, q, q + 1,
                    &pl->plan->outputs[i - first]);
    }
    return MFD_OK;
}

int mfd_plan_new(struct mfd_plan **out, const struct mfd_geometry *geometry,
                 const struct mfd_batch *batch, size_t first, size_t last, struct mfd_error *err)
{
    struct planner pl = { .g = geometry, .batch = batch };
    pl.plan = mfd_calloc(1, sizeof *pl.plan);
    if (!pl.plan)
        return mfd_fail_nomem(err);
    pl.plan->n_outputs = last - first;
    pl.plan->outputs = mfd_calloc(last - first, sizeof *pl.plan->outputs);
    int status = pl.plan->outputs ? build(&pl, first, last, err) : mfd_fail_nomem(err);
    free(pl.demands.items);
    if (status) {
        mfd_plan_free(pl.plan);
        return status;
    }
    *out = pl.plan;
    return MFD_OK;
}

void mfd_plan_free(struct mfd_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < MFD_ENGINE_LEVELS; i++) {
        free(plan->level[i].runs);
        free(plan->level[i].in[0]);
        free(plan->level[i].in[1]);
        free(plan->level[i].codes);
    }
    free(plan->outputs);
    free(plan);
}

/* The last run whose first tile, or first row, has no higher number. */
static size_t find_number(const struct mfd_plan_level *level, size_t number, bool row)
{
    size_t low = 0, high = level->n_runs;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if ((row ? level->runs[mid].row0 : level->runs[mid].tile0) > number)
            high = mid;
        else
            low = mid;
    }
    return low;
}

size_t mfd_plan_find_tile(const struct mfd_plan_level *level, size_t tile)
{
    return find_number(level, tile, false);
}

size_t mfd_plan_find_row(const struct mfd_plan_level *level, size_t row)
{
    return find_number(level, row, true);
}
