/* The engine against the network computed plainly, and against itself along other ways. */
#include "tests/util/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "core/engine/geometry.h"
#include "tests/util/naive.h"
#include "tests/util/network.h"

#define TOLERANCE 1e-4 /* of the largest feature of the window */

static size_t rounds = 1; /* times as many networks as by default */

/* A stretch of sequence with room for three windows, and an engine. */
struct scene {
    struct mfd_synthetic_options options;
    struct mfd_synthetic *network;
    const struct mfd_config *config;
    struct mfd_engine *engine;
    struct mfd_batch *batch;
    struct test_random random;
    char *bases;
    size_t n;
    int64_t start;
    size_t window; /* bases */
};

static void scene_init(struct scene *s, uint64_t seed, enum network_kind kind)
{
    s->random = test_random_new(seed);
    s->options = network_options(&s->random, kind);
    s->network = network_new(&s->options);
    s->config = mfd_synthetic_config(s->network);
    s->engine = network_engine(s->network, (unsigned)test_between(&s->random, 1, 3), 0, NULL);
    s->batch = network_batch(s->network);
    s->window = mfd_config_window(s->config);
    s->n = 3 * s->window;
    s->start = test_between(&s->random, -5000, 5000);
    s->bases = malloc(s->n);
    assert_non_null(s->bases);
    test_bases(&s->random, s->bases, s->n, 1);
}

static void scene_deinit(struct scene *s)
{
    free(s->bases);
    mfd_batch_free(s->batch);
    mfd_engine_free(s->engine);
    mfd_synthetic_free(s->network);
}

/* Compare window i of the features with the plain network on `bases`. */
static double check_naive(struct scene *s, const float *features, size_t i, const char *bases,
                          size_t positions)
{
    size_t embed = s->config->embed;
    double *want = calloc(embed, sizeof *want);
    assert_non_null(want);
    naive_features(s->config, mfd_synthetic_trunk(s->network), bases, positions, want);
    double error = network_error(features + i * embed, want, embed);
    free(want);
    if (!(error < TOLERANCE))
        fail_msg("window %zu differs by %g of its largest feature: %s", i, error,
                 network_describe(&s->options));
    return error;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void check_architectures(enum network_kind kind, uint64_t seed, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n * rounds; i++) {
        struct scene s;
        scene_init(&s, seed + i, kind);
        size_t sequence = network_sequence(s.batch, s.bases, s.n, s.start);
        size_t at[3], positions[3];
        for (size_t w = 0; w < 3; w++) {
            positions[w] = s.config->seq_len + (size_t)test_between(&s.random, 0, 1);
            at[w] = (size_t)test_between(&s.random, 0, (int64_t)(s.n - s.window - 1));
            network_window(s.batch, sequence, s.start + (int64_t)at[w], positions[w]);
        }
        float *features = network_run(s.engine, s.batch);
        for (size_t w = 0; w < 3; w++)
            worst = larger(worst, check_naive(&s, features, w, s.bases + at[w], positions[w]));
        free(features);
        scene_deinit(&s);
    }
    print_message("largest error %.1e of a window's largest feature\n", worst);
}

static void networks_whose_cone_is_free_agree_with_the_plain_network(void **state)
{
    (void)state;
    check_architectures(NETWORK_CONE, 100, 30);
}

static void networks_whose_cone_reaches_the_padding_agree_with_the_plain_network(void **state)
{
    (void)state;
    check_architectures(NETWORK_PADDED, 10000, 30);
}

static void every_set_of_kernels_agrees_with_the_plain_network(void **state)
{
    (void)state;
    static const char *const sets[] = { "portable", "avx2", "avx512" };
    for (size_t k = 0; k < 3; k++) {
        double worst = 0;
        for (size_t i = 0; i < 4 * rounds; i++) {
            struct scene s;
            scene_init(&s, 20000 + i, NETWORK_ANY);
            struct mfd_engine_options options = { .threads = 1, .kernels = sets[k] };
            struct mfd_engine *engine = NULL;
            int status = mfd_engine_new_bare(&engine, s.config, mfd_synthetic_trunk(s.network),
                                             &options, NULL);
            if (status != MFD_OK) {
                print_message("this processor has no %s\n", sets[k]);
                assert_int_equal(status, MFD_EUNSUPPORTED);
                assert_int_not_equal(k, 0);
                scene_deinit(&s);
                break;
            }
            assert_string_equal(mfd_engine_kernels(engine), sets[k]);
            size_t sequence = network_sequence(s.batch, s.bases, s.n, s.start);
            network_window(s.batch, sequence, s.start + 7, s.config->seq_len);
            float *features = network_run(engine, s.batch);
            worst = larger(worst, check_naive(&s, features, 0, s.bases + 7, s.config->seq_len));
            free(features);
            mfd_engine_free(engine);
            scene_deinit(&s);
        }
        print_message("%s: largest error %.1e\n", sets[k], worst);
    }
}

static void a_window_computed_whole_agrees_with_its_cone(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < 20 * rounds; i++) {
        struct scene s;
        scene_init(&s, 30000 + i, NETWORK_CONE);
        size_t sequence = network_sequence(s.batch, s.bases, s.n, s.start);
        for (int w = 0; w < 5; w++)
            network_window(s.batch, sequence,
                           s.start + test_between(&s.random, 0, (int64_t)(s.n - s.window - 1)),
                           s.config->seq_len + (w & 1));
        float *cone = network_run(s.engine, s.batch);
        mfd_batch_compute_whole(s.batch, true);
        float *whole = network_run(s.engine, s.batch);
        for (size_t w = 0; w < 5; w++) {
            size_t e = s.config->embed;
            double distance = network_distance(cone + w * e, whole + w * e, e);
            if (!(distance < TOLERANCE))
                fail_msg("they differ by %g: %s", distance, network_describe(&s.options));
            worst = larger(worst, distance);
        }
        free(cone);
        free(whole);
        scene_deinit(&s);
    }
    print_message("largest difference %.1e\n", worst);
}

/* ---- alleles ---- */

/* Bases of the stretch with an allele in it. */
static char *materialise(const struct scene *s, size_t at, size_t n_ref, const char *alt,
                         size_t n_alt)
{
    char *out = malloc(s->n + n_alt - n_ref);
    assert_non_null(out);
    memcpy(out, s->bases, at);
    memcpy(out + at, alt, n_alt);
    memcpy(out + at + n_alt, s->bases + at + n_ref, s->n - at - n_ref);
    return out;
}

/* An allele at `at` of the stretch, seen by windows on every side of it. */
static double check_allele(struct scene *s, size_t at, size_t n_ref, const char *alt, size_t n_alt)
{
    char *changed = materialise(s, at, n_ref, alt, n_alt);
    int64_t n = (int64_t)(s->n + n_alt - n_ref), window = (int64_t)s->window;
    mfd_batch_clear(s->batch);
    size_t sequence = network_sequence(s->batch, s->bases, s->n, s->start);
    size_t allele = network_allele(s->batch, sequence, s->start + (int64_t)at, n_ref, alt, n_alt);
    int64_t starts[5], count = 0;
    int64_t wanted[] = { (int64_t)at - window / 2, (int64_t)at - window + 1, (int64_t)at,
                         test_between(&s->random, 0, n - window), (int64_t)at - 2 * window / 3 };
    for (size_t i = 0; i < 5; i++)
        if (wanted[i] >= 0 && wanted[i] <= n - window)
            starts[count++] = wanted[i];
    assert_true(count > 0);
    for (int64_t i = 0; i < count; i++)
        network_window(s->batch, allele, s->start + starts[i], s->config->seq_len);
    float *features = network_run(s->engine, s->batch);
    double worst = 0;
    for (int64_t i = 0; i < count; i++)
        worst = larger(
            worst, check_naive(s, features, (size_t)i, changed + starts[i], s->config->seq_len));
    free(features);
    free(changed);
    return worst;
}

static void alleles_of_every_kind_agree_with_the_sequence_written_out(void **state)
{
    (void)state;
    static const struct {
        size_t n_ref, n_alt;
    } kinds[] = { { 1, 1 }, { 1, 2 }, { 2, 1 },  { 0, 1 },  { 1, 0 }, { 1, 33 }, { 33, 1 },
                  { 5, 5 }, { 4, 7 }, { 40, 0 }, { 0, 40 }, { 9, 2 }, { 1, 1 },  { 300, 3 } };
    double worst = 0;
    for (size_t i = 0; i < 10 * rounds; i++) {
        struct scene s;
        scene_init(&s, 40000 + i, i % 4 == 3 ? NETWORK_PADDED : NETWORK_CONE);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            char alt[40];
            if (kinds[k].n_ref > s.n / 3) /* a very small network */
                continue;
            test_bases(&s.random, alt, sizeof alt, 1);
            size_t at = (size_t)test_between(&s.random, 0, (int64_t)(s.n - kinds[k].n_ref));
            if (k % 7 == i % 7) /* at either end of the stretch */
                at = k % 2 ? 0 : s.n - kinds[k].n_ref;
            worst = larger(worst, check_allele(&s, at, kinds[k].n_ref, alt, kinds[k].n_alt));
        }
        scene_deinit(&s);
    }
    print_message("largest error %.1e\n", worst);
}

static void alleles_within_repeats_agree_with_the_sequence_written_out(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < 6 * rounds; i++) {
        struct scene s;
        scene_init(&s, 50000 + i, NETWORK_CONE);
        size_t unit = (size_t)test_between(&s.random, 1, 4), middle = s.n / 2;
        for (size_t x = middle - 100; x < middle + 100; x++)
            s.bases[x] = s.bases[middle - 100 + (x - middle + 100) % unit];
        const char *here = s.bases + middle;
        char longer[64];
        memcpy(longer, here, 32);
        memcpy(longer + 32, here + 32 % unit, 32);
        worst = larger(worst, check_allele(&s, middle, 1, here, 1)); /* no change at all */
        worst = larger(worst, check_allele(&s, middle, unit + 1, here, 1));
        worst = larger(worst, check_allele(&s, middle, 1, longer, unit + 1));
        worst = larger(worst, check_allele(&s, middle, 3 * unit, here, 2 * unit));
        worst = larger(worst, check_allele(&s, middle, unit, longer, 32 + unit));
        scene_deinit(&s);
    }
    print_message("largest error %.1e\n", worst);
}

/* ---- strands and shifts ---- */

static void the_reverse_strand_is_the_reverse_complement(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < 16 * rounds; i++) {
        struct scene s;
        scene_init(&s, 60000 + i, NETWORK_ANY);
        int64_t k = (int64_t)s.config->seq_order, n = (int64_t)s.n;
        char *turned = malloc(s.n);
        assert_non_null(turned);
        naive_reverse(s.bases, s.n, turned);
        size_t forward = network_sequence(s.batch, s.bases, s.n, s.start);
        size_t reverse = network_reverse(s.batch, forward);
        int64_t first = k - 2 - (s.start + n - 1), at[3]; /* the last base comes first */
        for (size_t w = 0; w < 3; w++) {
            at[w] = test_between(&s.random, 0, n - (int64_t)s.window);
            network_window(s.batch, reverse, first + at[w], s.config->seq_len);
        }
        float *features = network_run(s.engine, s.batch);
        for (size_t w = 0; w < 3; w++)
            worst = larger(worst, check_naive(&s, features, w, turned + at[w], s.config->seq_len));
        free(features);
        free(turned);
        scene_deinit(&s);
    }
    print_message("largest error %.1e\n", worst);
}

/* A bin that stands on the grid stands there on the other strand, too: so neighbours share. */
static void windows_on_the_grid_of_bins_stay_on_it_on_the_reverse_strand(void **state)
{
    (void)state;
    for (int64_t k = 1; k <= 3; k++) {
        int64_t bin = 16, crop = 4, window = (2 * crop + 1) * bin + k - 1;
        for (int64_t b = -3; b < 4; b++) {
            int64_t from = bin * b - crop * bin;
            int64_t start = k - 2 - (from + window - 1); /* as the header says */
            assert_int_equal(((start % bin) + bin) % bin, 0);
        }
    }
}

static void shifted_windows_agree_with_separate_ones(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < 10 * rounds; i++) {
        struct scene s;
        scene_init(&s, 70000 + i, NETWORK_ANY);
        size_t sequence = network_sequence(s.batch, s.bases, s.n, s.start);
        size_t last = s.n - (s.config->seq_len + s.config->seq_order), shifts = last < 7 ? last : 7;
        size_t first = last - shifts < 30 ? last - shifts : 30;
        for (size_t shift = 0; shift < shifts; shift++)
            network_window(s.batch, sequence, s.start + (int64_t)(first + shift),
                           s.config->seq_len + 1);
        float *features = network_run(s.engine, s.batch);
        for (size_t shift = 0; shift < shifts; shift++)
            worst = larger(worst, check_naive(&s, features, shift, s.bases + first + shift,
                                              s.config->seq_len + 1));
        free(features);
        scene_deinit(&s);
    }
    print_message("largest error %.1e\n", worst);
}

/* What lies beyond the margins is never read; what lies within may matter to the last bit. */
static void a_cut_with_its_margins_gives_the_bits_of_the_whole_sequence(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20 * rounds; i++) {
        struct scene s;
        scene_init(&s, 80000 + i, NETWORK_CONE);
        int64_t left, right, window = (int64_t)s.window, n = (int64_t)s.n;
        mfd_engine_margin(s.engine, &left, &right);
        int64_t from = test_between(&s.random, left, n - window - right);
        int64_t cut = test_between(&s.random, 0, from - left);
        int64_t end = test_between(&s.random, from + window + right, n);
        size_t whole = network_sequence(s.batch, s.bases, s.n, s.start);
        size_t part = network_sequence(s.batch, s.bases + cut, (size_t)(end - cut), s.start + cut);
        size_t least = network_sequence(s.batch, s.bases + from - left,
                                        (size_t)(left + window + right), s.start + from - left);
        network_window(s.batch, whole, s.start + from, s.config->seq_len);
        network_window(s.batch, part, s.start + from, s.config->seq_len);
        network_window(s.batch, least, s.start + from, s.config->seq_len);
        float *features = network_run(s.engine, s.batch);
        size_t e = s.config->embed;
        if (memcmp(features, features + e, e * sizeof *features) != 0 ||
            memcmp(features, features + 2 * e, e * sizeof *features) != 0)
            fail_msg("other bits with margins of %lld and %lld: %s", (long long)left,
                     (long long)right, network_describe(&s.options));
        free(features);
        scene_deinit(&s);
    }
}

/* ---- the rest of the surface ---- */

static void a_batch_of_no_windows_is_run_at_no_cost(void **state)
{
    (void)state;
    struct scene s;
    struct mfd_cost cost;
    scene_init(&s, 90000, NETWORK_CONE);
    float *features = network_run(s.engine, s.batch);
    assert_int_equal(mfd_engine_cost(s.engine, s.batch, &cost, NULL), MFD_OK);
    assert_true(cost.gmac == 0 && cost.passes == 0);
    free(features);
    scene_deinit(&s);
}

static void a_cancelled_run_says_so_and_leaves_the_engine_usable(void **state)
{
    (void)state;
    struct scene s;
    struct mfd_error err = MFD_ERROR_INIT;
    scene_init(&s, 90001, NETWORK_CONE);
    size_t sequence = network_sequence(s.batch, s.bases, s.n, s.start);
    network_window(s.batch, sequence, s.start, s.config->seq_len);
    float *before = network_run(s.engine, s.batch);
    const volatile int cancel = 1;
    float *during = calloc(s.config->embed, sizeof *during);
    assert_non_null(during);
    assert_int_equal(mfd_engine_run(s.engine, s.batch, during, &cancel, &err), MFD_ECANCELLED);
    assert_true(err.message[0] != '\0');
    float *after = network_run(s.engine, s.batch);
    assert_memory_equal(before, after, s.config->embed * sizeof *after);
    free(before);
    free(during);
    free(after);
    scene_deinit(&s);
}

static volatile int asked_to_stop;

static void ask_to_stop(int signal)
{
    (void)signal;
    asked_to_stop = 1;
}

/* A signal comes while the rows of many windows are computed: of the levels, most are never begun.
 */
static void a_run_that_is_under_way_stops(void **state)
{
    (void)state;
    struct scene s;
    sigset_t alarms, before;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    signal(SIGALRM, ask_to_stop);
    pthread_sigmask(SIG_BLOCK, &alarms, &before); /* the workers leave it to this thread */
    scene_init(&s, 90004, NETWORK_CONE);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    size_t sequence = network_sequence(s.batch, s.bases, s.n, s.start), windows = 0;
    int status = MFD_OK;
    while (status == MFD_OK && windows < 20000) {
        for (size_t more = windows + 500; windows < more; windows++)
            network_window(s.batch, sequence,
                           s.start + test_between(&s.random, 0, (int64_t)(s.n - s.window)),
                           s.config->seq_len);
        float *features = calloc(windows * s.config->embed, sizeof *features);
        assert_non_null(features);
        asked_to_stop = 0;
        setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 1000 }, NULL);
        status = mfd_engine_run(s.engine, s.batch, features, &asked_to_stop, NULL);
        setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
        free(features);
    }
    assert_int_equal(status, MFD_ECANCELLED);
    signal(SIGALRM, SIG_DFL);
    scene_deinit(&s);
}

static void kernels_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_engine *engine = NULL;
    scene_init(&s, 90002, NETWORK_CONE);
    struct mfd_engine_options options = { .threads = 1, .kernels = "abacus" };
    assert_int_equal(
        mfd_engine_new_bare(&engine, s.config, mfd_synthetic_trunk(s.network), &options, &err),
        MFD_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "abacus"));
    assert_null(engine);
    scene_deinit(&s);
}

static void counters_count_runs_and_windows(void **state)
{
    (void)state;
    struct scene s;
    struct mfd_engine_stats stats;
    scene_init(&s, 90003, NETWORK_ANY);
    size_t sequence = network_sequence(s.batch, s.bases, s.n, s.start);
    for (int64_t w = 0; w < 3; w++)
        network_window(s.batch, sequence, s.start + w, s.config->seq_len);
    for (int run = 0; run < 2; run++)
        free(network_run(s.engine, s.batch));
    mfd_engine_stats(s.engine, &stats);
    assert_int_equal(stats.runs, 2);
    assert_int_equal(stats.windows, 6);
    assert_true(stats.seconds > 0 && stats.product_seconds > 0);
    assert_true(stats.product_seconds <= stats.seconds * stats.threads);
    assert_true(stats.packed_bytes > 0 && stats.scratch_bytes > 0);
    scene_deinit(&s);
}

/* test_engine [times as many networks] */
int main(int argc, char **argv)
{
    rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_whose_cone_is_free_agree_with_the_plain_network),
        cmocka_unit_test(networks_whose_cone_reaches_the_padding_agree_with_the_plain_network),
        cmocka_unit_test(every_set_of_kernels_agrees_with_the_plain_network),
        cmocka_unit_test(a_window_computed_whole_agrees_with_its_cone),
        cmocka_unit_test(alleles_of_every_kind_agree_with_the_sequence_written_out),
        cmocka_unit_test(alleles_within_repeats_agree_with_the_sequence_written_out),
        cmocka_unit_test(the_reverse_strand_is_the_reverse_complement),
        cmocka_unit_test(windows_on_the_grid_of_bins_stay_on_it_on_the_reverse_strand),
        cmocka_unit_test(shifted_windows_agree_with_separate_ones),
        cmocka_unit_test(a_cut_with_its_margins_gives_the_bits_of_the_whole_sequence),
        cmocka_unit_test(a_batch_of_no_windows_is_run_at_no_cost),
        cmocka_unit_test(a_cancelled_run_says_so_and_leaves_the_engine_usable),
        cmocka_unit_test(a_run_that_is_under_way_stops),
        cmocka_unit_test(kernels_that_do_not_exist_are_refused),
        cmocka_unit_test(counters_count_runs_and_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
