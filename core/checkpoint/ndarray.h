/* A NumPy array inside a pickle: numpy.core.multiarray._reconstruct with its state (shape, element
 * type, order, data), or numpy.core.numeric._frombuffer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/checkpoint/pickle.h"
#include "core/tensor/tensor.h"

struct mfd_ndarray {
    size_t ndim, shape[MFD_MAX_DIMS], n;
    char type;    /* 'O' objects, 'i', 'u', 'f' numbers, 'b' truth values */
    size_t width; /* bytes of a number */
    bool swapped; /* numbers are big-endian */
    const struct mfd_pickle_items *objects; /* n of them for 'O' */
    char *bytes;                            /* owned; n * width otherwise */
};

bool mfd_ndarray_is(const struct mfd_pickle_value *v);
/* MFD_EFORMAT where parts contradict one another, MFD_EUNSUPPORTED for other element types. */
int mfd_ndarray_read(const struct mfd_pickle_value *v, struct mfd_ndarray *out,
                     struct mfd_error *err) MFD_MUST_CHECK;
void mfd_ndarray_deinit(struct mfd_ndarray *a);

/* Element i of an array of integers or truth values, counted as stored: of more than one dimension,
 * column by column where NumPy had it so. Objects are row by row whatever NumPy had. */
bool mfd_ndarray_integer(const struct mfd_ndarray *a, size_t i, int64_t *out);

/* A number in any of its disguises: a plain one, or numpy.core.multiarray.scalar. */
bool mfd_pickle_number(const struct mfd_pickle_value *v, double *out);
