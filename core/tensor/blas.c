#include "core/tensor/blas.h"

#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t quantum;

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void product(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                    size_t ldb, float *c, size_t ldc, float beta)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0f, a,
                (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

void mfd_blas_product(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                      size_t ldb, float *c, size_t ldc, int add, double *seconds)
{
    double start = seconds ? seconds_now() : 0;
    product(m, n, k, a, lda, b, ldb, c, ldc, add ? 1.0f : 0.0f);
    if (seconds)
        *seconds += seconds_now() - start;
}

/* Are the rows of products of every multiple of `unit` the same as those of one tall product? */
static int agrees(size_t unit, size_t tall, size_t n, size_t k, const float *a, const float *b,
                  const float *want, float *c)
{
    for (size_t m = unit; m + unit < tall; m += m < 8 * unit ? unit : 7 * unit) {
        size_t from = m / unit % 3 * unit / 2; /* another place in the product, too */
        memset(c, 0, m * n * sizeof *c);
        product(m, n, k, a + from * k, k, b, n, c, n, 0.0f);
        if (memcmp(c, want + from * n, m * n * sizeof *c) != 0)
            return 0;
    }
    return 1;
}

static size_t find_quantum(void)
{
    enum { TALL = 768, WIDE = 48 };
    static const size_t units[] = { 4, 8, 12, 16, 24, 32, 48, 64, 96 };
    static const size_t depths[] = { 32, 200, 432, 784 };
    MFD_AUTO_FREE float *a = mfd_aligned((size_t)TALL * 784, sizeof *a);
    MFD_AUTO_FREE float *b = mfd_aligned((size_t)784 * WIDE, sizeof *b);
    MFD_AUTO_FREE float *want = mfd_aligned((size_t)TALL * WIDE, sizeof *want);
    MFD_AUTO_FREE float *c = mfd_aligned((size_t)TALL * WIDE, sizeof *c);
    if (!a || !b || !want || !c)
        return 0;
    unsigned seed = 1;
    for (size_t i = 0; i < (size_t)TALL * 784; i++)
        a[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1.0f;
    for (size_t i = 0; i < (size_t)784 * WIDE; i++)
        b[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1.0f;
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        size_t good = 0;
        for (size_t d = 0; d < sizeof depths / sizeof *depths; d++) {
            size_t tall = TALL / units[u] * units[u];
            product(tall, WIDE, depths[d], a, depths[d], b, WIDE, want, WIDE, 0.0f);
            good += (size_t)agrees(units[u], tall, WIDE, depths[d], a, b, want, c);
        }
        if (good == sizeof depths / sizeof *depths)
            return units[u];
    }
    return 0;
}

int mfd_blas_init(struct mfd_error *err)
{
    pthread_mutex_lock(&lock);
    if (!quantum) {
        openblas_set_num_threads(1);
        quantum = find_quantum();
    }
    pthread_mutex_unlock(&lock);
    if (!quantum)
        return mfd_fail(
            err, MFD_EUNSUPPORTED,
            "the BLAS library (%s) gives a row other bits at other heights, whatever the "
            "unit; answers would depend on the batch",
            openblas_get_config());
    return MFD_OK;
}

size_t mfd_blas_quantum(void)
{
    return quantum;
}

const char *mfd_blas_name(void)
{
    return openblas_get_config();
}
