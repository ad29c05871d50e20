/* The inside of the store, for its own files. */
#pragma once

#include <pthread.h>
#include <sqlite3.h>

#include "server/query.h"
#include "server/store.h"

#define MFD_STORE_READERS 4

struct mfd_store {
    char *path;
    int lock_fd;
    pthread_mutex_t write_lock;
    sqlite3 *writer;
    pthread_mutex_t lock; /* of the readers' list */
    pthread_cond_t returned;
    sqlite3 *idle[MFD_STORE_READERS];
    size_t n_idle;
};

/* Borrow a connection; give it back. Readers see a snapshot as of their first read. */
sqlite3 *mfd_db_reader(struct mfd_store *store);
void mfd_db_return(struct mfd_store *store, sqlite3 *db);
/* The one that writes, with a transaction begun; end commits, or rolls back where `status` < 0. */
int mfd_db_begin(struct mfd_store *store, sqlite3 **db, struct mfd_error *err) MFD_MUST_CHECK;
int mfd_db_end(struct mfd_store *store, int status, struct mfd_error *err) MFD_MUST_CHECK;

/* One statement that is a transaction of its own: begin it, bind, and end it, which runs it.
 * *changed (may be NULL) receives the number of rows. */
int mfd_change_begin(struct mfd_query *q, struct mfd_store *store, const char *sql,
                     struct mfd_error *err) MFD_MUST_CHECK;
int mfd_change_end(struct mfd_query *q, struct mfd_store *store, const char *what, int *changed,
                   struct mfd_error *err) MFD_MUST_CHECK;
