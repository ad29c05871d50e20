#include "core/checkpoint/storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

#define MAX_KEY 64

/* One storage, read when first asked for. */
struct storage {
    char key[MAX_KEY];
    enum mfd_dtype dtype;
    void *data; /* numel elements of dtype */
    size_t numel;
};

struct mfd_storages {
    struct mfd_archive *archive;
    struct storage *at;
    size_t n, size;
    void **copies; /* of tensors that were not float32 and contiguous */
    size_t n_copies, copies_size;
    size_t given; /* bytes of all tensors handed out */
};

struct view {
    size_t ndim, shape[MFD_MAX_DIMS], stride[MFD_MAX_DIMS];
    size_t offset, elements;
};

struct mfd_storages *mfd_storages_new(struct mfd_archive *archive)
{
    struct mfd_storages *s = mfd_calloc(1, sizeof *s);
    if (s)
        s->archive = archive;
    return s;
}

void mfd_storages_free(struct mfd_storages *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        free(s->at[i].data);
    for (size_t i = 0; i < s->n_copies; i++)
        free(s->copies[i]);
    free(s->at);
    free(s->copies);
    free(s);
}

static int read_dtype(const struct mfd_pickle_value *v, enum mfd_dtype *out, struct mfd_error *err)
{
    if (mfd_pickle_is_global(v, "FloatStorage"))
        *out = MFD_F32;
    else if (mfd_pickle_is_global(v, "DoubleStorage"))
        *out = MFD_F64;
    else
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "its elements are of %s%s, not of single or double "
                        "precision: convert the model with .float() and save it again",
                        v && v->kind == MFD_PICKLE_GLOBAL ? "type " : "",
                        v && v->kind == MFD_PICKLE_GLOBAL ? v->global.name
                                                          : mfd_pickle_kind_name(v));
    return MFD_OK;
}

static int load(struct mfd_storages *s, struct storage *storage, struct mfd_error *err)
{
    char name[MAX_KEY + 8];
    size_t bytes = 0, size = 0;
    snprintf(name, sizeof name, "data/%s", storage->key);
    int status = mfd_archive_read(s->archive, name, &storage->data, &size, err);
    if (status)
        return status;
    if (!mfd_mul(storage->numel, mfd_dtype_size(storage->dtype), &bytes) || bytes != size) {
        free(storage->data);
        return mfd_fail(err, MFD_EFORMAT,
                        "storage '%s' should have %zu elements of %zu bytes but "
                        "has %zu bytes",
                        storage->key, storage->numel, mfd_dtype_size(storage->dtype), size);
    }
    return MFD_OK;
}

/* ('storage', torch.FloatStorage, '12', 'cpu', 480) */
static int find_storage(struct mfd_storages *s, const struct mfd_pickle_value *v,
                        const struct storage **out, struct mfd_error *err)
{
    const struct mfd_pickle_value *id = v && v->kind == MFD_PICKLE_PERSISTENT ? v->reference : NULL;
    const struct mfd_pickle_value *key = mfd_pickle_item(id, 2);
    struct storage wanted = { .data = NULL };
    if (!mfd_pickle_is_text(mfd_pickle_item(id, 0), "storage") || !key ||
        key->kind != MFD_PICKLE_TEXT || key->text.n == 0 || key->text.n >= MAX_KEY ||
        memchr(key->text.s, '\0', key->text.n) ||
        !mfd_pickle_size(mfd_pickle_item(id, 4), &wanted.numel))
        return mfd_fail(err, MFD_EFORMAT, "it has no storage");
    memcpy(wanted.key, key->text.s, key->text.n);
    int status = read_dtype(mfd_pickle_item(id, 1), &wanted.dtype, err);
    if (status)
        return status;
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->at[i].key, wanted.key) != 0)
            continue;
        if (s->at[i].dtype != wanted.dtype || s->at[i].numel != wanted.numel)
            return mfd_fail(err, MFD_EFORMAT, "storage '%s' is described in two ways", wanted.key);
        *out = &s->at[i];
        return MFD_OK;
    }
    if (s->n == s->size) {
        size_t size = s->size ? 2 * s->size : 64;
        struct storage *at = mfd_realloc(s->at, size, sizeof *at);
        if (!at)
            return mfd_fail_nomem(err);
        s->at = at;
        s->size = size;
    }
    status = load(s, &wanted, err);
    if (status)
        return status;
    s->at[s->n] = wanted;
    *out = &s->at[s->n++];
    return MFD_OK;
}

static bool read_sizes(const struct mfd_pickle_value *v, size_t ndim, size_t *out)
{
    if (mfd_pickle_is_call(v, "Size"))
        v = mfd_pickle_argument(v, 0);
    if (!v || v->kind != MFD_PICKLE_TUPLE || v->items.n != ndim)
        return false;
    for (size_t i = 0; i < ndim; i++)
        if (!mfd_pickle_size(v->items.at[i], &out[i]))
            return false;
    return true;
}

/* Shape and strides, and that no element of the view lies outside `numel`. */
static int read_view(const struct mfd_pickle_value *v, size_t numel, struct view *view,
                     struct mfd_error *err)
{
    const struct mfd_pickle_value *shape = mfd_pickle_argument(v, 2);
    const struct mfd_pickle_items *sizes =
        mfd_pickle_items(mfd_pickle_is_call(shape, "Size") ? mfd_pickle_argument(shape, 0) : shape);
    view->ndim = sizes ? sizes->n : 0;
    if (view->ndim > MFD_MAX_DIMS)
        return mfd_fail(err, MFD_EUNSUPPORTED, "it has %zu dimensions; at most %d are supported",
                        view->ndim, MFD_MAX_DIMS);
    if (!mfd_pickle_size(mfd_pickle_argument(v, 1), &view->offset) ||
        !read_sizes(shape, view->ndim, view->shape) ||
        !read_sizes(mfd_pickle_argument(v, 3), view->ndim, view->stride))
        return mfd_fail(err, MFD_EFORMAT, "its offset, shape or strides are not sizes");
    if (!mfd_shape_elements(view->shape, view->ndim, &view->elements) || view->elements > numel)
        return mfd_fail(err, MFD_EFORMAT, "it has more elements than its storage, which has %zu",
                        numel);
    size_t last = view->offset;
    bool fits = true;
    for (size_t i = 0; i < view->ndim && fits && view->elements; i++) {
        size_t step;
        fits = mfd_mul(view->shape[i] - 1, view->stride[i], &step) && mfd_add(last, step, &last);
    }
    if (!fits || (view->elements && last >= numel))
        return mfd_fail(err, MFD_EFORMAT, "it reaches beyond its storage, which has %zu elements",
                        numel);
    return MFD_OK;
}

static bool is_contiguous(const struct view *view)
{
    size_t expected = 1;
    for (size_t i = view->ndim; i-- > 0;) {
        if (view->shape[i] != 1 && view->stride[i] != expected)
            return false;
        expected *= view->shape[i];
    }
    return true;
}

static float element(const struct storage *storage, size_t i)
{
    return storage->dtype == MFD_F64 ? (float)((const double *)storage->data)[i]
                                     : ((const float *)storage->data)[i];
}

/* Rows of a view one after the other, as single precision, in a block that s keeps. */
static int gather(struct mfd_storages *s, const struct storage *storage, const struct view *view,
                  const float **out, struct mfd_error *err)
{
    if (s->n_copies == s->copies_size) {
        size_t size = s->copies_size ? 2 * s->copies_size : 16;
        void **copies = mfd_realloc(s->copies, size, sizeof *copies);
        if (!copies)
            return mfd_fail_nomem(err);
        s->copies = copies;
        s->copies_size = size;
    }
    float *copy = mfd_aligned(view->elements, sizeof *copy);
    if (!copy)
        return mfd_fail_nomem(err);
    size_t index[MFD_MAX_DIMS] = { 0 }, at = view->offset;
    for (size_t n = 0; n < view->elements; n++) {
        copy[n] = element(storage, at);
        for (size_t d = view->ndim; d-- > 0;) {
            at += view->stride[d];
            if (++index[d] < view->shape[d])
                break;
            at -= view->shape[d] * view->stride[d];
            index[d] = 0;
        }
    }
    s->copies[s->n_copies++] = copy;
    *out = copy;
    return MFD_OK;
}

int mfd_storages_tensor(struct mfd_storages *s, const struct mfd_pickle_value *v,
                        struct mfd_tensor *out, struct mfd_error *err)
{
    const struct storage *storage = NULL;
    struct view view;
    if (mfd_pickle_is_call(v, "_rebuild_parameter"))
        v = mfd_pickle_argument(v, 0);
    if (!mfd_pickle_is_call(v, "_rebuild_tensor_v2") && !mfd_pickle_is_call(v, "_rebuild_tensor"))
        return mfd_fail(err, MFD_EFORMAT, "it is %s, not a tensor", mfd_pickle_kind_name(v));
    int status = find_storage(s, mfd_pickle_argument(v, 0), &storage, err);
    if (!status)
        status = read_view(v, storage->numel, &view, err);
    if (status)
        return status;
    /* many views of one storage could make a small file a large bundle */
    size_t bytes = view.elements * sizeof(float);
    if (bytes > mfd_archive_total(s->archive) - s->given)
        return mfd_fail(err, MFD_EFORMAT, "the tensors take more bytes than the checkpoint has");
    const float *data = NULL;
    if (storage->dtype == MFD_F32 && is_contiguous(&view))
        data = (const float *)storage->data + view.offset;
    else if ((status = gather(s, storage, &view, &data, err)) != MFD_OK)
        return status;
    s->given += bytes;
    struct mfd_tensor t = { .dtype = MFD_F32, .ndim = view.ndim, .data = data, .bytes = bytes };
    memcpy(t.shape, view.shape, sizeof view.shape);
    *out = t;
    return MFD_OK;
}
