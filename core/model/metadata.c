#define _GNU_SOURCE /* qsort_r */
#include "core/model/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/metadata_impl.h"

MFD_DEFINE_CLEANUP(struct mfd_metadata, mfd_metadata_free);

void mfd_metadata_free(struct mfd_metadata *md)
{
    if (!md)
        return;
    mfd_mapping_free(md->mapping);
    mfd_arena_deinit(&md->arena);
    free(md);
}

struct mfd_metadata *mfd_metadata_new(size_t tracks, size_t columns)
{
    MFD_CLEANUP(mfd_metadata_free_p) struct mfd_metadata *md = mfd_calloc(1, sizeof *md);
    size_t cells;
    if (!md || !mfd_mul(tracks, columns, &cells))
        return NULL;
    md->tracks = tracks;
    md->columns = columns;
    md->ids = mfd_arena_calloc(&md->arena, tracks, sizeof *md->ids);
    md->by_id = mfd_arena_calloc(&md->arena, tracks, sizeof *md->by_id);
    md->names = mfd_arena_calloc(&md->arena, columns, sizeof *md->names);
    md->numeric = mfd_arena_calloc(&md->arena, columns, sizeof *md->numeric);
    md->cells = mfd_arena_calloc(&md->arena, cells, sizeof *md->cells);
    if (!md->ids || !md->by_id || !md->names || !md->numeric || !md->cells)
        return NULL;
    return mfd_steal(md);
}

static int compare_ids(const void *a, const void *b, void *md)
{
    const char *const *ids = ((const struct mfd_metadata *)md)->ids;
    return strcmp(ids[*(const size_t *)a], ids[*(const size_t *)b]);
}

int mfd_metadata_index(struct mfd_metadata *md, struct mfd_error *err)
{
    for (size_t t = 0; t < md->tracks; t++)
        md->by_id[t] = t;
    qsort_r(md->by_id, md->tracks, sizeof *md->by_id, compare_ids, md);
    for (size_t i = 1; i < md->tracks; i++)
        if (!strcmp(md->ids[md->by_id[i - 1]], md->ids[md->by_id[i]]))
            return mfd_fail(err, MFD_EFORMAT, "tracks %zu and %zu are both called '%.128s'",
                            md->by_id[i - 1] + 1, md->by_id[i] + 1, md->ids[md->by_id[i]]);
    return MFD_OK;
}

/* The rows of the tracks, column by column. */
static int copy_rows(struct mfd_metadata *md, const struct mfd_table *table, const char *const *ids,
                     struct mfd_error *err)
{
    for (size_t t = 0; t < md->tracks; t++) {
        size_t row;
        int status = mfd_table_find(table, ids[t], &row, err);
        if (status)
            return mfd_fail_prefix(err, status, "track %zu", t + 1);
        if (!(md->ids[t] = mfd_arena_strdup(&md->arena, ids[t])))
            return mfd_fail_nomem(err);
        for (size_t c = 0; c < md->columns; c++)
            if (!(md->cells[c * md->tracks + t] =
                      mfd_arena_strdup(&md->arena, mfd_table_cell(table, row, c))))
                return mfd_fail_nomem(err);
    }
    for (size_t c = 0; c < md->columns; c++) {
        md->numeric[c] = mfd_table_is_numeric(table, c);
        if (!(md->names[c] = mfd_arena_strdup(&md->arena, mfd_table_column(table, c))))
            return mfd_fail_nomem(err);
    }
    return mfd_metadata_index(md, err);
}

/* A copy by way of JSON, which copies all there is. */
static int copy_mapping(struct mfd_mapping **out, const struct mfd_mapping *mapping,
                        struct mfd_error *err)
{
    json_t *json = mfd_mapping_to_json(mapping);
    if (!json)
        return mfd_fail_nomem(err);
    int status = mfd_mapping_from_json(out, json, err);
    json_decref(json);
    return status;
}

int mfd_metadata_prepare(struct mfd_metadata **out, const struct mfd_table *table,
                         const struct mfd_mapping *mapping, const char *const *ids, size_t n,
                         struct mfd_error *err)
{
    static const struct mfd_vocabulary nothing = { 0 };
    if (n == 0 || n > MFD_MAX_TRACKS)
        return mfd_fail(err, MFD_EINVAL, "a model has 1 to %u tracks, not %zu", MFD_MAX_TRACKS, n);
    MFD_CLEANUP(mfd_metadata_free_p)
    struct mfd_metadata *md = mfd_metadata_new(n, mfd_table_columns(table));
    if (!md)
        return mfd_fail_nomem(err);
    int status = copy_rows(md, table, ids, err);
    if (!status && mapping) {
        if ((status = copy_mapping(&md->mapping, mapping, err)) ||
            (status = mfd_fields_create(md, err)))
            return status;
        for (size_t f = 0; !status && f < md->n_fields; f++)
            status = mfd_fields_code(md, f, &nothing, err);
        if (!status)
            mfd_fields_place(md);
    }
    if (!status)
        *out = mfd_steal(md);
    return status;
}

size_t mfd_metadata_tracks(const struct mfd_metadata *md)
{
    return md->tracks;
}

const char *mfd_metadata_id(const struct mfd_metadata *md, size_t track)
{
    return md->ids[track];
}

size_t mfd_metadata_find(const struct mfd_metadata *md, const char *id)
{
    size_t low = 0, high = md->tracks;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(md->ids[md->by_id[middle]], id);
        if (order == 0)
            return md->by_id[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return MFD_NONE;
}

size_t mfd_metadata_columns(const struct mfd_metadata *md)
{
    return md->columns;
}

const char *mfd_metadata_column(const struct mfd_metadata *md, size_t column)
{
    return md->names[column];
}

size_t mfd_metadata_find_column(const struct mfd_metadata *md, const char *name)
{
    for (size_t c = 0; c < md->columns; c++)
        if (!strcmp(md->names[c], name))
            return c;
    return MFD_NONE;
}

const char *mfd_metadata_cell(const struct mfd_metadata *md, size_t track, size_t column)
{
    return md->cells[column * md->tracks + track];
}

bool mfd_metadata_is_numeric(const struct mfd_metadata *md, size_t column)
{
    return md->numeric[column];
}

const struct mfd_mapping *mfd_metadata_mapping(const struct mfd_metadata *md)
{
    return md->mapping;
}

size_t mfd_fields_count(const struct mfd_metadata *md)
{
    return md->n_fields;
}

const struct mfd_field *mfd_fields_at(const struct mfd_metadata *md, size_t field)
{
    return &md->fields[field];
}

size_t mfd_fields_find(const struct mfd_metadata *md, const char *name)
{
    for (size_t i = 0; i < md->n_fields; i++)
        if (!strcmp(md->fields[i].name, name))
            return i;
    return MFD_NONE;
}

const uint32_t *mfd_fields_labels_of(const struct mfd_metadata *md, size_t field, size_t track,
                                     size_t *n)
{
    const struct mfd_coded *coded = &md->coded[field];
    *n = coded->start[track + 1] - coded->start[track];
    return coded->labels + coded->start[track];
}

double mfd_fields_number_of(const struct mfd_metadata *md, size_t field, size_t track)
{
    return md->coded[field].numbers[track];
}

void mfd_fields_row(const struct mfd_metadata *md, size_t field, size_t track, float *out)
{
    const struct mfd_field *f = &md->fields[field];
    const struct mfd_coded *coded = &md->coded[field];
    if (!f->n_labels) {
        *out = (float)((coded->numbers[track] - f->mean) / f->sd);
        return;
    }
    memset(out, 0, f->inputs * sizeof *out);
    for (uint32_t i = coded->start[track]; i < coded->start[track + 1]; i++)
        out[coded->labels[i]] = 1;
}

void mfd_fields_values(const struct mfd_metadata *md, size_t field, float *out)
{
    for (size_t t = 0; t < md->tracks; t++)
        mfd_fields_row(md, field, t, out + t * md->fields[field].inputs);
}
