/* Errors of the HTTP surface: RFC 9457 problem details with a stable type, an RFC 6901 pointer to
 * the member of the request that is wrong, and the limit that was hit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/* Every type there is: slug, HTTP status where it answers a whole request, title. */
struct mfd_problem_type {
    const char *slug;
    int status;
    const char *title;
};

/* Plain memory, nothing to free; may be copied. `type` is NULL where there is no problem. */
struct mfd_problem {
    const struct mfd_problem_type *type;
    int status;       /* HTTP status; the type's own unless changed */
    char detail[512]; /* one sentence or two for people: the item, the reason, the remedy */
    bool has_pointer;
    char pointer[256];       /* RFC 6901, "" is the whole body; a longer one is cut at a '/' */
    const char *limit;       /* name of the limit in proto/limits.h, or NULL */
    int64_t maximum, actual; /* of the limit, in its unit; actual is negative where not known */
    char extra[512]; /* further members already encoded, such as "\"closest\":[\"HepG2\"]" */
};

#define MFD_PROBLEM_INIT                                                                           \
    {                                                                                              \
        0                                                                                          \
    }

/* The type of that slug; "internal" where there is none (a programming error). */
const struct mfd_problem_type *mfd_problem_find(const char *slug);
/* The table, for documentation and tests. */
const struct mfd_problem_type *mfd_problem_types(size_t *n);

/* Fill a problem; `pointer` may be NULL. Returns -1, so that callers write `return
 * mfd_problem_set(...)`. */
int mfd_problem_set(struct mfd_problem *p, const char *slug, const char *pointer, const char *fmt,
                    ...) MFD_PRINTF(4, 5);
/* Say more behind the detail, as far as it fits: a blank and a sentence. Returns -1. */
int mfd_problem_add(struct mfd_problem *p, const char *fmt, ...) MFD_PRINTF(2, 3);
/* 413 over-limit, with the limit's name, maximum and what was asked for (negative: unknown). */
int mfd_problem_limit(struct mfd_problem *p, const char *limit, int64_t maximum, int64_t actual,
                      const char *pointer);
/* 500: out of memory. */
int mfd_problem_nomem(struct mfd_problem *p);
/* From a library's error: its slug where it has one, else a type by its status. */
int mfd_problem_from_error(struct mfd_problem *p, const struct mfd_error *err, const char *pointer);

/* Append a JSON object. `request_id` and `instance` may be NULL (a problem of one item of a batch).
 */
void mfd_problem_encode(const struct mfd_problem *p, const char *request_id, const char *instance,
                        struct mfd_buffer *out);
