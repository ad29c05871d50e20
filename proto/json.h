/* Strict JSON: a hostile document is measured before it is parsed, and read member by member
 * against a table; what is not in the table is refused by name. Every complaint carries a pointer
 * (RFC 6901) to its place. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/error.h"
#include "proto/limits.h"
#include "proto/problem.h"

#define MFD_JSON_DEPTH_MAX 64 /* whatever limits->json_depth says */

/* Parse a body of n bytes; NULL and a problem where it is too large, too deep, has too many values,
 * is not JSON (RFC 8259, UTF-8, no NUL in strings) or names a member twice. */
json_t *mfd_json_load(const char *bytes, size_t n, const struct mfd_limits *limits,
                      struct mfd_problem *problem);

/* A place in a document: a chain of frames on the reader's stack, the root with up == NULL. */
struct mfd_at {
    const struct mfd_at *up;
    const char *member; /* NULL: element `index` of an array */
    size_t index;
};
#define MFD_AT_ROOT ((struct mfd_at){ 0 })
#define MFD_AT_MEMBER(up, name) ((struct mfd_at){ (up), (name), 0 })
#define MFD_AT_INDEX(up, i) ((struct mfd_at){ (up), NULL, (i) })

/* Render a place as a JSON pointer; cut to an enclosing place where it does not fit. */
void mfd_at_pointer(const struct mfd_at *at, char *out, size_t size);

/* What a reader carries: limits, memory that lives as long as the result, and the first problem. */
struct mfd_reader {
    const struct mfd_limits *limits;
    struct mfd_problem *problem;
    void *blocks; /* release with mfd_blocks_free */
};

/* n*size zeroed bytes that live until mfd_blocks_free; NULL (problem set) on lack of memory. */
void *mfd_reader_alloc(struct mfd_reader *r, size_t n, size_t size);
/* Free the chain of blocks that a reader has gathered. */
void mfd_blocks_free(void *blocks);

/* Set the reader's problem at a place; returns -1. */
int mfd_reader_fail(struct mfd_reader *r, const struct mfd_at *at, const char *slug,
                    const char *fmt, ...) MFD_PRINTF(4, 5);
int mfd_reader_limit(struct mfd_reader *r, const struct mfd_at *at, const char *limit,
                     int64_t maximum, int64_t actual);
/* wrong-type: "expected WHAT, found a string". */
int mfd_reader_expected(struct mfd_reader *r, const struct mfd_at *at, const char *what,
                        const json_t *found);

/* Reads one value into *out, 0 or -1 with the problem set. */
typedef int mfd_read_fn(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out);

/* A member that an object may have, and where its value goes. */
struct mfd_member {
    const char *name;
    mfd_read_fn *read;
    size_t offset; /* in the struct that the object fills */
    bool required;
};

/* Read an object against a table of n members. A member that is absent leaves its field alone. */
int mfd_read_object(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                    const struct mfd_member *members, size_t n, void *out);

/* Read an array of 1 to `maximum` (the limit named `limit`) elements of `size` bytes each into
 * arena memory; *elements and *count are set on success. */
int mfd_read_array(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                   const char *limit, int64_t maximum, mfd_read_fn *read, size_t size,
                   void **elements, size_t *count);

/* Scalars. Strings are borrowed from the document, 1 to limits->string_bytes bytes. */
int mfd_read_string(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out);
int mfd_read_bool(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out);
int mfd_read_i64(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, int64_t min,
                 int64_t max, int64_t *out);

/* A word out of a list: its place in `words` (n of them). */
int mfd_read_word(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                  const char *const *words, size_t n, unsigned *out);
/* An array of different words: the set of their places, bit i for words[i]. */
int mfd_read_words(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                   const char *const *words, size_t n, unsigned *out);
