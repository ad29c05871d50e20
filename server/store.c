#include "server/store_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"

#define BUSY_MS 10000

extern const char mfd_schema_sql[];

static int execute(sqlite3 *db, const char *sql, const char *what, struct mfd_error *err)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? MFD_OK : mfd_db_fail(db, rc, what, err);
}

static int connect_to(const char *path, sqlite3 **out, struct mfd_error *err)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    int status = rc == SQLITE_OK ? MFD_OK : mfd_db_fail(db, rc, "open the store", err);
    sqlite3_busy_timeout(db, BUSY_MS);
    if (status == MFD_OK)
        status = execute(db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA foreign_keys = ON;",
                         "open the store", err);
    if (status < 0) {
        mfd_fail_prefix(err, status, "%s", path);
        sqlite3_close(db);
        return status;
    }
    *out = db;
    return MFD_OK;
}

static int64_t user_version(sqlite3 *db)
{
    struct mfd_query q;
    mfd_query_init(&q, db, "PRAGMA user_version");
    int64_t version = mfd_query_step(&q) ? sqlite3_column_int64(q.stmt, 0) : -1;
    return mfd_query_end(&q, "read the schema version", NULL) < 0 ? -1 : version;
}

/* Run the migrations of schema.sql that the database has not seen, each in one transaction. */
static int migrate(sqlite3 *db, const char *path, struct mfd_error *err)
{
    static const char mark[] = "-- migration ";
    int64_t have = user_version(db), newest = 0;
    const char *at = strstr(mfd_schema_sql, mark);
    int status =
        have < 0 ? mfd_db_fail(db, sqlite3_errcode(db), "read the schema version", err) : MFD_OK;
    while (at && status == MFD_OK) {
        const char *next = strstr(at + 1, mark);
        newest = strtol(at + sizeof mark - 1, NULL, 10);
        if (newest > have) {
            struct mfd_buffer sql = MFD_BUFFER_INIT;
            mfd_buffer_adds(&sql, "BEGIN IMMEDIATE;\n");
            mfd_buffer_add(&sql, at, next ? (size_t)(next - at) : strlen(at));
            mfd_buffer_addf(&sql, "PRAGMA user_version = %lld; COMMIT;", (long long)newest);
            status = sql.failed ? mfd_fail_nomem(err)
                                : execute(db, sql.data, "bring the store up to date", err);
            if (status < 0)
                sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
            mfd_buffer_deinit(&sql);
        }
        at = next;
    }
    if (status == MFD_OK && have > newest)
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "'%s' was written by a newer version of mfdd (schema %lld, this one knows "
                        "%lld)",
                        path, (long long)have, (long long)newest);
    return status;
}

static int take_lock(struct mfd_store *store, const char *directory, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    mfd_buffer_addf(&path, "%s/lock", directory);
    MFD_AUTO_FREE char *name = mfd_buffer_steal(&path, NULL);
    if (!name)
        return mfd_fail_nomem(err);
    store->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (store->lock_fd < 0)
        return mfd_fail(err, MFD_EIO,
                        "cannot write to the state directory '%s': %s; choose another with "
                        "--state-dir",
                        directory, strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return mfd_fail(err, MFD_EBUSY,
                        "the state directory '%s' is in use by another mfdd; choose another with "
                        "--state-dir",
                        directory);
    return MFD_OK;
}

static int open_all(struct mfd_store *store, const char *directory, bool exclusive,
                    struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    mfd_buffer_addf(&path, "%s/mfd.db", directory);
    if (!(store->path = mfd_buffer_steal(&path, NULL)))
        return mfd_fail_nomem(err);
    int status = mfd_mkdirs(directory, 0700, err);
    if (status < 0)
        mfd_fail_prefix(err, status, "the state directory (choose one with --state-dir)");
    if (status == MFD_OK && exclusive)
        status = take_lock(store, directory, err);
    if (status == MFD_OK)
        status = connect_to(store->path, &store->writer, err);
    if (status == MFD_OK)
        status = migrate(store->writer, store->path, err);
    while (status == MFD_OK && store->n_idle < MFD_STORE_READERS) {
        status = connect_to(store->path, &store->idle[store->n_idle], err);
        store->n_idle += status == MFD_OK;
    }
    return status;
}

int mfd_store_open(struct mfd_store **out, const char *directory, bool exclusive,
                   struct mfd_error *err)
{
    struct mfd_store *store = mfd_calloc(1, sizeof *store);
    if (!store)
        return mfd_fail_nomem(err);
    store->lock_fd = -1;
    pthread_mutex_init(&store->write_lock, NULL);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->returned, NULL);
    int status = open_all(store, directory, exclusive, err);
    if (status < 0) {
        mfd_store_close(store);
        return status;
    }
    *out = store;
    return MFD_OK;
}

void mfd_store_close(struct mfd_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->n_idle; i++)
        sqlite3_close(store->idle[i]);
    sqlite3_close(store->writer);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    pthread_cond_destroy(&store->returned);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->write_lock);
    free(store->path);
    free(store);
}

sqlite3 *mfd_db_reader(struct mfd_store *store)
{
    pthread_mutex_lock(&store->lock);
    while (store->n_idle == 0)
        pthread_cond_wait(&store->returned, &store->lock);
    sqlite3 *db = store->idle[--store->n_idle];
    pthread_mutex_unlock(&store->lock);
    return db;
}

void mfd_db_return(struct mfd_store *store, sqlite3 *db)
{
    pthread_mutex_lock(&store->lock);
    store->idle[store->n_idle++] = db;
    pthread_cond_signal(&store->returned);
    pthread_mutex_unlock(&store->lock);
}

int mfd_db_begin(struct mfd_store *store, sqlite3 **db, struct mfd_error *err)
{
    pthread_mutex_lock(&store->write_lock);
    int status = execute(store->writer, "BEGIN IMMEDIATE", "write to the store", err);
    if (status < 0)
        pthread_mutex_unlock(&store->write_lock);
    else
        *db = store->writer;
    return status;
}

int mfd_db_end(struct mfd_store *store, int status, struct mfd_error *err)
{
    if (status == MFD_OK)
        status = execute(store->writer, "COMMIT", "write to the store", err);
    if (status < 0 && !sqlite3_get_autocommit(store->writer))
        sqlite3_exec(store->writer, "ROLLBACK", NULL, NULL, NULL);
    pthread_mutex_unlock(&store->write_lock);
    return status;
}

int mfd_change_begin(struct mfd_query *q, struct mfd_store *store, const char *sql,
                     struct mfd_error *err)
{
    sqlite3 *db;
    int status = mfd_db_begin(store, &db, err);
    if (status == MFD_OK)
        mfd_query_init(q, db, sql);
    return status;
}

int mfd_change_end(struct mfd_query *q, struct mfd_store *store, const char *what, int *changed,
                   struct mfd_error *err)
{
    mfd_query_step(q);
    int status = mfd_query_end(q, what, err), rows = sqlite3_changes(q->db);
    status = mfd_db_end(store, status, err);
    if (status == MFD_OK && changed)
        *changed = rows;
    return status;
}

int mfd_store_version(struct mfd_store *store, int64_t *version, struct mfd_error *err)
{
    struct mfd_query q;
    pthread_mutex_lock(&store->write_lock); /* its own writes do not count */
    mfd_query_init(&q, store->writer, "PRAGMA data_version");
    if (mfd_query_step(&q))
        *version = sqlite3_column_int64(q.stmt, 0);
    int status = mfd_query_end(&q, "read the store", err);
    pthread_mutex_unlock(&store->write_lock);
    return status;
}
