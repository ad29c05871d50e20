/* A typed, named, borrowed view of numbers in memory. */
#pragma once

#include <stdbool.h>
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

/* Bytes of one element. */
size_t mfd_dtype_size(enum mfd_dtype dtype);
/* "F32", "F64", "I64", "I32" or "U8", as safetensors spells them; static storage. */
const char *mfd_dtype_name(enum mfd_dtype dtype);
/* The type of that spelling (n bytes at s); false where it is none of ours. */
bool mfd_dtype_from_name(const char *s, size_t n, enum mfd_dtype *out);

/* Number of elements of a shape into *out (1 for ndim 0); false where it does not fit. */
bool mfd_shape_elements(const size_t *shape, size_t ndim, size_t *out);
/* Number of bytes of such an array; false where it does not fit. */
bool mfd_shape_bytes(enum mfd_dtype dtype, const size_t *shape, size_t ndim, size_t *out);

#define MFD_SHAPE_TEXT 96
/* "(3, 4)", "(7,)" or "()" for messages; returns `text`. */
const char *mfd_shape_text(const size_t *shape, size_t ndim, char text[MFD_SHAPE_TEXT]);

/* Index of the first element that is NaN or infinite, or (size_t)-1 where all are finite. Integer
 * types are always finite. */
size_t mfd_tensor_first_nonfinite(const struct mfd_tensor *t);
