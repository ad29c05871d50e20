#include "client/lib/lines.h"

#include <string.h>

#include "client/lib/text.h"

void mfd_lines_deinit(struct mfd_lines *lines)
{
    mfd_buffer_deinit(&lines->rest);
}

static int take(struct mfd_lines *lines, const char *line, size_t n, struct mfd_error *err)
{
    if (n && line[n - 1] == '\r')
        n--;
    if (!n)
        return MFD_OK;
    json_error_t why;
    json_t *document = json_loadb(line, n, 0, &why);
    if (!document) {
        struct mfd_buffer shown = MFD_BUFFER_INIT;
        mfd_text_clean(&shown, why.text, strlen(why.text));
        mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "line %zu of the server's answer is no JSON: %s",
                    lines->count + 1, shown.data ? shown.data : "");
        mfd_buffer_deinit(&shown);
        return MFD_EFORMAT;
    }
    lines->count++;
    int status = lines->handler(lines->arg, document, err);
    json_decref(document);
    return status;
}

int mfd_lines_add(void *arg, const char *bytes, size_t n, struct mfd_error *err)
{
    struct mfd_lines *lines = arg;
    while (n) {
        const char *end = memchr(bytes, '\n', n);
        size_t piece = end ? (size_t)(end - bytes) : n;
        if (piece > lines->limit - lines->rest.len)
            return mfd_fail_as(err, MFD_ELIMIT, "bad-reply",
                               "a line of the server's answer is longer than %zu bytes",
                               lines->limit);
        int status = MFD_OK;
        if (end && !lines->rest.len) {
            status = take(lines, bytes, piece, err);
        } else {
            mfd_buffer_add(&lines->rest, bytes, piece);
            if (lines->rest.failed)
                return mfd_fail_nomem(err);
            if (end) {
                status = take(lines, lines->rest.data, lines->rest.len, err);
                mfd_buffer_clear(&lines->rest);
            }
        }
        if (status < 0)
            return status;
        bytes += piece + (end != NULL);
        n -= piece + (end != NULL);
    }
    return MFD_OK;
}

int mfd_lines_end(struct mfd_lines *lines, struct mfd_error *err)
{
    int status = take(lines, lines->rest.data, lines->rest.len, err);
    mfd_buffer_clear(&lines->rest);
    return status;
}
