/* Reach, padding, margins and costs: pure integers, counted by hand or tap by tap. */
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

static struct mfd_config config_of(const struct mfd_synthetic_options *o)
{
    struct mfd_config c = { .seq_len = o->seq_len,
                            .seq_order = o->order,
                            .n_tower = o->n_tower,
                            .n_dilated = o->n_dilated,
                            .crop = o->crop,
                            .tower_kernel = o->tower_kernel };
    for (size_t i = 0; i < o->n_dilated; i++)
        c.dilation[i] = (size_t)(2 * pow(o->dilation, (double)i));
    return c;
}

static struct mfd_geometry geometry_of(const struct mfd_synthetic_options *o)
{
    struct mfd_geometry g;
    struct mfd_config c = config_of(o);
    MUST(mfd_geometry_init(&g, &c, &err));
    return g;
}

/* ---- the cone, by marking positions of one window layer by layer ---- */

/* Positions of each layer's output that the predicted bin needs, `pad` of them kept before the
 * window. */
struct marks {
    bool *at; /* position p at at[p + pad] */
    int64_t pad, n;
};

static struct marks marks_new(int64_t length)
{
    struct marks m = { .pad = length, .n = 3 * length };
    m.at = mfd_calloc((size_t)m.n, sizeof *m.at);
    assert_non_null(m.at);
    return m;
}

/* What 'same' convolution of these taps needs of its input. */
static void through_convolution(struct marks *m, int64_t taps, int64_t dilation)
{
    struct marks in = { .pad = m->pad, .n = m->n };
    in.at = mfd_calloc((size_t)m->n, sizeof *in.at);
    assert_non_null(in.at);
    for (int64_t i = 0; i < m->n; i++)
        for (int64_t tap = 0; m->at[i] && tap < taps; tap++) {
            int64_t p = i + (tap - taps / 2) * dilation;
            assert_true(p >= 0 && p < m->n);
            in.at[p] = true;
        }
    free(m->at);
    *m = in;
}

static void through_pool(struct marks *m)
{
    struct marks in = { .pad = 2 * m->pad, .n = 2 * m->n };
    in.at = mfd_calloc((size_t)in.n, sizeof *in.at);
    assert_non_null(in.at);
    for (int64_t i = 0; i < m->n; i++)
        in.at[2 * i] = in.at[2 * i + 1] = m->at[i];
    free(m->at);
    *m = in;
}

/* First and last input position (k-mer) that the output sees. */
static void cone(const struct mfd_config *c, int64_t *first, int64_t *last)
{
    int64_t bins = (int64_t)(c->seq_len >> (c->n_tower + 1)), reach = bins;
    for (size_t i = 0; i < c->n_dilated; i++)
        reach += 2 * (int64_t)c->dilation[i];
    struct marks m = marks_new(reach + 20);
    m.at[m.pad + (int64_t)c->crop] = true;
    for (size_t i = c->n_dilated; i-- > 0;)
        through_convolution(&m, 3, (int64_t)c->dilation[i]);
    for (size_t i = 0; i < c->n_tower; i++) {
        through_pool(&m);
        through_convolution(&m, (int64_t)c->tower_kernel, 1);
    }
    through_pool(&m);
    through_convolution(&m, MFD_STEM_WIDTH, 1);
    for (*first = 0; !m.at[*first]; ++*first)
        continue;
    for (*last = m.n - 1; !m.at[*last]; --*last)
        continue;
    *first -= m.pad;
    *last -= m.pad;
    free(m.at);
}

static void the_output_sees_what_it_sees_layer_by_layer(void **state)
{
    (void)state;
    size_t padded = 0;
    for (size_t i = 0; i < 300; i++) {
        struct test_random r = test_random_new(i);
        struct mfd_synthetic_options o = network_options(&r, NETWORK_ANY);
        struct mfd_config c = config_of(&o);
        struct mfd_geometry g = geometry_of(&o);
        const struct mfd_level *top = &g.level[g.n - 1];
        int64_t first, last;
        cone(&c, &first, &last);
        assert_int_equal(g.center - top->lo, first);
        assert_int_equal(g.center + top->hi, last + (int64_t)c.seq_order - 1);
        assert_int_equal(g.padded, first < 0 || last >= (int64_t)c.seq_len);
        assert_int_equal(g.n, c.n_tower + c.n_dilated + 2);
        padded += g.padded;
    }
    assert_true(padded > 50 && padded < 250);
}

static void the_published_cone_is_free_and_one_bin_less_is_not(void **state)
{
    (void)state;
    struct mfd_synthetic_options o = MFD_SYNTHETIC_OPTIONS_INIT;
    struct mfd_geometry g = geometry_of(&o);
    assert_false(g.padded);
    assert_int_equal(g.center, 1024);
    /* 1912 stem rows and 14 more k-mers around them, in the middle of 2176 + 1 bases */
    const struct mfd_level *top = &g.level[g.n - 1];
    assert_int_equal(top->lo + top->hi + 1, 1912 + 14 + 1);
    o.crop = 6;
    o.seq_len = 13 * 128;
    assert_true(geometry_of(&o).padded);
}

/* Hyper-parameters of the golden cases: three see less than their windows, two the padding, too. */
static void the_golden_cases_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t order, seq_len, n_tower, n_dilated, crop, kernel;
        double dilation;
        bool padded;
    } cases[] = {
        { "tiny", 1, 2176, 6, 2, 8, 5, 1.5, false },
        { "order2", 2, 2176, 6, 2, 8, 5, 1.5, false },
        { "baseline", 1, 2176, 6, 2, 8, 5, 1.5, false },
        { "padded", 1, 960, 5, 4, 7, 5, 1.5, true },
        { "wide", 3, 1088, 5, 3, 8, 7, 2, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mfd_synthetic_options o = {
            .order = cases[i].order,
            .seq_len = cases[i].seq_len,
            .n_tower = cases[i].n_tower,
            .n_dilated = cases[i].n_dilated,
            .crop = cases[i].crop,
            .tower_kernel = cases[i].kernel,
            .dilation = cases[i].dilation,
        };
        struct mfd_geometry g = geometry_of(&o);
        if (g.padded != cases[i].padded)
            fail_msg("'%s' is %spadded", cases[i].name, g.padded ? "" : "not ");
        if (g.padded)
            assert_true(g.margin_left == 0 && g.margin_right == 0);
    }
}

static void networks_that_leave_no_single_bin_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t seq_len, n_tower, crop, kernel, n_dilated;
    } bad[] = { { 2176, 6, 7, 5, 2 },
                { 2176, 5, 8, 5, 2 },
                { 2047, 6, 8, 5, 2 },
                { 2304, 6, 8, 5, 2 },
                { 2176, 0, 8, 5, 2 },
                { 2176, 13, 8, 5, 2 },
                { 0, 6, 8, 5, 2 },
                { 2176, 6, 9999, 5, 2 },
                { 2176, 6, 8, 0, 2 },
                { 2176, 6, 8, 65, 2 },
                { 2176, 6, 8, 5, 13 },
                { SIZE_MAX, 6, 8, 5, 2 },
                { 2176, 6, SIZE_MAX / 2, 5, 2 } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mfd_config c = { .seq_order = 1,
                                .seq_len = bad[i].seq_len,
                                .n_tower = bad[i].n_tower,
                                .crop = bad[i].crop,
                                .tower_kernel = bad[i].kernel,
                                .n_dilated = bad[i].n_dilated };
        struct mfd_geometry g;
        struct mfd_error err = MFD_ERROR_INIT;
        for (size_t d = 0; d < MFD_MAX_DILATED; d++)
            c.dilation[d] = 2;
        if (mfd_geometry_init(&g, &c, &err) != MFD_EUNSUPPORTED || !err.message[0])
            fail_msg("case %zu was taken", i);
    }
}

/* Bases that a plan reads for a window anywhere lie within the margins, and not all of them in
 * vain. */
static void margins_hold_what_whole_tiles_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < 12; i++) {
        struct test_random r = test_random_new(500 + i);
        struct mfd_synthetic_options o = network_options(&r, NETWORK_CONE);
        struct mfd_synthetic *network = network_new(&o);
        const struct mfd_config *c = mfd_synthetic_config(network);
        struct mfd_geometry g = geometry_of(&o);
        struct mfd_batch *batch = network_batch(network);
        int64_t window = (int64_t)mfd_config_window(c), low = 0, high = 0;
        char *bases = mfd_calloc(4 * (size_t)window, 1);
        assert_non_null(bases);
        for (int64_t start = 0; start < 2 * window && start < 600; start++) {
            struct mfd_plan *plan = NULL;
            mfd_batch_clear(batch);
            size_t sequence = network_sequence(batch, bases, 4 * (size_t)window, -window / 2);
            network_window(batch, sequence, start, c->seq_len);
            MUST(mfd_plan_new(&plan, &g, batch, 0, 1, &err));
            for (size_t j = 0; j < plan->level[0].n_runs; j++) {
                const struct mfd_run *run = &plan->level[0].runs[j];
                int64_t before = start - (run->a - 7),
                        behind = run->b + 7 + (int64_t)c->seq_order - 1 - (start + window);
                low = before > low ? before : low;
                high = behind > high ? behind : high;
            }
            mfd_plan_free(plan);
        }
        assert_in_range(low, 0, g.margin_left);
        assert_in_range(high, 0, g.margin_right);
        free(bases);
        mfd_batch_free(batch);
        mfd_synthetic_free(network);
    }
}

/* ---- the hand counts ---- */

static struct {
    struct mfd_synthetic *network;
    struct mfd_engine *engine;
    char bases[1 << 18];
} published;

static int open_published(void **state)
{
    (void)state;
    struct mfd_synthetic_options o = MFD_SYNTHETIC_OPTIONS_INIT;
    struct test_random r = test_random_new(1);
    o.tracks = 1;
    published.network = network_new(&o);
    published.engine = network_engine(published.network, 2, 0, NULL);
    test_bases(&r, published.bases, sizeof published.bases, 0);
    return 0;
}

static int close_published(void **state)
{
    (void)state;
    mfd_engine_free(published.engine);
    mfd_synthetic_free(published.network);
    return 0;
}

static struct mfd_cost cost_of(struct mfd_batch *batch)
{
    struct mfd_cost cost = { 0 };
    MUST(mfd_engine_cost(published.engine, batch, &cost, &err));
    return cost;
}

/* Multiply-adds of a row of each level, 1e9: stem, tower, dilated, output. The stem's own
 * convolution is additions. */
static const double row_gmac[] = {
    384e-9 * 384,
    431e-9 * (5 * 384 + 431),
    483e-9 * (5 * 431 + 483),
    543e-9 * (5 * 483 + 543),
    609e-9 * (5 * 543 + 609),
    684e-9 * (5 * 609 + 684),
    768e-9 * (5 * 684 + 768),
    768e-9 * (3 * 768 + 768),
    768e-9 * (3 * 768 + 768),
    1536e-9 * 768,
};
/* The same with Cook-Toom: 8 products for 4 rows in place of 20, at the last level 6 for 2. */
static const double row_done[] = {
    384e-9 * 384,
    431e-9 * (2 * 384 + 431),
    483e-9 * (2 * 431 + 483),
    543e-9 * (2 * 483 + 543),
    609e-9 * (2 * 543 + 609),
    684e-9 * (2 * 609 + 684),
    768e-9 * (3 * 684 + 768),
    768e-9 * (3 * 768 + 768),
    768e-9 * (3 * 768 + 768),
    1536e-9 * 768,
};

/* What so many rows a level would cost. */
static double by_hand(const double rows[10], const double row_cost[10])
{
    double sum = 0;
    for (size_t i = 0; i < 10; i++)
        sum += rows[i] * row_cost[i];
    return sum;
}

static void check_near(double got, double want, double share, const char *what)
{
    print_message("%s: %.4f GMAC, %.4f by hand\n", what, got, want);
    if (!(fabs(got - want) <= share * want))
        fail_msg("%s is %g GMAC, not %g", what, got, want);
}

static void one_window_needs_the_rows_of_its_cone(void **state)
{
    (void)state;
    static const double rows[] = { 1912, 952, 472, 232, 112, 52, 18, 3, 1, 1 };
    struct mfd_batch *batch = network_batch(published.network);
    size_t s = network_sequence(batch, published.bases, 2177, 0);
    network_window(batch, s, 0, 2176);
    struct mfd_cost cost = cost_of(batch);
    assert_int_equal(cost.levels, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(cost.rows[i], (uint64_t)rows[i]);
    check_near(cost.gmac, 2.66, 0.005, "a window's cone");
    check_near(cost.gmac, by_hand(rows, row_gmac), 1e-6, "the same");
    check_near(cost.gmac_done, by_hand(rows, row_done), 1e-6, "the same, as computed");
    mfd_batch_compute_whole(batch, true);
    struct mfd_cost whole = cost_of(batch);
    for (size_t i = 0; i < 10; i++) /* padding would change nothing, so nothing more is computed */
        assert_int_equal(whole.rows[i], (uint64_t)rows[i]);
    assert_true(cost.passes > 0.75 && cost.passes < 0.85);
    mfd_batch_free(batch);
}

/* One lane at the stem, two at the first tower level, four at the second and a lane a shift from
 * there on; where shifts share a lane it is a row or three longer. Off the grid of tiles, lanes are
 * rounded up. */
static void seven_shifts_share_rows(void **state)
{
    (void)state;
    static const double rows[] = { 1918,    2 * 955.5, 3 * 473 + 472, 7 * 232,
                                   7 * 112, 7 * 52,    7 * 18,        21,
                                   7,       7 };
    struct mfd_batch *batch = network_batch(published.network);
    double worst = 0, sum = 0;
    for (int64_t start = 0; start < 128; start++) {
        mfd_batch_clear(batch);
        size_t s = network_sequence(batch, published.bases, 4000, -500);
        for (int64_t shift = 0; shift < 7; shift++)
            network_window(batch, s, start + shift, 2177);
        double gmac = cost_of(batch).gmac;
        if (start == 0)
            check_near(gmac, 10.3, 0.01, "seven shifts from a bin's edge on");
        if (start == 0)
            check_near(gmac, by_hand(rows, row_gmac), 0.005, "the same");
        worst = gmac > worst ? gmac : worst;
        sum += gmac;
    }
    check_near(sum / 128, by_hand(rows, row_gmac), 0.16, "seven shifts anywhere");
    assert_true(worst < 1.2 * by_hand(rows, row_gmac));
    mfd_batch_free(batch);
}

static double tile_cost(int64_t step, size_t n)
{
    struct mfd_batch *batch = network_batch(published.network);
    size_t s = network_sequence(batch, published.bases, sizeof published.bases, 0);
    for (size_t i = 0; i < n; i++)
        network_window(batch, s, 512 + step * (int64_t)i, 2176);
    double gmac = cost_of(batch).gmac;
    mfd_batch_free(batch);
    return gmac;
}

/* The first and last windows share with one neighbour only, so look at what more windows add. */
static void windows_along_a_region_share_rows(void **state)
{
    (void)state;
    static const double every_128[] = { 128, 64, 32, 16, 8, 4, 2, 1, 1, 1 };
    static const double every_16[] = { 16, 8, 4, 2, 1, 1, 1, 1, 1, 1 };
    double more_128 = (tile_cost(128, 1200) - tile_cost(128, 200)) / 1000;
    double more_16 = (tile_cost(16, 12000) - tile_cost(16, 4000)) / 8000;
    check_near(more_128, by_hand(every_128, row_gmac), 0.001, "a window more every 128 bases");
    check_near(more_16, by_hand(every_16, row_gmac), 0.001, "a window more every 16 bases");
    assert_true(more_128 <= 0.205 && more_16 <= 0.05);
}

/* Fifteen rows at the stem; then half of the rows below, and two more on either side. Tiles of four
 * are rounded up, so the rows that are computed are a fifth more. */
static void a_substitution_costs_a_few_rows(void **state)
{
    (void)state;
    static const double rows[] = { 15, 12, 10.5, 9.75, 9.4, 9.2, 9.1, 3, 1, 1 };
    struct mfd_batch *batch = network_batch(published.network);
    size_t s = network_sequence(batch, published.bases, 2177, 0);
    network_window(batch, s, 0, 2176);
    struct mfd_cost alone = cost_of(batch);
    double most = 0, sum = 0;
    for (int64_t pos = 1038; pos < 1138; pos++) {
        size_t allele =
            network_allele(batch, s, pos, 1, published.bases[pos] == 'A' ? "C" : "A", 1);
        network_window(batch, allele, 0, 2176);
        double more = cost_of(batch).gmac - alone.gmac - sum;
        most = more > most ? more : most;
        sum += more;
    }
    check_near(sum / 100, by_hand(rows, row_gmac), 0.25, "a substitution in the middle");
    check_near((cost_of(batch).gmac_done - alone.gmac_done) / 100, by_hand(rows, row_done), 0.5,
               "the same, as computed");
    assert_true(most < 0.2);
    struct mfd_geometry g;
    const struct mfd_config *c = mfd_synthetic_config(published.network);
    MUST(mfd_geometry_init(&g, c, &err));
    double said = mfd_geometry_share(&g, c) * alone.gmac; /* without what tiles add */
    print_message("said beforehand: %.4f GMAC\n", said);
    assert_true(said > 0.1 && sum / 100 < 1.25 * said && sum / 100 > 0.8 * said);
    /* an allele that changes nothing asks for nothing */
    double before = cost_of(batch).gmac;
    network_window(batch, network_allele(batch, s, 1100, 1, published.bases + 1100, 1), 0, 2176);
    assert_true(cost_of(batch).gmac == before);
    mfd_batch_free(batch);
}

static void a_window_that_is_padded_is_computed_whole_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < 12; i++) {
        struct test_random r = test_random_new(900 + i);
        struct mfd_synthetic_options o = network_options(&r, NETWORK_CONE);
        struct mfd_config c = config_of(&o);
        struct mfd_geometry g = geometry_of(&o);
        for (size_t k = 0; k <= c.n_tower; k++)
            c.width[k] = 8 + k;
        c.embed = 16;
        double share = mfd_geometry_share(&g, &c);
        assert_true(g.padded ? share == 1 : share > 0 && share <= 1);
        g.padded = true;
        assert_true(mfd_geometry_share(&g, &c) == 1);
    }
}

/* Where every base has its window, no row of any lane is computed twice. */
static void windows_at_every_base_compute_every_row_once(void **state)
{
    (void)state;
    static const double rows[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    check_near((tile_cost(1, 3000) - tile_cost(1, 1000)) / 2000, by_hand(rows, row_gmac), 0.002,
               "a window more at the next base");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_output_sees_what_it_sees_layer_by_layer),
        cmocka_unit_test(the_published_cone_is_free_and_one_bin_less_is_not),
        cmocka_unit_test(the_golden_cases_are_told_apart),
        cmocka_unit_test(networks_that_leave_no_single_bin_are_refused),
        cmocka_unit_test(margins_hold_what_whole_tiles_read),
        cmocka_unit_test(one_window_needs_the_rows_of_its_cone),
        cmocka_unit_test(seven_shifts_share_rows),
        cmocka_unit_test(windows_along_a_region_share_rows),
        cmocka_unit_test(a_substitution_costs_a_few_rows),
        cmocka_unit_test(a_window_that_is_padded_is_computed_whole_again),
        cmocka_unit_test(windows_at_every_base_compute_every_row_once),
    };
    return cmocka_run_group_tests(tests, open_published, close_published);
}
