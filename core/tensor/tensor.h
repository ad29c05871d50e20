/* A typed, named, borrowed view of numbers in memory. */
#pragma once

#include <stddef.h>

#define MFD_MAX_DIMS 4

enum mfd_dtype { MFD_F32, MFD_F64, MFD_I64, MFD_I32, MFD_U8 };

/* Borrows `name` and `data` from whatever holds them (a map, a builder). Row-major, little-endian.
 * A scalar has ndim 0 and one element. */
struct mfd_tensor {
    const char *name;
    enum mfd_dtype dtype;
    size_t ndim;
    size_t shape[MFD_MAX_DIMS];
    const void *data;
    size_t bytes;
};

/* Bytes of one element; elements of a shape (0 on overflow). */
size_t mfd_dtype_size(enum mfd_dtype dtype);
