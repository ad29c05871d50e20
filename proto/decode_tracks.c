/* Which tracks a request asks for: chosen ones, virtual ones, settings of their metadata. */
#include "proto/decode_tracks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const mfd_aggregate_names[] = { "none", "mean", "max", NULL };

static int read_aggregate(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    unsigned word;
    if (mfd_read_word(r, v, at, mfd_aggregate_names, 3, &word))
        return -1;
    *(enum mfd_aggregate *)out = (enum mfd_aggregate)word;
    return 0;
}

static int read_ids(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_selection *selection = out;
    return mfd_read_array(r, v, at, "track_ids", r->limits->track_ids, mfd_read_string,
                          sizeof(char *), (void **)&selection->ids, &selection->n_ids);
}

/* The members of an object whose names are metadata columns: how many, within the limits. */
static int count_columns(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, size_t *n)
{
    if (!json_is_object(v))
        return mfd_reader_expected(r, at, "an object", v);
    *n = json_object_size(v);
    if (*n == 0)
        return mfd_reader_fail(r, at, "invalid-value", "the object names no metadata column");
    if (*n > (size_t)r->limits->columns)
        return mfd_reader_limit(r, at, "columns", r->limits->columns, (int64_t)*n);
    return 0;
}

int mfd_read_where(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_selection *selection = out;
    size_t n = 0, i = 0;
    if (count_columns(r, v, at, &n))
        return -1;
    struct mfd_condition *where = mfd_reader_alloc(r, n, sizeof *where);
    if (!where)
        return -1;
    const char *column;
    json_t *labels;
    json_object_foreach((json_t *)v, column, labels)
    {
        struct mfd_at inner = MFD_AT_MEMBER(at, column);
        where[i].column = column;
        if (mfd_read_array(r, labels, &inner, "labels", r->limits->labels, mfd_read_string,
                           sizeof(char *), (void **)&where[i].labels, &where[i].n))
            return -1;
        i++;
    }
    selection->where = where;
    selection->n_where = n;
    return 0;
}

int mfd_read_tracks(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const struct mfd_member members[] = {
        { "ids", read_ids, 0, false },
        { "where", mfd_read_where, 0, false },
        { "aggregate", read_aggregate, offsetof(struct mfd_selection, aggregate), false },
    };
    struct mfd_selection *selection = out;
    selection->given = true;
    return mfd_read_object(r, v, at, members, 3, selection);
}

static int read_cell(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    (void)out; /* the document keeps it */
    if (!json_is_string(v))
        return mfd_reader_expected(r, at, "a string", v);
    size_t n = json_string_length(v); /* may be empty: the label of a missing value */
    if (n <= (size_t)r->limits->string_bytes)
        return 0;
    return mfd_reader_limit(r, at, "string_bytes", r->limits->string_bytes, (int64_t)n);
}

static int read_metadata(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    size_t n;
    if (count_columns(r, v, at, &n))
        return -1;
    const char *column;
    json_t *value;
    json_object_foreach((json_t *)v, column, value)
    {
        struct mfd_at inner = MFD_AT_MEMBER(at, column);
        void *labels;
        if (json_is_number(value) || json_is_null(value))
            continue;
        if (!json_is_string(value) && !json_is_array(value))
            return mfd_reader_expected(r, &inner, "a string, a number, an array or null", value);
        if (json_is_string(value) ? read_cell(r, value, &inner, NULL)
                                  : mfd_read_array(r, value, &inner, "labels", r->limits->labels,
                                                   read_cell, 1, &labels, &n))
            return -1;
    }
    *(const json_t **)out = v;
    return 0;
}

int mfd_read_setting(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_virtual_track track; /* for its metadata alone */
    if (read_metadata(r, v, at, &track.metadata))
        return -1;
    *(const json_t **)out = track.metadata;
    return 0;
}

int mfd_read_over(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_body *body = out;
    void *over;
    if (mfd_read_array(r, v, at, "columns", r->limits->columns, mfd_read_string, sizeof(char *),
                       &over, &body->n_over))
        return -1;
    body->over = over;
    return 0;
}

static int read_bias(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const char *const words[] = { "none", "mean", "matched" };
    struct mfd_virtual_track *track = out;
    if (json_is_number(v)) {
        track->bias = MFD_VIRTUAL_BIAS_NUMBER;
        track->bias_number = json_number_value(v);
        if (fabs(track->bias_number) <= 1e6)
            return 0;
        return mfd_reader_fail(r, at, "invalid-value", "a bias is a logit between -1e6 and 1e6");
    }
    if (!json_is_string(v))
        return mfd_reader_expected(r, at, "none, mean, matched or a number", v);
    unsigned word;
    if (mfd_read_word(r, v, at, words, 3, &word))
        return -1;
    track->bias = (enum mfd_virtual_bias)word;
    return 0;
}

static int read_virtual(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const struct mfd_member members[] = {
        { "id", mfd_read_string, offsetof(struct mfd_virtual_track, id), true },
        { "metadata", read_metadata, offsetof(struct mfd_virtual_track, metadata), true },
        { "like", mfd_read_string, offsetof(struct mfd_virtual_track, like), false },
        { "bias", read_bias, 0, false },
    };
    ((struct mfd_virtual_track *)out)->bias = MFD_VIRTUAL_BIAS_NONE;
    return mfd_read_object(r, v, at, members, 4, out);
}

static int by_id(const void *a, const void *b)
{
    const struct mfd_virtual_track *const *x = a, *const *y = b;
    int order = strcmp((*x)->id, (*y)->id);
    return order ? order : (*x > *y) - (*x < *y);
}

/* Two tracks of one id could not be told apart in the answer. */
static int check_different(struct mfd_reader *r, const struct mfd_at *at,
                           const struct mfd_virtual_track *tracks, size_t n)
{
    const struct mfd_virtual_track **sorted = mfd_reader_alloc(r, n, sizeof *sorted);
    if (!sorted)
        return -1;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &tracks[i];
    qsort(sorted, n, sizeof *sorted, by_id);
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0) {
            struct mfd_at element = MFD_AT_INDEX(at, (size_t)(sorted[i] - tracks));
            struct mfd_at id = MFD_AT_MEMBER(&element, "id");
            return mfd_reader_fail(r, &id, "invalid-value", "\"%.100s\" is given twice",
                                   sorted[i]->id);
        }
    return 0;
}

int mfd_read_virtuals(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_body *body = out;
    void *tracks;
    if (mfd_read_array(r, v, at, "virtual_tracks", r->limits->virtual_tracks, read_virtual,
                       sizeof *body->virtual_tracks, &tracks, &body->n_virtual_tracks))
        return -1;
    body->virtual_tracks = tracks;
    return check_different(r, at, tracks, body->n_virtual_tracks);
}
