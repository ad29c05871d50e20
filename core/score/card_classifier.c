#include "core/score/card_classifier.h"

#include <math.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/score/sample.h"
#include "core/tensor/blas.h"

#define D MFD_CARD_COMPONENTS
#define INPUTS ((size_t)2 * D * D + 1) /* products, products of squares, 1 */
#define RIDGE 1.0
#define STEPS 50        /* of Newton's method; it needs about ten */
#define CLIP 3.0        /* standard deviations */
#define DEGENERATE 1e-7 /* share of the largest variance below which there is no component */

/* ---- random order ---- */

static void shuffle(size_t *order, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(mfd_random_next(&seed) % i), other = order[j];
        order[j] = order[i - 1];
        order[i - 1] = other;
    }
}

/* ---- whitened principal components ---- */

/* out (n, D): the first components of rows x (n, p) in the given order, of mean 0 and variance 1 on
 * the first n_train rows, clipped; fewer than D leave zeros. */
static int components(const double *x, size_t p, const size_t *order, size_t n, size_t n_train,
                      double *out, struct mfd_error *err)
{
    MFD_AUTO_FREE double *rows = mfd_calloc(n, p * sizeof *rows);
    MFD_AUTO_FREE double *gram = mfd_calloc(p, p * sizeof *gram);
    MFD_AUTO_FREE double *values = mfd_calloc(p, sizeof *values);
    if (!rows || !gram || !values)
        return mfd_fail_nomem(err);
    for (size_t j = 0; j < p; j++) {
        double mean = 0;
        for (size_t i = 0; i < n_train; i++)
            mean += x[order[i] * p + j] / (double)n_train;
        for (size_t i = 0; i < n; i++)
            rows[i * p + j] = x[order[i] * p + j] - mean;
    }
    mfd_blas_cross(n_train, p, p, rows, rows, gram);
    int status = mfd_blas_eigen(p, gram, values, err);
    if (status)
        return status;
    memset(out, 0, n * D * sizeof *out);
    for (size_t c = 0; c < D && c < p; c++) {
        const double *v = gram + (p - 1 - c) * p;
        double variance = values[p - 1 - c] / (double)n_train;
        if (!(values[p - 1 - c] > DEGENERATE * values[p - 1]))
            break;
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t j = 0; j < p; j++)
                sum += rows[i * p + j] * v[j];
            out[i * D + c] = fmin(CLIP, fmax(-CLIP, sum / sqrt(variance)));
        }
    }
    return MFD_OK;
}

static void fill_inputs(const double *x, const double *y, double *out)
{
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++) {
            *out++ = x[i] * y[j];
            *out++ = (x[i] * x[i] - 1) * (y[j] * y[j] - 1);
        }
    *out = 1;
}

/* Of n windows in random order: each with its own technique, then each with the next one's. */
static void fill_pairs(const double *x, const double *y, size_t n, double *inputs)
{
    for (size_t i = 0; i < n; i++) {
        fill_inputs(x + i * D, y + i * D, inputs + i * INPUTS);
        fill_inputs(x + i * D, y + (i + 1) % n * D, inputs + (n + i) * INPUTS);
    }
}

/* ---- logistic regression ---- */

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < INPUTS; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Solve the positive definite h (INPUTS, INPUTS) d = g by Cholesky, d in place of g. */
static void solve(double *h, double *g)
{
    for (size_t i = 0; i < INPUTS; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = h[i * INPUTS + j];
            for (size_t k = 0; k < j; k++)
                sum -= h[i * INPUTS + k] * h[j * INPUTS + k];
            h[i * INPUTS + j] = i == j ? sqrt(sum) : sum / h[j * INPUTS + j];
        }
    for (size_t i = 0; i < INPUTS; i++) {
        for (size_t k = 0; k < i; k++)
            g[i] -= h[i * INPUTS + k] * g[k];
        g[i] /= h[i * INPUTS + i];
    }
    for (size_t i = INPUTS; i-- > 0;) {
        for (size_t k = i + 1; k < INPUTS; k++)
            g[i] -= h[k * INPUTS + i] * g[k];
        g[i] /= h[i * INPUTS + i];
    }
}

/* Gradient and Hessian of the penalised likelihood at w; the constant is not penalised, but for
 * what keeps the Hessian definite. */
static void derive(const double *inputs, size_t n, const double *w, double *scaled, double *h,
                   double *g)
{
    for (size_t i = 0; i < INPUTS; i++)
        g[i] = (i + 1 < INPUTS ? RIDGE : 1e-9) * w[i];
    for (size_t r = 0; r < n; r++) {
        const double *x = inputs + r * INPUTS;
        double p = 1 / (1 + exp(-dot(x, w))), residual = p - (r < n / 2);
        for (size_t i = 0; i < INPUTS; i++) {
            g[i] += residual * x[i];
            scaled[r * INPUTS + i] = p * (1 - p) * x[i];
        }
    }
    mfd_blas_cross(n, INPUTS, INPUTS, inputs, scaled, h);
    for (size_t i = 0; i < INPUTS; i++)
        h[i * INPUTS + i] += i + 1 < INPUTS ? RIDGE : 1e-9;
}

static double loss(const double *inputs, size_t n, const double *w)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < INPUTS; i++)
        sum += 0.5 * RIDGE * w[i] * w[i];
    for (size_t r = 0; r < n; r++) {
        double z = dot(inputs + r * INPUTS, w);
        z = r < n / 2 ? z : -z;
        sum += z > 0 ? log1p(exp(-z)) : log1p(exp(z)) - z;
    }
    return sum;
}

/* Newton's method with halved steps; the first n / 2 rows are the true pairs. */
static int fit(const double *inputs, size_t n, double *w, struct mfd_error *err)
{
    MFD_AUTO_FREE double *scaled = mfd_calloc(n, INPUTS * sizeof *scaled);
    MFD_AUTO_FREE double *h = mfd_calloc(INPUTS, INPUTS * sizeof *h);
    double g[INPUTS], trial[INPUTS];
    if (!scaled || !h)
        return mfd_fail_nomem(err);
    memset(w, 0, INPUTS * sizeof *w);
    double now = loss(inputs, n, w);
    for (size_t step = 0; step < STEPS; step++) {
        derive(inputs, n, w, scaled, h, g);
        solve(h, g);
        double size = 1, then;
        do {
            for (size_t i = 0; i < INPUTS; i++)
                trial[i] = w[i] - size * g[i];
            then = loss(inputs, n, trial);
            size /= 2;
        } while (then > now && size > 1e-6);
        if (!(then < now))
            break;
        memcpy(w, trial, sizeof trial);
        if (now - then < 1e-10 * now)
            break;
        now = then;
    }
    return MFD_OK;
}

int mfd_pairs_classify(const double *x, size_t p, const double *y, size_t q, size_t n,
                       uint64_t seed, struct mfd_pairs_result *out, struct mfd_error *err)
{
    size_t train = n / 2, test = n - train, good = 0;
    MFD_AUTO_FREE size_t *order = mfd_calloc(n, sizeof *order);
    MFD_AUTO_FREE double *cx = mfd_calloc(n, D * sizeof *cx);
    MFD_AUTO_FREE double *cy = mfd_calloc(n, D * sizeof *cy);
    MFD_AUTO_FREE double *inputs = mfd_calloc(2 * test, INPUTS * sizeof *inputs);
    double w[INPUTS];
    int status;
    if (!order || !cx || !cy || !inputs)
        return mfd_fail_nomem(err);
    shuffle(order, n, seed);
    if ((status = components(x, p, order, n, train, cx, err)) ||
        (status = components(y, q, order, n, train, cy, err)))
        return status;
    fill_pairs(cx, cy, train, inputs);
    if ((status = fit(inputs, 2 * train, w, err)))
        return status;
    fill_pairs(cx + train * D, cy + train * D, test, inputs);
    for (size_t r = 0; r < 2 * test; r++)
        good += (dot(inputs + r * INPUTS, w) > 0) == (r < test);
    *out = (struct mfd_pairs_result){ (double)good / (double)(2 * test), 2 * train, 2 * test };
    return MFD_OK;
}
