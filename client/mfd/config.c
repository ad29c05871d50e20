#include "client/mfd/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/client.h"
#include "client/mfd/options.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"

#define FILE_LIMIT ((size_t)1 << 20)

static int set_environment(struct settings *set, struct mfd_error *err)
{
    static const char *const named[][2] = { { "server", "MFD_SERVER" },
                                            { "key", "MFD_KEY" },
                                            { "cacert", "MFD_CACERT" } };
    int status = MFD_OK;
    for (size_t i = 0; i < sizeof named / sizeof *named && status == MFD_OK; i++) {
        const char *value = getenv(named[i][1]);
        if (value && *value)
            status = options_set_default(set, named[i][0], value, err);
    }
    return status;
}

/* The path of the file, NULL where there is none to look for. `*asked` if it must be there. */
static char *file_path(bool *asked)
{
    const char *file = getenv("MFD_CONFIG"), *folder = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    struct mfd_buffer path = MFD_BUFFER_INIT;
    *asked = file && *file;
    if (*asked)
        mfd_buffer_adds(&path, file);
    else if (folder && *folder == '/')
        mfd_buffer_addf(&path, "%s/mfd/config", folder);
    else if (home && *home)
        mfd_buffer_addf(&path, "%s/.config/mfd/config", home);
    return mfd_buffer_steal(&path, NULL);
}

/* `text` without blanks around it, and with a NUL behind. */
static char *trim(char *text)
{
    static const char blank[] = " \t\r";
    text += strspn(text, blank);
    for (size_t n = strlen(text); n && strchr(blank, text[n - 1]);)
        text[--n] = '\0';
    return text;
}

static int read_line(struct settings *set, char *line, struct mfd_error *err)
{
    char *equals;
    line[strcspn(line, "#")] = '\0';
    line = trim(line);
    if (!*line)
        return MFD_OK;
    equals = strchr(line, '=');
    if (!equals)
        return mfd_fail(err, MFD_EINVAL, "'%.100s' is not NAME = VALUE", line);
    *equals = '\0';
    return options_set_default(set, trim(line), trim(equals + 1), err);
}

static int read_file(struct settings *set, struct mfd_error *err)
{
    bool asked;
    MFD_AUTO_FREE char *path = file_path(&asked);
    struct mfd_buffer file = MFD_BUFFER_INIT;
    int status = MFD_OK;
    if (!path || (!asked && access(path, F_OK) < 0))
        return MFD_OK;
    status = mfd_file_read(path, FILE_LIMIT, &file, err);
    set->config_text = mfd_buffer_steal(&file, NULL);
    if (status == MFD_OK && !set->config_text)
        status = mfd_fail_nomem(err);
    size_t number = 1;
    for (char *line = status == MFD_OK ? text_begin(set->config_text) : NULL, *next;
         status == MFD_OK && line; line = next, number++) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        status = read_line(set, line, err);
        if (status < 0)
            mfd_fail_prefix(err, status, "line %zu of '%s'", number, path);
    }
    return status;
}

/* A key out of a file: its first line. */
static int read_key_file(struct settings *set, const char *path, struct mfd_error *err)
{
    struct mfd_buffer file = MFD_BUFFER_INIT;
    int status = mfd_file_read(path, 4096, &file, err);
    if (status == MFD_OK) {
        const char *key = text_begin(file.data);
        set->key_read = mfd_strndup(key, strcspn(key, "\r\n"));
        set->key = set->key_read;
        if (!set->key_read)
            status = mfd_fail_nomem(err);
        else if (!*set->key_read)
            status =
                mfd_fail(err, MFD_EINVAL, "the first line of '%s' is empty, and no API key", path);
    }
    mfd_buffer_deinit(&file);
    return status;
}

int config_read(struct settings *set, struct mfd_error *err)
{
    int status = set_environment(set, err);
    if (status == MFD_OK)
        status = read_file(set, err);
    if (status == MFD_OK && (!set->server || !*set->server))
        set->server = MFD_CLIENT_DEFAULT_SERVER;
    if (status == MFD_OK && set->key && set->key[0] == '@')
        status = read_key_file(set, set->key + 1, err);
    return status;
}
