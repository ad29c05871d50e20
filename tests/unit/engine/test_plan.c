/* The plan against sets of rows found one row at a time. */
#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/memory.h"
#include "core/engine/plan.h"
#include "tests/util/network.h"

#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct mfd_error err = MFD_ERROR_INIT;                                                     \
        if ((call) != MFD_OK)                                                                      \
            fail_msg("%s", err.message);                                                           \
    } while (0)

/* A tile of a lane of a sequence, or a row of it. */
struct spot {
    uint32_t sequence;
    int64_t lane, at;
};

/* What somebody needs, and, once sorted, in the order of the plan. */
struct spots {
    struct spot *items;
    size_t n, size;
};

struct twin {
    const struct mfd_geometry *g;
    const struct mfd_batch *batch;
    struct spots tile[MFD_ENGINE_LEVELS], row[MFD_ENGINE_LEVELS];
};

static int64_t modulo(int64_t a, int64_t b)
{
    return ((a % b) + b) % b;
}

static int compare_spots(const void *x, const void *y)
{
    const struct spot *a = x, *b = y;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    if (a->lane != b->lane)
        return a->lane < b->lane ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

static void add_spot(struct spots *s, struct spot spot)
{
    if (s->n == s->size) {
        s->size = s->size ? 2 * s->size : 1024;
        s->items = mfd_realloc(s->items, s->size, sizeof *s->items);
        assert_non_null(s->items);
    }
    s->items[s->n++] = spot;
}

static void sort_spots(struct spots *s)
{
    size_t n = 0;
    if (s->n)
        qsort(s->items, s->n, sizeof *s->items, compare_spots);
    for (size_t i = 0; i < s->n; i++)
        if (n == 0 || compare_spots(&s->items[n - 1], &s->items[i]) != 0)
            s->items[n++] = s->items[i];
    s->n = n;
}

static int64_t stride_of(const struct mfd_level *l)
{
    return (int64_t)1 << l->shift;
}

/* First and last base that the row at 0 of a level sees, tap by tap down to the bases. */
static void extent(const struct mfd_geometry *g, size_t level, int64_t *first, int64_t *last)
{
    const struct mfd_level *l = &g->level[level];
    if (level == 0) {
        *first = -(MFD_STEM_WIDTH / 2);
        *last = MFD_STEM_WIDTH / 2 + (int64_t)g->seq_order - 1;
        return;
    }
    int64_t a, b, low = INT64_MAX, high = INT64_MIN;
    extent(g, level - 1, &a, &b);
    for (size_t tap = 0; tap < l->taps; tap++) {
        int64_t at = ((int64_t)tap - l->left) * l->step * stride_of(l);
        int64_t second = l->pooled ? stride_of(l) / 2 : 0;
        low = at + a < low ? at + a : low;
        high = at + second + b > high ? at + second + b : high;
    }
    *first = low;
    *last = high;
}

/* Whose row stands at a position of a sequence: its own, or of the sequence that it is an allele
 * of, where it sees no changed base. */
static void owner(const struct twin *t, size_t level, uint32_t *sequence, int64_t *position)
{
    const struct mfd_sequence *s = &t->batch->sequences[*sequence];
    int64_t first, last;
    if (s->base == MFD_NO_SEQUENCE)
        return;
    extent(t->g, level, &first, &last);
    if ((s->n_ref == 0 && s->n_alt == 0) || *position + last < s->pos)
        *sequence = s->base;
    else if (*position + first >= s->pos + s->n_alt) {
        *sequence = s->base;
        *position -= s->n_alt - s->n_ref;
    }
}

static struct spot row_of(const struct twin *t, size_t level, uint32_t sequence, int64_t position)
{
    const struct mfd_level *l = &t->g->level[level];
    owner(t, level, &sequence, &position);
    int64_t lane = modulo(position, stride_of(l));
    return (struct spot){ sequence, lane, (position - lane) / stride_of(l) };
}

static struct spot tile_of(const struct twin *t, size_t level, const struct spot *row)
{
    const struct mfd_level *l = &t->g->level[level];
    int64_t offset = modulo(row->at - l->phase, (int64_t)l->tile);
    return (struct spot){ row->sequence, row->lane,
                          (row->at - l->phase - offset) / (int64_t)l->tile };
}

static void need(struct twin *t, size_t level, uint32_t sequence, int64_t position)
{
    struct spot row = row_of(t, level, sequence, position);
    add_spot(&t->row[level], row);
    add_spot(&t->tile[level], tile_of(t, level, &row));
}

/* Rows between two that are needed are numbered too where their tiles touch. */
static void fill_gaps(struct twin *t, size_t level)
{
    struct spots *rows = &t->row[level];
    sort_spots(rows);
    for (size_t i = 1, n = rows->n; i < n; i++) {
        struct spot last = rows->items[i - 1], next = rows->items[i];
        if (last.sequence != next.sequence || last.lane != next.lane ||
            tile_of(t, level, &next).at > tile_of(t, level, &last).at + 1)
            continue;
        while (++last.at < next.at)
            add_spot(rows, last);
    }
    sort_spots(rows);
}

/* Where input i of a tile stands; false where it is zero padding. */
static bool input_position(const struct twin *t, size_t level, const struct spot *spot, size_t i,
                           int64_t *position)
{
    const struct mfd_level *l = &t->g->level[level];
    const struct mfd_sequence *s = &t->batch->sequences[spot->sequence];
    int64_t row = l->phase + spot->at * (int64_t)l->tile + ((int64_t)i - l->left) * l->step;
    *position = spot->lane + row * stride_of(l);
    return !s->positions || (row >= 0 && row < s->positions >> l->shift);
}

static void find_needs(struct twin *t, size_t first, size_t last)
{
    int64_t position;
    size_t top = t->g->n - 1;
    for (size_t i = first; i < last; i++) {
        const struct mfd_asked *w = &t->batch->windows[i];
        need(t, top, w->sequence, w->start + t->g->center);
    }
    for (size_t level = top;; level--) {
        const struct mfd_level *l = &t->g->level[level];
        sort_spots(&t->tile[level]);
        fill_gaps(t, level);
        if (level == 0)
            return;
        for (size_t i = 0; i < t->tile[level].n; i++)
            for (size_t input = 0; input < l->span; input++) {
                const struct spot *s = &t->tile[level].items[i];
                if (!input_position(t, level, s, input, &position))
                    continue;
                for (int second = 0; second <= l->pooled; second++)
                    need(t, level - 1, s->sequence, position + second * stride_of(l) / 2);
            }
    }
}

static void twin_deinit(struct twin *t)
{
    for (size_t i = 0; i < MFD_ENGINE_LEVELS; i++) {
        free(t->tile[i].items);
        free(t->row[i].items);
    }
}

/* Number of the row at a position, which must be among those needed. */
static uint32_t row_number(const struct twin *t, size_t level, uint32_t sequence, int64_t position)
{
    struct spot s = row_of(t, level, sequence, position);
    const struct spots *all = &t->row[level];
    const struct spot *found = bsearch(&s, all->items, all->n, sizeof s, compare_spots);
    assert_non_null(found);
    return (uint32_t)(found - all->items);
}

/* ---- comparison ---- */

static void check_runs(const struct twin *t, const struct mfd_plan *plan, size_t level)
{
    const struct mfd_plan_level *p = &plan->level[level];
    const struct spots *want = &t->tile[level], *rows = &t->row[level];
    size_t tile = 0, row = 0;
    assert_int_equal(p->tiles, want->n);
    assert_int_equal(p->rows, rows->n);
    for (size_t r = 0; r < p->n_runs; r++) {
        const struct mfd_run *run = &p->runs[r];
        assert_true(run->a < run->b);
        assert_int_equal(run->tile0, tile);
        if (r > 0 && run[-1].sequence == run->sequence && run[-1].lane == run->lane)
            assert_true(run[-1].b < run->a);
        for (int64_t at = run->a; at < run->b; at++, tile++) {
            struct spot s = { run->sequence, run->lane, at };
            assert_int_equal(compare_spots(&s, &want->items[tile]), 0);
            assert_int_equal(mfd_plan_find_tile(p, tile), r);
        }
        assert_int_equal(run->row0, row);
        for (int64_t at = run->from; at < run->to; at++, row++) {
            struct spot s = { run->sequence, run->lane, at };
            assert_int_equal(compare_spots(&s, &rows->items[row]), 0);
            assert_int_equal(mfd_plan_find_row(p, row), r);
        }
    }
    assert_int_equal(tile, want->n);
    assert_int_equal(row, rows->n);
}

static void check_inputs(const struct twin *t, const struct mfd_plan *plan, size_t level)
{
    const struct mfd_plan_level *p = &plan->level[level];
    const struct mfd_level *l = &t->g->level[level];
    for (size_t r = 0; r < p->n_runs; r++)
        for (int64_t at = p->runs[r].a; at < p->runs[r].b; at++)
            for (size_t i = 0; i < l->span; i++) {
                const struct mfd_run *run = &p->runs[r];
                struct spot s = { run->sequence, run->lane, at };
                size_t in = run->in0 + (size_t)(at - run->a) * l->advance + i;
                int64_t position;
                uint32_t want[2] = { MFD_ZERO_ROW, MFD_ZERO_ROW };
                if (input_position(t, level, &s, i, &position)) {
                    int64_t second = l->pooled ? stride_of(l) / 2 : 0;
                    want[0] = row_number(t, level - 1, run->sequence, position);
                    want[1] = row_number(t, level - 1, run->sequence, position + second);
                }
                assert_true(in < p->n_in);
                assert_int_equal(p->in[0][in], want[0]);
                assert_int_equal(p->in[1][in], want[1]);
            }
}

/* Letter number at a position of the sequence's axis, 4 where there is none. */
static unsigned letter(const struct mfd_batch *b, const struct mfd_sequence *s, int64_t x)
{
    if (s->base == MFD_NO_SEQUENCE)
        return x < s->start || x >= s->start + s->n ? 4 : s->bases[x - s->start];
    if (x < s->pos)
        return letter(b, &b->sequences[s->base], x);
    if (x < s->pos + s->n_alt)
        return s->alt[x - s->pos];
    return letter(b, &b->sequences[s->base], x - s->n_alt + s->n_ref);
}

static void check_codes(const struct twin *t, const struct mfd_plan *plan)
{
    const struct mfd_plan_level *p = &plan->level[0];
    unsigned k = (unsigned)t->g->seq_order, none = 1u << (2 * k);
    for (size_t r = 0; r < p->n_runs; r++) {
        const struct mfd_run *run = &p->runs[r];
        const struct mfd_sequence *s = &t->batch->sequences[run->sequence];
        for (int64_t i = 0; i < run->b - run->a + MFD_STEM_WIDTH - 1; i++) {
            int64_t at = run->a - MFD_STEM_WIDTH / 2 + i;
            unsigned code = 0, unknown = s->positions && (at < 0 || at >= s->positions);
            for (unsigned j = 0; j < k; j++) {
                unsigned c = letter(t->batch, s, at + j);
                unknown |= c > 3;
                code = 4 * code + c;
            }
            assert_int_equal(p->codes[run->in0 + (size_t)i], unknown ? none : code);
        }
    }
}

static void check_plan(const struct mfd_geometry *g, const struct mfd_batch *batch, size_t first,
                       size_t last)
{
    struct twin t = { .g = g, .batch = batch };
    struct mfd_plan *plan = NULL;
    MUST(mfd_plan_new(&plan, g, batch, first, last, &err));
    find_needs(&t, first, last);
    for (size_t level = 0; level < g->n; level++) {
        check_runs(&t, plan, level);
        if (level > 0)
            check_inputs(&t, plan, level);
    }
    check_codes(&t, plan);
    assert_int_equal(plan->n_outputs, last - first);
    for (size_t i = first; i < last; i++) {
        const struct mfd_asked *w = &batch->windows[i];
        assert_int_equal(plan->outputs[i - first],
                         row_number(&t, g->n - 1, w->sequence, w->start + g->center));
    }
    twin_deinit(&t);
    mfd_plan_free(plan);
}

/* ---- batches ---- */

static void random_windows(struct test_random *r, const struct mfd_config *c,
                           struct mfd_batch *batch, size_t sequence)
{
    const struct mfd_sequence *s = &batch->sequences[sequence];
    int64_t bin = (int64_t)mfd_config_bin(c), slack = s->n - (int64_t)mfd_config_window(c) - 1;
    int64_t start = s->start + test_between(r, 0, slack);
    for (int64_t n = test_between(r, 1, 4); n > 0; n--) {
        network_window(batch, sequence, start, c->seq_len + (size_t)test_between(r, 0, 1));
        start += test_chance(r, 0.5) ? test_between(r, -7, 7) : bin * test_between(r, -2, 2);
        start = start < s->start ? s->start : start > s->start + slack ? s->start + slack : start;
    }
}

static struct mfd_batch *random_batch(struct test_random *r, const struct mfd_synthetic *network)
{
    const struct mfd_config *c = mfd_synthetic_config(network);
    struct mfd_batch *batch = network_batch(network);
    size_t n = mfd_config_window(c) + (size_t)test_between(r, 30, 300);
    char *bases = mfd_calloc(n, 1);
    assert_non_null(bases);
    for (int64_t source = test_between(r, 1, 2); source > 0; source--) {
        test_bases(r, bases, n, 1);
        size_t strand[2];
        strand[0] = network_sequence(batch, bases, n, test_between(r, -1000, 1000));
        strand[1] = network_reverse(batch, strand[0]);
        for (int i = 0; i < 2; i++) {
            if (test_chance(r, 0.7))
                random_windows(r, c, batch, strand[i]);
            for (int64_t alleles = test_between(r, 0, 3); alleles > 0; alleles--) {
                const struct mfd_sequence *s = &batch->sequences[strand[i]];
                size_t n_ref = (size_t)test_between(r, 0, 3), n_alt = (size_t)test_between(r, 0, 5);
                int64_t pos =
                    s->start + (test_chance(r, 0.2) ? 0 : s->n / 2) + test_between(r, 0, 20);
                char alt[5];
                test_bases(r, alt, sizeof alt, 0);
                size_t allele = network_allele(batch, strand[i], pos, n_ref, alt, n_alt);
                random_windows(r, c, batch, allele);
            }
        }
    }
    if (!mfd_batch_windows(batch))
        network_window(batch, 0, batch->sequences[0].start, c->seq_len);
    free(bases);
    return batch;
}

static size_t rounds = 25;

static void check_batches(enum network_kind kind, uint64_t seed)
{
    for (size_t i = 0; i < rounds; i++) {
        struct test_random r = test_random_new(seed + i);
        struct mfd_synthetic_options options = network_options(&r, kind);
        if (options.n_tower > 4) /* a set element at a time is slow */
            options.n_tower = 4, options.n_dilated = 1, options.crop = 7, options.seq_len = 15 << 5;
        struct mfd_synthetic *network = network_new(&options);
        struct mfd_geometry g;
        MUST(mfd_geometry_init(&g, mfd_synthetic_config(network), &err));
        struct mfd_batch *batch = random_batch(&r, network);
        if (g.padded || test_chance(&r, 0.2)) {
            struct mfd_batch *whole = NULL;
            MUST(mfd_batch_whole(&whole, batch, &err));
            mfd_batch_free(batch);
            batch = whole;
        }
        size_t n = mfd_batch_windows(batch), part = (size_t)test_between(&r, 0, (int64_t)n - 1);
        check_plan(&g, batch, 0, n);
        check_plan(&g, batch, part, n);
        mfd_batch_free(batch);
        mfd_synthetic_free(network);
    }
}

static void a_plan_holds_the_rows_that_are_needed_and_no_others(void **state)
{
    (void)state;
    check_batches(NETWORK_CONE, 1);
}

static void whole_windows_are_planned_with_zeros_around_them(void **state)
{
    (void)state;
    check_batches(NETWORK_PADDED, 1000);
}

/* test_plan [batches] */
int main(int argc, char **argv)
{
    rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : rounds;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_holds_the_rows_that_are_needed_and_no_others),
        cmocka_unit_test(whole_windows_are_planned_with_zeros_around_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
