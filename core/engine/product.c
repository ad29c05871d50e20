#include "core/engine/product.h"

#include "core/base/clock.h"
#include "core/tensor/blas.h"

int mfd_products_init(struct mfd_products *products, const struct mfd_kernels *kernels,
                      int openblas, struct mfd_error *err)
{
    if (kernels->product && !openblas) {
        *products = (struct mfd_products){ .kernels = kernels, .quantum = 1 };
        return MFD_OK;
    }
    int status = mfd_blas_init(err);
    if (status)
        return status;
    *products = (struct mfd_products){ .quantum = mfd_blas_quantum() };
    return MFD_OK;
}

void mfd_product(const struct mfd_products *p, size_t rows, const struct mfd_matrix *m,
                 size_t first, size_t columns, const float *a, size_t lda, float *c, size_t ldc,
                 int add, double *seconds)
{
    double start = mfd_seconds();
    if (p->kernels)
        p->kernels->product(rows, columns, m->k, a, lda, m->data + first * m->k, c, ldc, add);
    else
        mfd_blas_product(rows, columns, m->k, a, lda, m->data + first, m->n, c, ldc, add, NULL);
    *seconds += mfd_seconds() - start;
}
