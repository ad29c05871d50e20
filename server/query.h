/* A statement of SQLite, from its text to its end. For the files of the store. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"

/* A statement and what went wrong with it; errors of single steps are kept until the end. */
struct mfd_query {
    sqlite3 *db;
    sqlite3_stmt *stmt;
    int rc; /* SQLITE_OK, SQLITE_ROW, SQLITE_DONE or the first failure */
    int bound;
};
void mfd_query_init(struct mfd_query *q, sqlite3 *db, const char *sql);
void mfd_query_text(struct mfd_query *q, const char *text); /* the next parameter */
void mfd_query_int(struct mfd_query *q, int64_t value);
void mfd_query_real(struct mfd_query *q, double value);
bool mfd_query_step(struct mfd_query *q); /* true: a row */
void mfd_query_reset(struct mfd_query *q);
const char *mfd_query_column(struct mfd_query *q, int column); /* text, never NULL */
/* Finalize; the first failure, if any. */
int mfd_query_end(struct mfd_query *q, const char *what, struct mfd_error *err) MFD_MUST_CHECK;

/* What a failed call means: MFD_EIO with the remedy, MFD_EEXISTS for a broken constraint, or
 * MFD_ENOMEM. `db` may be NULL. */
int mfd_db_fail(sqlite3 *db, int rc, const char *what, struct mfd_error *err);
