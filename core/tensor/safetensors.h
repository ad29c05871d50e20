/* The safetensors format (huggingface.co/docs/safetensors): u64 header length, JSON header, data.
 * Reading maps the file; every offset, shape and size is checked before anything points to it. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/tensor/tensor.h"

/* Bytes of JSON header accepted on reading and produced on writing. Bundles keep their metadata
 * table there: about 1 MB at 2,000 tracks. */
#define MFD_SAFETENSORS_MAX_HEADER ((size_t)32 << 20)

struct mfd_safetensors; /* a mapped file; immutable, any thread */

/* Map `path`. Every tensor is aligned to its element size, has at most MFD_MAX_DIMS dimensions, and
 * together they cover the data area without gap or overlap, as the format asks. The file must not
 * be changed in place while mapped: replace it (the writer below does). MFD_EFORMAT names the
 * tensor at fault; MFD_EUNSUPPORTED an element type that we do not use; MFD_ELIMIT too large a
 * header. */
int mfd_safetensors_open(struct mfd_safetensors **out, const char *path,
                         struct mfd_error *err) MFD_MUST_CHECK;
/* The same over `size` bytes in memory on an 8-byte boundary, borrowed until free. */
int mfd_safetensors_parse(struct mfd_safetensors **out, const void *bytes, size_t size,
                          struct mfd_error *err) MFD_MUST_CHECK;
void mfd_safetensors_free(struct mfd_safetensors *st);

/* Borrowed, in file order (of the data); NULL where there is none. */
size_t mfd_safetensors_count(const struct mfd_safetensors *st);
const struct mfd_tensor *mfd_safetensors_at(const struct mfd_safetensors *st, size_t i);
const struct mfd_tensor *mfd_safetensors_find(const struct mfd_safetensors *st, const char *name);

/* A value of __metadata__ (NUL-terminated UTF-8), borrowed; NULL where absent. */
const char *mfd_safetensors_metadata(const struct mfd_safetensors *st, const char *key);
/* Keys of __metadata__, in file order; borrowed, NULL where there is none. */
size_t mfd_safetensors_metadata_count(const struct mfd_safetensors *st);
const char *mfd_safetensors_metadata_key(const struct mfd_safetensors *st, size_t i);
/* The whole file as mapped: data and size. */
const void *mfd_safetensors_bytes(const struct mfd_safetensors *st, size_t *size);
/* SHA-256 of the whole file taken with the 64 digits of metadata value `key` as '0', which is what
 * the writer stores there: the file is sound where `hex` equals that value. MFD_EFORMAT where there
 * is no such value, it is not 64 characters, or it is not written as "key":"value" exactly once. */
int mfd_safetensors_digest(const struct mfd_safetensors *st, const char *key,
                           char hex[MFD_SHA256_HEX], struct mfd_error *err) MFD_MUST_CHECK;

/* Writer: add metadata and tensors, then write the file atomically. Keys, values and names are
 * copied, data is borrowed until the write. Data starts on a 64-byte boundary and tensors whose
 * size is a multiple of 64 bytes come first, then those of 32, 16, ..., in the order given within
 * each: the format has no gaps, and so everything is aligned as far as it can be. The same calls
 * give the same bytes. */
struct mfd_safetensors_writer;
struct mfd_safetensors_writer *mfd_safetensors_writer_new(void);
void mfd_safetensors_writer_free(struct mfd_safetensors_writer *w);
/* MFD_EEXISTS for a key or name given before; MFD_EINVAL where it is not UTF-8, or the tensor's
 * size does not follow from its shape. */
int mfd_safetensors_writer_meta(struct mfd_safetensors_writer *w, const char *key,
                                const char *value, struct mfd_error *err) MFD_MUST_CHECK;
int mfd_safetensors_writer_add(struct mfd_safetensors_writer *w, const struct mfd_tensor *t,
                               struct mfd_error *err) MFD_MUST_CHECK;
/* Writes a temporary file beside `path`, syncs, renames. Where `digest_key` is not NULL, that
 * metadata value (which must be 64 '0') is replaced by the SHA-256 of the file taken with the
 * zeros in place; `hex` (MFD_SHA256_HEX bytes, may be NULL) receives it. Call once. */
int mfd_safetensors_writer_write(struct mfd_safetensors_writer *w, const char *path,
                                 const char *digest_key, char *hex,
                                 struct mfd_error *err) MFD_MUST_CHECK;
