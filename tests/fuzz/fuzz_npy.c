/* Any bytes are an array or refused; an array has the bytes its shape asks for. */
#include <stdint.h>
#include <stdlib.h>

#include "core/tensor/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_npy npy;
    size_t n;
    if (mfd_npy_parse(data, size, &npy, NULL) != MFD_OK)
        return 0;
    if (!mfd_shape_bytes(npy.tensor.dtype, npy.tensor.shape, npy.tensor.ndim, &n) ||
        n != npy.tensor.bytes || n > size)
        abort();
    (void)mfd_tensor_first_nonfinite(&npy.tensor);
    mfd_npy_deinit(&npy);
    return 0;
}
