/* Anything as a server's answer: lines come out the same however they are cut, and nothing that is
 * said to a user can drive a terminal. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/lines.h"
#include "client/lib/problem.h"
#include "client/lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int keep(void *arg, json_t *document, struct mfd_error *err)
{
    struct mfd_buffer *kept = arg;
    char *text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
    (void)err;
    mfd_buffer_adds(kept, text ? text : "?");
    mfd_buffer_addc(kept, '\n');
    free(text);
    return MFD_OK;
}

/* All documents of the stream, given in pieces of so many bytes. */
static int read_lines(struct mfd_buffer *kept, const char *data, size_t size, size_t piece)
{
    struct mfd_lines lines = MFD_LINES_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    int status = MFD_OK;
    lines.handler = keep;
    lines.arg = kept;
    lines.limit = 4096;
    for (size_t at = 0; at < size && status == MFD_OK; at += piece)
        status = mfd_lines_add(&lines, data + at, size - at < piece ? size - at : piece, &err);
    if (status == MFD_OK)
        status = mfd_lines_end(&lines, &err);
    if (status != MFD_OK && (status != err.status || !err.message[0]))
        abort();
    mfd_lines_deinit(&lines);
    return status;
}

static void check_clean(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned c = 0;
        size_t len = mfd_text_character(text + i, n - i, &c);
        if (!len || c < ' ' || (c >= 0x7f && c < 0xa0))
            abort();
        i += len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct mfd_buffer whole = MFD_BUFFER_INIT, cut = MFD_BUFFER_INIT, clean = MFD_BUFFER_INIT;
    int status = read_lines(&whole, text, size, size ? size : 1);
    if (read_lines(&cut, text, size, size ? data[0] % 7 + 1 : 1) != status ||
        whole.len != cut.len || (whole.len && memcmp(whole.data, cut.data, whole.len) != 0))
        abort();
    mfd_text_clean(&clean, text, size);
    check_clean(clean.data ? clean.data : "", clean.len);
    struct mfd_error err = MFD_ERROR_INIT;
    char id[16];
    snprintf(id, sizeof id, "%.*s", (int)(size < 15 ? size : 15), size ? text : "");
    if (mfd_problem_fail(&err, 422, text, size, id) >= 0 || !err.message[0])
        abort();
    check_clean(err.message, strlen(err.message));
    mfd_buffer_deinit(&whole);
    mfd_buffer_deinit(&cut);
    mfd_buffer_deinit(&clean);
    return 0;
}
