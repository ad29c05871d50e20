/* Metadata out of a table. */
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/model/metadata_impl.h"

MFD_DEFINE_CLEANUP(struct mfd_metadata, mfd_metadata_free);

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
