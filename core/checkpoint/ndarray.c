#include "core/checkpoint/ndarray.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/base/parse.h"

bool mfd_ndarray_is(const struct mfd_pickle_value *v)
{
    return mfd_pickle_is_call(v, "_reconstruct") || mfd_pickle_is_call(v, "_frombuffer");
}

/* numpy.dtype('f8', False, True) with the state (3, '<', ...). */
static int read_dtype(const struct mfd_pickle_value *v, struct mfd_ndarray *out,
                      struct mfd_error *err)
{
    const struct mfd_pickle_value *code = mfd_pickle_argument(v, 0);
    if (!mfd_pickle_is_call(v, "dtype") || !code ||
        (code->kind != MFD_PICKLE_TEXT && code->kind != MFD_PICKLE_BYTES) || code->text.n < 1)
        return mfd_fail(err, MFD_EFORMAT, "an array has no element type");
    int64_t width = 8; /* "O" alone is as good as "O8" */
    if (!strchr("Oiufb", code->text.s[0]) || !code->text.s[0] ||
        (code->text.n > 1 && !mfd_parse_i64(code->text.s + 1, code->text.n - 1, 1, 8, &width)))
        return mfd_fail(err, MFD_EUNSUPPORTED, "arrays of type '%.*s' are not read",
                        code->text.n > 20 ? 20 : (int)code->text.n, code->text.s);
    out->type = code->text.s[0];
    out->width = (size_t)width;
    out->swapped = mfd_pickle_is_text(mfd_pickle_item(v->object->state, 1), ">");
    return MFD_OK;
}

static int read_shape(const struct mfd_pickle_value *v, struct mfd_ndarray *out,
                      struct mfd_error *err)
{
    if (!v || v->kind != MFD_PICKLE_TUPLE || v->items.n > MFD_MAX_DIMS)
        return mfd_fail(err, MFD_EFORMAT, "an array has no shape that we can read");
    out->ndim = v->items.n;
    for (size_t i = 0; i < out->ndim; i++)
        if (!mfd_pickle_size(v->items.at[i], &out->shape[i]))
            return mfd_fail(err, MFD_EFORMAT, "an array has a shape that is no list of sizes");
    if (!mfd_shape_elements(out->shape, out->ndim, &out->n))
        return mfd_fail(err, MFD_EFORMAT, "an array has more elements than can be");
    return MFD_OK;
}

static int read_data(const struct mfd_pickle_value *v, struct mfd_ndarray *out,
                     struct mfd_error *err)
{
    size_t bytes, have = 0;
    if (out->type == 'O') {
        out->objects = v && v->kind == MFD_PICKLE_LIST ? &v->items : NULL;
        if (!out->objects || out->objects->n != out->n)
            return mfd_fail(err, MFD_EFORMAT, "an array of %zu objects holds %zu", out->n,
                            out->objects ? out->objects->n : 0);
        return MFD_OK;
    }
    out->bytes = mfd_pickle_bytes(v, &have);
    if (!out->bytes || !mfd_mul(out->n, out->width, &bytes) || bytes != have) {
        mfd_ndarray_deinit(out);
        return mfd_fail(err, MFD_EFORMAT, "an array of %zu elements holds %zu bytes", out->n, have);
    }
    return MFD_OK;
}

int mfd_ndarray_read(const struct mfd_pickle_value *v, struct mfd_ndarray *out,
                     struct mfd_error *err)
{
    struct mfd_ndarray a = { 0 };
    const struct mfd_pickle_value *shape, *dtype, *data;
    if (mfd_pickle_is_call(v, "_reconstruct")) {
        shape = mfd_pickle_item(v->object->state, 1);
        dtype = mfd_pickle_item(v->object->state, 2);
        data = mfd_pickle_item(v->object->state, 4);
    } else {
        data = mfd_pickle_argument(v, 0);
        dtype = mfd_pickle_argument(v, 1);
        shape = mfd_pickle_argument(v, 2);
    }
    int status = read_dtype(dtype, &a, err);
    if (!status)
        status = read_shape(shape, &a, err);
    if (!status)
        status = read_data(data, &a, err);
    if (status)
        return status;
    *out = a;
    return MFD_OK;
}

void mfd_ndarray_deinit(struct mfd_ndarray *a)
{
    free(a->bytes);
    a->bytes = NULL;
}

/* `width` bytes in either order as a number of 64 bits, sign extended where asked. */
static uint64_t load(const char *bytes, size_t width, bool swapped, bool is_signed)
{
    uint64_t x = 0;
    for (size_t i = 0; i < width; i++)
        x = x << 8 | (unsigned char)bytes[swapped ? i : width - 1 - i];
    if (is_signed && width < 8 && x >> (8 * width - 1))
        x |= UINT64_MAX << 8 * width;
    return x;
}

bool mfd_ndarray_integer(const struct mfd_ndarray *a, size_t i, int64_t *out)
{
    if (i >= a->n || !strchr("iub", a->type))
        return false;
    *out = (int64_t)load(a->bytes + i * a->width, a->width, a->swapped, a->type == 'i');
    return true;
}

static bool from_bytes(const struct mfd_ndarray *type, const char *bytes, double *out)
{
    uint64_t bits = load(bytes, type->width, type->swapped, type->type == 'i');
    uint32_t low = (uint32_t)bits;
    float single;
    if (type->type == 'i')
        *out = (double)(int64_t)bits;
    else if (type->type == 'u' || type->type == 'b')
        *out = (double)bits;
    else if (type->type == 'f' && type->width == 8)
        memcpy(out, &bits, sizeof *out);
    else if (type->type == 'f' && type->width == 4) {
        memcpy(&single, &low, sizeof single);
        *out = (double)single;
    } else
        return false;
    return true;
}

bool mfd_pickle_number(const struct mfd_pickle_value *v, double *out)
{
    if (!v)
        return false;
    if (v->kind == MFD_PICKLE_INT || v->kind == MFD_PICKLE_FLOAT) {
        *out = v->kind == MFD_PICKLE_INT ? (double)v->integer : v->real;
        return true;
    }
    struct mfd_ndarray type = { 0 };
    if (!mfd_pickle_is_call(v, "scalar") || read_dtype(mfd_pickle_argument(v, 0), &type, NULL))
        return false;
    size_t n = 0;
    char *bytes = mfd_pickle_bytes(mfd_pickle_argument(v, 1), &n);
    bool ok = bytes && n == type.width && from_bytes(&type, bytes, out);
    free(bytes);
    return ok;
}
