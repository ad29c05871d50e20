/* Fisher's exact test. Probabilities are worked with as logarithms in extended precision: at counts
 * of 1e6 log-factorials are about 1e7, whose rounding in double would already blur which tables are
 * as likely as the one observed. */
#define _GNU_SOURCE /* lgammal_r */
#include "core/score/stats.h"

#include <math.h>

/* Tables within this of the observed one's probability are as likely as it: far above what rounding
 * does here, far below what distinct tables differ by in practice. */
#define TIE 1e-10L

/* Hypergeometric distribution of a, given the margins. */
struct hyper {
    uint64_t row, column, total; /* a + b, a + c, all */
    uint64_t low, high;          /* range of a */
    uint64_t mode;
    long double constant; /* the part of log pmf that does not depend on a */
};

static long double log_factorial(uint64_t n)
{
    int sign;
    return lgammal_r((long double)n + 1, &sign);
}

static struct hyper hyper_of(struct mfd_contingency t)
{
    struct hyper h = { .row = t.a + t.b, .column = t.a + t.c };
    h.total = h.row + t.c + t.d;
    h.low = h.row + h.column > h.total ? h.row + h.column - h.total : 0;
    h.high = h.row < h.column ? h.row : h.column;
    h.mode = (uint64_t)(((long double)h.row + 1) * ((long double)h.column + 1) /
                        ((long double)h.total + 2));
    h.constant = log_factorial(h.row) + log_factorial(h.total - h.row) + log_factorial(h.column) +
                 log_factorial(h.total - h.column) - log_factorial(h.total);
    return h;
}

static long double log_pmf(const struct hyper *h, uint64_t a)
{
    return h->constant - log_factorial(a) - log_factorial(h->row - a) -
           log_factorial(h->column - a) - log_factorial(h->total + a - h->row - h->column);
}

/* pmf(a + 1) / pmf(a) */
static long double ratio(const struct hyper *h, uint64_t a)
{
    return (long double)(h->row - a) * (long double)(h->column - a) /
           ((long double)(a + 1) * (long double)(h->total + a + 1 - h->row - h->column));
}

/* log of the sum of pmf over [from, to]: outward from its largest term, until terms no longer
 * count. Terms fall off faster than geometrically on either side of the mode. */
static long double log_sum(const struct hyper *h, uint64_t from, uint64_t to)
{
    if (from > to)
        return -INFINITY;
    uint64_t top = h->mode < from ? from : h->mode > to ? to : h->mode;
    long double sum = 1, term = 1;
    for (uint64_t a = top; a < to && term > sum * 1e-22L; a++)
        sum += term *= ratio(h, a);
    term = 1;
    for (uint64_t a = top; a > from && term > sum * 1e-22L; a--)
        sum += term /= ratio(h, a - 1);
    return log_pmf(h, top) + logl(sum);
}

static long double log_add(long double x, long double y)
{
    long double high = x > y ? x : y, low = x > y ? y : x;
    return high == -INFINITY ? high : high + log1pl(expl(low - high));
}

/* The tail on the other side of the mode whose tables are no more likely than `a`. */
static long double other_tail(const struct hyper *h, uint64_t a)
{
    long double limit = log_pmf(h, a) + TIE;
    uint64_t near = h->mode, far = a < h->mode ? h->high : h->low;
    if (log_pmf(h, far) > limit)
        return -INFINITY;
    /* near is too likely, far is not: bisect down to neighbours */
    while (near > far ? near - far > 1 : far - near > 1) {
        uint64_t middle = near / 2 + far / 2 + (near & far & 1);
        if (log_pmf(h, middle) > limit)
            near = middle;
        else
            far = middle;
    }
    return a < h->mode ? log_sum(h, far, h->high) : log_sum(h, h->low, far);
}

double mfd_stats_odds_ratio(struct mfd_contingency t)
{
    if (t.a + t.b == 0 || t.c + t.d == 0 || t.a + t.c == 0 || t.b + t.d == 0)
        return NAN;
    if (t.b == 0 || t.c == 0)
        return INFINITY;
    return (double)((long double)t.a * (long double)t.d / ((long double)t.b * (long double)t.c));
}

double mfd_stats_fisher_log(struct mfd_contingency t, enum mfd_side side)
{
    struct hyper h = hyper_of(t);
    long double p;
    if (h.row == 0 || h.column == 0 || h.row == h.total || h.column == h.total)
        return 0;
    if (side == MFD_LESS)
        p = log_sum(&h, h.low, t.a);
    else if (side == MFD_GREATER)
        p = log_sum(&h, t.a, h.high);
    else if (log_pmf(&h, t.a) >= log_pmf(&h, h.mode) - TIE)
        p = 0;
    else
        p = log_add(t.a < h.mode ? log_sum(&h, h.low, t.a) : log_sum(&h, t.a, h.high),
                    other_tail(&h, t.a));
    return p < 0 ? (double)p : 0;
}
