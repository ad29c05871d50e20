/* What the daemon keeps on disk: models and their tracks, API keys, jobs. One SQLite database in
 * the state directory, in WAL mode; no other room includes sqlite3.h. All functions may be called
 * from any thread but the loop's, and block on the disk. A full disk, a read-only directory or a
 * damaged file is MFD_EIO with a message that says so. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/model.h"
#include "server/auth.h"
#include "server/params.h"

struct mfd_store;

/* Open or create DIRECTORY/mfd.db and bring it to the newest schema. `exclusive`: take the
 * directory's lock, so that two daemons never share one; MFD_EBUSY names the directory. */
int mfd_store_open(struct mfd_store **out, const char *directory, bool exclusive,
                   struct mfd_error *err) MFD_MUST_CHECK;
void mfd_store_close(struct mfd_store *store);
/* A number that changes when another process has written. */
int mfd_store_version(struct mfd_store *store, int64_t *version,
                      struct mfd_error *err) MFD_MUST_CHECK;

/* --- keys --- */
int mfd_store_keys(struct mfd_store *store, struct mfd_key **keys, size_t *n,
                   struct mfd_error *err) MFD_MUST_CHECK; /* free() them */
int mfd_store_key_add(struct mfd_store *store, const struct mfd_key *key,
                      struct mfd_error *err) MFD_MUST_CHECK;
/* MFD_ENOTFOUND where there is no such key. */
int mfd_store_key_revoke(struct mfd_store *store, const char *id,
                         struct mfd_error *err) MFD_MUST_CHECK;

/* --- models --- */
struct mfd_store_model {
    int64_t id, created;
    char *name, *version, *path, *digest, *source;
    bool wanted, is_default;
};
void mfd_store_model_deinit(struct mfd_store_model *model);
void mfd_store_models_free(struct mfd_store_model *models, size_t n); /* and the array */
/* In the order of their registration. */
int mfd_store_models(struct mfd_store *store, struct mfd_store_model **models, size_t *n,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* Insert or replace a model with its tracks, fields and labels, all or nothing; `model` may be NULL
 * where they are there already for this digest. *id receives the row. */
int mfd_store_model_put(struct mfd_store *store, const struct mfd_store_model *row,
                        const struct mfd_model *model, int64_t *id,
                        struct mfd_error *err) MFD_MUST_CHECK;
int mfd_store_model_delete(struct mfd_store *store, int64_t id,
                           struct mfd_error *err) MFD_MUST_CHECK;
int mfd_store_model_wanted(struct mfd_store *store, int64_t id, bool wanted,
                           struct mfd_error *err) MFD_MUST_CHECK;
int mfd_store_model_default(struct mfd_store *store, int64_t id,
                            struct mfd_error *err) MFD_MUST_CHECK;
/* The card that was written at registration; a new reference. */
int mfd_store_card(struct mfd_store *store, int64_t id, json_t **card,
                   struct mfd_error *err) MFD_MUST_CHECK;

/* --- tracks and fields --- */
struct mfd_track_query {
    int64_t model;
    const char *text;                /* words, or NULL */
    const struct mfd_params *labels; /* (column, label) pairs: or within a column, and between */
    int64_t after;                   /* position; -1: from the beginning */
    size_t limit;
};
/* Append [{"id", "index", "metadata"}, ...] in the model's order, as JSON; *next is the position to
 * go on after, or -1. MFD_EINVAL with slug unknown-column or unknown-label and the closest names in
 * the message. */
int mfd_store_tracks(struct mfd_store *store, const struct mfd_track_query *query,
                     struct mfd_buffer *tracks, int64_t *next,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* How many tracks of the query carry each label of a column: [{"label", "count"}], most first. */
int mfd_store_facet(struct mfd_store *store, const struct mfd_track_query *query,
                    const char *column, json_t **counts, struct mfd_error *err) MFD_MUST_CHECK;
/* Append {"id", "index", "metadata"}. MFD_ENOTFOUND, slug track-not-found. */
int mfd_store_track(struct mfd_store *store, int64_t model, const char *id,
                    struct mfd_buffer *track, struct mfd_error *err) MFD_MUST_CHECK;
/* All fields, in the model's order: [{...}, ...]. */
int mfd_store_fields(struct mfd_store *store, int64_t model, json_t **fields,
                     struct mfd_error *err) MFD_MUST_CHECK;
