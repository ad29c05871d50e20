/* Registering, loading, unloading, replacing: one change at a time, under `admin`; readers are held
 * up for moments only, under `lock`. */
#include "server/registry_in.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "proto/text.h"
#include "server/served.h"
#include "server/upload.h"

static struct mfd_entry *add_entry(struct mfd_registry *r, struct mfd_store_model *row)
{
    struct mfd_entry *e = mfd_calloc(1, sizeof *e);
    pthread_mutex_lock(&r->lock);
    struct mfd_entry **more = e ? mfd_realloc(r->entries, r->n + 1, sizeof *more) : NULL;
    if (more) {
        e->row = *row;
        *row = (struct mfd_store_model){ 0 };
        r->entries = more;
        r->entries[r->n++] = e;
    }
    pthread_mutex_unlock(&r->lock);
    if (!more) {
        free(e);
        e = NULL;
    }
    return e;
}

/* Where an uploaded bundle stays: named by its content, so a name is never written twice with
 * different bytes. */
static char *kept_path(const struct mfd_registry *r, const char *digest)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%s/%s.mfd", r->model_dir, digest);
    return mfd_buffer_steal(&b, NULL);
}

/* An upload is where the state directory is now, which may have been moved or been called
 * otherwise. */
static int find_upload(const struct mfd_registry *r, struct mfd_store_model *row,
                       struct mfd_error *err)
{
    if (strcmp(row->source, "upload") != 0)
        return MFD_OK;
    char *path = kept_path(r, row->digest);
    if (!path)
        return mfd_fail_nomem(err);
    free(row->path);
    row->path = path;
    return MFD_OK;
}

int mfd_registry_restore(struct mfd_registry *r, struct mfd_error *err)
{
    struct mfd_store_model *rows = NULL;
    size_t n = 0;
    pthread_mutex_lock(&r->admin);
    int status = mfd_store_models(r->store, &rows, &n, err);
    for (size_t i = 0; i < n && status == MFD_OK; i++) {
        status = find_upload(r, &rows[i], err);
        if (status == MFD_OK && !add_entry(r, &rows[i]))
            status = mfd_fail_nomem(err);
    }
    mfd_store_models_free(rows, n);
    pthread_mutex_unlock(&r->admin);
    return status;
}

static void set_state(struct mfd_registry *r, struct mfd_entry *e, enum mfd_model_state state,
                      const char *error)
{
    pthread_mutex_lock(&r->lock);
    e->state = state;
    snprintf(e->error, sizeof e->error, "%s", error);
    mfd_text_cut(e->error);
    pthread_mutex_unlock(&r->lock);
}

/* From now on requests get `served` (may be NULL); those that run keep what they have. */
static void swap(struct mfd_registry *r, struct mfd_entry *e, struct mfd_served *served,
                 enum mfd_model_state state)
{
    pthread_mutex_lock(&r->lock);
    struct mfd_served *old = e->served;
    e->served = served;
    e->state = state;
    e->error[0] = '\0';
    pthread_mutex_unlock(&r->lock);
    mfd_served_unref(old);
}

static int load_entry(struct mfd_registry *r, struct mfd_entry *e, struct mfd_error *err)
{
    struct mfd_served *served = NULL;
    set_state(r, e, e->served ? MFD_MODEL_READY : MFD_MODEL_LOADING, "");
    int status = mfd_served_open(&served, e->row.name, e->row.version, e->row.path, &r->engine,
                                 r->warm_up, err);
    if (status == MFD_OK && strcmp(mfd_served_digest(served), e->row.digest) != 0) {
        mfd_served_unref(served);
        status = mfd_fail(err, MFD_EMISMATCH,
                          "'%s' is not the bundle that was registered; PUT the model again",
                          e->row.path);
    }
    if (status < 0)
        set_state(r, e, e->served ? MFD_MODEL_READY : MFD_MODEL_FAILED, err->message);
    else
        swap(r, e, served, MFD_MODEL_READY);
    return status;
}

size_t mfd_registry_load_wanted(struct mfd_registry *r)
{
    size_t serving = 0;
    pthread_mutex_lock(&r->admin);
    for (size_t i = 0; i < r->n; i++) {
        struct mfd_entry *e = r->entries[i];
        struct mfd_error err = MFD_ERROR_INIT;
        if (e->row.wanted && !e->served && load_entry(r, e, &err) < 0)
            mfd_log(MFD_LOG_ERROR, "model %s@%s: %s", e->row.name, e->row.version, err.message);
        serving += e->served != NULL;
    }
    pthread_mutex_lock(&r->lock);
    r->starting = false;
    pthread_mutex_unlock(&r->lock);
    pthread_mutex_unlock(&r->admin);
    return serving;
}

static int make_row(struct mfd_store_model *row, const struct mfd_served *served, const char *path,
                    const char *source, struct mfd_error *err)
{
    *row = (struct mfd_store_model){
        .name = mfd_strdup(mfd_served_name(served)),
        .version = mfd_strdup(mfd_served_version(served)),
        .digest = mfd_strdup(mfd_served_digest(served)),
        .path = mfd_strdup(path),
        .source = mfd_strdup(source),
        .wanted = true,
        .created = (int64_t)time(NULL),
    };
    if (row->name && row->version && row->digest && row->path && row->source)
        return MFD_OK;
    mfd_store_model_deinit(row);
    return mfd_fail_nomem(err);
}

/* An uploaded file goes with the last model that is made of it. */
static void remove_file(struct mfd_registry *r, const struct mfd_store_model *row)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->entries[i]->row.path, row->path) == 0)
            return;
    if (strcmp(row->source, "upload") == 0 && unlink(row->path) < 0)
        mfd_log(MFD_LOG_WARNING, "cannot remove '%s': %s", row->path, strerror(errno));
}

/* The bundle is open and good: write it to the store, then let it serve. */
static int install(struct mfd_registry *r, struct mfd_served *served, const char *path,
                   const char *source, bool *created, struct mfd_entry **out, struct mfd_error *err)
{
    struct mfd_store_model row;
    int status = make_row(&row, served, path, source, err);
    if (status < 0)
        return status;
    status = mfd_store_model_put(r->store, &row, mfd_served_model(served), &row.id, err);
    struct mfd_entry *e = NULL;
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->entries[i]->row.name, row.name) == 0 &&
            strcmp(r->entries[i]->row.version, row.version) == 0)
            e = r->entries[i];
    *created = !e;
    if (status == MFD_OK && e) {
        pthread_mutex_lock(&r->lock);
        row.is_default = e->row.is_default;
        struct mfd_store_model old = e->row;
        e->row = row;
        row = old;
        pthread_mutex_unlock(&r->lock);
        remove_file(r, &row);
    } else if (status == MFD_OK && !(e = add_entry(r, &row))) {
        status = mfd_fail_nomem(err);
    }
    mfd_store_model_deinit(&row);
    if (status == MFD_OK) {
        swap(r, e, mfd_served_ref(served), MFD_MODEL_READY);
        *out = e;
    }
    return status;
}

static int put(struct mfd_registry *r, const char *name, const char *path,
               struct mfd_upload *upload, const char *source, bool *created,
               struct mfd_model_info *out, struct mfd_error *err)
{
    const char *at = strchr(name, '@');
    MFD_AUTO_FREE char *bare = mfd_strndup(name, at ? (size_t)(at - name) : strlen(name));
    MFD_AUTO_FREE char *kept = NULL;
    struct mfd_served *served = NULL;
    struct mfd_entry *e = NULL;
    if (!bare)
        return mfd_fail_nomem(err);
    int status =
        mfd_served_open(&served, bare, at ? at + 1 : NULL, upload ? mfd_upload_path(upload) : path,
                        &r->engine, r->warm_up, err);
    if (status == MFD_OK && upload) {
        kept = kept_path(r, mfd_served_digest(served));
        status = kept ? mfd_upload_keep(upload, kept, err) : mfd_fail_nomem(err);
        if (status == MFD_OK)
            status = mfd_dir_sync(r->model_dir, err);
    }
    if (status == MFD_OK)
        status = install(r, served, kept ? kept : path, source, created, &e, err);
    if (status < 0 && kept) /* may be there for others, or not at all */
        remove_file(r, &(struct mfd_store_model){ .path = kept, .source = (char *)"upload" });
    mfd_served_unref(served);
    if (status < 0)
        return status;
    pthread_mutex_lock(&r->lock);
    bool ok = mfd_registry_describe(r, e, out);
    pthread_mutex_unlock(&r->lock);
    return ok ? MFD_OK : mfd_fail_nomem(err);
}

int mfd_registry_put(struct mfd_registry *r, const char *name, const char *path,
                     struct mfd_upload *upload, const char *source, bool *created,
                     struct mfd_model_info *out, struct mfd_error *err)
{
    if (!mfd_registry_good_name(name, true))
        return mfd_fail_as(err, MFD_EINVAL, "invalid-value",
                           "'%.100s' is not a model's name: letters, digits and . _ - (up to 64), "
                           "with @version behind it where wanted.",
                           name);
    pthread_mutex_lock(&r->admin);
    int status = put(r, name, path, upload, source, created, out, err);
    if (status == MFD_OK)
        mfd_registry_clear_failed(r, name);
    pthread_mutex_unlock(&r->admin);
    return status;
}

/* The entry of a name, for a change; admin is held. */
static int find_for_change(struct mfd_registry *r, const char *name, struct mfd_entry **out,
                           struct mfd_error *err)
{
    pthread_mutex_lock(&r->lock);
    struct mfd_entry *e = mfd_registry_look(r, name);
    int status = e ? MFD_OK : mfd_registry_fail_model(r, name, err);
    pthread_mutex_unlock(&r->lock);
    if (e)
        *out = e;
    return status;
}

int mfd_registry_load(struct mfd_registry *r, const char *name, struct mfd_error *err)
{
    struct mfd_entry *e = NULL;
    pthread_mutex_lock(&r->admin);
    int status = find_for_change(r, name, &e, err);
    if (status == MFD_OK && !e->served)
        status = load_entry(r, e, err);
    if (status == MFD_OK)
        status = mfd_store_model_wanted(r->store, e->row.id, true, err);
    pthread_mutex_unlock(&r->admin);
    return status;
}

int mfd_registry_unload(struct mfd_registry *r, const char *name, struct mfd_error *err)
{
    struct mfd_entry *e = NULL;
    pthread_mutex_lock(&r->admin);
    int status = find_for_change(r, name, &e, err);
    if (status == MFD_OK)
        status = mfd_store_model_wanted(r->store, e->row.id, false, err);
    if (status == MFD_OK)
        swap(r, e, NULL, MFD_MODEL_UNLOADED);
    pthread_mutex_unlock(&r->admin);
    return status;
}

static void forget(struct mfd_registry *r, struct mfd_entry *e)
{
    pthread_mutex_lock(&r->lock);
    size_t i = 0;
    while (r->entries[i] != e)
        i++;
    memmove(&r->entries[i], &r->entries[i + 1], (r->n - i - 1) * sizeof *r->entries);
    r->n--;
    pthread_mutex_unlock(&r->lock);
}

int mfd_registry_delete(struct mfd_registry *r, const char *name, struct mfd_error *err)
{
    struct mfd_entry *e = NULL;
    pthread_mutex_lock(&r->admin);
    int status = find_for_change(r, name, &e, err);
    if (status == MFD_OK)
        status = mfd_store_model_delete(r->store, e->row.id, err);
    if (status == MFD_OK) {
        forget(r, e);
        remove_file(r, &e->row);
        mfd_entry_free(e);
    }
    pthread_mutex_unlock(&r->admin);
    return status;
}

int mfd_registry_set_default(struct mfd_registry *r, const char *name, struct mfd_error *err)
{
    struct mfd_entry *e = NULL;
    pthread_mutex_lock(&r->admin);
    int status = find_for_change(r, name, &e, err);
    if (status == MFD_OK)
        status = mfd_store_model_default(r->store, e->row.id, err);
    if (status == MFD_OK) {
        pthread_mutex_lock(&r->lock);
        for (size_t i = 0; i < r->n; i++)
            r->entries[i]->row.is_default = r->entries[i] == e;
        pthread_mutex_unlock(&r->lock);
    }
    pthread_mutex_unlock(&r->admin);
    return status;
}
