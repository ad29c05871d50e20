#include "core/checkpoint/names.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"

#define MAX_FILE ((size_t)64 << 20)

static const char *fault(const char *s, size_t n)
{
    if (n == 0)
        return "is empty";
    if (n > MFD_NAME_MAX_BYTES)
        return "is too long";
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return "holds a control character";
    json_t *text = json_stringn(s, n);
    json_decref(text);
    return text ? NULL : "is not UTF-8";
}

int mfd_names_add(struct mfd_names *names, const char *s, size_t n, const char *what,
                  struct mfd_error *err)
{
    const char *why = fault(s, n);
    if (why)
        return mfd_fail(err, MFD_EFORMAT, "name %zu of %s %s", names->n + 1, what, why);
    if (names->n == MFD_NAMES_MAX)
        return mfd_fail(err, MFD_ELIMIT, "more than %zu names in %s", MFD_NAMES_MAX, what);
    if (names->n == names->size) {
        size_t size = names->size ? 2 * names->size : 64;
        char **at = mfd_realloc(names->at, size, sizeof *at);
        if (!at)
            return mfd_fail_nomem(err);
        names->at = at;
        names->size = size;
    }
    if (!(names->at[names->n] = mfd_strndup(s, n)))
        return mfd_fail_nomem(err);
    names->n++;
    return MFD_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int mfd_names_check_unique(const struct mfd_names *names, const char *what, struct mfd_error *err)
{
    MFD_AUTO_FREE char **sorted = mfd_calloc(names->n, sizeof *sorted);
    if (!sorted)
        return mfd_fail_nomem(err);
    if (names->n)
        memcpy(sorted, names->at, names->n * sizeof *sorted);
    qsort(sorted, names->n, sizeof *sorted, compare);
    for (size_t i = 1; i < names->n; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return mfd_fail(err, MFD_EFORMAT, "'%.200s' occurs twice in %s", sorted[i], what);
    return MFD_OK;
}

int mfd_names_read(struct mfd_names *names, const char *path, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer text = MFD_BUFFER_INIT;
    int status = mfd_file_read(path, MAX_FILE, &text, err);
    if (status)
        return status;
    const char *at = text.data, *end = at + text.len;
    while (!status && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        size_t n = (size_t)(stop - at);
        if (n && at[n - 1] == '\r')
            n--;
        if (n)
            status = mfd_names_add(names, at, n, path, err);
        at = newline ? newline + 1 : end;
    }
    return status ? status : mfd_names_check_unique(names, path, err);
}

void mfd_names_deinit(struct mfd_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->at[i]);
    free(names->at);
    *names = (struct mfd_names)MFD_NAMES_INIT;
}
