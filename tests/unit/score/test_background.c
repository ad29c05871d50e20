/* test_background CASE: a golden case, to whose model a background is added in a temporary file. */
#include "tests/util/test.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "core/score/background.h"
#include "tests/golden/bundle.h"

enum { N = MFD_BACKGROUND_VARIANTS };

static const char *folder;

/* Effects of track t are those of a triangle-like distribution of width t + 1. */
static float *made_up_effects(size_t tracks)
{
    float *e = malloc((size_t)N * tracks * sizeof *e);
    unsigned seed = 1;
    assert_non_null(e);
    for (size_t i = 0; i < (size_t)N * tracks; i++) {
        double a = (seed = seed * 1664525u + 1013904223u) / 4294967296.0;
        double b = (seed = seed * 1664525u + 1013904223u) / 4294967296.0;
        e[i] = (float)((a - b) * (double)(i % tracks + 1));
    }
    return e;
}

static double share_below(const float *effects, size_t tracks, size_t track, double size)
{
    size_t below = 0;
    for (size_t i = 0; i < N; i++)
        below += fabs((double)effects[i * tracks + track]) <= size;
    return (double)below / N;
}

static void a_quantile_is_the_share_of_the_background_below(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model = golden_open(folder), *with = NULL;
    struct mfd_background b;
    char path[] = "/tmp/mfd-background-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    size_t tracks = mfd_model_tracks(model);
    float *effects = made_up_effects(tracks);
    assert_int_equal(mfd_background_write(model, effects, N, "first", path, &err), MFD_OK);
    assert_int_equal(mfd_model_open(&with, path, &err), MFD_OK); /* checks the digest */
    assert_int_equal(mfd_background_open(with, &b, &err), MFD_OK);
    assert_int_equal(mfd_background_check(&b, &err), MFD_OK);
    assert_int_equal(b.variants, N);
    assert_string_equal(b.source, "first");
    for (size_t track = 0; track < tracks; track += tracks / 7 + 1)
        for (double x = 0.01; x < 0.99; x += 0.05) {
            double size = x * (double)(track + 1);
            double q = mfd_background_quantile(&b, track, size);
            assert_true(fabs(q - share_below(effects, tracks, track, size)) < 5e-3);
            assert_float_equal(mfd_background_quantile(&b, track, -size), -q, 0);
        }
    /* close to 1 the table is dense: the top one in a thousand is told apart */
    double largest = mfd_background_quantile(&b, 0, 1e9);
    assert_float_equal(largest, (double)N / (N + 1), 1e-9);
    assert_true(fabs(mfd_background_quantile(&b, 0, 0.968) -
                     share_below(effects, tracks, 0, 0.968)) < 3e-4);
    assert_float_equal(mfd_background_quantile(&b, 0, 0), 0, 1e-3);
    assert_true(isnan(mfd_background_quantile(&b, 0, NAN)));
    /* a second background takes the place of the first */
    assert_int_equal(mfd_background_write(with, effects, N, "second", path, &err), MFD_OK);
    mfd_model_unref(with);
    assert_int_equal(mfd_model_open(&with, path, &err), MFD_OK);
    assert_int_equal(mfd_background_open(with, &b, &err), MFD_OK);
    mfd_model_unref(with);
    mfd_model_unref(model);
    free(effects);
    unlink(path);
}

static void too_few_variants_make_no_background(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model = golden_open(folder);
    assert_int_equal(mfd_background_write(model, NULL, N - 1, "none", "/tmp/never", &err),
                     MFD_EINVAL);
    assert_non_null(strstr(err.message, "9999"));
    mfd_model_unref(model);
}

static void a_bundle_without_one_says_how_to_make_it(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model = golden_open(folder);
    struct mfd_background b;
    assert_int_equal(mfd_background_open(model, &b, &err), MFD_ENOTFOUND);
    assert_non_null(strstr(err.message, "mfd-model background"));
    mfd_model_unref(model);
}

static void numbers_that_are_no_distribution_are_refused(void **state)
{
    (void)state;
    static const struct {
        float probability[3], effect[6];
        const char *words; /* NULL: they are */
    } cases[] = {
        { { 0, 0.5f, 1 }, { 0, 1, 2, 1, 2, 3 }, NULL },
        { { 0.1f, 0.5f, 1 }, { 0, 1, 2, 1, 2, 3 }, "from 0 to 1" },
        { { 0, 0.5f, 0.9f }, { 0, 1, 2, 1, 2, 3 }, "from 0 to 1" },
        { { 0, 1.5f, 1 }, { 0, 1, 2, 1, 2, 3 }, "from 0 to 1" },
        { { 0, NAN, 1 }, { 0, 1, 2, 1, 2, 3 }, "from 0 to 1" },
        { { 0, 0.5f, 1 }, { 0, 1, 2, 0.5f, 2, 3 }, "row 2" },
        { { 0, 0.5f, 1 }, { 0, 1, 2, 1, 1, 3 }, "row 3" },
        { { 0, 0.5f, 1 }, { 0, 1, 2, NAN, 2, 3 }, "row 2" },
        { { 0, 0.5f, 1 }, { 0, -1, 2, 1, 2, 3 }, "negative" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        const struct mfd_background b = { .points = 3,
                                          .tracks = 2,
                                          .variants = N,
                                          .probability = cases[i].probability,
                                          .effect = cases[i].effect };
        int status = mfd_background_check(&b, &err);
        assert_int_equal(status, cases[i].words ? MFD_EFORMAT : MFD_OK);
        assert_true(!cases[i].words || strstr(err.message, cases[i].words));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantile_is_the_share_of_the_background_below),
        cmocka_unit_test(too_few_variants_make_no_background),
        cmocka_unit_test(a_bundle_without_one_says_how_to_make_it),
        cmocka_unit_test(numbers_that_are_no_distribution_are_refused),
    };
    folder = argc > 1 ? argv[1] : "";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
