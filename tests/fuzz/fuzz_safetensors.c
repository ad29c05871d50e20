/* Any bytes are a safetensors file or refused; and of one that is, every byte of every tensor lies
 * within the file, in order and without overlap. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/tensor/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mfd_safetensors *st)
{
    size_t size, n;
    const char *bytes = mfd_safetensors_bytes(st, &size), *at = NULL;
    for (size_t i = 0; i < mfd_safetensors_count(st); i++) {
        const struct mfd_tensor *t = mfd_safetensors_at(st, i);
        const char *from = t->data;
        if (!mfd_shape_bytes(t->dtype, t->shape, t->ndim, &n) || n != t->bytes)
            abort();
        if (from < bytes || from + t->bytes > bytes + size || (at && from != at))
            abort();
        if ((uintptr_t)from % mfd_dtype_size(t->dtype) || mfd_safetensors_find(st, t->name) != t)
            abort();
        (void)mfd_tensor_first_nonfinite(t);
        at = from + t->bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_safetensors *st;
    char hex[MFD_SHA256_HEX];
    uint64_t *copy = malloc(size + 8); /* aligned, which data need not be */
    if (!copy)
        abort();
    memcpy(copy, data, size);
    if (mfd_safetensors_parse(&st, copy, size, NULL) == MFD_OK) {
        check(st);
        if (mfd_safetensors_digest(st, "sha256", hex, NULL) == MFD_OK && strlen(hex) != 64)
            abort();
        mfd_safetensors_free(st);
    }
    free(copy);
    return 0;
}
