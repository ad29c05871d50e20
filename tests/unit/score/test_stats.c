#include "tests/util/test.h"

#include <stdio.h>

#include "tests/unit/score/stats_expected.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void assert_close(double got, double expected, double relative, const char *what, size_t i)
{
    if (isnan(expected) ? isnan(got)
                        : got == expected || fabs(got - expected) <= relative * fabs(expected))
        return;
    fail_msg("%s of case %zu is %.17g, expected %.17g", what, i, got, expected);
}

/* Logarithms of probabilities, of which those near 1 are near 0. */
static void assert_same_log(double got, double expected, const char *what, size_t i)
{
    if (!(fabs(got - expected) <= 1e-9 * (1 + fabs(expected))))
        fail_msg("%s of case %zu is %.17g, expected %.17g", what, i, got, expected);
}

/* xorshift64*: the same cases on every machine */
static uint64_t seed = 88172645463325252u;
static uint64_t draw(uint64_t below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (seed * 2685821657736338717u >> 11) % below;
}

static void fisher_agrees_with_scipy_for_counts_up_to_a_million(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fisher_cases); i++) {
        struct mfd_contingency t = fisher_cases[i].t;
        assert_close(mfd_stats_odds_ratio(t), fisher_cases[i].odds, 1e-12, "odds ratio", i);
        const double expected[] = { fisher_cases[i].two_sided, fisher_cases[i].less,
                                    fisher_cases[i].greater };
        for (int side = 0; side < 3; side++) {
            double p = exp(mfd_stats_fisher_log(t, (enum mfd_side)side));
            /* SciPy works in double: at these counts its own error is a few 1e-9 */
            if (expected[side] > 1e-290)
                assert_close(p, expected[side], 1e-7, "p", i);
            else
                assert_true(p < 1e-289);
        }
    }
}

/* Straight from the definition, for margins whose binomials fit a double exactly. */
static double choose(uint64_t n, uint64_t k)
{
    double c = 1;
    for (uint64_t i = 1; i <= k; i++)
        c = c * (double)(n - k + i) / (double)i;
    return c;
}

static double naive_two_sided(struct mfd_contingency t)
{
    uint64_t row = t.a + t.b, column = t.a + t.c, rest = t.c + t.d;
    double here = choose(row, t.a) * choose(rest, t.c), sum = 0, all = 0;
    for (uint64_t a = 0; a <= row && a <= column; a++) {
        if (column - a > rest)
            continue;
        double ways = choose(row, a) * choose(rest, column - a);
        all += ways;
        sum += ways <= here * (1 + 1e-9) ? ways : 0;
    }
    return sum / all;
}

static void fisher_equals_the_sum_over_all_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3000; i++) {
        struct mfd_contingency t = { draw(9), draw(9), draw(9), draw(9) };
        assert_close(exp(mfd_stats_fisher_log(t, MFD_TWO_SIDED)), naive_two_sided(t), 1e-9, "p", i);
    }
}

static void fisher_keeps_its_symmetries(void **state)
{
    (void)state;
    for (size_t i = 0; i < 500; i++) {
        uint64_t top = i % 3 == 0 ? 12 : i % 3 == 1 ? 3000 : 1000000;
        struct mfd_contingency t = { draw(top) + 1, draw(top) + 1, draw(top) + 1, draw(top) + 1 };
        struct mfd_contingency turned = { t.a, t.c, t.b, t.d }, swapped = { t.c, t.d, t.a, t.b };
        double p = mfd_stats_fisher_log(t, MFD_TWO_SIDED);
        double less = mfd_stats_fisher_log(t, MFD_LESS);
        double greater = mfd_stats_fisher_log(t, MFD_GREATER);
        assert_same_log(mfd_stats_fisher_log(turned, MFD_TWO_SIDED), p, "transposed p", i);
        assert_same_log(mfd_stats_fisher_log(swapped, MFD_TWO_SIDED), p, "swapped p", i);
        assert_same_log(mfd_stats_fisher_log(swapped, MFD_GREATER), less, "swapped side", i);
        assert_true(p <= 0 && less <= 0 && greater <= 0);
        assert_true(exp(less) + exp(greater) >= 1 - 1e-9);
        assert_true(p >= (less < greater ? less : greater) - 1e-9);
    }
}

static void fisher_does_not_underflow(void **state)
{
    (void)state;
    struct mfd_contingency t = { 1000000, 0, 0, 1000000 };
    double log_p = mfd_stats_fisher_log(t, MFD_TWO_SIDED);
    /* 2 / choose(2e6, 1e6), by Stirling */
    double expected = log(2) - (2e6 * log(2) - 0.5 * log(M_PI * 1e6));
    assert_true(fabs(log_p - expected) < 1e-5);
}

static void rankings_agree_with_sklearn(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ranking_cases); i++) {
        double auroc, precision;
        assert_int_equal(mfd_stats_auroc(ranking_cases[i].score, ranking_cases[i].label,
                                         ranking_cases[i].n, &auroc, &precision, NULL),
                         MFD_OK);
        assert_close(auroc, ranking_cases[i].auroc, 1e-12, "AUROC", i);
        assert_close(precision, ranking_cases[i].precision, 1e-12, "average precision", i);
    }
}

static void auroc_is_the_share_of_pairs_in_order(void **state)
{
    (void)state;
    for (size_t round = 0; round < 300; round++) {
        size_t n = 1 + draw(60);
        double score[60], mirrored[60], pairs = 0, ordered = 0, auroc, other;
        uint8_t label[60];
        for (size_t i = 0; i < n; i++) {
            score[i] = (double)draw(1 + round / 3) - 20;
            mirrored[i] = -score[i];
            label[i] = draw(3) == 0;
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                if (label[i] && !label[j]) {
                    pairs++;
                    ordered += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
                }
        assert_int_equal(mfd_stats_auroc(score, label, n, &auroc, NULL, NULL), MFD_OK);
        assert_int_equal(mfd_stats_auroc(mirrored, label, n, &other, NULL, NULL), MFD_OK);
        assert_close(auroc, pairs > 0 ? ordered / pairs : NAN, 1e-12, "AUROC", round);
        assert_close(other, 1 - auroc, 1e-12, "mirrored AUROC", round);
    }
}

static void correlations_agree_with_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(correlation_cases); i++) {
        const double *x = correlation_cases[i].x, *y = correlation_cases[i].y;
        size_t n = correlation_cases[i].n;
        double p, r = mfd_stats_pearson(x, y, n, &p);
        assert_close(r, correlation_cases[i].pearson, 1e-9, "Pearson", i);
        assert_close(p, correlation_cases[i].pearson_p, 1e-7, "Pearson's p", i);
        assert_int_equal(mfd_stats_spearman(x, y, n, &r, &p, NULL), MFD_OK);
        assert_close(r, correlation_cases[i].spearman, 1e-9, "Spearman", i);
        assert_close(p, correlation_cases[i].spearman_p, 1e-7, "Spearman's p", i);
    }
}

static void a_constant_has_no_correlation(void **state)
{
    (void)state;
    const double x[] = { 0.1, 0.1, 0.1 }, y[] = { 1, 2, 4 };
    double p, r;
    assert_true(isnan(mfd_stats_pearson(x, y, 3, &p)) && isnan(p));
    assert_true(isnan(mfd_stats_pearson(y, x, 3, NULL)));
    assert_true(isnan(mfd_stats_pearson(x, y, 1, &p)));
    assert_true(isnan(mfd_stats_pearson(x, y, 0, &p)));
    assert_int_equal(mfd_stats_spearman(x, y, 3, &r, &p, NULL), MFD_OK);
    assert_true(isnan(r) && isnan(p));
}

static void spearman_sees_order_alone(void **state)
{
    (void)state;
    for (size_t round = 0; round < 100; round++) {
        size_t n = 3 + draw(50);
        double x[60], y[60], bent[60], r, same;
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)draw(30) / 4 - 3;
            y[i] = (double)draw(1000);
            bent[i] = exp(x[i]) * 7 - 2;
        }
        assert_int_equal(mfd_stats_spearman(x, y, n, &r, NULL, NULL), MFD_OK);
        assert_int_equal(mfd_stats_spearman(bent, y, n, &same, NULL, NULL), MFD_OK);
        assert_close(same, r, 0, "Spearman", round);
    }
}

static void the_incomplete_beta_function_agrees_with_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(beta_cases); i++) {
        double got = mfd_stats_beta(beta_cases[i].x, beta_cases[i].a, beta_cases[i].b);
        if (beta_cases[i].value > 1e-300)
            assert_close(got, beta_cases[i].value, 1e-9, "beta", i);
        else
            assert_true(got >= 0 && got < 1e-299);
    }
}

static void quantiles_agree_with_numpy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(quantile_cases); i++)
        assert_close(mfd_stats_quantile(quantile_of, COUNT(quantile_of), quantile_cases[i].f),
                     quantile_cases[i].value, 1e-14, "quantile", i);
}

static void false_discovery_rates_follow_their_definition(void **state)
{
    (void)state;
    for (size_t round = 0; round < 200; round++) {
        size_t n = 1 + draw(30), tests = 0;
        double p[30], q[30];
        for (size_t i = 0; i < n; i++) {
            p[i] = draw(6) == 0 ? NAN : (double)draw(50) / 49;
            tests += !isnan(p[i]);
        }
        assert_int_equal(mfd_stats_fdr(p, n, q, NULL), MFD_OK);
        for (size_t i = 0; i < n; i++) {
            double least = isnan(p[i]) ? NAN : 1;
            for (size_t j = 0; j < n; j++) { /* over every threshold that lets i pass */
                if (isnan(p[j]) || isnan(p[i]) || p[j] < p[i])
                    continue;
                size_t rank = 0;
                for (size_t k = 0; k < n; k++)
                    rank += p[k] <= p[j];
                least = fmin(least, p[j] * (double)tests / (double)rank);
            }
            assert_close(q[i], least, 1e-12, "q", i);
        }
        assert_int_equal(mfd_stats_fdr(p, n, p, NULL), MFD_OK);
        assert_memory_equal(p, q, n * sizeof *p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fisher_agrees_with_scipy_for_counts_up_to_a_million),
        cmocka_unit_test(fisher_equals_the_sum_over_all_tables),
        cmocka_unit_test(fisher_keeps_its_symmetries),
        cmocka_unit_test(fisher_does_not_underflow),
        cmocka_unit_test(rankings_agree_with_sklearn),
        cmocka_unit_test(auroc_is_the_share_of_pairs_in_order),
        cmocka_unit_test(correlations_agree_with_scipy),
        cmocka_unit_test(a_constant_has_no_correlation),
        cmocka_unit_test(spearman_sees_order_alone),
        cmocka_unit_test(the_incomplete_beta_function_agrees_with_scipy),
        cmocka_unit_test(quantiles_agree_with_numpy),
        cmocka_unit_test(false_discovery_rates_follow_their_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
