#include "server/job_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "server/store_jobs.h"
#include "server/upload.h"

#define INPUT "in"
#define RESULT "out"

static char *path_of(const char *directory, const char *id, const char *ending)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%s/%s.%s", directory, id, ending);
    return mfd_buffer_steal(&b, NULL);
}

char *mfd_job_input_path(const char *directory, const char *id)
{
    return path_of(directory, id, INPUT);
}

char *mfd_job_result_path(const char *directory, const char *id)
{
    return path_of(directory, id, RESULT);
}

/* As errno says. */
static int fail(struct mfd_error *err, const char *what)
{
    return mfd_fail_as(err, MFD_EIO, mfd_file_no_room(errno) ? "disk-full" : "",
                       "Cannot %s of a job: %s.", what, strerror(errno));
}

int mfd_job_input_write(const char *directory, const char *id, const char *bytes, size_t n,
                        struct mfd_error *err)
{
    MFD_AUTO_FREE char *path = mfd_job_input_path(directory, id);
    if (!path)
        return mfd_fail_nomem(err);
    errno = 0;
    int status = mfd_file_replace(path, bytes, n, err);
    if (status < 0 && mfd_file_no_room(errno))
        status = fail(err, "write the input");
    return status < 0 ? status : mfd_dir_sync(directory, err);
}

int mfd_job_input_keep(const char *directory, const char *id, struct mfd_upload *upload,
                       struct mfd_error *err)
{
    MFD_AUTO_FREE char *path = mfd_job_input_path(directory, id);
    if (!path)
        return mfd_fail_nomem(err);
    int status = mfd_upload_keep(upload, path, err);
    return status < 0 ? status : mfd_dir_sync(directory, err);
}

int mfd_job_result_open(const char *directory, const char *id, int64_t bytes, int *fd,
                        struct mfd_error *err)
{
    struct stat st;
    MFD_AUTO_FREE char *path = mfd_job_result_path(directory, id);
    if (!path)
        return mfd_fail_nomem(err);
    MFD_AUTO_CLOSE int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || fstat(file, &st) < 0)
        return fail(err, "open the result");
    if (st.st_size < bytes)
        return mfd_fail(err, MFD_EMISMATCH,
                        "the result of the job %s has %lld bytes where there were %lld: something "
                        "else has changed the state directory",
                        id, (long long)st.st_size, (long long)bytes);
    if (ftruncate(file, bytes) < 0)
        return fail(err, "cut the result");
    int status = bytes ? MFD_OK : mfd_dir_sync(directory, err); /* it may be new */
    if (status < 0)
        return status;
    *fd = file;
    file = -1;
    return MFD_OK;
}

int mfd_job_result_append(int fd, int64_t offset, const char *bytes, size_t n,
                          struct mfd_error *err)
{
    while (n) {
        ssize_t done = pwrite(fd, bytes, n, offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail(err, "write the result");
        bytes += done;
        offset += done;
        n -= (size_t)done;
    }
    return fdatasync(fd) < 0 ? fail(err, "sync the result") : MFD_OK;
}

static void remove_file(const char *directory, const char *id, const char *ending)
{
    MFD_AUTO_FREE char *path = path_of(directory, id, ending);
    if (!path || (unlink(path) < 0 && errno != ENOENT))
        mfd_log(MFD_LOG_WARNING, "cannot remove '%s': %s", path ? path : id, strerror(errno));
}

void mfd_job_input_remove(const char *directory, const char *id)
{
    remove_file(directory, id, INPUT);
}

void mfd_job_files_remove(const char *directory, const char *id)
{
    remove_file(directory, id, INPUT);
    remove_file(directory, id, RESULT);
}

/* Is a file of that name one that a job of the store still needs? */
static int needed(void *store, const char *name, bool *yes, struct mfd_error *err)
{
    struct mfd_job_row row = { 0 };
    char id[MFD_JOB_ID] = "";
    const char *dot = strchr(name, '.');
    *yes = false;
    if (!dot || (size_t)(dot - name) != sizeof id - 1)
        return MFD_OK;
    memcpy(id, name, sizeof id - 1);
    int status = mfd_store_job(store, id, NULL, &row, err);
    if (status == MFD_ENOTFOUND)
        return MFD_OK;
    if (status == MFD_OK)
        *yes = strcmp(dot + 1, RESULT) == 0 ||
               (strcmp(dot + 1, INPUT) == 0 && row.state < MFD_JOB_DONE);
    mfd_job_row_deinit(&row);
    return status;
}

int mfd_job_files_clean(const char *directory, struct mfd_store *store, struct mfd_error *err)
{
    return mfd_upload_clean(directory, needed, store, err);
}
