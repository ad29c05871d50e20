/* Answers do not depend on company: whatever is asked together, in whatever order, on any number of
 * workers and in any number of parts, each window's features have the bits that it gets alone. */
#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/memory.h"
#include "tests/util/network.h"

#define SOURCES 3
#define REQUESTS 36
#define ENGINES 5

/* Something to ask: a window on a strand of a source, or of an allele on it. */
struct request {
    size_t source;
    bool reverse, allele;
    int64_t pos; /* of the allele */
    size_t n_ref, n_alt;
    char alt[24];
    int64_t start;
    size_t positions;
};

struct world {
    struct mfd_synthetic_options options;
    struct mfd_synthetic *network;
    const struct mfd_config *config;
    struct mfd_engine *engine[ENGINES]; /* the first answers alone */
    char *bases[SOURCES];
    size_t n[SOURCES];
    int64_t start[SOURCES];
    struct request request[REQUESTS];
    float *alone; /* (REQUESTS, embed) */
};

static const struct {
    unsigned threads;
    size_t scratch; /* bytes: 1 runs every window by itself */
} engines[ENGINES] = { { 1, 0 }, { 1, 1 }, { 2, 300000 }, { 3, 0 }, { 4, 100000 } };

static struct request make_request(struct world *w, struct test_random *r)
{
    struct request q = { .source = (size_t)test_between(r, 0, SOURCES - 1),
                         .reverse = test_chance(r, 0.4),
                         .allele = test_chance(r, 0.6) };
    int64_t n = (int64_t)w->n[q.source], k = (int64_t)w->config->seq_order;
    int64_t first = q.reverse ? k - 2 - (w->start[q.source] + n - 1) : w->start[q.source];
    int64_t middle = first + n / 2, longer = 0;
    if (q.allele) { /* most of them close together */
        q.n_ref = (size_t)test_between(r, 0, 3);
        q.n_alt = (size_t)test_between(r, q.n_ref ? 0 : 1, test_chance(r, 0.2) ? 20 : 3);
        q.pos = test_chance(r, 0.9) ? middle + test_between(r, -20, 20)
                                    : first + test_between(r, 0, n - 4);
        test_bases(r, q.alt, sizeof q.alt, 0);
        longer = (int64_t)q.n_alt - (int64_t)q.n_ref;
    }
    q.positions = w->config->seq_len + (size_t)test_between(r, 0, 1);
    int64_t bases = (int64_t)q.positions + k - 1, slack = n + longer - bases;
    int64_t bin = (int64_t)mfd_config_bin(w->config);
    q.start = middle - bases / 2 + test_between(r, -8, 8) + bin * test_between(r, -2, 2);
    if (test_chance(r, 0.2))
        q.start = first + test_between(r, 0, slack);
    q.start = q.start < first ? first : q.start > first + slack ? first + slack : q.start;
    return q;
}

static void world_init(struct world *w, struct test_random *r, enum network_kind kind)
{
    w->options = network_options(r, kind);
    w->network = network_new(&w->options);
    w->config = mfd_synthetic_config(w->network);
    for (size_t i = 0; i < ENGINES; i++)
        w->engine[i] = network_engine(w->network, engines[i].threads, engines[i].scratch, NULL);
    for (size_t i = 0; i < SOURCES; i++) {
        w->n[i] = mfd_config_window(w->config) * (i + 1) + 60;
        w->start[i] = test_between(r, -3000, 3000);
        w->bases[i] = malloc(w->n[i]);
        assert_non_null(w->bases[i]);
        test_bases(r, w->bases[i], w->n[i], i == 1);
    }
    for (size_t i = 0; i < REQUESTS; i++)
        w->request[i] = make_request(w, r);
}

static void world_deinit(struct world *w)
{
    for (size_t i = 0; i < ENGINES; i++)
        mfd_engine_free(w->engine[i]);
    for (size_t i = 0; i < SOURCES; i++)
        free(w->bases[i]);
    free(w->alone);
    mfd_synthetic_free(w->network);
}

/* Numbers of the sources' strands in a batch, so that requests share them. */
struct strands {
    size_t number[SOURCES][2];
    bool there[SOURCES][2];
};

static size_t strand(const struct world *w, struct mfd_batch *batch, struct strands *s,
                     size_t source, bool reverse)
{
    if (!s->there[source][reverse]) {
        s->number[source][reverse] =
            reverse ? network_reverse(batch, strand(w, batch, s, source, false))
                    : network_sequence(batch, w->bases[source], w->n[source], w->start[source]);
        s->there[source][reverse] = true;
    }
    return s->number[source][reverse];
}

static void ask(const struct world *w, struct mfd_batch *batch, struct strands *s,
                const struct request *q)
{
    size_t sequence = strand(w, batch, s, q->source, q->reverse);
    if (q->allele)
        sequence = network_allele(batch, sequence, q->pos, q->n_ref, q->alt, q->n_alt);
    network_window(batch, sequence, q->start, q->positions);
}

static void answer_alone(struct world *w)
{
    size_t e = w->config->embed;
    struct mfd_batch *batch = network_batch(w->network);
    w->alone = mfd_aligned(REQUESTS * e, sizeof *w->alone);
    assert_non_null(w->alone);
    for (size_t i = 0; i < REQUESTS; i++) {
        struct strands s = { 0 };
        mfd_batch_clear(batch);
        ask(w, batch, &s, &w->request[i]);
        float *features = network_run(w->engine[0], batch);
        memcpy(w->alone + i * e, features, e * sizeof *features);
        free(features);
    }
    mfd_batch_free(batch);
}

/* Some of the requests in some order, some twice, now and then from a second copy of their source.
 */
static void check_mixture(const struct world *w, struct test_random *r)
{
    size_t e = w->config->embed, engine = (size_t)test_between(r, 0, ENGINES - 1);
    size_t n = (size_t)(test_chance(r, 0.2) ? test_between(r, 30, 60) : test_between(r, 1, 12));
    size_t asked[60];
    struct strands s = { 0 };
    struct mfd_batch *batch = network_batch(w->network);
    for (size_t i = 0; i < n; i++) {
        asked[i] = (size_t)test_between(r, 0, REQUESTS - 1);
        if (test_chance(r, 0.1))
            s = (struct strands){ 0 };
        ask(w, batch, &s, &w->request[asked[i]]);
    }
    float *features = network_run(w->engine[engine], batch);
    for (size_t i = 0; i < n; i++)
        if (memcmp(features + i * e, w->alone + asked[i] * e, e * sizeof *features) != 0)
            fail_msg("request %zu of %zu has other bits than alone (they differ by %g) on %u "
                     "threads with %zu bytes: %s",
                     i, n, network_distance(features + i * e, w->alone + asked[i] * e, e),
                     engines[engine].threads, engines[engine].scratch,
                     network_describe(&w->options));
    free(features);
    mfd_batch_free(batch);
}

static size_t worlds = 12, mixtures = 36;

static void a_window_has_the_same_bits_in_any_company(void **state)
{
    (void)state;
    for (size_t i = 0; i < worlds; i++) {
        struct world w = { 0 };
        struct test_random r = test_random_new(1000 + i);
        world_init(&w, &r, i % 4 == 3 ? NETWORK_PADDED : NETWORK_CONE);
        answer_alone(&w);
        for (size_t m = 0; m < mixtures; m++)
            check_mixture(&w, &r);
        world_deinit(&w);
    }
    print_message("%zu mixtures on %zu networks\n", worlds * mixtures, worlds);
}

/* The same for the way through the library, which some processors need. */
static void products_of_the_library_keep_that_promise_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < worlds / 4; i++) {
        struct world w = { 0 };
        struct test_random r = test_random_new(2000 + i);
        world_init(&w, &r, NETWORK_CONE);
        for (size_t j = 0; j < ENGINES; j++) {
            struct mfd_engine_options o = { .threads = engines[j].threads,
                                            .openblas = true,
                                            .scratch_bytes = engines[j].scratch };
            mfd_engine_free(w.engine[j]);
            assert_int_equal(mfd_engine_new_bare(&w.engine[j], w.config,
                                                 mfd_synthetic_trunk(w.network), &o, NULL),
                             MFD_OK);
        }
        answer_alone(&w);
        for (size_t m = 0; m < mixtures / 3; m++)
            check_mixture(&w, &r);
        world_deinit(&w);
    }
}

/* A change of the options must be able to show: other requests do have other answers. */
static void different_requests_have_different_answers(void **state)
{
    (void)state;
    struct world w = { 0 };
    struct test_random r = test_random_new(3000);
    world_init(&w, &r, NETWORK_CONE);
    answer_alone(&w);
    size_t e = w.config->embed, same = 0;
    for (size_t i = 0; i < REQUESTS; i++)
        for (size_t j = 0; j < i; j++)
            same += memcmp(w.alone + i * e, w.alone + j * e, e * sizeof *w.alone) == 0;
    assert_true(same <= REQUESTS / 4);
    world_deinit(&w);
}

/* Rows of a projection: each depends on itself and the weights. */
static void a_projected_row_has_the_same_bits_in_any_company(void **state)
{
    (void)state;
    struct test_random r = test_random_new(4000);
    struct world w = { 0 };
    world_init(&w, &r, NETWORK_CONE);
    for (int round = 0; round < 12; round++) {
        size_t rows = (size_t)test_between(&r, 1, 20), tracks = (size_t)test_between(&r, 1, 200);
        size_t width = (size_t)test_between(&r, 1, 130), stride = width + (size_t)(round % 3);
        float *x = mfd_aligned(rows * stride, sizeof *x),
              *v = mfd_aligned(tracks * width, sizeof *v);
        float *all = mfd_aligned(rows * tracks, sizeof *all),
              *one = mfd_aligned(tracks, sizeof *one);
        assert_true(x && v && all && one);
        test_fill(&r, x, rows * stride, -2, 2);
        test_fill(&r, v, tracks * width, -2, 2);
        struct mfd_engine *engine = w.engine[round % ENGINES];
        assert_int_equal(mfd_engine_project(engine, x, rows, width, stride, v, tracks, all, NULL),
                         MFD_OK);
        for (size_t i = 0; i < rows; i++) {
            size_t first = (size_t)test_between(&r, 0, (int64_t)tracks - 1);
            assert_int_equal(mfd_engine_project(w.engine[0], x + i * stride, 1, width, width,
                                                v + first * width, tracks - first, one, NULL),
                             MFD_OK);
            assert_memory_equal(one, all + i * tracks + first, (tracks - first) * sizeof *one);
            double sum = 0;
            for (size_t j = 0; j < width; j++)
                sum += (double)x[i * stride + j] * v[first * width + j];
            assert_true(fabs(sum - one[0]) < 1e-5 * (double)width);
        }
        free(x);
        free(v);
        free(all);
        free(one);
    }
    world_deinit(&w);
}

/* test_mixtures [networks [mixtures]] */
int main(int argc, char **argv)
{
    worlds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : worlds;
    mixtures = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : mixtures;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_has_the_same_bits_in_any_company),
        cmocka_unit_test(products_of_the_library_keep_that_promise_too),
        cmocka_unit_test(different_requests_have_different_answers),
        cmocka_unit_test(a_projected_row_has_the_same_bits_in_any_company),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
