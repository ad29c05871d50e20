/* Do a table, an order of tracks and a mapping belong to a checkpoint? Its var_vals tell. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/metadata_impl.h"

MFD_DEFINE_CLEANUP(struct mfd_metadata, mfd_metadata_free);
MFD_DEFINE_CLEANUP(struct mfd_table, mfd_table_free);

/* Single precision of the checkpoint against ours, both rounded once. */
static bool same(float a, float b)
{
    return fabsf(a - b) <= 1e-6f * fmaxf(1, fabsf(a));
}

/* Where a checkpoint and we part. */
struct difference {
    size_t track, label; /* MFD_NONE where there is none */
    float theirs, ours;
};

/* The first track whose row differs among the labels both have; `row` has room for ours. */
static struct difference first_difference(const struct mfd_metadata *md, size_t field,
                                          const float *theirs, size_t width, float *row)
{
    size_t inputs = md->fields[field].inputs, both = width < inputs ? width : inputs;
    for (size_t t = 0; t < md->tracks; t++) {
        mfd_fields_row(md, field, t, row);
        for (size_t i = 0; i < both; i++)
            if (!same(theirs[t * width + i], row[i]))
                return (struct difference){ t, i, theirs[t * width + i], row[i] };
    }
    return (struct difference){ MFD_NONE, MFD_NONE, 0, 0 };
}

static int say_difference(const struct mfd_metadata *md, const struct mfd_field *f,
                          const struct difference *d, struct mfd_error *err)
{
    const char *cell = mfd_metadata_cell(md, d->track, f->column);
    if (!f->n_labels)
        return mfd_fail(
            err, MFD_EMISMATCH,
            "column '%s', track '%.64s': the checkpoint holds %.7g; cell '%.64s' "
            "standardised is %.7g. The table, the order of tracks or the mapping is not "
            "this checkpoint's",
            f->name, md->ids[d->track], (double)d->theirs, cell, (double)d->ours);
    return mfd_fail(err, MFD_EMISMATCH,
                    "column '%s', track '%.64s': the checkpoint holds %g for label '%.64s', cell "
                    "'%.64s' gives %g. The table, the order of tracks or the mapping is not this "
                    "checkpoint's",
                    f->name, md->ids[d->track], (double)d->theirs, f->labels[d->label], cell,
                    (double)d->ours);
}

static int check_field(const struct mfd_metadata *md, size_t field, enum mfd_group g,
                       mfd_tensor_find_fn find, const void *source, struct mfd_error *err)
{
    const struct mfd_field *f = &md->fields[field];
    char name[MFD_MAX_NAME + 96];
    snprintf(name, sizeof name, "metadata_embedding.embedding_%s.column_embeddings.%s.var_vals",
             mfd_group_name(g), f->name);
    const struct mfd_tensor *t = find(source, name);
    if (!t)
        return mfd_fail(err, MFD_EMISMATCH,
                        "column '%s' of the mapping's %s group: the checkpoint has no tensor '%s'",
                        f->name, mfd_group_name(g), name);
    if (t->dtype != MFD_F32 || t->ndim != 2)
        return mfd_fail(err, MFD_EFORMAT, "tensor '%s' is not a matrix of 32-bit floats", name);
    if (t->shape[0] != md->tracks)
        return mfd_fail(err, MFD_EMISMATCH,
                        "the checkpoint has %zu tracks (tensor '%s'); %zu are named", t->shape[0],
                        name, md->tracks);
    MFD_AUTO_FREE float *row = mfd_calloc(f->inputs, sizeof *row);
    if (!row)
        return mfd_fail_nomem(err);
    struct difference d = first_difference(md, field, t->data, t->shape[1], row);
    if (t->shape[1] == f->inputs)
        return d.track == MFD_NONE ? MFD_OK : say_difference(md, f, &d, err);
    if (d.track == MFD_NONE)
        d.track = 0;
    return mfd_fail(
        err, MFD_EMISMATCH,
        "column '%s': the checkpoint knows %zu labels, the table gives %zu; track '%.64s' "
        "('%.64s') is the first to differ. The table, the order of tracks or the mapping "
        "is not this checkpoint's",
        f->name, t->shape[1], f->inputs, md->ids[d.track],
        mfd_metadata_cell(md, d.track, f->column));
}

int mfd_metadata_check(const struct mfd_metadata *md, mfd_tensor_find_fn find, const void *source,
                       struct mfd_error *err)
{
    for (size_t g = 0; g < MFD_GROUPS; g++)
        for (size_t i = 0; i < md->n_fields; i++) {
            const struct mfd_field_role *role = &md->fields[i].role[g];
            int status = role->direct || role->interact
                             ? check_field(md, i, (enum mfd_group)g, find, source, err)
                             : MFD_OK;
            if (status)
                return status;
        }
    return MFD_OK;
}

static int try_rules(struct mfd_metadata **out, const char *tsv, size_t n_bytes,
                     const struct mfd_table_rules *rules, const struct mfd_mapping *mapping,
                     const char *const *ids, size_t n, mfd_tensor_find_fn find, const void *source,
                     struct mfd_error *err)
{
    MFD_CLEANUP(mfd_table_free_p) struct mfd_table *table = NULL;
    MFD_CLEANUP(mfd_metadata_free_p) struct mfd_metadata *md = NULL;
    int status;
    if ((status = mfd_table_parse(&table, tsv, n_bytes, rules, err)) ||
        (status = mfd_metadata_prepare(&md, table, mapping, ids, n, err)) ||
        (mapping && find && (status = mfd_metadata_check(md, find, source, err))))
        return status;
    *out = mfd_steal(md);
    return MFD_OK;
}

int mfd_metadata_fit(struct mfd_metadata **out, const char *tsv, size_t n_bytes,
                     const struct mfd_mapping *mapping, const char *const *ids, size_t n,
                     mfd_tensor_find_fn find, const void *source, struct mfd_table_rules *rules,
                     struct mfd_error *err)
{
    static const struct mfd_table_rules ways[] = {
        { .median_age = false, .none_is_missing = false },
        { .median_age = true, .none_is_missing = false },
        { .median_age = false, .none_is_missing = true },
        { .median_age = true, .none_is_missing = true },
    };
    int first = MFD_OK;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int status =
            try_rules(out, tsv, n_bytes, &ways[i], mapping, ids, n, find, source, i ? NULL : err);
        if (!status && rules)
            *rules = ways[i];
        if (!status || !mapping || !find || (i == 0 && status != MFD_EMISMATCH))
            return status;
        if (i == 0)
            first = status;
    }
    return first;
}
