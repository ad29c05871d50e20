#include "server/demo.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"

#define LEVELS_UP 5 /* from a build directory to the root of the source tree */

static char *join(const char *directory, const char *name)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%s/%s", directory, name);
    return mfd_buffer_steal(&b, NULL);
}

static bool has_demo(const char *directory)
{
    MFD_AUTO_FREE char *path = join(directory, "demo.mfd");
    return path && access(path, R_OK) == 0;
}

/* deploy/demo of the source tree that this program was built in, else the installed copy. */
static char *find_demo(void)
{
    char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n < 0 ? 0 : n] = '\0';
    for (int i = 0; i < LEVELS_UP; i++) {
        char *slash = strrchr(program, '/');
        if (!slash)
            break;
        *slash = '\0';
        char *directory = join(program, "deploy/demo");
        if (directory && has_demo(directory))
            return directory;
        free(directory);
        directory = join(program, "share/mfd/demo");
        if (directory && has_demo(directory))
            return directory;
        free(directory);
    }
    return mfd_strdup(MFD_DATADIR "/demo");
}

int mfd_demo_add(struct mfd_settings *settings, struct mfd_error *err)
{
    static const struct {
        const char *setting, *file;
    } parts[] = {
        { "models.chr20", "demo.mfd" },
        { "genomes.GRCh37-demo", "genome.fa.gz" },
    };
    MFD_AUTO_FREE char *directory = find_demo();
    if (!directory)
        return mfd_fail_nomem(err);
    if (!has_demo(directory))
        return mfd_fail(err, MFD_ENOTFOUND,
                        "the demo's model is neither beside this program nor in '%s'; build and "
                        "install mfd whole",
                        directory);
    int status = MFD_OK;
    for (size_t i = 0; i < 2 && status == MFD_OK; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        mfd_buffer_addf(&b, "%s=%s/%s", parts[i].setting, directory, parts[i].file);
        MFD_AUTO_FREE char *assignment = mfd_buffer_steal(&b, NULL);
        status = assignment ? mfd_settings_set(settings, assignment, err) : mfd_fail_nomem(err);
    }
    return status;
}

int mfd_demo_state(struct mfd_settings *settings, struct mfd_error *err)
{
    const char *tmp = getenv("TMPDIR");
    char *path = join(tmp && tmp[0] ? tmp : "/tmp", "mfdd-demo-XXXXXX");
    if (!path || !mkdtemp(path)) {
        free(path);
        return mfd_fail(err, MFD_EIO,
                        "cannot make a directory under '%s'; choose one with --state-dir",
                        tmp && tmp[0] ? tmp : "/tmp");
    }
    free(settings->state_dir);
    settings->state_dir = path;
    return MFD_OK;
}

static void remove_all(const char *directory, int depth)
{
    DIR *d = depth > 2 ? NULL : opendir(directory);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        struct stat st;
        MFD_AUTO_FREE char *path = join(directory, e->d_name);
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || !path)
            continue;
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
            remove_all(path, depth + 1);
        else
            unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(directory);
}

void mfd_demo_forget(const char *state_dir)
{
    remove_all(state_dir, 0);
}
