#include "core/tool/arrays.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/tensor/npy.h"

static int fail_file(struct mfd_error *err, const char *verb, const char *path)
{
    return mfd_fail(err, MFD_EIO, "cannot %s '%s': %s", verb, path, strerror(errno));
}

int arrays_open(struct arrays *a, const char *dir, struct mfd_error *err)
{
    memset(a, 0, sizeof *a);
    return mfd_mkdirs(dir, 0755, err);
}

static char *join(const char *a, const char *b, const char *c, const char *d)
{
    struct mfd_buffer name = MFD_BUFFER_INIT;
    mfd_buffer_addf(&name, "%s%s%s%s", a, b, c, d);
    return mfd_buffer_steal(&name, NULL);
}

/* A header of the same length for any number of rows: numpy's are padded to 64 bytes. */
static int write_header(const struct array *array, struct mfd_error *err)
{
    struct mfd_buffer header = MFD_BUFFER_INIT;
    const size_t shape[] = { array->rows, array->width };
    mfd_npy_header_f32(&header, shape, 2);
    int status = header.failed ? mfd_fail_nomem(err) : MFD_OK;
    if (!status && (fseek(array->file, 0, SEEK_SET) != 0 ||
                    fwrite(header.data, 1, header.len, array->file) != header.len))
        status = fail_file(err, "write", array->part);
    mfd_buffer_deinit(&header);
    return status;
}

/* One more file, `dir`/`name``suffix``ending`, which grows beside its place. */
static int add_file(struct arrays *a, const char *dir, const char *name, const char *suffix,
                    const char *ending, struct array **out, struct mfd_error *err)
{
    struct array *items = mfd_realloc(a->items, a->n + 1, sizeof *items);
    if (!items)
        return mfd_fail_nomem(err);
    a->items = items;
    struct array *array = &items[a->n++];
    *array = (struct array){ 0 };
    array->name = join(name, suffix, ending, "");
    array->path = array->name ? join(dir, "/", array->name, "") : NULL;
    array->part = array->path ? join(array->path, ".part", "", "") : NULL;
    if (!array->part)
        return mfd_fail_nomem(err);
    array->file = fopen(array->part, "wb");
    *out = array;
    return array->file ? MFD_OK : fail_file(err, "create", array->part);
}

int arrays_add(struct arrays *a, const char *dir, const char *name, const char *suffix,
               size_t width, float **block, struct mfd_error *err)
{
    struct array *array = NULL;
    size_t floats;
    int status = add_file(a, dir, name, suffix, ".npy", &array, err);
    if (status)
        return status;
    array->width = width;
    array->block = mfd_mul(ARRAYS_ROWS, width, &floats) ? mfd_aligned(floats, sizeof(float)) : NULL;
    if (!array->block)
        return mfd_fail_nomem(err);
    *block = array->block;
    return write_header(array, err);
}

int arrays_add_text(struct arrays *a, const char *dir, const char *name, FILE **out,
                    struct mfd_error *err)
{
    struct array *array = NULL;
    int status = add_file(a, dir, name, "", "", &array, err);
    if (status == MFD_OK)
        *out = array->file;
    return status;
}

int arrays_add_outputs(struct arrays *a, const char *dir, const char *suffix,
                       const struct mfd_head *h, struct mfd_outputs *out, struct mfd_error *err)
{
    const bool split = !h->w_all;
    const struct {
        const char *name;
        size_t width;
        float **block;
        bool wanted;
    } all[] = {
        { "predictions", h->tracks, &out->predictions, true },
        { "logits", h->tracks, &out->logits, true },
        { "logits_biological", h->tracks, &out->logits_biological, split },
        { "logits_technical", h->tracks, &out->logits_technical, split },
        { "features_biological", h->biological, &out->features_biological, split },
        { "features_technical", h->technical, &out->features_technical, split },
        { "features", h->embed, &out->features, !split },
    };
    int status = MFD_OK;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof all / sizeof *all && status == MFD_OK; i++)
        if (all[i].wanted)
            status = arrays_add(a, dir, all[i].name, suffix, all[i].width, all[i].block, err);
    return status;
}

int arrays_append(struct arrays *a, size_t rows, struct mfd_error *err)
{
    for (size_t i = 0; i < a->n; i++) {
        struct array *array = &a->items[i];
        if (!array->block)
            continue;
        if (fwrite(array->block, array->width * sizeof(float), rows, array->file) != rows)
            return fail_file(err, "write", array->part);
        array->rows += rows;
    }
    return MFD_OK;
}

int arrays_finish(struct arrays *a, struct mfd_error *err)
{
    for (size_t i = 0; i < a->n; i++) {
        int status = a->items[i].block ? write_header(&a->items[i], err) : MFD_OK;
        if (status)
            return status;
        FILE *file = a->items[i].file;
        bool failed = ferror(file);
        a->items[i].file = NULL;
        if (fclose(file) != 0 || failed)
            return fail_file(err, "write", a->items[i].part);
    }
    for (size_t i = 0; i < a->n; i++)
        if (rename(a->items[i].part, a->items[i].path) != 0)
            return fail_file(err, "put in place", a->items[i].path);
    return MFD_OK;
}

void arrays_deinit(struct arrays *a)
{
    for (size_t i = 0; i < a->n; i++) {
        struct array *array = &a->items[i];
        if (array->file)
            fclose(array->file);
        if (array->part)
            unlink(array->part);
        free(array->name);
        free(array->part);
        free(array->path);
        free(array->block);
    }
    free(a->items);
    memset(a, 0, sizeof *a);
}

int ensemble_parse(const char *text, struct mfd_ensemble *out, struct mfd_error *err)
{
    static const struct {
        const char *name;
        struct mfd_ensemble ensemble;
    } choices[] = { { "none", { 1, false } },
                    { "strands", { 1, true } },
                    { "published", { 7, true } } };
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strcmp(text, choices[i].name) == 0) {
            *out = choices[i].ensemble;
            return MFD_OK;
        }
    return mfd_fail(err, MFD_EINVAL, "'%s' is no ensemble; there are none, strands and published",
                    text);
}
