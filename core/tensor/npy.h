/* NumPy .npy files (format 1.0/2.0, little-endian, C order). */
#pragma once

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/tensor/tensor.h"

/* A loaded array; `data` owned (free via mfd_npy_deinit). */
struct mfd_npy {
    struct mfd_tensor tensor; /* tensor.data points into `owned` */
    void *owned;
};

int mfd_npy_read(const char *path, struct mfd_npy *out, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_npy_deinit(struct mfd_npy *npy);

/* Write float32 (rows, columns), replacing `path` atomically. */
int mfd_npy_write_f32(const char *path, const float *data, size_t rows, size_t columns,
                      struct mfd_error *err) MFD_MUST_CHECK;
/* The header of a float32 array of this shape, appended to `out` (for streams and HTTP). */
void mfd_npy_header_f32(struct mfd_buffer *out, const size_t *shape, size_t ndim);
