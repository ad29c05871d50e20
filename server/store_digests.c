#include "server/store_digests.h"

#include <stdio.h>

#include "server/store_in.h"

int mfd_store_digests(struct mfd_store *store, const char *path, const char *stamp,
                      struct mfd_contig_digest *digests, size_t most, size_t *n,
                      struct mfd_error *err)
{
    struct mfd_query q;
    size_t found = 0;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT contig, md5, trunc512, ga4gh FROM digests WHERE path = ? AND stamp = ? "
                   "ORDER BY contig");
    mfd_query_text(&q, path);
    mfd_query_text(&q, stamp);
    while (found < most && mfd_query_step(&q) &&
           sqlite3_column_int64(q.stmt, 0) == (sqlite3_int64)found) {
        struct mfd_contig_digest *d = &digests[found++];
        snprintf(d->md5, sizeof d->md5, "%s", mfd_query_column(&q, 1));
        snprintf(d->trunc512, sizeof d->trunc512, "%s", mfd_query_column(&q, 2));
        snprintf(d->ga4gh, sizeof d->ga4gh, "%s", mfd_query_column(&q, 3));
    }
    int status = mfd_query_end(&q, "read the digests of a genome", err);
    mfd_db_return(store, db);
    if (status == MFD_OK)
        *n = found;
    return status;
}

int mfd_store_digest_put(struct mfd_store *store, const char *path, const char *stamp,
                         size_t contig, const struct mfd_contig_digest *digest,
                         struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db;
    int status = mfd_db_begin(store, &db, err);
    if (status < 0)
        return status;
    mfd_query_init(&q, db, "DELETE FROM digests WHERE path = ? AND stamp <> ?");
    mfd_query_text(&q, path);
    mfd_query_text(&q, stamp);
    mfd_query_step(&q);
    status = mfd_query_end(&q, "forget the digests of an earlier file", err);
    if (status < 0)
        return mfd_db_end(store, status, err);
    mfd_query_init(&q, db, "INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?)");
    mfd_query_text(&q, path);
    mfd_query_int(&q, (int64_t)contig);
    mfd_query_text(&q, stamp);
    mfd_query_text(&q, digest->md5);
    mfd_query_text(&q, digest->trunc512);
    mfd_query_text(&q, digest->ga4gh);
    mfd_query_step(&q);
    return mfd_db_end(store, mfd_query_end(&q, "keep the digest of a contig", err), err);
}

int mfd_store_genome_digest(struct mfd_store *store, const char *path, const char *stamp,
                            char hex[MFD_SHA256_HEX], struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db, "SELECT digest FROM genome_files WHERE path = ? AND stamp = ?");
    mfd_query_text(&q, path);
    mfd_query_text(&q, stamp);
    hex[0] = '\0';
    if (mfd_query_step(&q))
        snprintf(hex, MFD_SHA256_HEX, "%s", mfd_query_column(&q, 0));
    int status = mfd_query_end(&q, "read the digest of a genome", err);
    mfd_db_return(store, db);
    return status;
}

int mfd_store_genome_digest_put(struct mfd_store *store, const char *path, const char *stamp,
                                const char *hex, struct mfd_error *err)
{
    struct mfd_query q;
    int status =
        mfd_change_begin(&q, store, "INSERT OR REPLACE INTO genome_files VALUES (?, ?, ?)", err);
    if (status < 0)
        return status;
    mfd_query_text(&q, path);
    mfd_query_text(&q, stamp);
    mfd_query_text(&q, hex);
    return mfd_change_end(&q, store, "keep the digest of a genome", NULL, err);
}
