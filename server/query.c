#include "server/query.h"

#include <stddef.h>

int mfd_db_fail(sqlite3 *db, int rc, const char *what, struct mfd_error *err)
{
    const char *remedy = "";
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return mfd_fail_as(err, MFD_EIO, "disk-full",
                           "cannot %s: the disk with the state directory is full", what);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        remedy = "; the state directory must be writable for the daemon";
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        remedy = "; move the damaged mfd.db away, or restore it from a copy";
        break;
    case SQLITE_CONSTRAINT:
        return mfd_fail(err, MFD_EEXISTS, "cannot %s: %s", what, sqlite3_errmsg(db));
    case SQLITE_NOMEM:
        return mfd_fail_nomem(err);
    case SQLITE_BUSY: /* for longer than mfd_store_open lets anyone wait */
        return mfd_fail_as(err, MFD_EBUSY, "internal", "cannot %s: %s by another program", what,
                           sqlite3_errmsg(db));
    default:
        break;
    }
    return mfd_fail(err, MFD_EIO, "cannot %s: %s%s", what,
                    db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), remedy);
}

void mfd_query_init(struct mfd_query *q, sqlite3 *db, const char *sql)
{
    *q = (struct mfd_query){ .db = db };
    q->rc = sqlite3_prepare_v2(db, sql, -1, &q->stmt, NULL);
}

void mfd_query_text(struct mfd_query *q, const char *text)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_text(q->stmt, ++q->bound, text, -1, SQLITE_STATIC);
}

void mfd_query_int(struct mfd_query *q, int64_t value)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_int64(q->stmt, ++q->bound, value);
}

void mfd_query_real(struct mfd_query *q, double value)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_double(q->stmt, ++q->bound, value);
}

bool mfd_query_step(struct mfd_query *q)
{
    if (q->rc == SQLITE_OK || q->rc == SQLITE_ROW)
        q->rc = sqlite3_step(q->stmt);
    return q->rc == SQLITE_ROW;
}

void mfd_query_reset(struct mfd_query *q)
{
    q->bound = 0;
    if (q->rc != SQLITE_DONE && q->rc != SQLITE_ROW && q->rc != SQLITE_OK)
        return;
    sqlite3_reset(q->stmt);
    q->rc = SQLITE_OK;
}

const char *mfd_query_column(struct mfd_query *q, int column)
{
    const unsigned char *text = sqlite3_column_text(q->stmt, column);
    return text ? (const char *)text : "";
}

int mfd_query_end(struct mfd_query *q, const char *what, struct mfd_error *err)
{
    int status = MFD_OK;
    if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW && q->rc != SQLITE_DONE)
        status = mfd_db_fail(q->db, q->rc, what, err);
    sqlite3_finalize(q->stmt);
    q->stmt = NULL;
    return status;
}
