/* What a pickle holds. Values may share parts and even contain themselves: walk them along a known
 * path or with a bound on depth. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

enum mfd_pickle_kind {
    MFD_PICKLE_NONE,
    MFD_PICKLE_BOOL,
    MFD_PICKLE_INT,
    MFD_PICKLE_LONG, /* an integer of more than 64 bits: its bytes, in `text` */
    MFD_PICKLE_FLOAT,
    MFD_PICKLE_TEXT,  /* meant to be UTF-8, not checked */
    MFD_PICKLE_BYTES, /* bytes, bytearray, and str of Python 2 */
    MFD_PICKLE_TUPLE,
    MFD_PICKLE_LIST,
    MFD_PICKLE_SET,
    MFD_PICKLE_DICT,       /* items alternate: key, value */
    MFD_PICKLE_GLOBAL,     /* a name on the allow-list */
    MFD_PICKLE_OBJECT,     /* a call that was not made */
    MFD_PICKLE_PERSISTENT, /* a reference to something outside, such as a storage */
};

struct mfd_pickle_value;

struct mfd_pickle_items {
    struct mfd_pickle_value **at;
    size_t n, size;
};

struct mfd_pickle_object {
    const struct mfd_pickle_value *callee; /* a global */
    const struct mfd_pickle_value *args;   /* a tuple */
    const struct mfd_pickle_value *state;  /* what BUILD gave it, or NULL */
    struct mfd_pickle_items items;         /* appended, or set (then they alternate) */
    bool keyed;
};

struct mfd_pickle_value {
    enum mfd_pickle_kind kind;
    union {
        bool truth;
        int64_t integer;
        double real;
        struct {
            const char *s; /* borrowed from the pickle's bytes, no NUL behind */
            size_t n;
        } text;
        struct mfd_pickle_items items;
        struct {
            const char *module, *name; /* static, NUL-terminated */
        } global;
        struct mfd_pickle_object *object;
        const struct mfd_pickle_value *reference;
    };
};

/* All of the following take NULL for a value and then find nothing, so that lookups chain. */

/* "a dictionary", "text", "an object" ..., for messages. */
const char *mfd_pickle_kind_name(const struct mfd_pickle_value *v);
/* The value under a text key of a dictionary, or of an object with keyed items (OrderedDict); the
 * last one where there are several. */
const struct mfd_pickle_value *mfd_pickle_get(const struct mfd_pickle_value *v, const char *key);
/* An attribute of an object: what its state, a dictionary or (dictionary or None, dictionary),
 * has under that name. */
const struct mfd_pickle_value *mfd_pickle_attribute(const struct mfd_pickle_value *v,
                                                    const char *name);
/* Item i of a tuple or list, or NULL. */
const struct mfd_pickle_value *mfd_pickle_item(const struct mfd_pickle_value *v, size_t i);
/* The items of a tuple, list, set or dictionary, or of an object of such a class; NULL for other
 * values. */
const struct mfd_pickle_items *mfd_pickle_items(const struct mfd_pickle_value *v);
bool mfd_pickle_is_text(const struct mfd_pickle_value *v, const char *text);
/* Whether v is a global of this name, in any module; or an object made by calling one. */
bool mfd_pickle_is_global(const struct mfd_pickle_value *v, const char *name);
bool mfd_pickle_is_call(const struct mfd_pickle_value *v, const char *name);
/* Argument i of an object's call, or NULL. */
const struct mfd_pickle_value *mfd_pickle_argument(const struct mfd_pickle_value *v, size_t i);
/* An integer that is not negative, as a size. */
bool mfd_pickle_size(const struct mfd_pickle_value *v, size_t *out);

/* The bytes of a bytes value, or of the text that protocol 2 wraps them in
 * (_codecs.encode(text, 'latin1')): a new block of *n bytes to free, NULL where v is neither or
 * memory lacks. */
char *mfd_pickle_bytes(const struct mfd_pickle_value *v, size_t *n) MFD_MUST_CHECK;
