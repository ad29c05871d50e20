#include "core/tensor/tensor.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/memory.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files are little-endian and mapped as they are: a big-endian machine needs a swap on load"
#endif

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [MFD_F32] = { "F32", 4 }, [MFD_F64] = { "F64", 8 }, [MFD_I64] = { "I64", 8 },
    [MFD_I32] = { "I32", 4 }, [MFD_U8] = { "U8", 1 },
};

size_t mfd_dtype_size(enum mfd_dtype dtype)
{
    return dtypes[dtype].size;
}

const char *mfd_dtype_name(enum mfd_dtype dtype)
{
    return dtypes[dtype].name;
}

bool mfd_dtype_from_name(const char *s, size_t n, enum mfd_dtype *out)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (n == strlen(dtypes[i].name) && memcmp(s, dtypes[i].name, n) == 0) {
            *out = (enum mfd_dtype)i;
            return true;
        }
    }
    return false;
}

bool mfd_shape_elements(const size_t *shape, size_t ndim, size_t *out)
{
    size_t n = 1;
    for (size_t i = 0; i < ndim; i++)
        if (!mfd_mul(n, shape[i], &n))
            return false;
    *out = n;
    return true;
}

bool mfd_shape_bytes(enum mfd_dtype dtype, const size_t *shape, size_t ndim, size_t *out)
{
    size_t n;
    return mfd_shape_elements(shape, ndim, &n) && mfd_mul(n, mfd_dtype_size(dtype), out);
}

const char *mfd_shape_text(const size_t *shape, size_t ndim, char text[MFD_SHAPE_TEXT])
{
    size_t at = (size_t)snprintf(text, MFD_SHAPE_TEXT, "(");
    for (size_t i = 0; i < ndim && at < MFD_SHAPE_TEXT; i++)
        at += (size_t)snprintf(text + at, MFD_SHAPE_TEXT - at, i ? ", %zu" : "%zu", shape[i]);
    if (at < MFD_SHAPE_TEXT)
        snprintf(text + at, MFD_SHAPE_TEXT - at, ndim == 1 ? ",)" : ")");
    return text;
}

/* The exponent is all ones: tested on the bits, which vectorises. */
static size_t first_nonfinite_f32(const void *data, size_t n)
{
    const char *bytes = data;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        if ((bits & 0x7f800000u) == 0x7f800000u)
            return i;
    }
    return (size_t)-1;
}

static size_t first_nonfinite_f64(const void *data, size_t n)
{
    const uint64_t mask = UINT64_C(0x7ff) << 52;
    const char *bytes = data;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        if ((bits & mask) == mask)
            return i;
    }
    return (size_t)-1;
}

size_t mfd_tensor_first_nonfinite(const struct mfd_tensor *t)
{
    size_t n = t->bytes / mfd_dtype_size(t->dtype);
    if (t->dtype == MFD_F32)
        return first_nonfinite_f32(t->data, n);
    if (t->dtype == MFD_F64)
        return first_nonfinite_f64(t->data, n);
    return (size_t)-1;
}
