#include "core/score/summary.h"

#include <math.h>

#define FLOOR 1e-6 /* of a probability, before a ratio is taken */

double mfd_summary_sar(double alternative, double reference)
{
    if (isnan(alternative) || isnan(reference))
        return NAN;
    return log2(fmax(alternative, FLOOR) / fmax(reference, FLOOR));
}

void mfd_summary_of(const float *effect, const float *biological, const float *technical, size_t n,
                    struct mfd_summary *out)
{
    double sum = 0, squares = 0, up = 0, down = 0, bio = 0, tech = 0;
    struct mfd_summary s = { .max_abs = n ? 0 : NAN };
    for (size_t t = 0; t < n; t++) {
        double x = effect[t];
        sum += x;
        squares += x * x;
        *(x > 0 ? &up : &down) += fabs(x);
        if (fabs(x) > s.max_abs || isnan(x)) {
            s.max_abs = fabs(x);
            s.max_track = t;
        }
        if (biological && technical) {
            bio += fabs((double)biological[t]);
            tech += fabs((double)technical[t]);
        }
    }
    s.mean = n ? sum / (double)n : NAN;
    s.l2 = n ? sqrt(squares) : NAN;
    s.biological_share = bio + tech > 0 ? bio / (bio + tech) : NAN;
    s.agreement = up + down > 0 ? fmax(up, down) / (up + down) : NAN;
    *out = s;
}

double mfd_summary_lab_agreement(const float *effect, const uint32_t *group, const uint32_t *lab,
                                 size_t n, size_t *pairs)
{
    size_t all = 0, same = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n && group[i] != UINT32_MAX; j++)
            if (group[j] == group[i] && lab[j] != lab[i]) {
                all++;
                same += (effect[i] > 0) == (effect[j] > 0) && (effect[i] < 0) == (effect[j] < 0);
            }
    *pairs = all;
    return all ? (double)same / (double)all : NAN;
}

/* Does track a stand before track b? */
static int before(const float *effect, size_t a, size_t b)
{
    double x = fabs((double)effect[a]), y = fabs((double)effect[b]);
    return x > y || (x == y && a < b);
}

size_t mfd_summary_top(const float *effect, size_t n, size_t k, size_t *index)
{
    size_t count = 0;
    for (size_t t = 0; t < n && k > 0; t++) {
        if (isnan(effect[t]) || (count == k && !before(effect, t, index[count - 1])))
            continue;
        size_t at = count < k ? count++ : count - 1;
        for (; at > 0 && before(effect, t, index[at - 1]); at--)
            index[at] = index[at - 1];
        index[at] = t;
    }
    return count;
}
