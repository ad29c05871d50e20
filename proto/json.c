#include "proto/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "proto/nearest.h"

struct block {
    struct block *next;
    _Alignas(16) unsigned char bytes[];
};

void *mfd_reader_alloc(struct mfd_reader *r, size_t n, size_t size)
{
    size_t bytes;
    struct block *block = NULL;
    if (mfd_mul(n, size, &bytes) && mfd_add(bytes, sizeof *block, &bytes))
        block = mfd_calloc(bytes, 1);
    if (!block) {
        mfd_problem_nomem(r->problem);
        return NULL;
    }
    block->next = r->blocks;
    r->blocks = block;
    return block->bytes;
}

void mfd_blocks_free(void *blocks)
{
    for (struct block *block = blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

/* One reference token, '~' and '/' escaped. */
static void add_token(struct mfd_buffer *out, const char *s, size_t n)
{
    mfd_buffer_addc(out, '/');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '~')
            mfd_buffer_adds(out, "~0");
        else if (s[i] == '/')
            mfd_buffer_adds(out, "~1");
        else
            mfd_buffer_addc(out, s[i]);
    }
}

static void add_frame(struct mfd_buffer *out, const struct mfd_at *at)
{
    if (!at->up)
        return;
    add_frame(out, at->up);
    if (at->member)
        add_token(out, at->member, strlen(at->member));
    else
        mfd_buffer_addf(out, "/%zu", at->index);
}

void mfd_at_pointer(const struct mfd_at *at, char *out, size_t size)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    add_frame(&text, at);
    while (text.len >= size) {
        char *slash = strrchr(text.data, '/');
        text.len = slash ? (size_t)(slash - text.data) : 0;
        text.data[text.len] = '\0';
    }
    snprintf(out, size, "%s", text.data && !text.failed ? text.data : "");
    mfd_buffer_deinit(&text);
}

int mfd_reader_fail(struct mfd_reader *r, const struct mfd_at *at, const char *slug,
                    const char *fmt, ...)
{
    char detail[sizeof r->problem->detail], pointer[sizeof r->problem->pointer];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    mfd_at_pointer(at, pointer, sizeof pointer);
    return mfd_problem_set(r->problem, slug, pointer, "%s", detail);
}

int mfd_reader_limit(struct mfd_reader *r, const struct mfd_at *at, const char *limit,
                     int64_t maximum, int64_t actual)
{
    char pointer[sizeof r->problem->pointer];
    mfd_at_pointer(at, pointer, sizeof pointer);
    return mfd_problem_limit(r->problem, limit, maximum, actual, pointer);
}

int mfd_reader_expected(struct mfd_reader *r, const struct mfd_at *at, const char *what,
                        const json_t *found)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "an integer", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",        [JSON_NULL] = "null",
    };
    return mfd_reader_fail(r, at, "wrong-type", "expected %s, found %s", what,
                           names[json_typeof(found)]);
}

static const char *member_name(const void *ctx, size_t i)
{
    return ((const struct mfd_member *)ctx)[i].name;
}

static int unknown_member(struct mfd_reader *r, const struct mfd_at *at,
                          const struct mfd_member *members, size_t n)
{
    const char *found[MFD_NEAREST];
    if (mfd_nearest(at->member, member_name, members, n, found))
        return mfd_reader_fail(r, at, "unknown-member",
                               "\"%.100s\" is not a member of this object; did you mean \"%s\"?",
                               at->member, found[0]);
    struct mfd_buffer names = MFD_BUFFER_INIT;
    for (size_t i = 0; i < n; i++)
        mfd_buffer_addf(&names, "%s%s", i ? ", " : "", members[i].name);
    int status = mfd_reader_fail(r, at, "unknown-member",
                                 "\"%.100s\" is not a member of this object; it may have %s",
                                 at->member, names.data && !names.failed ? names.data : "others");
    mfd_buffer_deinit(&names);
    return status;
}

int mfd_read_object(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                    const struct mfd_member *members, size_t n, void *out)
{
    if (!json_is_object(v))
        return mfd_reader_expected(r, at, "an object", v);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)v, key, value)
    {
        struct mfd_at inner = MFD_AT_MEMBER(at, key);
        size_t i = 0;
        while (i < n && strcmp(members[i].name, key) != 0)
            i++;
        if (i == n)
            return unknown_member(r, &inner, members, n);
        if (members[i].read(r, value, &inner, (char *)out + members[i].offset))
            return -1;
    }
    for (size_t i = 0; i < n; i++)
        if (members[i].required && !json_object_get(v, members[i].name))
            return mfd_reader_fail(r, at, "missing-member", "\"%s\" is required here",
                                   members[i].name);
    return 0;
}

int mfd_read_array(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                   const char *limit, int64_t maximum, mfd_read_fn *read, size_t size,
                   void **elements, size_t *count)
{
    if (!json_is_array(v))
        return mfd_reader_expected(r, at, "an array", v);
    size_t n = json_array_size(v);
    if (n == 0)
        return mfd_reader_fail(r, at, "invalid-value", "the array is empty; leave it out instead");
    if (n > (size_t)maximum)
        return mfd_reader_limit(r, at, limit, maximum, (int64_t)n);
    char *block = mfd_reader_alloc(r, n, size);
    if (!block)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct mfd_at inner = MFD_AT_INDEX(at, i);
        if (read(r, json_array_get(v, i), &inner, block + i * size))
            return -1;
    }
    *elements = block;
    *count = n;
    return 0;
}

int mfd_read_string(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    if (!json_is_string(v))
        return mfd_reader_expected(r, at, "a string", v);
    size_t n = json_string_length(v);
    if (n == 0)
        return mfd_reader_fail(r, at, "invalid-value", "the string is empty");
    if (n > (size_t)r->limits->string_bytes)
        return mfd_reader_limit(r, at, "string_bytes", r->limits->string_bytes, (int64_t)n);
    *(const char **)out = json_string_value(v);
    return 0;
}

int mfd_read_bool(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    if (!json_is_boolean(v))
        return mfd_reader_expected(r, at, "true or false", v);
    *(bool *)out = json_is_true(v);
    return 0;
}

int mfd_read_i64(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, int64_t min,
                 int64_t max, int64_t *out)
{
    double real = json_real_value(v); /* 4e7 is an integer, and what some languages write for one */
    bool whole =
        json_is_real(v) && real >= -0x1p53 && real <= 0x1p53 && (double)(int64_t)real == real;
    if (!json_is_integer(v) && !whole)
        return mfd_reader_expected(r, at, "an integer", v);
    int64_t value = whole ? (int64_t)real : json_integer_value(v);
    if (value < min || value > max)
        return mfd_reader_fail(r, at, "invalid-value", "%lld is not between %lld and %lld",
                               (long long)value, (long long)min, (long long)max);
    *out = value;
    return 0;
}

static int unknown_word(struct mfd_reader *r, const struct mfd_at *at, const char *word,
                        const char *const *words, size_t n)
{
    struct mfd_buffer names = MFD_BUFFER_INIT;
    for (size_t i = 0; i < n; i++)
        mfd_buffer_addf(&names, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", words[i]);
    int status = mfd_reader_fail(r, at, "invalid-value", "\"%.100s\" is not %s%s", word,
                                 n > 1 ? "one of " : "", names.failed ? "known" : names.data);
    mfd_buffer_deinit(&names);
    return status;
}

int mfd_read_word(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                  const char *const *words, size_t n, unsigned *out)
{
    if (!json_is_string(v))
        return mfd_reader_expected(r, at, "a string", v);
    const char *word = json_string_value(v);
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, words[i]) == 0) {
            *out = (unsigned)i;
            return 0;
        }
    return unknown_word(r, at, word, words, n);
}

int mfd_read_words(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                   const char *const *words, size_t n, unsigned *out)
{
    if (!json_is_array(v))
        return mfd_reader_expected(r, at, "an array of strings", v);
    if (json_array_size(v) == 0)
        return mfd_reader_fail(r, at, "invalid-value", "the array is empty; leave it out instead");
    unsigned set = 0;
    size_t i;
    json_t *value;
    json_array_foreach(v, i, value)
    {
        struct mfd_at inner = MFD_AT_INDEX(at, i);
        unsigned word;
        if (mfd_read_word(r, value, &inner, words, n, &word))
            return -1;
        if (set & 1u << word)
            return mfd_reader_fail(r, &inner, "invalid-value", "\"%s\" is given twice",
                                   words[word]);
        set |= 1u << word;
    }
    *out = set;
    return 0;
}
