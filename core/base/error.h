/* Status codes and error messages shared by every room.
 *
 * A fallible function returns MFD_OK or a negative status and, where it takes a
 * `struct mfd_error *` (always the last argument, may be NULL), fills it with a message
 * that names the item, the reason and the remedy. Outputs are untouched on failure. */
#pragma once

#include <stdarg.h>

#define MFD_MUST_CHECK __attribute__((warn_unused_result))
#define MFD_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

enum mfd_status {
    MFD_OK = 0,
    MFD_EINVAL = -1,       /* an argument or a request is wrong */
    MFD_ENOMEM = -2,       /* out of memory, or a size that cannot be represented */
    MFD_EIO = -3,          /* the operating system refused a read or a write */
    MFD_EFORMAT = -4,      /* a file does not follow its format */
    MFD_ENOTFOUND = -5,    /* a named thing does not exist */
    MFD_ELIMIT = -6,       /* larger than a stated limit */
    MFD_EMISMATCH = -7,    /* two inputs do not belong together */
    MFD_ECANCELLED = -8,   /* the caller asked to stop */
    MFD_EUNSUPPORTED = -9, /* valid, but not something this program does */
    MFD_EEXISTS = -10,     /* the name is taken */
    MFD_EBUSY = -11,       /* try again later */
};

/* Filled by a failing function; plain memory, nothing to free. */
struct mfd_error {
    int status;
    char slug[40];     /* stable problem type such as "ref-mismatch", or "" */
    char message[512]; /* one sentence or two, UTF-8, no newline */
};

#define MFD_ERROR_INIT                                                                             \
    {                                                                                              \
        0                                                                                          \
    }

/* Set `err` (if not NULL) and return `status`, so that callers write
 * `return mfd_fail(err, MFD_EINVAL, "...")`. Long messages are cut, never overflow. */
int mfd_fail(struct mfd_error *err, int status, const char *fmt, ...) MFD_PRINTF(3, 4);

/* As mfd_fail, with the problem type that the HTTP surface reports. */
int mfd_fail_as(struct mfd_error *err, int status, const char *slug, const char *fmt, ...)
    MFD_PRINTF(4, 5);

/* Put "prefix: " before the message already in `err`; returns err->status (or `status` where
 * err is NULL). */
int mfd_fail_prefix(struct mfd_error *err, int status, const char *fmt, ...) MFD_PRINTF(3, 4);

/* Out-of-memory in one word. */
int mfd_fail_nomem(struct mfd_error *err);

/* Short English name of a status, static storage. */
const char *mfd_status_name(int status);
