/* Tensors of a checkpoint: views of storages, which are entries data/KEY of its zip. */
#pragma once

#include "core/base/error.h"
#include "core/checkpoint/archive.h"
#include "core/checkpoint/pickle.h"
#include "core/tensor/tensor.h"

struct mfd_storages; /* owns what was read, until free */

/* `archive` is borrowed. NULL on lack of memory. */
struct mfd_storages *mfd_storages_new(struct mfd_archive *archive);
void mfd_storages_free(struct mfd_storages *s);

/* The tensor that torch._utils._rebuild_tensor_v2(storage, offset, shape, stride, ...), perhaps
 * within _rebuild_parameter, stands for, as contiguous float32. out->name is not set; messages
 * leave the name to the caller. */
int mfd_storages_tensor(struct mfd_storages *s, const struct mfd_pickle_value *v,
                        struct mfd_tensor *out, struct mfd_error *err) MFD_MUST_CHECK;
