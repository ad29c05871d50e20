#include "tests/util/test.h"

#include <math.h>
#include <stdbool.h>

#include "core/score/enrich.h"

static uint64_t seed = 4101842887655102017u;
static uint64_t draw(uint64_t below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (seed * 2685821657736338717u >> 11) % below;
}

static void every_value_is_counted_once_in_the_bin_between_its_quantiles(void **state)
{
    (void)state;
    static const double cuts[] = { 0.1, 0.25, 0.5, 0.9, 0.99 };
    for (int round = 0; round < 200; round++) {
        double x[300];
        uint8_t positive[300];
        size_t n = 1 + draw(300), cases = 0, n_cuts = draw(6);
        struct mfd_enrich_bin bins[6];
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)draw(round % 2 ? 5 : 100000) / 7 - 3; /* with and without ties */
            cases += positive[i] = draw(4) == 0;
        }
        assert_int_equal(mfd_enrich_bins(x, positive, n, cuts, n_cuts, bins, NULL), MFD_OK);
        uint64_t in = 0;
        for (size_t b = 0; b <= n_cuts; b++) {
            uint64_t a = 0, c = 0;
            for (size_t i = 0; i < n; i++) {
                bool here = x[i] >= bins[b].low && (x[i] < bins[b].high || b == n_cuts);
                a += here && positive[i];
                c += here && !positive[i];
            }
            assert_int_equal(bins[b].counts.a, a);
            assert_int_equal(bins[b].counts.c, c);
            assert_int_equal(bins[b].counts.b, cases - a);
            assert_int_equal(bins[b].counts.d, n - cases - c);
            in += a + c;
        }
        assert_int_equal(in, n);
        assert_true(bins[0].from == 0 && bins[n_cuts].to == 1);
    }
}

static void cases_gathered_at_one_end_are_found_there(void **state)
{
    (void)state;
    static const double cuts[] = { 0.5, 0.9 };
    double x[1000];
    uint8_t positive[1000];
    struct mfd_enrich_bin bins[3];
    for (size_t i = 0; i < 1000; i++) {
        x[i] = (double)i;
        positive[i] = i >= 950;
    }
    assert_int_equal(mfd_enrich_bins(x, positive, 1000, cuts, 2, bins, NULL), MFD_OK);
    assert_int_equal(bins[2].counts.a, 50);
    assert_int_equal(bins[2].counts.c, 50);
    assert_true(isinf(bins[2].odds_ratio));
    assert_true(bins[2].log_greater < log(1e-40) && bins[2].log_less > -1e-12);
    assert_true(bins[0].odds_ratio == 0 && bins[0].log_less < log(1e-10));
}

static void nothing_cannot_be_binned(void **state)
{
    (void)state;
    struct mfd_enrich_bin bin;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(mfd_enrich_bins(NULL, NULL, 0, NULL, 0, &bin, &err), MFD_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_counted_once_in_the_bin_between_its_quantiles),
        cmocka_unit_test(cases_gathered_at_one_end_are_found_there),
        cmocka_unit_test(nothing_cannot_be_binned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
