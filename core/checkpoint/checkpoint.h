/* A checkpoint as PyTorch Lightning saves it: a zip with a pickle of state_dict and
 * hyper_parameters, and the storages of its tensors. Read as data; nothing in it is executed.
 * Source: shared design "The model", section 6; torch/serialization.py for the layout. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/checkpoint/names.h"
#include "core/tensor/tensor.h"

#define MFD_CHECKPOINT_MAX_PICKLE ((size_t)256 << 20) /* bytes of data.pkl */

struct mfd_checkpoint; /* one thread at a time: tensors are read when asked for */

/* Open and read the pickle. MFD_EFORMAT, MFD_EUNSUPPORTED or MFD_ELIMIT with what is wrong. */
int mfd_checkpoint_open(struct mfd_checkpoint **out, const char *path,
                        struct mfd_error *err) MFD_MUST_CHECK;
/* The same from `size` bytes in memory, borrowed until free. */
int mfd_checkpoint_parse(struct mfd_checkpoint **out, const void *bytes, size_t size,
                         struct mfd_error *err) MFD_MUST_CHECK;
void mfd_checkpoint_free(struct mfd_checkpoint *ck);

/* Entries of state_dict in its order; names borrowed. */
size_t mfd_checkpoint_count(const struct mfd_checkpoint *ck);
const char *mfd_checkpoint_name(const struct mfd_checkpoint *ck, size_t i);
/* Tensor i as float32 (double precision is rounded), contiguous, borrowed from the checkpoint.
 * Storages are read once and shared. Refused: types other than float and double, an offset, shape
 * or stride that leaves its storage, a storage whose size contradicts its type, numbers that are
 * not finite. Views of a storage may not add up to more bytes than the file has. */
int mfd_checkpoint_tensor(struct mfd_checkpoint *ck, size_t i, struct mfd_tensor *out,
                          struct mfd_error *err) MFD_MUST_CHECK;

/* The hyper-parameters that are None, truth values, numbers, text, or lists and dictionaries of
 * these, by name (borrowed). Others, such as the metadata loader, are left out. */
const json_t *mfd_checkpoint_hyper(const struct mfd_checkpoint *ck);

/* "epoch", "global_step" and "pytorch-lightning_version", as far as they are there (borrowed). */
const json_t *mfd_checkpoint_training(const struct mfd_checkpoint *ck);

/* The tracks in training order, out of the table (df_raw) that the pickled metadata loader holds.
 * MFD_ENOTFOUND or MFD_EUNSUPPORTED where it is not there or not readable, with the advice to give
 * the order in a file. */
int mfd_checkpoint_tracks(const struct mfd_checkpoint *ck, struct mfd_names *ids,
                          struct mfd_error *err) MFD_MUST_CHECK;
