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
#include "core/base/memory.h"

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

/* The notes of an earlier run that this one can go on from; NULL where there is none. */
static json_t *read_state(const struct output *out, json_t *identity)
{
    json_t *state = json_load_file(out->resume, 0, NULL);
    struct stat st;
    json_int_t bytes = json_integer_value(json_object_get(state, "bytes"));
    if (state && json_equal(json_object_get(state, "identity"), identity) && bytes > 0 &&
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
    if (fflush(out->stream) != 0 || (out->bgzf && bgzf_flush(out->bgzf) < 0))
        return fail_write(out, err);
    off_t bytes = lseek(out->fd, 0, SEEK_CUR);
    if (!out->identity)
        return MFD_OK;
    if (bytes < 0 || fdatasync(out->fd) < 0)
        return fail_write(out, err);
    json_t *whole = json_copy(state);
    bool ok = whole && json_object_set(whole, "identity", out->identity) == 0 &&
              json_object_set_new(whole, "bytes", json_integer(bytes)) == 0;
    MFD_AUTO_FREE char *text = ok ? json_dumps(whole, JSON_INDENT(1)) : NULL;
    json_decref(whole);
    return text ? mfd_file_replace(out->resume, text, strlen(text), err) : mfd_fail_nomem(err);
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
