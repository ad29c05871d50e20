#include "server/store_in.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "server/card.h"

void mfd_store_model_deinit(struct mfd_store_model *model)
{
    free(model->name);
    free(model->version);
    free(model->path);
    free(model->digest);
    free(model->source);
}

void mfd_store_models_free(struct mfd_store_model *models, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mfd_store_model_deinit(&models[i]);
    free(models);
}

static bool read_model(struct mfd_query *q, struct mfd_store_model *m)
{
    char **const texts[] = { &m->name, &m->version, &m->path, &m->digest, &m->source };
    bool ok = true;
    *m = (struct mfd_store_model){ .id = sqlite3_column_int64(q->stmt, 0) };
    for (int i = 0; i < 5; i++)
        ok = (*texts[i] = mfd_strdup(mfd_query_column(q, i + 1))) && ok;
    m->wanted = sqlite3_column_int(q->stmt, 6) != 0;
    m->is_default = sqlite3_column_int(q->stmt, 7) != 0;
    m->created = sqlite3_column_int64(q->stmt, 8);
    return ok;
}

int mfd_store_models(struct mfd_store *store, struct mfd_store_model **models, size_t *n,
                     struct mfd_error *err)
{
    struct mfd_query q;
    struct mfd_store_model *list = NULL;
    size_t count = 0;
    bool ok = true;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT id, name, version, path, digest, source, wanted, is_default, created "
                   "FROM models ORDER BY id");
    while (ok && mfd_query_step(&q)) {
        struct mfd_store_model *more = mfd_realloc(list, count + 1, sizeof *more);
        ok = more != NULL;
        if (!ok)
            break;
        list = more;
        ok = read_model(&q, &list[count++]);
    }
    int status = mfd_query_end(&q, "read the models", err);
    mfd_db_return(store, db);
    if (status == MFD_OK && !ok)
        status = mfd_fail_nomem(err);
    if (status < 0) {
        mfd_store_models_free(list, count);
        return status;
    }
    *models = list;
    *n = count;
    return MFD_OK;
}

/* A label of a cell, once a track. */
static void put_label(struct mfd_query *q, int64_t model, const char *field, const char *label,
                      size_t n, size_t position)
{
    mfd_query_reset(q);
    mfd_query_int(q, model);
    mfd_query_text(q, field);
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_text(q->stmt, ++q->bound, label, (int)n, SQLITE_STATIC);
    mfd_query_int(q, (int64_t)position);
    mfd_query_step(q);
}

static void put_cell_labels(struct mfd_query *q, int64_t id, const struct mfd_model *model,
                            size_t column, size_t track)
{
    const char *name = mfd_model_column(model, column),
               *cell = mfd_model_cell(model, track, column);
    const struct mfd_metadata *md = mfd_model_metadata(model);
    size_t field = mfd_fields_find(md, name);
    put_label(q, id, name, cell, strlen(cell), track);
    if (field == MFD_NONE || !mfd_type_has_labels(mfd_fields_at(md, field)->type))
        return;
    size_t n;
    const uint32_t *labels = mfd_fields_labels_of(md, field, track, &n);
    for (size_t i = 0; i < n; i++) {
        const char *label = mfd_fields_at(md, field)->labels[labels[i]];
        put_label(q, id, name, label, strlen(label), track);
    }
}

/* Words to search for: identifier and every cell. */
static char *body_of(const struct mfd_model *model, size_t track)
{
    struct mfd_buffer body = MFD_BUFFER_INIT;
    mfd_buffer_adds(&body, mfd_model_track_id(model, track));
    for (size_t c = 0; c < mfd_model_columns(model); c++)
        mfd_buffer_addf(&body, "\n%s", mfd_model_cell(model, track, c));
    return mfd_buffer_steal(&body, NULL);
}

static int put_track(struct mfd_query *rows, struct mfd_query *texts, struct mfd_query *labels,
                     int64_t id, const struct mfd_model *model, size_t track, struct mfd_error *err)
{
    json_t *row = mfd_card_of_track(model, track);
    MFD_AUTO_FREE char *metadata = row ? json_dumps(row, JSON_COMPACT) : NULL;
    MFD_AUTO_FREE char *body = body_of(model, track);
    json_decref(row);
    if (!metadata || !body)
        return mfd_fail_nomem(err);
    mfd_query_reset(rows);
    mfd_query_int(rows, id);
    mfd_query_int(rows, (int64_t)track);
    mfd_query_text(rows, mfd_model_track_id(model, track));
    mfd_query_text(rows, metadata);
    mfd_query_step(rows);
    mfd_query_reset(texts);
    mfd_query_int(texts, sqlite3_last_insert_rowid(rows->db));
    mfd_query_text(texts, body);
    mfd_query_step(texts);
    for (size_t c = 0; c < mfd_model_columns(model); c++)
        put_cell_labels(labels, id, model, c, track);
    sqlite3_reset(rows->stmt); /* nothing may stay bound to what is freed here */
    sqlite3_reset(texts->stmt);
    return MFD_OK;
}

static int put_tracks(sqlite3 *db, int64_t id, const struct mfd_model *model, struct mfd_error *err)
{
    struct mfd_query rows, texts, labels;
    int status = MFD_OK;
    mfd_query_init(&rows, db,
                   "INSERT INTO tracks (model, position, accession, metadata) VALUES (?, ?, ?, ?)");
    mfd_query_init(&texts, db, "INSERT INTO track_text (rowid, body) VALUES (?, ?)");
    mfd_query_init(&labels, db,
                   "INSERT OR IGNORE INTO labels (model, field, label, position) "
                   "VALUES (?, ?, ?, ?)");
    for (size_t t = 0; status == MFD_OK && t < mfd_model_tracks(model); t++)
        status = put_track(&rows, &texts, &labels, id, model, t, err);
    struct mfd_query *const all[] = { &rows, &texts, &labels };
    for (size_t i = 0; i < 3; i++) {
        int ended = mfd_query_end(all[i], "write the tracks", status < 0 ? NULL : err);
        status = status < 0 ? status : ended;
    }
    return status;
}

static int put_fields(sqlite3 *db, int64_t id, const struct mfd_model *model, struct mfd_error *err)
{
    struct mfd_query q;
    int status = MFD_OK;
    const struct mfd_metadata *md = mfd_model_metadata(model);
    mfd_query_init(&q, db,
                   "INSERT INTO fields (model, ordinal, name, description) VALUES (?, ?, ?, ?)");
    for (size_t f = 0; status == MFD_OK && f < mfd_fields_count(md); f++) {
        json_t *field = mfd_card_of_field(model, f);
        char *text = field ? json_dumps(field, JSON_COMPACT) : NULL;
        json_decref(field);
        mfd_query_reset(&q);
        mfd_query_int(&q, id);
        mfd_query_int(&q, (int64_t)f);
        mfd_query_text(&q, mfd_fields_at(md, f)->name);
        mfd_query_text(&q, text ? text : "");
        mfd_query_step(&q);
        sqlite3_reset(q.stmt);
        status = text ? MFD_OK : mfd_fail_nomem(err);
        free(text);
    }
    int ended = mfd_query_end(&q, "write the fields", status < 0 ? NULL : err);
    return status < 0 ? status : ended;
}

/* The row that has this name and version, or 0; *same: its tracks are of this digest. */
static int64_t find_model(sqlite3 *db, const struct mfd_store_model *row, bool *same)
{
    struct mfd_query q;
    int64_t id = 0;
    mfd_query_init(&q, db, "SELECT id, digest FROM models WHERE name = ? AND version = ?");
    mfd_query_text(&q, row->name);
    mfd_query_text(&q, row->version);
    if (mfd_query_step(&q)) {
        id = sqlite3_column_int64(q.stmt, 0);
        *same = strcmp(mfd_query_column(&q, 1), row->digest) == 0;
    }
    return mfd_query_end(&q, "look for the model", NULL) < 0 ? 0 : id;
}

static int put_row(sqlite3 *db, const struct mfd_store_model *row, int64_t id, const char *card,
                   struct mfd_error *err)
{
    struct mfd_query q;
    /* an update in place keeps the row's number, on which cursors and tracks hang */
    mfd_query_init(&q, db,
                   id ? "UPDATE models SET name = ?, version = ?, path = ?, digest = ?, source = ?,"
                        " wanted = ?, created = ?, card = coalesce(?, card) WHERE id = ?"
                      : "INSERT INTO models (name, version, path, digest, source, wanted, created, "
                        "card) VALUES (?, ?, ?, ?, ?, ?, ?, coalesce(?, '{}'))");
    mfd_query_text(&q, row->name);
    mfd_query_text(&q, row->version);
    mfd_query_text(&q, row->path);
    mfd_query_text(&q, row->digest);
    mfd_query_text(&q, row->source);
    mfd_query_int(&q, row->wanted);
    mfd_query_int(&q, row->created);
    mfd_query_text(&q, card); /* NULL binds as NULL */
    if (id)
        mfd_query_int(&q, id);
    mfd_query_step(&q);
    return mfd_query_end(&q, "write the model", err);
}

static int clear_content(sqlite3 *db, int64_t id, struct mfd_error *err)
{
    static const char *const tables[] = { "DELETE FROM tracks WHERE model = ?",
                                          "DELETE FROM labels WHERE model = ?",
                                          "DELETE FROM fields WHERE model = ?" };
    int status = MFD_OK;
    for (size_t i = 0; i < 3 && status == MFD_OK; i++) {
        struct mfd_query q;
        mfd_query_init(&q, db, tables[i]);
        mfd_query_int(&q, id);
        mfd_query_step(&q);
        status = mfd_query_end(&q, "replace the tracks", err);
    }
    return status;
}

static int put_all(sqlite3 *db, const struct mfd_store_model *row, const struct mfd_model *model,
                   int64_t *id, struct mfd_error *err)
{
    bool same = false;
    int64_t old = find_model(db, row, &same);
    bool content = model && !(old && same);
    json_t *card = model ? mfd_card_of_model(model) : NULL;
    MFD_AUTO_FREE char *text = card ? json_dumps(card, JSON_COMPACT) : NULL;
    json_decref(card);
    int status = put_row(db, row, old, text, err);
    *id = old ? old : sqlite3_last_insert_rowid(db);
    if (status == MFD_OK && content && old)
        status = clear_content(db, old, err);
    if (status == MFD_OK && content)
        status = put_tracks(db, *id, model, err);
    if (status == MFD_OK && content)
        status = put_fields(db, *id, model, err);
    return status;
}

int mfd_store_model_put(struct mfd_store *store, const struct mfd_store_model *row,
                        const struct mfd_model *model, int64_t *id, struct mfd_error *err)
{
    sqlite3 *db;
    int64_t made = 0;
    int status = mfd_db_begin(store, &db, err);
    if (status < 0)
        return status;
    status = mfd_db_end(store, put_all(db, row, model, &made, err), err);
    if (status == MFD_OK)
        *id = made;
    return status;
}

/* One statement with one or two numbers. */
static int change(struct mfd_store *store, const char *sql, int64_t a, int64_t b, int n,
                  const char *what, struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db;
    int status = mfd_db_begin(store, &db, err);
    if (status < 0)
        return status;
    mfd_query_init(&q, db, sql);
    mfd_query_int(&q, a);
    if (n > 1)
        mfd_query_int(&q, b);
    mfd_query_step(&q);
    return mfd_db_end(store, mfd_query_end(&q, what, err), err);
}

int mfd_store_model_delete(struct mfd_store *store, int64_t id, struct mfd_error *err)
{
    return change(store, "DELETE FROM models WHERE id = ?", id, 0, 1, "delete the model", err);
}

int mfd_store_model_wanted(struct mfd_store *store, int64_t id, bool wanted, struct mfd_error *err)
{
    return change(store, "UPDATE models SET wanted = ? WHERE id = ?", wanted, id, 2,
                  "change the model", err);
}

int mfd_store_model_default(struct mfd_store *store, int64_t id, struct mfd_error *err)
{
    return change(store, "UPDATE models SET is_default = (id = ?)", id, 0, 1, "change the default",
                  err);
}

int mfd_store_card(struct mfd_store *store, int64_t id, json_t **card, struct mfd_error *err)
{
    struct mfd_query q;
    json_t *found = NULL;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db, "SELECT card FROM models WHERE id = ?");
    mfd_query_int(&q, id);
    if (mfd_query_step(&q))
        found = json_loads(mfd_query_column(&q, 0), 0, NULL);
    int status = mfd_query_end(&q, "read the model's card", err);
    mfd_db_return(store, db);
    if (status == MFD_OK && !found)
        status = mfd_fail_as(err, MFD_ENOTFOUND, "model-not-found", "The model is gone.");
    if (status < 0)
        json_decref(found);
    else
        *card = found;
    return status;
}
