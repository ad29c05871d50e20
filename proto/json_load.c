/* Before a body is parsed: how deep it is and how many values it holds, so that parsing cannot ask
 * for more memory than the limits allow; and after a failure: which member the parser stood at. */
#include "proto/json.h"

#include <string.h>

#include "core/base/buffer.h"

/* Where a scan stands: a stack of open containers with the latest key or index of each. */
struct scan {
    struct level {
        bool object;
        size_t index;          /* elements or members before this one */
        size_t key, key_bytes; /* the latest key's bytes, without quotes */
    } levels[MFD_JSON_DEPTH_MAX];
    size_t depth, values;
    bool want_key; /* the next string is a key */
};

/* The byte behind a string that opens at i. Most of a body is in strings without escapes, which a
 * library searches by many bytes at once. */
static size_t skip_string(const char *s, size_t n, size_t i)
{
    size_t quote = i++; /* the next one from i on, once it is not behind i */
    while (i < n) {
        if (quote < i) {
            const char *found = memchr(s + i, '"', n - i);
            quote = found ? (size_t)(found - s) : n;
        }
        const char *escape = memchr(s + i, '\\', quote - i);
        if (!escape)
            return quote < n ? quote + 1 : n;
        i = (size_t)(escape - s) + 2;
    }
    return n;
}

static bool ends_scalar(char c)
{
    return c == ' ' || c == ',' || c == ']' || c == '}' || c == ':' || c == '[' || c == '{' ||
           c == '"' || c == '\t' || c == '\r' || c == '\n';
}

/* The byte behind a number or a word, or whatever stands in its place, of which i is inside. */
static size_t skip_scalar(const char *s, size_t n, size_t i)
{
    while (i < n && !ends_scalar(s[i]))
        i++;
    return i;
}

/* Go on to byte `end` or to where the document is deeper or larger than the limits. */
static void scan_to(struct scan *scan, const char *s, size_t n, size_t end, size_t depth,
                    size_t values)
{
    for (size_t i = 0; i < end;) {
        struct level *top = scan->depth ? &scan->levels[scan->depth - 1] : NULL;
        size_t next = i + 1;
        switch (s[i]) {
        case '"':
            next = skip_string(s, n, i);
            if (top && top->object && scan->want_key) {
                top->key = i + 1;
                top->key_bytes = next - i > 2 ? next - i - 2 : 0; /* 0: cut off, too */
                scan->want_key = false;
            } else {
                scan->values++;
            }
            break;
        case '[':
        case '{':
            scan->values++;
            if (scan->depth == depth) {
                scan->depth++; /* tells that it is too deep */
                return;
            }
            scan->want_key = s[i] == '{';
            scan->levels[scan->depth++] = (struct level){ .object = s[i] == '{' };
            break;
        case ']':
        case '}':
            scan->depth -= scan->depth > 0;
            scan->want_key = false;
            break;
        case ',':
            if (top) {
                top->index++;
                scan->want_key = top->object;
            }
            break;
        case ':':
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            break;
        default:
            scan->values++;
            next = skip_scalar(s, n, next);
            break;
        }
        if (scan->values > values)
            return;
        i = next;
    }
}

static void add_pointer(struct mfd_buffer *out, const struct scan *scan, const char *s)
{
    for (size_t i = 0; i < scan->depth && i < MFD_JSON_DEPTH_MAX; i++) {
        const struct level *level = &scan->levels[i];
        if (!level->object) {
            mfd_buffer_addf(out, "/%zu", level->index);
            continue;
        }
        if (!level->key) /* an object of which no key has been seen */
            return;
        mfd_buffer_addc(out, '/');
        for (size_t j = 0; j < level->key_bytes; j++) {
            char c = s[level->key + j];
            if (c == '~' || c == '/')
                mfd_buffer_adds(out, c == '~' ? "~0" : "~1");
            else
                mfd_buffer_addc(out, c);
        }
    }
}

/* Pointer to the place of byte `at`; the caller frees. */
static void locate(const char *s, size_t n, size_t at, struct mfd_buffer *pointer)
{
    struct scan scan = { 0 };
    scan_to(&scan, s, n, at < n ? at : n, MFD_JSON_DEPTH_MAX, n + 1);
    if (scan.depth <= MFD_JSON_DEPTH_MAX)
        add_pointer(pointer, &scan, s);
}

static int check_size(const char *s, size_t n, const struct mfd_limits *limits,
                      struct mfd_problem *problem)
{
    if (n > (size_t)limits->json_bytes)
        return mfd_problem_limit(problem, "json_bytes", limits->json_bytes, (int64_t)n, "");
    size_t depth = (size_t)limits->json_depth;
    if (depth > MFD_JSON_DEPTH_MAX)
        depth = MFD_JSON_DEPTH_MAX;
    struct scan scan = { 0 };
    scan_to(&scan, s, n, n, depth, (size_t)limits->json_values);
    if (scan.depth > depth) {
        struct mfd_buffer pointer = MFD_BUFFER_INIT;
        scan.depth = depth;
        add_pointer(&pointer, &scan, s);
        mfd_problem_limit(problem, "json_depth", (int64_t)depth, -1,
                          pointer.data && !pointer.failed ? pointer.data : "");
        mfd_buffer_deinit(&pointer);
        return -1;
    }
    if (scan.values > (size_t)limits->json_values)
        return mfd_problem_limit(problem, "json_values", limits->json_values, -1, "");
    return 0;
}

/* What a body that is no JSON seems to be, and how that is sent. */
static const char *hint(const char *s, size_t n)
{
    if (n > 1 && memcmp(s, "\x1f\x8b", 2) == 0)
        return "; it is gzip: a VCF goes with Content-Type: application/gzip, JSON with "
               "Content-Encoding: gzip";
    return s[0] == '#' ? "; a VCF goes with Content-Type: text/vcf" : "";
}

static void explain(const json_error_t *error, const char *s, size_t n, struct mfd_problem *problem)
{
    bool twice = json_error_code(error) == json_error_duplicate_key;
    struct mfd_buffer pointer = MFD_BUFFER_INIT;
    locate(s, n, error->position > 0 ? (size_t)error->position : 0, &pointer);
    const char *text = pointer.data && !pointer.failed ? pointer.data : "";
    if (twice)
        mfd_problem_set(problem, "duplicate-member", text,
                        "a member of this name stands in the object already (line %d, column %d)",
                        error->line, error->column);
    else
        mfd_problem_set(problem, "malformed-json", text, "line %d, column %d: %s%s", error->line,
                        error->column, error->text, hint(s, n));
    mfd_buffer_deinit(&pointer);
}

json_t *mfd_json_load(const char *bytes, size_t n, const struct mfd_limits *limits,
                      struct mfd_problem *problem)
{
    if (n > 3 &&
        memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* RFC 8259 8.1 lets a reader pass over it */
        bytes += 3;
        n -= 3;
    }
    if (n == 0) {
        mfd_problem_set(problem, "malformed-json", "",
                        "the body is empty; a JSON object is needed");
        return NULL;
    }
    if (check_size(bytes, n, limits, problem))
        return NULL;
    json_error_t error;
    json_t *value = json_loadb(bytes, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value)
        explain(&error, bytes, n, problem);
    return value;
}
