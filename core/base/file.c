#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

static int fail_errno(struct mfd_error *err, const char *verb, const char *path)
{
    int status = errno == ENOENT ? MFD_ENOTFOUND : errno == ENOMEM ? MFD_ENOMEM : MFD_EIO;
    return mfd_fail(err, status, "cannot %s '%s': %s", verb, path, strerror(errno));
}

int mfd_map_open(struct mfd_map *map, const char *path, struct mfd_error *err)
{
    MFD_AUTO_CLOSE int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is no reason to wait */
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail_errno(err, "open", path);
    if (!S_ISREG(st.st_mode))
        return mfd_fail(err, MFD_EINVAL, "'%s' is not a regular file", path);
    if (st.st_size == 0) {
        *map = (struct mfd_map){ 0 };
        return MFD_OK;
    }
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return fail_errno(err, "map", path);
    *map = (struct mfd_map){ .data = data, .size = (size_t)st.st_size };
    return MFD_OK;
}

void mfd_map_close(struct mfd_map *map)
{
    if (map->data)
        munmap((void *)(size_t)map->data, map->size);
    *map = (struct mfd_map){ 0 };
}

int mfd_file_read(const char *path, size_t limit, struct mfd_buffer *out, struct mfd_error *err)
{
    MFD_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "open", path);
    size_t before = out->len;
    for (;;) {
        char *at = mfd_buffer_reserve(out, 1 << 16);
        if (!at)
            return mfd_fail_nomem(err);
        ssize_t n = read(fd, at, 1 << 16);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "read", path);
        if (n == 0)
            break;
        out->len += (size_t)n;
        if (out->len - before > limit)
            return mfd_fail(err, MFD_ELIMIT, "'%s' is larger than the limit of %zu bytes", path,
                            limit);
    }
    out->data[out->len] = '\0';
    return MFD_OK;
}

int mfd_file_write(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

bool mfd_file_no_room(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

int mfd_file_replace(const char *path, const void *bytes, size_t n, struct mfd_error *err)
{
    return mfd_file_replacev(path, &(struct iovec){ (void *)(size_t)bytes, n }, 1, err);
}

int mfd_file_replacev(const char *path, const struct iovec *parts, size_t n, struct mfd_error *err)
{
    struct mfd_buffer name = MFD_BUFFER_INIT;
    mfd_buffer_addf(&name, "%s.XXXXXX", path);
    MFD_AUTO_FREE char *temporary = mfd_buffer_steal(&name, NULL);
    if (!temporary)
        return mfd_fail_nomem(err);
    MFD_AUTO_CLOSE int fd = mkstemp(temporary);
    if (fd < 0)
        return fail_errno(err, "create", temporary);
    mode_t mask = umask(0);
    umask(mask);
    int failed = 0;
    for (size_t i = 0; i < n && !failed; i++)
        failed = mfd_file_write(fd, parts[i].iov_base, parts[i].iov_len) < 0;
    if (failed || fchmod(fd, 0666 & ~mask) < 0 || fsync(fd) < 0 || rename(temporary, path) < 0) {
        int status = fail_errno(err, "write", path);
        unlink(temporary);
        return status;
    }
    return MFD_OK;
}

int mfd_dir_sync(const char *path, struct mfd_error *err)
{
    MFD_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return fail_errno(err, "sync", path);
    return MFD_OK;
}

int mfd_mkdirs(const char *path, mode_t mode, struct mfd_error *err)
{
    MFD_AUTO_FREE char *copy = mfd_strdup(path);
    if (!copy)
        return mfd_fail_nomem(err);
    for (char *p = copy + 1; *copy; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        if (mkdir(copy, end ? 0755 : mode) < 0 && errno != EEXIST)
            return fail_errno(err, "create directory", copy);
        *p = end;
        if (!end)
            break;
    }
    return MFD_OK;
}
