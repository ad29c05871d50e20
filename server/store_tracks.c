#include "server/store_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "proto/nearest.h"
#include "proto/text.h"

#define MAX_WORDS 32
#define MATCHING "(SELECT rowid FROM track_text WHERE body MATCH ?)"

/* Words of a search as an FTS5 expression: each a quoted prefix, all must occur. */
static char *match_expression(const char *text)
{
    struct mfd_buffer out = MFD_BUFFER_INIT;
    for (size_t words = 0; *text && words < MAX_WORDS;) {
        text += strspn(text, " \t");
        size_t n = strcspn(text, " \t");
        if (n == 0)
            break;
        mfd_buffer_adds(&out, words++ ? " \"" : "\"");
        for (size_t i = 0; i < n; i++) {
            if (text[i] == '"')
                mfd_buffer_addc(&out, '"');
            mfd_buffer_addc(&out, text[i]);
        }
        mfd_buffer_adds(&out, "\"*");
        text += n;
    }
    return mfd_buffer_steal(&out, NULL);
}

/* Is this pair the first of its column? */
static bool first_of_column(const struct mfd_params *labels, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(labels->at[k].name, labels->at[i].name) == 0)
            return false;
    return true;
}

static size_t count_of_column(const struct mfd_params *labels, size_t i)
{
    size_t n = 0;
    for (size_t k = i; k < labels->n; k++)
        n += strcmp(labels->at[k].name, labels->at[i].name) == 0;
    return n;
}

/* The conditions behind "WHERE model = ?" on a place of a track, with a parameter for each value
 * and none in the text. Each is a list of places that is made once: a join would leave it to the
 * planner to search the texts anew for every row. */
static void conditions(const struct mfd_track_query *query, const char *search,
                       struct mfd_buffer *sql)
{
    for (size_t i = 0; query->labels && i < query->labels->n; i++) {
        if (!first_of_column(query->labels, i))
            continue;
        mfd_buffer_adds(sql, " AND position IN (SELECT position FROM labels WHERE model = ?"
                             " AND field = ? AND label IN (?");
        for (size_t n = count_of_column(query->labels, i); n > 1; n--)
            mfd_buffer_adds(sql, ", ?");
        mfd_buffer_adds(sql, "))");
    }
    mfd_buffer_adds(sql, search ? search : "");
}

static void bind_conditions(struct mfd_query *q, const struct mfd_track_query *query,
                            const char *search)
{
    const struct mfd_params *labels = query->labels;
    for (size_t i = 0; labels && i < labels->n; i++) {
        if (!first_of_column(labels, i))
            continue;
        mfd_query_int(q, query->model);
        mfd_query_text(q, labels->at[i].name);
        for (size_t k = i; k < labels->n; k++)
            if (strcmp(labels->at[k].name, labels->at[i].name) == 0)
                mfd_query_text(q, labels->at[k].value);
    }
    if (search)
        mfd_query_text(q, search);
}

static bool exists(sqlite3 *db, int64_t model, const char *field, const char *label)
{
    struct mfd_query q;
    mfd_query_init(&q, db,
                   label
                       ? "SELECT 1 FROM labels WHERE model = ? AND field = ? AND label = ? LIMIT 1"
                       : "SELECT 1 FROM labels WHERE model = ? AND field = ? LIMIT 1");
    mfd_query_int(&q, model);
    mfd_query_text(&q, field);
    if (label)
        mfd_query_text(&q, label);
    bool found = mfd_query_step(&q);
    return mfd_query_end(&q, "look for a label", NULL) == MFD_OK && found;
}

static const char *text_at(const void *ctx, size_t i)
{
    return json_string_value(json_array_get(ctx, i));
}

/* "; did you mean 'a' or 'b'?": names of columns, or of a column's labels, that are near to `word`.
 */
static void suggest(sqlite3 *db, int64_t model, const char *field, const char *word, char *out,
                    size_t size)
{
    struct mfd_query q;
    const char *near[MFD_NEAREST];
    json_t *names = json_array();
    out[0] = '\0';
    mfd_query_init(&q, db,
                   field
                       ? "SELECT DISTINCT label FROM labels WHERE model = ?1 AND field = ?2"
                       : "WITH RECURSIVE names(name) AS (" /* from each to the next: not by rows */
                         "SELECT min(field) FROM labels WHERE model = ?1 UNION ALL "
                         "SELECT (SELECT min(field) FROM labels WHERE model = ?1 AND field > name)"
                         " FROM names WHERE name IS NOT NULL) "
                         "SELECT name FROM names WHERE name IS NOT NULL");
    mfd_query_int(&q, model);
    if (field)
        mfd_query_text(&q, field);
    while (mfd_query_step(&q))
        json_array_append_new(names, json_string(mfd_query_column(&q, 0)));
    size_t n = 0, found = mfd_nearest(word, text_at, names, json_array_size(names), near);
    if (mfd_query_end(&q, "look for names", NULL) < 0)
        found = 0;
    for (size_t i = 0; i < found && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s'%.60s'%s", i ? " or " : "; did you mean ",
                              near[i], i + 1 == found ? "?" : "");
    mfd_text_cut(out);
    json_decref(names);
}

/* Every column and label asked for must be one of the model's: a filter that can find nothing is a
 * mistake worth telling. */
static int check_labels(sqlite3 *db, const struct mfd_track_query *query, struct mfd_error *err)
{
    char hint[256];
    for (size_t i = 0; query->labels && i < query->labels->n; i++) {
        const struct mfd_pair *pair = &query->labels->at[i];
        bool column = exists(db, query->model, pair->name, NULL);
        if (column && exists(db, query->model, pair->name, pair->value))
            continue;
        suggest(db, query->model, column ? pair->name : NULL, column ? pair->value : pair->name,
                hint, sizeof hint);
        if (column)
            return mfd_fail_as(err, MFD_EINVAL, "unknown-label",
                               "No track has '%.100s' in the column '%.100s'%s", pair->value,
                               pair->name, hint[0] ? hint : ".");
        return mfd_fail_as(err, MFD_EINVAL, "unknown-column",
                           "'%.100s' is neither a parameter nor a metadata column of the model%s",
                           pair->name, hint[0] ? hint : ".");
    }
    return MFD_OK;
}

/* A row of (position, accession, metadata) as a member of the list; the last was written by
 * put_track and goes out as it is. */
static void add_track(struct mfd_query *q, struct mfd_buffer *out)
{
    const char *accession = mfd_query_column(q, 1);
    mfd_buffer_adds(out, "{\"id\":");
    mfd_text_json(out, accession, strlen(accession));
    mfd_buffer_addf(out, ",\"index\":%lld,\"metadata\":%s}",
                    (long long)sqlite3_column_int64(q->stmt, 0), mfd_query_column(q, 2));
}

static int list(sqlite3 *db, const struct mfd_track_query *query, const char *search,
                struct mfd_buffer *tracks, int64_t *next, struct mfd_error *err)
{
    struct mfd_query q;
    struct mfd_buffer sql = MFD_BUFFER_INIT;
    mfd_buffer_adds(&sql, "SELECT position, accession, metadata FROM tracks "
                          "WHERE model = ? AND position > ?");
    conditions(query, search ? " AND id IN " MATCHING : NULL, &sql);
    mfd_buffer_adds(&sql, " ORDER BY position LIMIT ?");
    MFD_AUTO_FREE char *text = mfd_buffer_steal(&sql, NULL);
    if (!text)
        return mfd_fail_nomem(err);
    mfd_query_init(&q, db, text);
    mfd_query_int(&q, query->model);
    mfd_query_int(&q, query->after);
    bind_conditions(&q, query, search);
    mfd_query_int(&q, (int64_t)query->limit + 1);
    int64_t last = -1, found = -1;
    for (size_t n = 0; mfd_query_step(&q); n++) {
        if (n == query->limit) {
            found = last;
            break;
        }
        last = sqlite3_column_int64(q.stmt, 0);
        mfd_buffer_adds(tracks, n ? "," : "[");
        add_track(&q, tracks);
    }
    mfd_buffer_adds(tracks, last < 0 ? "[]" : "]");
    int status = mfd_query_end(&q, "read the tracks", err);
    *next = found;
    return status < 0 || !tracks->failed ? status : mfd_fail_nomem(err);
}

int mfd_store_tracks(struct mfd_store *store, const struct mfd_track_query *query,
                     struct mfd_buffer *tracks, int64_t *next, struct mfd_error *err)
{
    bool search = query->text && query->text[strspn(query->text, " \t")];
    MFD_AUTO_FREE char *expression = search ? match_expression(query->text) : NULL;
    if (search && !expression)
        return mfd_fail_nomem(err);
    sqlite3 *db = mfd_db_reader(store);
    int status = check_labels(db, query, err);
    if (status == MFD_OK)
        status = list(db, query, expression, tracks, next, err);
    mfd_db_return(store, db);
    return status;
}

static int count_labels(sqlite3 *db, const struct mfd_track_query *query, const char *column,
                        const char *search, json_t *counts, struct mfd_error *err)
{
    struct mfd_query q;
    struct mfd_buffer sql = MFD_BUFFER_INIT;
    mfd_buffer_adds(&sql, "SELECT label, count(*) AS n FROM labels WHERE model = ? AND field = ?");
    conditions(query,
               search ? " AND position IN (SELECT position FROM tracks WHERE model = ?1"
                        " AND id IN " MATCHING ")"
                      : NULL,
               &sql);
    mfd_buffer_adds(&sql, " GROUP BY label ORDER BY n DESC, label LIMIT ?");
    MFD_AUTO_FREE char *text = mfd_buffer_steal(&sql, NULL);
    if (!text)
        return mfd_fail_nomem(err);
    mfd_query_init(&q, db, text);
    mfd_query_int(&q, query->model);
    mfd_query_text(&q, column);
    bind_conditions(&q, query, search);
    mfd_query_int(&q, (int64_t)query->limit);
    bool ok = true;
    while (ok && mfd_query_step(&q))
        ok = json_array_append_new(
                 counts, json_pack("{s:s, s:I}", "label", mfd_query_column(&q, 0), "count",
                                   (json_int_t)sqlite3_column_int64(q.stmt, 1))) == 0;
    int status = mfd_query_end(&q, "count the labels", err);
    return status < 0 || ok ? status : mfd_fail_nomem(err);
}

int mfd_store_facet(struct mfd_store *store, const struct mfd_track_query *query,
                    const char *column, json_t **counts, struct mfd_error *err)
{
    bool search = query->text && query->text[strspn(query->text, " \t")];
    char hint[256];
    MFD_AUTO_FREE char *expression = search ? match_expression(query->text) : NULL;
    json_t *out = json_array();
    if (!out || (search && !expression)) {
        json_decref(out);
        return mfd_fail_nomem(err);
    }
    sqlite3 *db = mfd_db_reader(store);
    int status = check_labels(db, query, err);
    if (status == MFD_OK && !exists(db, query->model, column, NULL)) {
        suggest(db, query->model, NULL, column, hint, sizeof hint);
        status = mfd_fail_as(err, MFD_EINVAL, "unknown-column",
                             "'%.100s' is not a metadata column of the model%s", column,
                             hint[0] ? hint : ".");
    }
    if (status == MFD_OK)
        status = count_labels(db, query, column, expression, out, err);
    mfd_db_return(store, db);
    if (status < 0)
        json_decref(out);
    else
        *counts = out;
    return status;
}

int mfd_store_track(struct mfd_store *store, int64_t model, const char *id,
                    struct mfd_buffer *track, struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT position, accession, metadata FROM tracks WHERE model = ? AND "
                   "accession = ?");
    mfd_query_int(&q, model);
    mfd_query_text(&q, id);
    bool found = mfd_query_step(&q);
    if (found)
        add_track(&q, track);
    int status = mfd_query_end(&q, "read the track", err);
    mfd_db_return(store, db);
    if (status == MFD_OK && !found)
        return mfd_fail_as(err, MFD_ENOTFOUND, "track-not-found",
                           "The model has no track '%.100s'.", id);
    return status < 0 || !track->failed ? status : mfd_fail_nomem(err);
}

int mfd_store_fields(struct mfd_store *store, int64_t model, json_t **fields, struct mfd_error *err)
{
    struct mfd_query q;
    json_t *out = json_array();
    bool ok = out != NULL;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db, "SELECT description FROM fields WHERE model = ? ORDER BY ordinal");
    mfd_query_int(&q, model);
    while (ok && mfd_query_step(&q))
        ok = json_array_append_new(out, json_loads(mfd_query_column(&q, 0), 0, NULL)) == 0;
    int status = mfd_query_end(&q, "read the fields", err);
    mfd_db_return(store, db);
    if (status == MFD_OK && !ok)
        status = mfd_fail_nomem(err);
    if (status < 0)
        json_decref(out);
    else
        *fields = out;
    return status;
}
