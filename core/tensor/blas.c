#include "core/tensor/blas.h"

#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/memory.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t quantum;            /* heights are multiples of this */
static size_t tallest = SIZE_MAX; /* rows that the library is given at a time */

static void product(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                    size_t ldb, float *c, size_t ldc, float beta)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0f, a,
                (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

void mfd_blas_product(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                      size_t ldb, float *c, size_t ldc, int add, double *seconds)
{
    double start = seconds ? mfd_seconds() : 0;
    for (size_t r = 0; r < m; r += tallest) {
        size_t rows = m - r < tallest ? m - r : tallest;
        product(rows, n, k, a + r * lda, lda, b, ldb, c + r * ldc, ldc, add ? 1.0f : 0.0f);
        if (rows == m - r)
            break;
    }
    if (seconds)
        *seconds += mfd_seconds() - start;
}

/* Products in which every row is the same: what differs then, the library did. */
struct trial {
    float *a, *b, *c, *want;
};

enum { TALL = 768, DEEP = 784, WIDE = 100 };

static int all_rows_alike(const struct trial *t, size_t m, size_t n, size_t k)
{
    memset(t->c, 0, m * n * sizeof *t->c);
    product(m, n, k, t->a, DEEP, t->b, n, t->c, n, 1.0f);
    for (size_t r = 0; r < m; r++)
        if (memcmp(t->c + r * n, t->want, n * sizeof *t->c) != 0)
            return 0;
    return 1;
}

/* Does a row come out the same at every height that is a multiple of `unit`, up to `most`, and
 * wherever it stands? */
static int reproduces(const struct trial *t, size_t unit, size_t most)
{
    static const size_t depths[] = { 3, 32, 200, 432, DEEP }, widths[] = { 1, 7, 48, WIDE };
    for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            size_t n = widths[w], k = depths[d];
            product(unit, n, k, t->a, DEEP, t->b, n, t->c, n, 0.0f);
            memcpy(t->want, t->c, n * sizeof *t->want);
            for (size_t m = unit; m <= most; m += m < 8 * unit ? unit : 7 * unit)
                if (!all_rows_alike(t, m, n, k))
                    return 0;
        }
    return 1;
}

/* The library at any height if it will, else at one. OpenBLAS 0.3.21 on Haswell and Zen computes
 * the second half of every twelve rows in another order than the first. */
static void find_heights(const struct trial *t)
{
    static const size_t units[] = { 8, 4, 12, 16, 24, 32, 48, 64, 96 };
    unsigned seed = 1;
    for (size_t i = 0; i < DEEP; i++)
        t->a[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1.0f;
    for (size_t r = 1; r < TALL; r++)
        memcpy(t->a + r * DEEP, t->a, DEEP * sizeof *t->a);
    for (size_t i = 0; i < DEEP * WIDE; i++)
        t->b[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1.0f;
    for (size_t most = TALL; most; most = most == TALL ? 1 : 0)
        for (size_t u = 0; u < sizeof units / sizeof *units; u++)
            if (reproduces(t, units[u], most == TALL ? TALL : units[u])) {
                tallest = most == TALL ? SIZE_MAX : units[u];
                quantum = units[u];
                return;
            }
}

static int find_quantum(struct mfd_error *err)
{
    MFD_AUTO_FREE float *a = mfd_aligned((size_t)TALL * DEEP, sizeof *a);
    MFD_AUTO_FREE float *b = mfd_aligned((size_t)DEEP * WIDE, sizeof *b);
    MFD_AUTO_FREE float *c = mfd_aligned((size_t)TALL * WIDE, sizeof *c);
    MFD_AUTO_FREE float *want = mfd_aligned(WIDE, sizeof *want);
    const struct trial t = { a, b, c, want };
    if (!a || !b || !c || !want)
        return mfd_fail_nomem(err);
    find_heights(&t);
    if (quantum)
        return MFD_OK;
    return mfd_fail(err, MFD_EUNSUPPORTED,
                    "the BLAS library (%s) gives a row other bits in other places of a product, "
                    "whatever the height; answers would depend on the batch",
                    openblas_get_config());
}

/* Does the same row come out the same at all of m places, added to the same sums? */
static int is_even(size_t m, size_t n, size_t k, const float *row, const float *b, float *a,
                   float *c)
{
    for (size_t r = 0; r < m; r++) {
        memcpy(a + r * k, row, k * sizeof *a);
        memcpy(c + r * n, b, n * sizeof *c); /* any numbers will do */
    }
    product(m, n, k, a, k, b, n, c, n, 1.0f);
    for (size_t r = 1; r < m; r++)
        if (memcmp(c, c + r * n, n * sizeof *c) != 0)
            return 0;
    return 1;
}

size_t mfd_blas_even_height(size_t n, size_t k, size_t limit)
{
    static const size_t heights[] = { 256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 4, 2 };
    size_t sizes[3];
    if (!mfd_mul(n, k, &sizes[0]) || !mfd_mul(heights[0], n, &sizes[1]) ||
        !mfd_mul(heights[0], k, &sizes[2]))
        return 0;
    MFD_AUTO_FREE float *b = mfd_aligned(sizes[0], sizeof *b);
    MFD_AUTO_FREE float *c = mfd_aligned(sizes[1], sizeof *c);
    MFD_AUTO_FREE float *a = mfd_aligned(sizes[2], sizeof *a);
    MFD_AUTO_FREE float *row = mfd_aligned(k, sizeof *row);
    if (!a || !b || !c || !row)
        return 0;
    unsigned seed = 1;
    for (size_t i = 0; i < sizes[0]; i++)
        b[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1.0f;
    for (size_t i = 0; i < k; i++)
        row[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1.0f;
    for (size_t i = 0; i < sizeof heights / sizeof *heights; i++)
        if (heights[i] <= limit && is_even(heights[i], n, k, row, b, a, c))
            return heights[i];
    return 0;
}

int mfd_blas_init(struct mfd_error *err)
{
    int status = MFD_OK;
    pthread_mutex_lock(&lock);
    if (!quantum) {
        openblas_set_num_threads(1);
        status = find_quantum(err);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

size_t mfd_blas_quantum(void)
{
    return quantum;
}

const char *mfd_blas_name(void)
{
    return openblas_get_config();
}

/* ---- double precision, for statistics ---- */

/* LAPACK, which OpenBLAS brings along without a header: arguments as Fortran passes them. The last
 * are the lengths of the texts. */
void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info, size_t, size_t);
void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a,
             const int *lda, double *s, double *u, const int *ldu, double *vt, const int *ldvt,
             double *work, const int *lwork, int *info, size_t, size_t);

#define MAX_SIDE 46340 /* of a matrix: its square fits an int, and so all that LAPACK counts */

void mfd_blas_cross(size_t n, size_t p, size_t q, const double *a, const double *b, double *c)
{
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)p, (int)q, (int)n, 1.0, a, (int)p, b,
                (int)q, 0.0, c, (int)q);
}

void mfd_blas_multiply(size_t n, size_t p, size_t q, const double *a, const double *b, double *c)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)q, (int)p, 1.0, a, (int)p,
                b, (int)q, 0.0, c, (int)q);
}

static int lapack_failed(const char *routine, int info, struct mfd_error *err)
{
    return mfd_fail(err, MFD_EINVAL,
                    "LAPACK's %s did not converge (info %d): are all numbers finite?", routine,
                    info);
}

int mfd_blas_eigen(size_t n, double *a, double *values, struct mfd_error *err)
{
    int side = (int)n, length = -1, info = 0;
    double best = 0;
    if (n == 0 || n > MAX_SIDE)
        return mfd_fail(err, MFD_ELIMIT, "a matrix of %zu rows has no eigenvalues here", n);
    dsyev_("V", "U", &side, a, &side, values, &best, &length, &info, 1, 1);
    if (info)
        return lapack_failed("dsyev", info, err);
    length = (int)best;
    MFD_AUTO_FREE double *work = mfd_calloc((size_t)length, sizeof *work);
    if (!work)
        return mfd_fail_nomem(err);
    dsyev_("V", "U", &side, a, &side, values, work, &length, &info, 1, 1);
    return info ? lapack_failed("dsyev", info, err) : MFD_OK;
}

/* A row-major matrix is its transpose to LAPACK, with the same singular values. */
int mfd_blas_singular(size_t m, size_t n, double *a, double *values, struct mfd_error *err)
{
    const int one = 1;
    int rows = (int)n, columns = (int)m, length = -1, info = 0;
    double best = 0, none = 0;
    if (m == 0 || n == 0 || m > MAX_SIDE || n > MAX_SIDE)
        return mfd_fail(err, MFD_ELIMIT, "a matrix of %zu x %zu has no singular values here", m, n);
    dgesvd_("N", "N", &rows, &columns, a, &rows, values, &none, &one, &none, &one, &best, &length,
            &info, 1, 1);
    if (info)
        return lapack_failed("dgesvd", info, err);
    length = (int)best;
    MFD_AUTO_FREE double *work = mfd_calloc((size_t)length, sizeof *work);
    if (!work)
        return mfd_fail_nomem(err);
    dgesvd_("N", "N", &rows, &columns, a, &rows, values, &none, &one, &none, &one, work, &length,
            &info, 1, 1);
    return info ? lapack_failed("dgesvd", info, err) : MFD_OK;
}
