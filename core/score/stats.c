#define _GNU_SOURCE /* lgamma_r, qsort_r */
#include "core/score/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void mfd_stats_sort(double *x, size_t n)
{
    qsort(x, n, sizeof *x, compare_doubles);
}

double mfd_stats_quantile(const double *sorted, size_t n, double f)
{
    double at = f * (double)(n - 1), below = floor(at), part = at - below;
    size_t i = (size_t)below;
    if (i + 1 >= n)
        return sorted[n - 1];
    double low = sorted[i], high = sorted[i + 1], gap = high - low;
    /* from the nearer end, as NumPy does, so that both ends are met exactly */
    return part < 0.5 ? low + gap * part : high - gap * (1 - part);
}

static int compare_by_value(const void *a, const void *b, void *values)
{
    const double *x = values;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    return (x[i] > x[j]) - (x[i] < x[j]);
}

/* Positions of x (n) in ascending order of value; NULL on lack of memory. */
static size_t *order_of(const double *x, size_t n)
{
    size_t *order = mfd_calloc(n, sizeof *order);
    for (size_t i = 0; order && i < n; i++)
        order[i] = i;
    if (order)
        qsort_r(order, n, sizeof *order, compare_by_value, (void *)(size_t)x);
    return order;
}

/* Average ranks (1-based, ties share their mean) of x (n) into ranks (n). */
static int average_ranks(const double *x, size_t n, double *ranks, struct mfd_error *err)
{
    MFD_AUTO_FREE size_t *order = order_of(x, n);
    if (!order)
        return mfd_fail_nomem(err);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && x[order[end]] == x[order[i]];)
            end++;
        for (size_t k = i; k < end; k++)
            ranks[order[k]] = ((double)i + 1 + (double)end) / 2;
    }
    return MFD_OK;
}

int mfd_stats_auroc(const double *score, const uint8_t *positive, size_t n, double *auroc,
                    double *precision, struct mfd_error *err)
{
    MFD_AUTO_FREE size_t *order = order_of(score, n);
    if (!order)
        return mfd_fail_nomem(err);
    double cases = 0, found = 0, taken = 0, pairs = 0, average = 0;
    for (size_t i = 0; i < n; i++)
        cases += positive[i] != 0;
    for (size_t end = n, i; end > 0; end = i) { /* groups of equal scores, the highest first */
        double here = 0;
        for (i = end; i > 0 && score[order[i - 1]] == score[order[end - 1]]; i--)
            here += positive[order[i - 1]] != 0;
        double size = (double)(end - i);
        /* controls of the group lie below the cases found before, and half below its own */
        pairs += (size - here) * (found + here / 2);
        found += here;
        taken += size;
        average += here * found / taken;
    }
    bool empty = cases == 0 || cases == (double)n;
    if (auroc)
        *auroc = empty ? NAN : pairs / (cases * ((double)n - cases));
    if (precision)
        *precision = empty ? NAN : average / cases;
    return MFD_OK;
}

static int by_descending_p(const void *a, const void *b, void *values)
{
    return compare_by_value(b, a, values);
}

int mfd_stats_fdr(const double *p, size_t n, double *q, struct mfd_error *err)
{
    MFD_AUTO_FREE size_t *order = mfd_calloc(n, sizeof *order);
    size_t tests = 0;
    if (!order)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            order[tests++] = i;
    qsort_r(order, tests, sizeof *order, by_descending_p, (void *)(size_t)p);
    double least = 1;
    for (size_t k = 0; k < tests; k++) {
        double adjusted = p[order[k]] * (double)tests / (double)(tests - k);
        if (adjusted < least)
            least = adjusted;
        q[order[k]] = least;
    }
    for (size_t i = 0; i < n; i++)
        if (isnan(p[i]))
            q[i] = NAN;
    return MFD_OK;
}

/* Continued fraction of DLMF 8.17.22 by Lentz's method; converges fast for x < (a+1)/(a+b+2). */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < 100000; m++) {
        double twice = 2.0 * m;
        double even = m * (b - m) * x / ((a + twice - 1) * (a + twice));
        double odd = -(a + m) * (a + b + m) * x / ((a + twice) * (a + twice + 1));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-15)
            break;
    }
    return h;
}

double mfd_stats_beta(double x, double a, double b)
{
    int sign;
    if (!(x > 0))
        return x == 0 ? 0 : x < 0 ? 0 : NAN;
    if (x >= 1)
        return 1;
    double front = (double)expl(lgammal_r((long double)a + b, &sign) - lgammal_r(a, &sign) -
                                lgammal_r(b, &sign) + a * logl(x) + b * log1pl(-(long double)x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(x, a, b) / a;
    return 1 - front * beta_fraction(1 - x, b, a) / b;
}

/* Two-sided p of a correlation of n pairs: Student's t with n - 2 degrees of freedom. */
static double correlation_p(double r, size_t n)
{
    if (isnan(r))
        return NAN;
    if (n == 2)
        return 1;
    /* v / (v + t^2) = 1 - r^2 */
    return mfd_stats_beta((1 - r) * (1 + r), ((double)n - 2) / 2, 0.5);
}

double mfd_stats_pearson(const double *x, const double *y, size_t n, double *p)
{
    long double mx = 0, my = 0, sx = 0, sy = 0, sxy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i];
        my += y[i];
    }
    mx /= (long double)n;
    my /= (long double)n;
    for (size_t i = 0; i < n; i++) {
        long double dx = x[i] - mx, dy = y[i] - my;
        sx += dx * dx;
        sy += dy * dy;
        sxy += dx * dy;
    }
    bool constant = true, constant_y = true;
    for (size_t i = 1; i < n; i++) {
        constant = constant && x[i] == x[0];
        constant_y = constant_y && y[i] == y[0];
    }
    double r = constant || constant_y ? NAN : (double)(sxy / (sqrtl(sx) * sqrtl(sy)));
    r = r > 1 ? 1 : r < -1 ? -1 : r;
    if (p)
        *p = correlation_p(r, n);
    return r;
}

int mfd_stats_spearman(const double *x, const double *y, size_t n, double *r, double *p,
                       struct mfd_error *err)
{
    MFD_AUTO_FREE double *rx = mfd_calloc(n, sizeof *rx);
    MFD_AUTO_FREE double *ry = mfd_calloc(n, sizeof *ry);
    if (!rx || !ry)
        return mfd_fail_nomem(err);
    int status = average_ranks(x, n, rx, err);
    if (status == MFD_OK)
        status = average_ranks(y, n, ry, err);
    if (status == MFD_OK)
        *r = mfd_stats_pearson(rx, ry, n, p);
    return status;
}
