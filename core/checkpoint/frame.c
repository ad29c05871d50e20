#include "core/checkpoint/frame.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/checkpoint/ndarray.h"

/* Both layouts come down to this. */
struct frame {
    const struct mfd_pickle_value *columns, *index; /* pandas Index objects */
    const struct mfd_pickle_items *blocks;
};

struct block {
    const struct mfd_pickle_value *values, *placement;
};

static bool find_parts(const struct mfd_pickle_value *v, struct frame *out)
{
    const struct mfd_pickle_value *manager = mfd_pickle_attribute(v, "_mgr");
    if (!manager)
        manager = mfd_pickle_attribute(v, "_data");
    const struct mfd_pickle_value *axes = mfd_pickle_argument(manager, 1);
    const struct mfd_pickle_value *blocks = mfd_pickle_argument(manager, 0);
    if (!axes && manager && manager->kind == MFD_PICKLE_OBJECT) {
        const struct mfd_pickle_value *state =
            mfd_pickle_get(mfd_pickle_item(manager->object->state, 3), "0.14.1");
        axes = mfd_pickle_get(state, "axes");
        blocks = mfd_pickle_get(state, "blocks");
    }
    out->columns = mfd_pickle_item(axes, 0);
    out->index = mfd_pickle_item(axes, 1);
    out->blocks = mfd_pickle_items(blocks);
    return out->columns && out->index && out->blocks;
}

/* _unpickle_block(values, placement, ndim), or {"values": ..., "mgr_locs": ...}. */
static struct block block_at(const struct frame *f, size_t i)
{
    const struct mfd_pickle_value *v = f->blocks->at[i];
    if (v->kind == MFD_PICKLE_DICT)
        return (struct block){ mfd_pickle_get(v, "values"), mfd_pickle_get(v, "mgr_locs") };
    return (struct block){ mfd_pickle_argument(v, 0), mfd_pickle_argument(v, 1) };
}

/* The array of objects behind a value: itself, or what a string array of pandas wraps. */
static const struct mfd_pickle_value *objects_behind(const struct mfd_pickle_value *v)
{
    static const char *const wraps[] = { "_ndarray", "_data" };
    if (!v || mfd_ndarray_is(v))
        return v;
    if (v->kind != MFD_PICKLE_OBJECT)
        return NULL;
    for (size_t i = 0; i < 2; i++) {
        const struct mfd_pickle_value *inner = mfd_pickle_attribute(v, wraps[i]);
        if (mfd_ndarray_is(inner))
            return inner;
    }
    const struct mfd_pickle_value *inner;
    for (size_t i = 0; (inner = mfd_pickle_item(v->object->state, i)); i++)
        if (mfd_ndarray_is(inner))
            return inner;
    return NULL;
}

/* Append row `row` (of `rows`) of an array of text. */
static int add_texts(const struct mfd_pickle_value *array, size_t row, size_t rows,
                     struct mfd_names *out, const char *what, struct mfd_error *err)
{
    struct mfd_ndarray a;
    const struct mfd_pickle_value *objects = objects_behind(array);
    if (!objects)
        return mfd_fail(err, MFD_EUNSUPPORTED, "%s is %s that we cannot read as text", what,
                        mfd_pickle_kind_name(array));
    int status = mfd_ndarray_read(objects, &a, err);
    if (status)
        return status;
    if (a.type != 'O' || rows == 0 || a.n % rows || row >= rows) {
        mfd_ndarray_deinit(&a);
        return mfd_fail(err, MFD_EUNSUPPORTED, "%s holds numbers or has a strange shape", what);
    }
    size_t n = a.n / rows;
    for (size_t i = 0; i < n && !status; i++) {
        const struct mfd_pickle_value *cell = a.objects->at[row * n + i];
        status = cell->kind == MFD_PICKLE_TEXT
                     ? mfd_names_add(out, cell->text.s, cell->text.n, what, err)
                     : mfd_fail(err, MFD_EUNSUPPORTED, "row %zu of %s is %s, not text", i, what,
                                mfd_pickle_kind_name(cell));
    }
    return status;
}

/* _new_Index(class, {"data": array, "name": ...}) */
static int add_index(const struct mfd_pickle_value *index, struct mfd_names *out, const char *what,
                     struct mfd_error *err)
{
    const struct mfd_pickle_value *data = mfd_pickle_get(mfd_pickle_argument(index, 1), "data");
    if (!data)
        return mfd_fail(err, MFD_EUNSUPPORTED, "%s is not an index of text", what);
    return add_texts(data, 0, 1, out, what, err);
}

/* Which of the rows of a block is column `column`: placement is a slice, a list of places, or one
 * of them in a BlockPlacement. *rows receives how many there are. */
static bool find_row(const struct mfd_pickle_value *placement, size_t column, size_t *row,
                     size_t *rows)
{
    if (mfd_pickle_is_call(placement, "BlockPlacement"))
        placement = mfd_pickle_argument(placement, 0);
    if (mfd_pickle_is_call(placement, "slice")) {
        size_t start, stop, step;
        if (!mfd_pickle_size(mfd_pickle_argument(placement, 0), &start) ||
            !mfd_pickle_size(mfd_pickle_argument(placement, 1), &stop))
            return false;
        if (!mfd_pickle_size(mfd_pickle_argument(placement, 2), &step) || !step)
            step = 1;
        if (column < start || column >= stop || (column - start) % step)
            return false;
        *row = (column - start) / step;
        *rows = (stop - start + step - 1) / step;
        return true;
    }
    struct mfd_ndarray a;
    if (!mfd_ndarray_is(placement) || mfd_ndarray_read(placement, &a, NULL))
        return false;
    bool found = false;
    for (size_t i = 0; i < a.n && !found; i++) {
        int64_t place;
        found = mfd_ndarray_integer(&a, i, &place) && place == (int64_t)column;
        *row = i;
    }
    *rows = a.n;
    mfd_ndarray_deinit(&a);
    return found;
}

/* The cells of column File_accession. */
static int add_column(const struct frame *f, struct mfd_names *out, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_names_deinit) struct mfd_names columns = MFD_NAMES_INIT;
    int status = add_index(f->columns, &columns, "the list of columns", err);
    if (status)
        return status;
    size_t column = 0, row, rows;
    while (column < columns.n && strcmp(columns.at[column], MFD_TRACK_COLUMN) != 0)
        column++;
    if (column == columns.n)
        return mfd_fail(err, MFD_EUNSUPPORTED, "there is no column '" MFD_TRACK_COLUMN "'");
    for (size_t i = 0; i < f->blocks->n; i++) {
        struct block b = block_at(f, i);
        if (find_row(b.placement, column, &row, &rows))
            return add_texts(b.values, row, rows, out, "column '" MFD_TRACK_COLUMN "'", err);
    }
    return mfd_fail(err, MFD_EUNSUPPORTED,
                    "column '" MFD_TRACK_COLUMN "' is in none of the blocks");
}

static int compare(const struct mfd_names *index, const struct mfd_names *column,
                   struct mfd_error *err)
{
    if (index->n != column->n)
        return mfd_fail(err, MFD_EMISMATCH,
                        "the index has %zu rows but column '" MFD_TRACK_COLUMN "' has %zu",
                        index->n, column->n);
    for (size_t i = 0; i < index->n; i++)
        if (strcmp(index->at[i], column->at[i]) != 0)
            return mfd_fail(err, MFD_EMISMATCH,
                            "row %zu is '%.100s' in the index but '%.100s' in "
                            "column '" MFD_TRACK_COLUMN "'",
                            i, index->at[i], column->at[i]);
    return MFD_OK;
}

int mfd_frame_tracks(const struct mfd_pickle_value *frame, struct mfd_names *ids,
                     struct mfd_error *err)
{
    struct frame f;
    MFD_CLEANUP(mfd_names_deinit) struct mfd_names index = MFD_NAMES_INIT;
    MFD_CLEANUP(mfd_names_deinit) struct mfd_names column = MFD_NAMES_INIT;
    struct mfd_error why_index = MFD_ERROR_INIT;
    if (!find_parts(frame, &f))
        return mfd_fail(err, MFD_EUNSUPPORTED, "it is %s in a layout that we do not know",
                        mfd_pickle_kind_name(frame));
    int by_index = add_index(f.index, &index, "the index", &why_index);
    int by_column = add_column(&f, &column, NULL);
    if (by_index && by_column) {
        if (err)
            *err = why_index;
        return by_index;
    }
    int status = by_index || by_column ? MFD_OK : compare(&index, &column, err);
    struct mfd_names *best = by_index ? &column : &index;
    if (!status)
        status = mfd_names_check_unique(best, "the table", err);
    if (status)
        return status;
    mfd_names_deinit(ids);
    *ids = *best;
    *best = (struct mfd_names)MFD_NAMES_INIT;
    return MFD_OK;
}
