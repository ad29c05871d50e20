#include "core/checkpoint/pickle_value.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

const char *mfd_pickle_kind_name(const struct mfd_pickle_value *v)
{
    static const char *const names[] = {
        [MFD_PICKLE_NONE] = "None",         [MFD_PICKLE_BOOL] = "a truth value",
        [MFD_PICKLE_INT] = "an integer",    [MFD_PICKLE_LONG] = "a long integer",
        [MFD_PICKLE_FLOAT] = "a number",    [MFD_PICKLE_TEXT] = "text",
        [MFD_PICKLE_BYTES] = "bytes",       [MFD_PICKLE_TUPLE] = "a tuple",
        [MFD_PICKLE_LIST] = "a list",       [MFD_PICKLE_SET] = "a set",
        [MFD_PICKLE_DICT] = "a dictionary", [MFD_PICKLE_GLOBAL] = "a name",
        [MFD_PICKLE_OBJECT] = "an object",  [MFD_PICKLE_PERSISTENT] = "a reference",
    };
    return v ? names[v->kind] : "nothing";
}

/* Key, value, key, value: the last one counts. */
static const struct mfd_pickle_value *find(const struct mfd_pickle_items *items, const char *key)
{
    for (size_t i = items->n; i >= 2; i -= 2)
        if (mfd_pickle_is_text(items->at[i - 2], key))
            return items->at[i - 1];
    return NULL;
}

const struct mfd_pickle_value *mfd_pickle_get(const struct mfd_pickle_value *v, const char *key)
{
    if (v && v->kind == MFD_PICKLE_DICT)
        return find(&v->items, key);
    if (v && v->kind == MFD_PICKLE_OBJECT && v->object->keyed)
        return find(&v->object->items, key);
    return NULL;
}

const struct mfd_pickle_value *mfd_pickle_attribute(const struct mfd_pickle_value *v,
                                                    const char *name)
{
    if (!v || v->kind != MFD_PICKLE_OBJECT || !v->object->state)
        return NULL;
    const struct mfd_pickle_value *state = v->object->state, *found = mfd_pickle_get(state, name);
    /* classes with slots pickle a pair: dictionary, slots */
    for (size_t i = 0; i < 2 && !found; i++)
        found = mfd_pickle_get(mfd_pickle_item(state, i), name);
    return found;
}

const struct mfd_pickle_items *mfd_pickle_items(const struct mfd_pickle_value *v)
{
    if (!v)
        return NULL;
    switch (v->kind) {
    case MFD_PICKLE_TUPLE:
    case MFD_PICKLE_LIST:
    case MFD_PICKLE_SET:
    case MFD_PICKLE_DICT:
        return &v->items;
    case MFD_PICKLE_OBJECT:
        return &v->object->items;
    default:
        return NULL;
    }
}

const struct mfd_pickle_value *mfd_pickle_item(const struct mfd_pickle_value *v, size_t i)
{
    if (!v || (v->kind != MFD_PICKLE_TUPLE && v->kind != MFD_PICKLE_LIST) || i >= v->items.n)
        return NULL;
    return v->items.at[i];
}

bool mfd_pickle_is_text(const struct mfd_pickle_value *v, const char *text)
{
    return v && (v->kind == MFD_PICKLE_TEXT || v->kind == MFD_PICKLE_BYTES) &&
           v->text.n == strlen(text) && memcmp(v->text.s, text, v->text.n) == 0;
}

bool mfd_pickle_is_global(const struct mfd_pickle_value *v, const char *name)
{
    return v && v->kind == MFD_PICKLE_GLOBAL && strcmp(v->global.name, name) == 0;
}

bool mfd_pickle_is_call(const struct mfd_pickle_value *v, const char *name)
{
    return v && v->kind == MFD_PICKLE_OBJECT && mfd_pickle_is_global(v->object->callee, name);
}

const struct mfd_pickle_value *mfd_pickle_argument(const struct mfd_pickle_value *v, size_t i)
{
    return v && v->kind == MFD_PICKLE_OBJECT ? mfd_pickle_item(v->object->args, i) : NULL;
}

bool mfd_pickle_size(const struct mfd_pickle_value *v, size_t *out)
{
    if (!v || v->kind != MFD_PICKLE_INT || v->integer < 0)
        return false;
    *out = (size_t)v->integer;
    return true;
}

/* UTF-8 of code points below 256, back to one byte each; false for anything else. */
static bool narrow(const char *s, size_t n, char *out, size_t *out_n)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x80) {
            if ((c != 0xc2 && c != 0xc3) || i + 1 == n || (s[i + 1] & 0xc0) != 0x80)
                return false;
            c = (unsigned char)((c & 3) << 6 | (s[++i] & 0x3f));
        }
        out[used++] = (char)c;
    }
    *out_n = used;
    return true;
}

char *mfd_pickle_bytes(const struct mfd_pickle_value *v, size_t *n)
{
    if (v && v->kind == MFD_PICKLE_BYTES) {
        *n = v->text.n;
        return mfd_strndup(v->text.s, v->text.n);
    }
    /* bytes() is what protocol 2 writes for no bytes at all */
    if (mfd_pickle_is_call(v, "bytes") && !v->object->args->items.n) {
        *n = 0;
        return mfd_strdup("");
    }
    const struct mfd_pickle_value *text = mfd_pickle_argument(v, 0);
    if (!mfd_pickle_is_call(v, "encode") || !text || text->kind != MFD_PICKLE_TEXT ||
        !mfd_pickle_is_text(mfd_pickle_argument(v, 1), "latin1"))
        return NULL;
    char *bytes = mfd_calloc(text->text.n + 1, 1);
    if (bytes && !narrow(text->text.s, text->text.n, bytes, n)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}
