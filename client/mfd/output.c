#define _GNU_SOURCE /* fopencookie */
#include "client/mfd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/mfd/bgzf.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"

static int fail_write(const struct output *out, struct mfd_error *err)
{
    return mfd_fail(err, MFD_EIO, "cannot write '%s': %s", out->part, strerror(errno));
}

static char *with_suffix(const char *path, const char *suffix)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%s%s", path, suffix);
    return mfd_buffer_steal(&b, NULL);
}

static ssize_t on_write(void *cookie, const char *bytes, size_t n)
{
    return bgzf_write(cookie, bytes, n) < 0 ? 0 : (ssize_t)n;
}

static void add_hex(struct mfd_buffer *out, const unsigned char *bytes, size_t n)
{
    char *to = mfd_buffer_reserve(out, 2 * n);
    for (size_t i = 0; to && i < n; i++, to += 2) {
        to[0] = "0123456789abcdef"[bytes[i] >> 4];
        to[1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out->len += to ? 2 * n : 0;
}

/* Of one digit, or -1. */
static int nibble(char c)
{
    const char *all = "0123456789abcdef", *at = c ? strchr(all, c) : NULL;
    return at ? (int)(at - all) : -1;
}

/* The text that the run before had not written yet. */
static int restore_pending(const struct output *out, struct mfd_error *err)
{
    const char *text = json_string_value(json_object_get(out->state, "pending"));
    for (const char *at = text; at && *at; at += 2) {
        int high = nibble(at[0]), low = high < 0 ? -1 : nibble(at[1]);
        char byte = (char)(high << 4 | low);
        if (low < 0)
            return mfd_fail(err, MFD_EFORMAT, "'%s' is damaged; start over with --fresh",
                            out->resume);
        if (bgzf_write(out->bgzf, &byte, 1) < 0)
            return fail_write(out, err);
    }
    return MFD_OK;
}

/* The notes of an earlier run that this one can go on from; NULL where there is none. */
static json_t *read_state(const struct output *out, json_t *identity)
{
    json_t *state = json_load_file(out->resume, 0, NULL);
    struct stat st;
    json_int_t bytes = json_integer_value(json_object_get(state, "bytes"));
    if (state && json_equal(json_object_get(state, "identity"), identity) && bytes >= 0 &&
        stat(out->part, &st) == 0 && st.st_size >= bytes)
        return state;
    json_decref(state);
    return NULL;
}

static int open_part(struct output *out, struct mfd_error *err)
{
    json_int_t bytes = json_integer_value(json_object_get(out->state, "bytes"));
    size_t n = strlen(out->path);
    out->fd = open(out->part, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (out->fd < 0 || ftruncate(out->fd, bytes) < 0 || lseek(out->fd, bytes, SEEK_SET) < 0)
        return fail_write(out, err);
    if (n > 3 && strcmp(out->path + n - 3, ".gz") == 0) {
        int status = bgzf_new(&out->bgzf, out->fd, err);
        if (status == MFD_OK)
            status = restore_pending(out, err);
        if (status < 0)
            return status;
        out->stream = fopencookie(out->bgzf, "w", (cookie_io_functions_t){ .write = on_write });
    } else {
        int fd = dup(out->fd);
        out->stream = fd < 0 ? NULL : fdopen(fd, "w");
    }
    return out->stream ? MFD_OK : fail_write(out, err);
}

int output_open(struct output *out, const char *path, json_t *identity, bool fresh,
                struct mfd_error *err)
{
    struct stat st;
    *out = (struct output){ .path = path, .fd = -1, .identity = json_incref(identity) };
    out->part = with_suffix(path, ".part");
    out->resume = with_suffix(path, ".resume");
    int status = out->part && out->resume ? MFD_OK : mfd_fail_nomem(err);
    if (status == MFD_OK && stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        status = mfd_fail(err, MFD_EINVAL,
                          "'%s' is there and no regular file; write to a pipe "
                          "without --output",
                          path);
    if (status == MFD_OK && identity && !fresh)
        out->state = read_state(out, identity);
    if (status == MFD_OK && !out->state)
        unlink(out->resume);
    if (status == MFD_OK)
        status = open_part(out, err);
    if (status < 0)
        output_close(out);
    return status;
}

int output_checkpoint(struct output *out, json_t *state, struct mfd_error *err)
{
    if (fflush(out->stream) != 0)
        return fail_write(out, err);
    if (!out->identity)
        return MFD_OK;
    size_t n = 0;
    struct mfd_buffer pending = MFD_BUFFER_INIT;
    off_t bytes = lseek(out->fd, 0, SEEK_CUR);
    if (bytes < 0 || fdatasync(out->fd) < 0)
        return fail_write(out, err);
    const unsigned char *text = out->bgzf ? bgzf_pending(out->bgzf, &n) : NULL;
    add_hex(&pending, text, n);
    json_t *whole = json_copy(state);
    bool ok =
        whole && !pending.failed && json_object_set(whole, "identity", out->identity) == 0 &&
        json_object_set_new(whole, "bytes", json_integer(bytes)) == 0 &&
        json_object_set_new(whole, "pending", json_stringn(n ? pending.data : "", 2 * n)) == 0;
    MFD_AUTO_FREE char *note = ok ? json_dumps(whole, JSON_INDENT(1)) : NULL;
    json_decref(whole);
    mfd_buffer_deinit(&pending);
    return note ? mfd_file_replace(out->resume, note, strlen(note), err) : mfd_fail_nomem(err);
}

int output_commit(struct output *out, struct mfd_error *err)
{
    bool ok = fflush(out->stream) == 0 && !ferror(out->stream);
    ok = ok && (!out->bgzf || bgzf_finish(out->bgzf) == 0) && fsync(out->fd) == 0;
    ok = ok && rename(out->part, out->path) == 0;
    if (!ok)
        return fail_write(out, err);
    unlink(out->resume);
    free(out->part);
    out->part = NULL;
    return MFD_OK;
}

void output_close(struct output *out)
{
    struct stat st;
    if (out->stream)
        fclose(out->stream);
    if (out->bgzf && out->part)
        (void)bgzf_finish(out->bgzf); /* so that the part can be read; resume knows its own end */
    if (out->fd >= 0)
        close(out->fd);
    bgzf_free(out->bgzf);
    if (out->part && out->fd >= 0 && stat(out->resume, &st) < 0)
        unlink(out->part);
    free(out->part);
    free(out->resume);
    json_decref(out->identity);
    json_decref(out->state);
    *out = (struct output){ .fd = -1 };
}
