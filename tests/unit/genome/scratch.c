#include "tests/util/test.h"

#include "tests/unit/genome/scratch.h"

#include <dirent.h>
#include <htslib/bgzf.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/file.h"

void scratch_init(struct scratch *s)
{
    *s = (struct scratch){ .dir = "/tmp/mfd-test-XXXXXX" };
    assert_non_null(mkdtemp(s->dir));
}

void scratch_deinit(struct scratch *s)
{
    DIR *d = opendir(s->dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlink(scratch_path(s, e->d_name));
    closedir(d);
    assert_int_equal(rmdir(s->dir), 0);
}

const char *scratch_path(struct scratch *s, const char *name)
{
    char *path = s->path[s->next++ % 8];
    assert_true(strlen(s->dir) + 1 + strlen(name) < sizeof s->path[0]);
    stpcpy(stpcpy(stpcpy(path, s->dir), "/"), name);
    return path;
}

const char *scratch_write(struct scratch *s, const char *name, const void *bytes, size_t n)
{
    const char *path = scratch_path(s, name);
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(mfd_file_replace(path, bytes, n, &err), MFD_OK);
    return path;
}

const char *scratch_text(struct scratch *s, const char *name, const char *text)
{
    return scratch_write(s, name, text, strlen(text));
}

static void add64(struct mfd_buffer *b, uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        mfd_buffer_addc(b, (char)(value & 0xff));
}

const char *scratch_bgzip(struct scratch *s, const char *name, const char *text, size_t n,
                          size_t block)
{
    struct mfd_buffer file = MFD_BUFFER_INIT, pairs = MFD_BUFFER_INIT, gzi = MFD_BUFFER_INIT;
    uint64_t count = 0;
    char out[BGZF_MAX_BLOCK_SIZE], gzi_name[64];
    size_t done = 0;
    do { /* the block of nothing is the end marker */
        size_t take = n - done < block ? n - done : block, size = sizeof out;
        assert_int_equal(bgzf_compress(out, &size, text + done, take, -1), 0);
        if (done) { /* the first block is not in a .gzi, nor is the end marker */
            add64(&pairs, file.len);
            add64(&pairs, done);
            count++;
        }
        mfd_buffer_add(&file, out, size);
        done += take;
    } while (done < n);
    size_t size = sizeof out;
    assert_int_equal(bgzf_compress(out, &size, NULL, 0, -1), 0);
    mfd_buffer_add(&file, out, size);
    add64(&gzi, count);
    mfd_buffer_add(&gzi, pairs.data, pairs.len);
    snprintf(gzi_name, sizeof gzi_name, "%s.gzi", name);
    scratch_write(s, gzi_name, gzi.data, gzi.len);
    const char *path = scratch_write(s, name, file.data, file.len);
    mfd_buffer_deinit(&file);
    mfd_buffer_deinit(&pairs);
    mfd_buffer_deinit(&gzi);
    return path;
}

bool scratch_has(struct scratch *s, const char *name)
{
    return access(scratch_path(s, name), F_OK) == 0;
}

struct mfd_genome *scratch_genome(struct scratch *s, const char *fasta)
{
    const struct mfd_genome_options options = { .build_index = true };
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_genome *g = NULL;
    int status = mfd_genome_open_with(&g, scratch_text(s, "genome.fa", fasta), &options, &err);
    if (status != MFD_OK)
        fail_msg("%s", err.message);
    return g;
}
