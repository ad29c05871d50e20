/* The bundle's "tracks" and "fields". */
#include <math.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/model/config.h"
#include "core/model/metadata_impl.h"

MFD_DEFINE_CLEANUP(struct mfd_metadata, mfd_metadata_free);

/* ---- out ---- */

static json_t *texts(const char *const *s, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++)
        if (json_array_append_new(list, json_string(s[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

json_t *mfd_metadata_tracks_json(const struct mfd_metadata *md)
{
    json_t *columns = json_array();
    bool good = columns != NULL;
    for (size_t c = 0; good && c < md->columns; c++) {
        json_t *cells = texts(md->cells + c * md->tracks, md->tracks);
        json_t *column = json_pack("{s:s, s:o}", "name", md->names[c], "cells", cells);
        if (md->numeric[c])
            good = column && !json_object_set_new(column, "numeric", json_true());
        good = good && !json_array_append_new(columns, column);
    }
    json_t *ids = texts(md->ids, md->tracks);
    if (good && ids)
        return json_pack("{s:o, s:o}", "ids", ids, "columns", columns);
    json_decref(columns);
    json_decref(ids);
    return NULL;
}

json_t *mfd_metadata_fields_json(const struct mfd_metadata *md)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < md->n_fields; i++) {
        const struct mfd_field *f = &md->fields[i];
        json_t *field =
            f->n_labels
                ? json_pack("{s:s, s:o}", "name", f->name, "labels", texts(f->labels, f->n_labels))
                : json_pack("{s:s, s:f, s:f}", "name", f->name, "mean", f->mean, "sd", f->sd);
        if (json_array_append_new(list, field)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* ---- in ---- */

/* The list's texts into `out`, copied; at most `limit` bytes each. */
static int read_texts(struct mfd_arena *arena, const char **out, const json_t *list, size_t n,
                      const char *what, struct mfd_error *err)
{
    if (!json_is_array(list) || json_array_size(list) != n)
        return mfd_fail(err, MFD_EFORMAT, "the bundle's %s are %zu, not %zu", what,
                        json_array_size(list), n);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        const char *s = json_string_value(item);
        if (!s || strlen(s) != json_string_length(item))
            return mfd_fail(err, MFD_EFORMAT, "number %zu of the bundle's %s is no text", i + 1,
                            what);
        if (!(out[i] = mfd_arena_strdup(arena, s)))
            return mfd_fail_nomem(err);
    }
    return MFD_OK;
}

static int read_column(struct mfd_metadata *md, size_t c, const json_t *json, struct mfd_error *err)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!name || strlen(name) >= MFD_MAX_NAME)
        return mfd_fail(err, MFD_EFORMAT, "column %zu of the bundle's tracks has no proper name",
                        c + 1);
    if (!(md->names[c] = mfd_arena_strdup(&md->arena, name)))
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < c; i++)
        if (!strcmp(md->names[i], name))
            return mfd_fail(err, MFD_EFORMAT, "the bundle's tracks have two columns '%s'", name);
    md->numeric[c] = json_is_true(json_object_get(json, "numeric"));
    int status = read_texts(&md->arena, md->cells + c * md->tracks, json_object_get(json, "cells"),
                            md->tracks, "cells of a column", err);
    return status ? mfd_fail_prefix(err, status, "column '%s'", name) : MFD_OK;
}

static int read_tracks(struct mfd_metadata **out, const json_t *json, struct mfd_error *err)
{
    const json_t *ids = json_object_get(json, "ids"), *columns = json_object_get(json, "columns");
    size_t tracks = json_array_size(ids), n = json_array_size(columns);
    if (tracks == 0 || tracks > MFD_MAX_TRACKS)
        return mfd_fail(err, MFD_EFORMAT, "the bundle's tracks have %zu ids; 1 to %u are possible",
                        tracks, MFD_MAX_TRACKS);
    if (!json_is_array(columns) || n > MFD_MAX_COLUMNS)
        return mfd_fail(err, MFD_EFORMAT, "the bundle's tracks have no list of up to %d columns",
                        MFD_MAX_COLUMNS);
    MFD_CLEANUP(mfd_metadata_free_p) struct mfd_metadata *md = mfd_metadata_new(tracks, n);
    if (!md)
        return mfd_fail_nomem(err);
    int status = read_texts(&md->arena, md->ids, ids, tracks, "track ids", err);
    for (size_t c = 0; !status && c < n; c++)
        status = read_column(md, c, json_array_get(columns, c), err);
    if (!status)
        status = mfd_metadata_index(md, err);
    if (!status)
        *out = mfd_steal(md);
    return status;
}

static int read_field(struct mfd_metadata *md, size_t i, const json_t *json, struct mfd_error *err)
{
    const struct mfd_field *f = &md->fields[i];
    const char *name = json_string_value(json_object_get(json, "name"));
    const json_t *list = json_object_get(json, "labels");
    const json_t *mean = json_object_get(json, "mean"), *sd = json_object_get(json, "sd");
    struct mfd_vocabulary given = { .has_scale = true,
                                    .mean = json_number_value(mean),
                                    .sd = json_number_value(sd) };
    if (!name || strcmp(name, f->name))
        return mfd_fail(err, MFD_EFORMAT,
                        "number %zu of the bundle's fields is '%.64s'; by the mapping it is '%s'",
                        i + 1, name ? name : "", f->name);
    if (!mfd_type_has_labels(f->type)) {
        if (!json_is_number(mean) || !json_is_number(sd))
            return mfd_fail(err, MFD_EFORMAT, "field '%s' of the bundle lacks mean or sd", name);
        return mfd_fields_code(md, i, &given, err);
    }
    size_t n = json_array_size(list);
    if (n == 0 || n > MFD_MAX_LABELS)
        return mfd_fail(err, MFD_EFORMAT,
                        "field '%s' of the bundle has %zu labels; 1 to %d are possible", name, n,
                        MFD_MAX_LABELS);
    const char **labels = mfd_arena_calloc(&md->arena, n, sizeof *labels);
    if (!labels)
        return mfd_fail_nomem(err);
    int status = read_texts(&md->arena, labels, list, n, "labels of a field", err);
    given = (struct mfd_vocabulary){ .labels = labels, .n_labels = n };
    return status ? status : mfd_fields_code(md, i, &given, err);
}

int mfd_metadata_from_json(struct mfd_metadata **out, const json_t *mapping, const json_t *tracks,
                           const json_t *fields, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_metadata_free_p) struct mfd_metadata *md = NULL;
    int status = read_tracks(&md, tracks, err);
    if (!status && mapping) {
        if ((status = mfd_mapping_from_json(&md->mapping, mapping, err)) ||
            (status = mfd_fields_create(md, err)))
            return status;
        if (json_array_size(fields) != md->n_fields)
            return mfd_fail(err, MFD_EFORMAT,
                            "the bundle has %zu fields; its mapping uses %zu columns",
                            json_array_size(fields), md->n_fields);
        for (size_t i = 0; !status && i < md->n_fields; i++)
            status = read_field(md, i, json_array_get(fields, i), err);
        if (!status)
            mfd_fields_place(md);
    }
    if (!status)
        *out = mfd_steal(md);
    return status;
}
