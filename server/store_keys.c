#include "server/store_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

static void read_key(struct mfd_query *q, struct mfd_key *key)
{
    snprintf(key->id, sizeof key->id, "%s", mfd_query_column(q, 0));
    snprintf(key->name, sizeof key->name, "%s", mfd_query_column(q, 1));
    snprintf(key->hash, sizeof key->hash, "%s", mfd_query_column(q, 2));
    key->scopes = (unsigned)sqlite3_column_int(q->stmt, 3);
    key->rate = sqlite3_column_double(q->stmt, 4);
    key->burst = sqlite3_column_double(q->stmt, 5);
    key->created = sqlite3_column_int64(q->stmt, 6);
    key->expires = sqlite3_column_int64(q->stmt, 7);
    key->revoked = sqlite3_column_int(q->stmt, 8) != 0;
}

int mfd_store_keys(struct mfd_store *store, struct mfd_key **keys, size_t *n, struct mfd_error *err)
{
    struct mfd_query q;
    struct mfd_key *list = NULL;
    size_t count = 0, room = 0;
    int status = MFD_OK;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT id, name, hash, scopes, rate, burst, created, expires, revoked "
                   "FROM keys ORDER BY created, id");
    while (status == MFD_OK && mfd_query_step(&q)) {
        if (count == room) {
            struct mfd_key *more = mfd_realloc(list, room * 2 + 8, sizeof *more);
            if (!more) {
                status = mfd_fail_nomem(err);
                break;
            }
            list = more;
            room = room * 2 + 8;
        }
        list[count] = (struct mfd_key){ 0 };
        read_key(&q, &list[count++]);
    }
    int ended = mfd_query_end(&q, "read the API keys", status < 0 ? NULL : err);
    mfd_db_return(store, db);
    status = status < 0 ? status : ended;
    if (status < 0) {
        free(list);
        return status;
    }
    *keys = list;
    *n = count;
    return MFD_OK;
}

int mfd_store_key_add(struct mfd_store *store, const struct mfd_key *key, struct mfd_error *err)
{
    struct mfd_query q;
    int status =
        mfd_change_begin(&q, store,
                         "INSERT INTO keys (id, name, hash, scopes, rate, burst, created, expires) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                         err);
    if (status < 0)
        return status;
    mfd_query_text(&q, key->id);
    mfd_query_text(&q, key->name);
    mfd_query_text(&q, key->hash);
    mfd_query_int(&q, key->scopes);
    mfd_query_real(&q, key->rate);
    mfd_query_real(&q, key->burst);
    mfd_query_int(&q, key->created);
    mfd_query_int(&q, key->expires);
    return mfd_change_end(&q, store, "add the API key", NULL, err);
}

int mfd_store_key_revoke(struct mfd_store *store, const char *id, struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db;
    int status = mfd_db_begin(store, &db, err);
    if (status < 0)
        return status;
    mfd_query_init(&q, db, "UPDATE keys SET revoked = 1 WHERE id = ? AND revoked = 0");
    mfd_query_text(&q, id);
    mfd_query_step(&q);
    status = mfd_query_end(&q, "revoke the API key", err);
    if (status == MFD_OK && sqlite3_changes(db) == 0)
        status =
            mfd_fail(err, MFD_ENOTFOUND, "there is no API key '%.40s' that could be revoked", id);
    return mfd_db_end(store, status, err);
}
