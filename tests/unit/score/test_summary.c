#include "tests/util/test.h"

#include <math.h>

#include "core/score/summary.h"

static void a_summary_is_what_its_definitions_say(void **state)
{
    (void)state;
    const float effect[] = { 0.5f, -2.0f, 1.0f, 0.0f };
    const float bio[] = { 0.25f, -1.5f, 1.0f, 0.5f }, tech[] = { 0.25f, -0.5f, 0.0f, -0.5f };
    struct mfd_summary s;
    mfd_summary_of(effect, bio, tech, 4, &s);
    assert_float_equal(s.mean, -0.125, 1e-12);
    assert_float_equal(s.max_abs, 2, 0);
    assert_int_equal(s.max_track, 1);
    assert_float_equal(s.l2, sqrt(0.25 + 4 + 1), 1e-12);
    assert_float_equal(s.biological_share, 3.25 / 4.5, 1e-12);
    assert_float_equal(s.agreement, 2.0 / 3.5, 1e-12);
}

static void nothing_to_sum_up_is_not_a_number(void **state)
{
    (void)state;
    const float zero[] = { 0, 0 };
    struct mfd_summary s;
    mfd_summary_of(zero, zero, zero, 2, &s);
    assert_true(isnan(s.biological_share) && isnan(s.agreement));
    assert_float_equal(s.max_abs, 0, 0);
    mfd_summary_of(zero, NULL, NULL, 0, &s);
    assert_true(isnan(s.mean) && isnan(s.max_abs) && isnan(s.l2));
}

static void sar_is_a_log2_ratio_that_zero_does_not_break(void **state)
{
    (void)state;
    assert_float_equal(mfd_summary_sar(0.5, 0.125), 2, 1e-12);
    assert_float_equal(mfd_summary_sar(0, 0), 0, 0);
    assert_true(mfd_summary_sar(0, 0.5) < -18 && isfinite(mfd_summary_sar(0, 0.5)));
    assert_true(isnan(mfd_summary_sar(NAN, 0.5)));
}

static void laboratories_agree_where_pairs_of_the_same_biology_do(void **state)
{
    (void)state;
    /* group 0: labs 0, 1, 1 -> pairs (0,1) differ in sign, (0,2) agree; group 1: one lab; a loner
     */
    const float effect[] = { 1, -1, 2, 3, 4, -5 };
    const uint32_t group[] = { 0, 0, 0, 1, 1, UINT32_MAX }, lab[] = { 0, 1, 1, 2, 2, 3 };
    size_t pairs;
    assert_float_equal(mfd_summary_lab_agreement(effect, group, lab, 6, &pairs), 0.5, 1e-12);
    assert_int_equal(pairs, 2);
    assert_true(isnan(mfd_summary_lab_agreement(effect, group, lab, 1, &pairs)));
    assert_int_equal(pairs, 0);
}

static void the_top_tracks_are_those_of_a_full_sort(void **state)
{
    (void)state;
    enum { N = 97 };
    float effect[N];
    unsigned seed = 7;
    for (size_t i = 0; i < N; i++)
        effect[i] = (float)((int)((seed = seed * 1664525u + 1013904223u) >> 24) - 128);
    effect[13] = NAN;
    for (size_t k = 0; k <= N; k += 8) {
        size_t index[N], n = mfd_summary_top(effect, N, k, index);
        assert_int_equal(n, k < N - 1 ? k : N - 1);
        for (size_t i = 0; i < n; i++) {
            size_t better = 0; /* tracks that must stand before it */
            for (size_t t = 0; t < N; t++)
                better += fabsf(effect[t]) > fabsf(effect[index[i]]) ||
                          (fabsf(effect[t]) == fabsf(effect[index[i]]) && t < index[i]);
            assert_int_equal(better, i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_summary_is_what_its_definitions_say),
        cmocka_unit_test(nothing_to_sum_up_is_not_a_number),
        cmocka_unit_test(sar_is_a_log2_ratio_that_zero_does_not_break),
        cmocka_unit_test(laboratories_agree_where_pairs_of_the_same_biology_do),
        cmocka_unit_test(the_top_tracks_are_those_of_a_full_sort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
