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

const struct mfd_mapping *mfd_metadata_mapping(const struct mfd_metadata *md)
{
    return md->mapping;
}
