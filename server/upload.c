#define _GNU_SOURCE /* mkostemp */
#include "server/upload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/memory.h"

struct mfd_upload {
    int fd;
    char *path; /* NULL once kept */
};

static int fail(struct mfd_error *err, const char *verb, const char *path)
{
    return mfd_fail_as(err, MFD_EIO, mfd_file_no_room(errno) ? "disk-full" : "",
                       "cannot %s the upload '%s': %s", verb, path, strerror(errno));
}

int mfd_upload_new(struct mfd_upload **out, const char *directory, struct mfd_error *err)
{
    struct mfd_upload *upload = mfd_calloc(1, sizeof *upload);
    struct mfd_buffer name = MFD_BUFFER_INIT;
    mfd_buffer_addf(&name, "%s/upload-XXXXXX", directory);
    char *path = mfd_buffer_steal(&name, NULL);
    if (!upload || !path) {
        free(upload);
        free(path);
        return mfd_fail_nomem(err);
    }
    upload->fd = mkostemp(path, O_CLOEXEC);
    if (upload->fd < 0) {
        int status = fail(err, "create", path);
        free(path);
        free(upload);
        return status;
    }
    upload->path = path;
    *out = upload;
    return MFD_OK;
}

void mfd_upload_free(struct mfd_upload *upload)
{
    if (!upload)
        return;
    if (upload->fd >= 0)
        close(upload->fd);
    if (upload->path)
        unlink(upload->path);
    free(upload->path);
    free(upload);
}

int mfd_upload_write(struct mfd_upload *upload, const void *bytes, size_t n, struct mfd_error *err)
{
    return mfd_file_write(upload->fd, bytes, n) < 0 ? fail(err, "write", upload->path) : MFD_OK;
}

int mfd_upload_finish(struct mfd_upload *upload, struct mfd_error *err)
{
    int bad = fsync(upload->fd) < 0 || fchmod(upload->fd, 0644) < 0;
    if (bad)
        return fail(err, "sync", upload->path);
    bad = close(upload->fd) < 0;
    upload->fd = -1;
    return bad ? fail(err, "close", upload->path) : MFD_OK;
}

const char *mfd_upload_path(const struct mfd_upload *upload)
{
    return upload->path;
}

int mfd_upload_keep(struct mfd_upload *upload, const char *path, struct mfd_error *err)
{
    if (rename(upload->path, path) < 0)
        return fail(err, "move", upload->path);
    free(upload->path);
    upload->path = NULL;
    return MFD_OK;
}

int mfd_upload_clean(const char *directory, mfd_upload_needed *needed, void *arg,
                     struct mfd_error *err)
{
    DIR *listing = opendir(directory);
    if (!listing)
        return mfd_fail(err, MFD_EIO, "cannot list '%s': %s", directory, strerror(errno));
    const struct dirent *entry;
    int status = MFD_OK;
    while (status == MFD_OK && (entry = readdir(listing))) {
        bool keep = true;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = needed(arg, entry->d_name, &keep, err);
        if (status == MFD_OK && !keep && unlinkat(dirfd(listing), entry->d_name, 0) < 0)
            mfd_log(MFD_LOG_WARNING, "cannot remove '%s/%s': %s", directory, entry->d_name,
                    strerror(errno));
    }
    closedir(listing);
    return status;
}
