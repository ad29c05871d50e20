#include "core/base/error.h"

#include <stdio.h>
#include <string.h>

static void fill(struct mfd_error *err, int status, const char *slug, const char *fmt, va_list ap)
{
    if (!err)
        return;
    err->status = status;
    snprintf(err->slug, sizeof err->slug, "%s", slug);
    vsnprintf(err->message, sizeof err->message, fmt, ap);
}

int mfd_fail(struct mfd_error *err, int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, status, "", fmt, ap);
    va_end(ap);
    return status;
}

int mfd_fail_as(struct mfd_error *err, int status, const char *slug, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, status, slug, fmt, ap);
    va_end(ap);
    return status;
}

int mfd_fail_prefix(struct mfd_error *err, int status, const char *fmt, ...)
{
    if (!err)
        return status;
    char prefix[256], rest[sizeof err->message];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(prefix, sizeof prefix, fmt, ap);
    va_end(ap);
    memcpy(rest, err->message, sizeof rest);
    /* the tail of a very long message is cut on purpose */
    if (snprintf(err->message, sizeof err->message, "%s: %.*s", prefix, 250, rest) < 0)
        err->message[0] = '\0';
    return err->status ? err->status : status;
}

int mfd_fail_nomem(struct mfd_error *err)
{
    return mfd_fail(err, MFD_ENOMEM, "out of memory");
}

const char *mfd_status_name(int status)
{
    static const char *const names[] = {
        "ok",         "invalid argument", "out of memory",  "input/output error",
        "bad format", "not found",        "over a limit",   "mismatch",
        "cancelled",  "unsupported",      "exists already", "busy",
    };
    int i = -status;
    return i >= 0 && i < (int)(sizeof names / sizeof *names) ? names[i] : "unknown error";
}
