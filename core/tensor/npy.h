/* NumPy .npy files (numpy.lib.format, versions 1.0 to 3.0), little-endian, C order. */
#pragma once

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/tensor/tensor.h"

/* A loaded array; `owned` belongs to it (free via mfd_npy_deinit). */
struct mfd_npy {
    struct mfd_tensor tensor; /* tensor.data points into `owned`; tensor.name is NULL */
    void *owned;
};

/* Read a whole file. Element types f4, f8, i8, i4 and u1; at most MFD_MAX_DIMS dimensions.
 * MFD_EFORMAT where the file is not what its header says, MFD_EUNSUPPORTED for other element types
 * and for Fortran order. */
int mfd_npy_read(const char *path, struct mfd_npy *out, struct mfd_error *err) MFD_MUST_CHECK;
/* The same over `size` bytes in memory, which are copied. */
int mfd_npy_parse(const void *bytes, size_t size, struct mfd_npy *out,
                  struct mfd_error *err) MFD_MUST_CHECK;
void mfd_npy_deinit(struct mfd_npy *npy);

/* The header of a float32 array of this shape, appended to `out` (for streams and HTTP). The data
 * that follows starts on a 64-byte boundary. */
void mfd_npy_header_f32(struct mfd_buffer *out, const size_t *shape, size_t ndim);
