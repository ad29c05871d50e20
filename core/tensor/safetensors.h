/* The safetensors format (huggingface.co/docs/safetensors): u64 header length, JSON header, data.
 * Reading maps the file; every offset, shape and size is checked before anything points to it. */
#pragma once

#include <jansson.h>

#include "core/base/error.h"
#include "core/tensor/tensor.h"

struct mfd_safetensors; /* a mapped file; immutable, any thread */

/* Map `path`. `max_header` bytes bounds the JSON header. Tensors are aligned to at least 4 bytes
 * and may not overlap; the data area is covered without gaps, as the format asks. */
int mfd_safetensors_open(struct mfd_safetensors **out, const char *path,
                         struct mfd_error *err) MFD_MUST_CHECK;
void mfd_safetensors_free(struct mfd_safetensors *st);

/* Borrowed, in file order; NULL where there is none. */
size_t mfd_safetensors_count(const struct mfd_safetensors *st);
const struct mfd_tensor *mfd_safetensors_at(const struct mfd_safetensors *st, size_t i);
const struct mfd_tensor *mfd_safetensors_find(const struct mfd_safetensors *st, const char *name);

/* A value of __metadata__ (NUL-terminated UTF-8), borrowed; NULL where absent. */
const char *mfd_safetensors_metadata(const struct mfd_safetensors *st, const char *key);
/* The whole file as mapped: data and size, for digests. */
const void *mfd_safetensors_bytes(const struct mfd_safetensors *st, size_t *size);

/* Writer: add metadata and tensors (borrowed until write), then write the file atomically.
 * Tensors are laid out in the order given, each on a 64-byte boundary of the file as far as the
 * format allows (header padded with blanks, tensors ordered so that no gap is needed). */
struct mfd_safetensors_writer;
struct mfd_safetensors_writer *mfd_safetensors_writer_new(void);
void mfd_safetensors_writer_free(struct mfd_safetensors_writer *w);
int mfd_safetensors_writer_meta(struct mfd_safetensors_writer *w, const char *key,
                                const char *value, struct mfd_error *err) MFD_MUST_CHECK;
int mfd_safetensors_writer_add(struct mfd_safetensors_writer *w, const struct mfd_tensor *t,
                               struct mfd_error *err) MFD_MUST_CHECK;
/* Streams to a temporary file beside `path`, syncs, renames. Where `digest_key` is not NULL, that
 * metadata value (which must be 64 '0') is replaced by the SHA-256 of the file taken with the
 * zeros in place; `hex` (may be NULL) receives it. */
int mfd_safetensors_writer_write(struct mfd_safetensors_writer *w, const char *path,
                                 const char *digest_key, char *hex,
                                 struct mfd_error *err) MFD_MUST_CHECK;
