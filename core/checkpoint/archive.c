#include "core/checkpoint/archive.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"

#define MAX_ENTRIES 100000
#define PICKLE_NAME "data.pkl"

struct mfd_archive {
    zip_t *zip;
    struct mfd_map map; /* empty where the bytes are borrowed */
    size_t total, given;
    char *folder; /* with its slash */
};

/* The folder is wherever data.pkl is: torch names it after the file it first wrote. */
static int find_folder(struct mfd_archive *a, struct mfd_error *err)
{
    zip_int64_t n = zip_get_num_entries(a->zip, 0);
    if (n > MAX_ENTRIES)
        return mfd_fail(err, MFD_ELIMIT, "the zip has %lld entries; the limit is %d", (long long)n,
                        MAX_ENTRIES);
    for (zip_int64_t i = 0; i < n; i++) {
        const char *name = zip_get_name(a->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const char *slash = name ? strchr(name, '/') : NULL;
        if (!slash || strcmp(slash + 1, PICKLE_NAME) != 0)
            continue;
        if (a->folder)
            return mfd_fail(err, MFD_EFORMAT, "the zip holds '" PICKLE_NAME "' more than once");
        a->folder = mfd_strndup(name, (size_t)(slash + 1 - name));
        if (!a->folder)
            return mfd_fail_nomem(err);
    }
    if (!a->folder)
        return mfd_fail(err, MFD_EFORMAT,
                        "the zip holds no '" PICKLE_NAME "': it was not written by"
                        " torch.save");
    return MFD_OK;
}

static int fail_zip(struct mfd_error *err, zip_error_t *why, const char *verb)
{
    int status = mfd_fail(err, MFD_EFORMAT, "cannot %s: %s", verb, zip_error_strerror(why));
    zip_error_fini(why);
    return status;
}

static int open_zip(struct mfd_archive *a, const void *bytes, struct mfd_error *err)
{
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *source = zip_source_buffer_create(bytes, a->total, 0, &why);
    if (!source)
        return fail_zip(err, &why, "read the zip");
    a->zip = zip_open_from_source(source, ZIP_RDONLY, &why);
    if (!a->zip) {
        zip_source_free(source);
        if (zip_error_code_zip(&why) != ZIP_ER_NOZIP)
            return fail_zip(err, &why, "read the zip");
        zip_error_fini(&why);
        return mfd_fail(err, MFD_EFORMAT,
                        "not a zip file, or cut short (checkpoints of torch before"
                        " 1.6 are not zip files: load and save them with a later one)");
    }
    zip_error_fini(&why);
    return find_folder(a, err);
}

int mfd_archive_parse(struct mfd_archive **out, const void *bytes, size_t size,
                      struct mfd_error *err)
{
    if (!size) /* which libzip takes for a zip without entries */
        return mfd_fail(err, MFD_EFORMAT, "the file is empty");
    struct mfd_archive *a = mfd_calloc(1, sizeof *a);
    if (!a)
        return mfd_fail_nomem(err);
    a->total = size;
    int status = open_zip(a, bytes, err);
    if (status) {
        mfd_archive_free(a);
        return status;
    }
    *out = a;
    return MFD_OK;
}

int mfd_archive_open(struct mfd_archive **out, const char *path, struct mfd_error *err)
{
    struct mfd_map map;
    int status = mfd_map_open(&map, path, err);
    if (status)
        return status;
    status = mfd_archive_parse(out, map.data, map.size, err);
    if (status) {
        mfd_map_close(&map);
        return mfd_fail_prefix(err, status, "'%s'", path);
    }
    (*out)->map = map;
    return MFD_OK;
}

void mfd_archive_free(struct mfd_archive *archive)
{
    if (!archive)
        return;
    if (archive->zip)
        zip_discard(archive->zip);
    mfd_map_close(&archive->map);
    free(archive->folder);
    free(archive);
}

/* Find and check an entry; its index goes to *index. */
static int look_up(struct mfd_archive *a, const char *name, zip_uint64_t *index, size_t *size,
                   struct mfd_error *err)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer full = MFD_BUFFER_INIT;
    mfd_buffer_addf(&full, "%s%s", a->folder, name);
    if (full.failed)
        return mfd_fail_nomem(err);
    zip_int64_t i = zip_name_locate(a->zip, full.data, ZIP_FL_ENC_RAW);
    zip_stat_t st;
    const zip_uint64_t needed =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (i < 0)
        return mfd_fail(err, MFD_ENOTFOUND, "the zip has no entry '%.200s'", name);
    if (zip_stat_index(a->zip, (zip_uint64_t)i, 0, &st) < 0 || (st.valid & needed) != needed)
        return mfd_fail(err, MFD_EFORMAT, "entry '%.200s' of the zip has no proper header", name);
    if (st.comp_method != ZIP_CM_STORE || st.encryption_method != ZIP_EM_NONE)
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "entry '%.200s' of the zip is compressed or"
                        " encrypted: torch.save stores plainly, so save it again with that",
                        name);
    if (st.size != st.comp_size || st.size > a->total)
        return mfd_fail(err, MFD_EFORMAT,
                        "entry '%.200s' claims %llu bytes but the whole file has"
                        " %zu",
                        name, (unsigned long long)st.size, a->total);
    *index = (zip_uint64_t)i;
    *size = (size_t)st.size;
    return MFD_OK;
}

int mfd_archive_size(struct mfd_archive *archive, const char *name, size_t *size,
                     struct mfd_error *err)
{
    zip_uint64_t index;
    return look_up(archive, name, &index, size, err);
}

int mfd_archive_read(struct mfd_archive *archive, const char *name, void **bytes, size_t *size,
                     struct mfd_error *err)
{
    zip_uint64_t index = 0;
    size_t n = 0;
    int status = look_up(archive, name, &index, &n, err);
    if (status)
        return status;
    if (n > archive->total - archive->given)
        return mfd_fail(err, MFD_EFORMAT,
                        "the entries of the zip take more bytes than it has: they"
                        " overlap");
    MFD_AUTO_FREE char *block = mfd_aligned(n, 1);
    zip_file_t *file = zip_fopen_index(archive->zip, index, 0);
    if (!block || !file) {
        if (file)
            zip_fclose(file);
        return block ? mfd_fail(err, MFD_EFORMAT, "cannot open entry '%.200s' of the zip: %s", name,
                                zip_strerror(archive->zip))
                     : mfd_fail_nomem(err);
    }
    zip_int64_t got = zip_fread(file, block, n);
    char beyond; /* libzip compares the CRC once it meets the end */
    zip_int64_t rest = got == (zip_int64_t)n ? zip_fread(file, &beyond, 1) : -1;
    if (rest != 0)
        status = mfd_fail(err, MFD_EFORMAT, "entry '%.200s' of the zip is damaged: %s", name,
                          rest > 0 ? "it is longer than it says" : zip_file_strerror(file));
    zip_fclose(file);
    if (status)
        return status;
    archive->given += n;
    *bytes = mfd_steal(block);
    *size = n;
    return MFD_OK;
}

size_t mfd_archive_total(const struct mfd_archive *archive)
{
    return archive->total;
}
