/* A set of kernels against the portable one, before it is trusted with answers. */
#include <math.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/engine/kernels.h"
#include "core/engine/product.h"

extern const struct mfd_kernels mfd_kernels_portable;

enum { N = 48, ROWS = 31, K = 75, FLOATS = 16 * 1024 };

struct data {
    float *x, *y, *want, *got, *more_want, *more_got;
};

static float *random_floats(unsigned seed)
{
    float *p = mfd_aligned(FLOATS, sizeof *p);
    for (size_t i = 0; p && i < FLOATS; i++)
        p[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 22) - 2.0f;
    return p;
}

static bool close_to(const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-4f * (1.0f + fabsf(want[i]))))
            return false;
    return true;
}

static bool same_rows(const struct mfd_kernels *k, const struct data *d)
{
    const struct mfd_kernels *p = &mfd_kernels_portable;
    bool good = true;
    for (int activation = MFD_GELU_TANH; activation <= MFD_RELU; activation++) {
        struct mfd_norm_act f = { d->y, d->y + N, (enum mfd_activation)activation };
        k->norm_act(d->got, d->x, f, N);
        p->norm_act(d->want, d->x, f, N);
        good = good && close_to(d->got, d->want, N);
        k->pool_norm_act(d->got, d->x, d->x + N, f, N);
        p->pool_norm_act(d->want, d->x, d->x + N, f, N);
        good = good && close_to(d->got, d->want, N);
        for (int way = MFD_CONV_F25; way <= MFD_CONV_F45; way++) {
            size_t points = way == MFD_CONV_F45 ? 8 : 6, tile = way == MFD_CONV_F45 ? 4 : 2;
            k->tile_in[way](d->got, N, d->x, N);
            p->tile_in[way](d->want, N, d->x, N);
            good = good && close_to(d->got, d->want, points * N);
            k->tile_out[way](d->got, d->more_got, d->x, N, f, N);
            p->tile_out[way](d->want, d->more_want, d->x, N, f, N);
            good = good && close_to(d->got, d->want, tile * N) &&
                   close_to(d->more_got, d->more_want, tile * N);
        }
    }
    return good;
}

static bool same_sums(const struct mfd_kernels *k, const struct data *d)
{
    const struct mfd_kernels *p = &mfd_kernels_portable;
    uint16_t codes[ROWS + MFD_STEM_WIDTH - 1];
    for (size_t i = 0; i < ROWS + MFD_STEM_WIDTH - 1; i++)
        codes[i] = (uint16_t)(i * 7 % 5);
    k->stem(d->got, codes, ROWS, d->x, 5, d->y, N);
    p->stem(d->want, codes, ROWS, d->x, 5, d->y, N);
    bool good = close_to(d->got, d->want, ROWS * N);
    k->dots(d->got, N, d->x, K, ROWS, d->y, K, N, K);
    p->dots(d->want, N, d->x, K, ROWS, d->y, K, N, K);
    good = good && close_to(d->got, d->want, ROWS * N);
    if (!k->product)
        return good;
    const struct mfd_products products = { .kernels = k };
    const struct mfd_matrix m = { .k = K, .n = N };
    k->product(ROWS, N, K, d->x, K, d->y, d->got, N, 0);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < N; j++) {
            float sum = 0;
            for (size_t i = 0; i < K; i++)
                sum += d->x[r * K + i] * d->y[mfd_matrix_at(&products, &m, i, j)];
            d->want[r * N + j] = sum;
        }
    return good && close_to(d->got, d->want, ROWS * N);
}

int mfd_kernels_check(const struct mfd_kernels *k, struct mfd_error *err)
{
    MFD_AUTO_FREE float *x = random_floats(1), *y = random_floats(2), *want = random_floats(3);
    MFD_AUTO_FREE float *got = random_floats(4), *more_want = random_floats(5);
    MFD_AUTO_FREE float *more_got = random_floats(6);
    struct data d = { x, y, want, got, more_want, more_got };
    if (!x || !y || !want || !got || !more_want || !more_got)
        return mfd_fail_nomem(err);
    if (!same_rows(k, &d) || !same_sums(k, &d))
        return mfd_fail(
            err, MFD_EUNSUPPORTED,
            "the '%s' kernels disagree with the portable ones on this processor; choose "
            "others and report this",
            k->name);
    return MFD_OK;
}
