#define _GNU_SOURCE /* memmem */
#include "core/tensor/safetensors.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"

struct mfd_safetensors {
    struct mfd_map map; /* size 0 where the bytes are borrowed */
    const char *bytes;
    size_t size;
    const char *data; /* after the header */
    json_t *root;     /* names and metadata live here */
    json_t *metadata; /* borrowed from root, or NULL */
    struct mfd_tensor *tensors;
    const struct mfd_tensor **by_name;
    size_t n;
};

static int compare_data(const void *a, const void *b)
{
    const struct mfd_tensor *x = a, *y = b;
    uintptr_t p = (uintptr_t)x->data, q = (uintptr_t)y->data;
    if (p != q)
        return p < q ? -1 : 1;
    /* empty tensors first: they may share the start of another */
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int compare_name(const void *a, const void *b)
{
    const struct mfd_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static bool as_size(const json_t *value, size_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

static int read_shape(struct mfd_tensor *t, const json_t *shape, struct mfd_error *err)
{
    if (!json_is_array(shape))
        return mfd_fail(err, MFD_EFORMAT, "tensor '%.200s' has no list 'shape'", t->name);
    t->ndim = json_array_size(shape);
    if (t->ndim > MFD_MAX_DIMS)
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "tensor '%.200s' has %zu dimensions; at most %d are"
                        " supported",
                        t->name, t->ndim, MFD_MAX_DIMS);
    for (size_t i = 0; i < t->ndim; i++)
        if (!as_size(json_array_get(shape, i), &t->shape[i]))
            return mfd_fail(err, MFD_EFORMAT, "dimension %zu of tensor '%.200s' is not a size", i,
                            t->name);
    return MFD_OK;
}

static int read_extent(const struct mfd_safetensors *st, struct mfd_tensor *t,
                       const json_t *offsets, struct mfd_error *err)
{
    size_t room = st->size - (size_t)(st->data - st->bytes), begin, end, need;
    char text[MFD_SHAPE_TEXT];
    if (json_array_size(offsets) != 2 || !as_size(json_array_get(offsets, 0), &begin) ||
        !as_size(json_array_get(offsets, 1), &end))
        return mfd_fail(err, MFD_EFORMAT, "tensor '%.200s' has no pair of sizes 'data_offsets'",
                        t->name);
    if (begin > end || end > room)
        return mfd_fail(err, MFD_EFORMAT,
                        "tensor '%.200s' lies at bytes %zu to %zu of %zu: the file"
                        " is damaged or cut short",
                        t->name, begin, end, room);
    if (!mfd_shape_bytes(t->dtype, t->shape, t->ndim, &need) || need != end - begin)
        return mfd_fail(err, MFD_EFORMAT,
                        "tensor '%.200s' of type %s and shape %s does not take %zu"
                        " bytes",
                        t->name, mfd_dtype_name(t->dtype), mfd_shape_text(t->shape, t->ndim, text),
                        end - begin);
    t->data = st->data + begin;
    t->bytes = end - begin;
    if ((uintptr_t)t->data % mfd_dtype_size(t->dtype))
        return mfd_fail(err, MFD_EFORMAT,
                        "tensor '%.200s' is not aligned to its elements of %zu"
                        " bytes: write the file again with tensors ordered by element size",
                        t->name, mfd_dtype_size(t->dtype));
    return MFD_OK;
}

static int read_tensor(const struct mfd_safetensors *st, const char *name, const json_t *entry,
                       struct mfd_tensor *t, struct mfd_error *err)
{
    t->name = name;
    const json_t *dtype = json_object_get(entry, "dtype");
    if (!json_is_object(entry) || !json_is_string(dtype))
        return mfd_fail(err, MFD_EFORMAT, "tensor '%.200s' has no 'dtype'", name);
    const char *spelling = json_string_value(dtype);
    if (!mfd_dtype_from_name(spelling, json_string_length(dtype), &t->dtype))
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "tensor '%.200s' has elements of type '%.20s'; F32,"
                        " F64, I64, I32 and U8 are supported",
                        name, spelling);
    int status = read_shape(t, json_object_get(entry, "shape"), err);
    return status ? status : read_extent(st, t, json_object_get(entry, "data_offsets"), err);
}

static int read_metadata(struct mfd_safetensors *st, json_t *metadata, struct mfd_error *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return mfd_fail(err, MFD_EFORMAT, "'__metadata__' is not an object");
    json_object_foreach(metadata, key, value) if (!json_is_string(value)) return mfd_fail(
        err, MFD_EFORMAT, "'%.200s' of '__metadata__' is not a string", key);
    st->metadata = metadata;
    return MFD_OK;
}

/* Tensors sorted by place must follow one another from the first byte to the last. */
static int check_cover(const struct mfd_safetensors *st, struct mfd_error *err)
{
    const char *at = st->data;
    for (size_t i = 0; i < st->n; i++) {
        const struct mfd_tensor *t = &st->tensors[i];
        if ((const char *)t->data != at)
            return mfd_fail(err, MFD_EFORMAT, "tensor '%.200s' %s", t->name,
                            (const char *)t->data < at ? "overlaps the one before it"
                                                       : "leaves a gap before it");
        at += t->bytes;
    }
    if (at != st->bytes + st->size)
        return mfd_fail(err, MFD_EFORMAT, "%zu bytes at the end belong to no tensor",
                        (size_t)(st->bytes + st->size - at));
    return MFD_OK;
}

static int read_entries(struct mfd_safetensors *st, struct mfd_error *err)
{
    const char *name;
    json_t *entry;
    size_t entries = json_object_size(st->root);
    st->tensors = mfd_calloc(entries, sizeof *st->tensors);
    st->by_name = mfd_calloc(entries, sizeof *st->by_name);
    if (!st->tensors || !st->by_name)
        return mfd_fail_nomem(err);
    json_object_foreach(st->root, name, entry)
    {
        int status = strcmp(name, "__metadata__") == 0
                         ? read_metadata(st, entry, err)
                         : read_tensor(st, name, entry, &st->tensors[st->n++], err);
        if (status)
            return status;
    }
    qsort(st->tensors, st->n, sizeof *st->tensors, compare_data);
    for (size_t i = 0; i < st->n; i++)
        st->by_name[i] = &st->tensors[i];
    qsort(st->by_name, st->n, sizeof *st->by_name, compare_name);
    return check_cover(st, err);
}

static int read_header(struct mfd_safetensors *st, struct mfd_error *err)
{
    uint64_t length;
    if (st->size < sizeof length)
        return mfd_fail(err, MFD_EFORMAT, "%zu bytes are too few for a safetensors file", st->size);
    memcpy(&length, st->bytes, sizeof length);
    if (memcmp(st->bytes, "PK\3\4", 4) == 0)
        return mfd_fail(
            err, MFD_EFORMAT,
            "this is a zip file, as checkpoints of PyTorch are, and no safetensors file; "
            "`mfd-model import` makes a bundle of a checkpoint");
    if (length > st->size - sizeof length)
        return mfd_fail(err, MFD_EFORMAT,
                        "the header should take %llu bytes but the file has %zu:"
                        " not a safetensors file, or cut short",
                        (unsigned long long)length, st->size);
    if (length > MFD_SAFETENSORS_MAX_HEADER)
        return mfd_fail(err, MFD_ELIMIT, "the header takes %llu bytes; the limit is %zu",
                        (unsigned long long)length, MFD_SAFETENSORS_MAX_HEADER);
    st->data = st->bytes + sizeof length + length;
    json_error_t why;
    st->root = json_loadb(st->bytes + sizeof length, length, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(st->root))
        return mfd_fail(err, MFD_EFORMAT, "the header is not a JSON object (byte %d: %s)",
                        why.position, st->root ? "a list" : why.text);
    return read_entries(st, err);
}

int mfd_safetensors_parse(struct mfd_safetensors **out, const void *bytes, size_t size,
                          struct mfd_error *err)
{
    struct mfd_safetensors *st = mfd_calloc(1, sizeof *st);
    if (!st)
        return mfd_fail_nomem(err);
    st->bytes = bytes;
    st->size = size;
    int status = read_header(st, err);
    if (status) {
        mfd_safetensors_free(st);
        return status;
    }
    *out = st;
    return MFD_OK;
}

int mfd_safetensors_open(struct mfd_safetensors **out, const char *path, struct mfd_error *err)
{
    struct mfd_map map;
    struct mfd_safetensors *st;
    int status = mfd_map_open(&map, path, err);
    if (status)
        return status;
    status = mfd_safetensors_parse(&st, map.data, map.size, err);
    if (status) {
        mfd_map_close(&map);
        return mfd_fail_prefix(err, status, "'%s'", path);
    }
    st->map = map;
    *out = st;
    return MFD_OK;
}

void mfd_safetensors_free(struct mfd_safetensors *st)
{
    if (!st)
        return;
    json_decref(st->root);
    free(st->tensors);
    free(st->by_name);
    mfd_map_close(&st->map);
    free(st);
}

size_t mfd_safetensors_count(const struct mfd_safetensors *st)
{
    return st->n;
}

const struct mfd_tensor *mfd_safetensors_at(const struct mfd_safetensors *st, size_t i)
{
    return i < st->n ? &st->tensors[i] : NULL;
}

const struct mfd_tensor *mfd_safetensors_find(const struct mfd_safetensors *st, const char *name)
{
    const struct mfd_tensor wanted = { .name = name }, *key = &wanted;
    const struct mfd_tensor **found =
        st->n ? bsearch(&key, st->by_name, st->n, sizeof *st->by_name, compare_name) : NULL;
    return found ? *found : NULL;
}

size_t mfd_safetensors_metadata_count(const struct mfd_safetensors *st)
{
    return json_object_size(st->metadata);
}

const char *mfd_safetensors_metadata_key(const struct mfd_safetensors *st, size_t i)
{
    const char *key;
    json_t *value;
    json_object_foreach(st->metadata, key, value) if (i-- == 0) return key;
    return NULL;
}

const char *mfd_safetensors_metadata(const struct mfd_safetensors *st, const char *key)
{
    return json_string_value(json_object_get(st->metadata, key));
}

const void *mfd_safetensors_bytes(const struct mfd_safetensors *st, size_t *size)
{
    *size = st->size;
    return st->bytes;
}

int mfd_safetensors_digest(const struct mfd_safetensors *st, const char *key,
                           char hex[MFD_SHA256_HEX], struct mfd_error *err)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const char *value = mfd_safetensors_metadata(st, key);
    if (!value || strlen(value) != 64)
        return mfd_fail(err, MFD_EFORMAT, "there is no digest '%s' in the metadata", key);
    /* Quotes within strings are escaped, so this finds a member and nothing else. */
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer needle = MFD_BUFFER_INIT;
    mfd_buffer_addf(&needle, "\"%s\":\"%s\"", key, value);
    struct mfd_sha256 *sha = needle.failed ? NULL : mfd_sha256_new();
    if (!sha)
        return mfd_fail_nomem(err);
    const char *end = st->data;
    const char *at = memmem(st->bytes, (size_t)(end - st->bytes), needle.data, needle.len);
    if (!at || memmem(at + 1, (size_t)(end - at - 1), needle.data, needle.len)) {
        mfd_sha256_finish(sha, hex);
        return mfd_fail(err, MFD_EFORMAT, "the digest '%s' is not written plainly, once", key);
    }
    at += needle.len - 65; /* the value's first digit */
    mfd_sha256_update(sha, st->bytes, (size_t)(at - st->bytes));
    mfd_sha256_update(sha, zeros, 64);
    mfd_sha256_update(sha, at + 64, st->size - (size_t)(at + 64 - st->bytes));
    mfd_sha256_finish(sha, hex);
    return MFD_OK;
}
