#define _GNU_SOURCE /* memmem */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/tensor/safetensors.h"

struct mfd_safetensors_writer {
    json_t *metadata;
    json_t *names; /* set of the tensors' names, which owns them */
    struct mfd_tensor *tensors;
    size_t n, size;
};

struct mfd_safetensors_writer *mfd_safetensors_writer_new(void)
{
    struct mfd_safetensors_writer *w = mfd_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->metadata = json_object();
    w->names = json_object();
    if (!w->metadata || !w->names) {
        mfd_safetensors_writer_free(w);
        return NULL;
    }
    return w;
}

void mfd_safetensors_writer_free(struct mfd_safetensors_writer *w)
{
    if (!w)
        return;
    json_decref(w->metadata);
    json_decref(w->names);
    free(w->tensors);
    free(w);
}

int mfd_safetensors_writer_meta(struct mfd_safetensors_writer *w, const char *key,
                                const char *value, struct mfd_error *err)
{
    if (json_object_get(w->metadata, key))
        return mfd_fail(err, MFD_EEXISTS, "metadata '%.200s' is given twice", key);
    if (json_object_set_new(w->metadata, key, json_string(value)) < 0)
        return mfd_fail(err, MFD_EINVAL, "metadata '%.200s' is not UTF-8", key);
    return MFD_OK;
}

int mfd_safetensors_writer_add(struct mfd_safetensors_writer *w, const struct mfd_tensor *t,
                               struct mfd_error *err)
{
    size_t bytes;
    char text[MFD_SHAPE_TEXT];
    if (t->ndim > MFD_MAX_DIMS || !mfd_shape_bytes(t->dtype, t->shape, t->ndim, &bytes) ||
        bytes != t->bytes)
        return mfd_fail(err, MFD_EINVAL, "tensor '%.200s' of shape %s does not take %zu bytes",
                        t->name, mfd_shape_text(t->shape, t->ndim, text), t->bytes);
    if (json_object_get(w->names, t->name) || strcmp(t->name, "__metadata__") == 0)
        return mfd_fail(err, MFD_EEXISTS, "tensor '%.200s' is given twice", t->name);
    if (w->n == w->size) {
        size_t size = w->size ? 2 * w->size : 64;
        struct mfd_tensor *tensors = mfd_realloc(w->tensors, size, sizeof *tensors);
        if (!tensors)
            return mfd_fail_nomem(err);
        w->tensors = tensors;
        w->size = size;
    }
    if (json_object_set_new(w->names, t->name, json_string(t->name)) < 0)
        return mfd_fail(err, MFD_EINVAL, "the name of tensor '%.200s' is not UTF-8", t->name);
    w->tensors[w->n] = *t;
    w->tensors[w->n].name = json_string_value(json_object_get(w->names, t->name));
    w->n++;
    return MFD_OK;
}

/* Power of two that divides a tensor's size, at most 64: what it keeps of alignment for the next.
 */
static size_t granule(const struct mfd_tensor *t)
{
    size_t lowest = t->bytes & (~t->bytes + 1);
    return lowest && lowest < 64 ? lowest : 64;
}

/* Coarse granules first, so that each tensor starts on a multiple of its own. */
static size_t lay_out(const struct mfd_safetensors_writer *w, size_t *order)
{
    size_t at = 0;
    for (size_t g = 64; g; g /= 2)
        for (size_t i = 0; i < w->n; i++)
            if (granule(&w->tensors[i]) == g)
                order[at++] = i;
    return at;
}

static json_t *entry(const struct mfd_tensor *t, size_t begin)
{
    json_t *shape = json_array();
    for (size_t i = 0; i < t->ndim; i++)
        json_array_append_new(shape, json_integer((json_int_t)t->shape[i]));
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", mfd_dtype_name(t->dtype), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)(begin + t->bytes));
}

static int add_json(const char *bytes, size_t n, void *buffer)
{
    mfd_buffer_add(buffer, bytes, n);
    return ((struct mfd_buffer *)buffer)->failed ? -1 : 0;
}

/* Length and header, padded with blanks to a multiple of 64 bytes. */
static int build_header(const struct mfd_safetensors_writer *w, const size_t *order,
                        struct mfd_buffer *out, struct mfd_error *err)
{
    uint64_t length = 0;
    json_t *root = json_object();
    int bad =
        json_object_size(w->metadata) ? json_object_set(root, "__metadata__", w->metadata) : 0;
    size_t at = 0;
    for (size_t i = 0; i < w->n && !bad; i++) {
        const struct mfd_tensor *t = &w->tensors[order[i]];
        bad = json_object_set_new(root, t->name, entry(t, at)) || !mfd_add(at, t->bytes, &at);
    }
    mfd_buffer_add(out, &length, sizeof length);
    bad = bad || json_dump_callback(root, add_json, out, JSON_COMPACT);
    json_decref(root);
    while (!out->failed && out->len % 64)
        mfd_buffer_addc(out, ' ');
    if (bad || out->failed)
        return mfd_fail_nomem(err);
    length = out->len - sizeof length;
    if (length > MFD_SAFETENSORS_MAX_HEADER)
        return mfd_fail(err, MFD_ELIMIT, "the header would take %zu bytes; the limit is %zu",
                        (size_t)length, MFD_SAFETENSORS_MAX_HEADER);
    memcpy(out->data, &length, sizeof length);
    return MFD_OK;
}

/* Put the digest of all parts over the zeros of metadata value `key` in the header (part 0). */
static int sign(const char *key, const struct iovec *parts, size_t n, char *hex,
                struct mfd_error *err)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer needle = MFD_BUFFER_INIT;
    mfd_buffer_addf(&needle, "\"%s\":\"%064d\"", key, 0);
    if (needle.failed)
        return mfd_fail_nomem(err);
    char *at = memmem(parts[0].iov_base, parts[0].iov_len, needle.data, needle.len);
    if (!at)
        return mfd_fail(err, MFD_EINVAL, "metadata '%s' is not 64 zeros to put a digest over", key);
    char digest[MFD_SHA256_HEX];
    struct mfd_sha256 *sha = mfd_sha256_new();
    if (!sha)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        mfd_sha256_update(sha, parts[i].iov_base, parts[i].iov_len);
    mfd_sha256_finish(sha, digest);
    memcpy(at + needle.len - 65, digest, 64);
    if (hex)
        memcpy(hex, digest, sizeof digest);
    return MFD_OK;
}

int mfd_safetensors_writer_write(struct mfd_safetensors_writer *w, const char *path,
                                 const char *digest_key, char *hex, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer header = MFD_BUFFER_INIT;
    MFD_AUTO_FREE size_t *order = mfd_calloc(w->n, sizeof *order);
    MFD_AUTO_FREE struct iovec *parts = mfd_calloc(w->n + 1, sizeof *parts);
    if (!order || !parts)
        return mfd_fail_nomem(err);
    lay_out(w, order);
    int status = build_header(w, order, &header, err);
    if (status)
        return status;
    parts[0] = (struct iovec){ header.data, header.len };
    for (size_t i = 0; i < w->n; i++) {
        const struct mfd_tensor *t = &w->tensors[order[i]];
        parts[i + 1] = (struct iovec){ (void *)(size_t)t->data, t->bytes };
    }
    if (digest_key)
        status = sign(digest_key, parts, w->n + 1, hex, err);
    return status ? status : mfd_file_replacev(path, parts, w->n + 1, err);
}
