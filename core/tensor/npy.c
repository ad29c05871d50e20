#include "core/tensor/npy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

static const char magic[6] = "\x93NUMPY";

/* What is left of the header's text. */
struct cursor {
    const char *at, *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && strchr(" \t\n\r", *c->at) && *c->at)
        c->at++;
}

static bool at_char(const struct cursor *c, char wanted)
{
    return c->at < c->end && *c->at == wanted;
}

static bool take(struct cursor *c, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n))
        return false;
    c->at += n;
    return true;
}

/* A Python string without escapes, in either quote; borrowed. */
static bool take_string(struct cursor *c, const char **s, size_t *n)
{
    skip_blanks(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    const char *close = memchr(c->at + 1, *c->at, (size_t)(c->end - c->at - 1));
    if (!close)
        return false;
    *s = c->at + 1;
    *n = (size_t)(close - *s);
    c->at = close + 1;
    return true;
}

static bool take_size(struct cursor *c, size_t *out)
{
    skip_blanks(c);
    const char *from = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        c->at++;
    int64_t value;
    if (!mfd_parse_i64(from, (size_t)(c->at - from), 0, INT64_MAX, &value))
        return false;
    *out = (size_t)value;
    return true;
}

static int read_descr(struct cursor *c, struct mfd_tensor *t, struct mfd_error *err)
{
    static const struct {
        const char *name;
        enum mfd_dtype dtype;
    } descrs[] = {
        { "<f4", MFD_F32 }, { "<f8", MFD_F64 }, { "<i8", MFD_I64 },
        { "<i4", MFD_I32 }, { "|u1", MFD_U8 },
    };
    const char *s;
    size_t n;
    if (!take_string(c, &s, &n))
        return mfd_fail(err, MFD_EUNSUPPORTED, "'descr' is not a plain element type");
    for (size_t i = 0; i < sizeof descrs / sizeof *descrs; i++) {
        if (n == strlen(descrs[i].name) && memcmp(s, descrs[i].name, n) == 0) {
            t->dtype = descrs[i].dtype;
            return MFD_OK;
        }
    }
    return mfd_fail(err, MFD_EUNSUPPORTED,
                    "elements of type '%.*s'; <f4, <f8, <i8, <i4 and |u1 are"
                    " supported",
                    n > 20 ? 20 : (int)n, s);
}

static int read_order(struct cursor *c, struct mfd_tensor *t, struct mfd_error *err)
{
    (void)t;
    if (take(c, "False"))
        return MFD_OK;
    if (take(c, "True"))
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "the array is in Fortran order; save"
                        " numpy.ascontiguousarray of it");
    return mfd_fail(err, MFD_EFORMAT, "'fortran_order' is neither True nor False");
}

static int read_shape(struct cursor *c, struct mfd_tensor *t, struct mfd_error *err)
{
    if (!take(c, "("))
        return mfd_fail(err, MFD_EFORMAT, "'shape' is not a tuple");
    while (!take(c, ")")) {
        if (t->ndim == MFD_MAX_DIMS)
            return mfd_fail(err, MFD_EUNSUPPORTED, "more than %d dimensions", MFD_MAX_DIMS);
        if (!take_size(c, &t->shape[t->ndim++]) || (!take(c, ",") && !at_char(c, ')')))
            return mfd_fail(err, MFD_EFORMAT, "'shape' is not a tuple of sizes");
    }
    return MFD_OK;
}

/* The dictionary: each of the three keys once, in any order. */
static int read_dictionary(struct cursor *c, struct mfd_tensor *t, struct mfd_error *err)
{
    static const struct {
        const char *key;
        int (*read)(struct cursor *, struct mfd_tensor *, struct mfd_error *);
    } members[] = { { "descr", read_descr },
                    { "fortran_order", read_order },
                    { "shape", read_shape } };
    unsigned seen = 0;
    if (!take(c, "{"))
        return mfd_fail(err, MFD_EFORMAT, "the header is not a dictionary");
    while (!take(c, "}")) {
        const char *key;
        size_t n, i = 0;
        if (!take_string(c, &key, &n) || !take(c, ":"))
            return mfd_fail(err, MFD_EFORMAT, "the header is not a dictionary");
        while (i < 3 && (n != strlen(members[i].key) || memcmp(key, members[i].key, n)))
            i++;
        if (i == 3 || seen & 1u << i)
            return mfd_fail(err, MFD_EFORMAT, "the header has '%.*s' where it should not",
                            n > 40 ? 40 : (int)n, key);
        seen |= 1u << i;
        int status = members[i].read(c, t, err);
        if (status)
            return status;
        if (!take(c, ",") && !at_char(c, '}'))
            return mfd_fail(err, MFD_EFORMAT, "the header is not a dictionary");
    }
    if (seen != 7)
        return mfd_fail(err, MFD_EFORMAT, "the header lacks 'descr', 'fortran_order' or 'shape'");
    return MFD_OK;
}

/* Where the header's text lies: two bytes of length in version 1, four later. */
static int find_header(const char *bytes, size_t size, struct cursor *c, struct mfd_error *err)
{
    if (size < 12 || memcmp(bytes, magic, sizeof magic))
        return mfd_fail(err, MFD_EFORMAT, "not an .npy file");
    unsigned version = (unsigned char)bytes[6];
    if (version < 1 || version > 3)
        return mfd_fail(err, MFD_EUNSUPPORTED, ".npy version %u", version);
    size_t wide = version == 1 ? 2 : 4, n = 0;
    for (size_t i = 0; i < wide; i++)
        n |= (size_t)(unsigned char)bytes[8 + i] << 8 * i;
    if (n > size - 8 - wide)
        return mfd_fail(err, MFD_EFORMAT, "the header should take %zu bytes: the file is cut short",
                        n);
    *c = (struct cursor){ bytes + 8 + wide, bytes + 8 + wide + n };
    return MFD_OK;
}

int mfd_npy_parse(const void *bytes, size_t size, struct mfd_npy *out, struct mfd_error *err)
{
    struct cursor c;
    struct mfd_tensor t = { 0 };
    char text[MFD_SHAPE_TEXT];
    int status = find_header(bytes, size, &c, err);
    if (status)
        return status;
    const char *data = c.end;
    size_t have = size - (size_t)(data - (const char *)bytes);
    status = read_dictionary(&c, &t, err);
    if (status)
        return status;
    if (!mfd_shape_bytes(t.dtype, t.shape, t.ndim, &t.bytes) || t.bytes != have)
        return mfd_fail(err, MFD_EFORMAT,
                        "%s of shape %s does not take the %zu bytes that follow"
                        " the header",
                        mfd_dtype_name(t.dtype), mfd_shape_text(t.shape, t.ndim, text), have);
    void *owned = mfd_aligned(have, 1);
    if (!owned)
        return mfd_fail_nomem(err);
    memcpy(owned, data, have);
    t.data = owned;
    *out = (struct mfd_npy){ t, owned };
    return MFD_OK;
}

int mfd_npy_read(const char *path, struct mfd_npy *out, struct mfd_error *err)
{
    struct mfd_map map;
    int status = mfd_map_open(&map, path, err);
    if (status)
        return status;
    status = mfd_npy_parse(map.data, map.size, out, err);
    mfd_map_close(&map);
    return status ? mfd_fail_prefix(err, status, "'%s'", path) : MFD_OK;
}

void mfd_npy_deinit(struct mfd_npy *npy)
{
    free(npy->owned);
    *npy = (struct mfd_npy){ 0 };
}

void mfd_npy_header_f32(struct mfd_buffer *out, const size_t *shape, size_t ndim)
{
    char text[MFD_SHAPE_TEXT];
    size_t start = out->len;
    mfd_buffer_add(out, magic, sizeof magic);
    mfd_buffer_add(out, "\1\0\0\0", 4); /* version 1.0, length to come */
    mfd_buffer_addf(out, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }",
                    mfd_shape_text(shape, ndim, text));
    while (!out->failed && (out->len - start + 1) % 64)
        mfd_buffer_addc(out, ' ');
    mfd_buffer_addc(out, '\n');
    if (out->failed)
        return;
    size_t n = out->len - start - 10;
    out->data[start + 8] = (char)(n & 255);
    out->data[start + 9] = (char)(n >> 8);
}
