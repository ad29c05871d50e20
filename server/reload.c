#include "server/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/memory.h"
#include "server/app_in.h"
#include "server/auth.h"
#include "server/jobs.h"
#include "server/loop.h"
#include "server/notify.h"
#include "server/registry.h"
#include "server/store.h"

/* --- models, on a worker --- */

static bool configured(const struct mfd_settings *s, const struct mfd_model_info *info)
{
    for (size_t i = 0; i < s->models.n; i++)
        if (mfd_registry_means(s->models.at[i].name, info->name, info->version))
            return true;
    return false;
}

/* Models that the configuration named once and names no more. */
static void forget_stale(struct mfd_app *app, const struct mfd_settings *s)
{
    for (size_t i = mfd_registry_count(app->registry); i-- > 0;) {
        struct mfd_model_info info;
        struct mfd_error err = MFD_ERROR_INIT;
        char name[160];
        if (!mfd_registry_at(app->registry, i, &info))
            continue;
        snprintf(name, sizeof name, "%s@%s", info.name, info.version);
        if (info.from_config && !configured(s, &info) &&
            mfd_registry_delete(app->registry, name, &err) < 0)
            mfd_log(MFD_LOG_WARNING, "model %s: %s", name, err.message);
        mfd_model_info_deinit(&info);
    }
}

static bool is_named(const void *settings, const char *name)
{
    const struct mfd_settings *s = settings;
    for (size_t i = 0; i < s->models.n; i++)
        if (strcmp(s->models.at[i].name, name) == 0)
            return true;
    return false;
}

/* One line of [models]. */
static int load_model(struct mfd_app *app, const struct mfd_named_path *m)
{
    struct mfd_model_info info = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    bool created;
    int status =
        mfd_registry_put(app->registry, m->name, m->path, NULL, "config", &created, &info, &err);
    if (status < 0)
        mfd_log(MFD_LOG_ERROR, "model %s: %s", m->name, err.message);
    else
        mfd_log(MFD_LOG_INFO, "model %s@%s is ready", info.name, info.version);
    if (status < 0)
        mfd_registry_note_failed(app->registry, m->name, err.message);
    mfd_model_info_deinit(&info);
    return status;
}

static void load_models(void *arg)
{
    struct mfd_app *app = arg;
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_settings *s = mfd_app_settings(app);
    int status = app->restored ? MFD_OK : mfd_registry_restore(app->registry, &err);
    app->restored = status == MFD_OK;
    app->locked = status == MFD_EBUSY;
    if (status < 0)
        mfd_log(MFD_LOG_ERROR, "%s", err.message);
    if (app->locked) /* all of them, when it is not */
        return;
    forget_stale(app, s);
    mfd_registry_keep_failed(app->registry, is_named, s);
    for (size_t i = 0; i < s->models.n && !app->locked; i++)
        app->locked = load_model(app, &s->models.at[i]) == MFD_EBUSY;
    if (app->locked)
        return;
    app->serving = mfd_registry_load_wanted(app->registry);
    struct mfd_model_info info = { 0 };
    if (s->default_model[0] && mfd_registry_find(app->registry, s->default_model, &info, &err) < 0)
        mfd_log(MFD_LOG_WARNING, "defaults.model: %s", err.message);
    mfd_model_info_deinit(&info);
}

/* To systemd: that we serve, and what is missing. */
static void notify_ready(struct mfd_app *app)
{
    struct mfd_buffer names = MFD_BUFFER_INIT, status = MFD_BUFFER_INIT;
    size_t failed = mfd_registry_failed_names(app->registry, &names);
    mfd_buffer_addf(&status, "Serving %zu model%s", app->serving, app->serving == 1 ? "" : "s");
    if (failed)
        mfd_buffer_addf(&status, "; could not be loaded: %s", names.data ? names.data : "");
    mfd_notify_ready(status.failed ? "Serving" : status.data);
    mfd_buffer_deinit(&status);
    mfd_buffer_deinit(&names);
}

static void models_loaded(void *arg)
{
    struct mfd_app *app = arg;
    app->loading = false;
    if (app->load_again) {
        app->load_again = false;
        mfd_reload_first(app);
        return;
    }
    if (app->state == MFD_APP_STOPPING)
        return;
    if (app->locked) {
        mfd_notify_status("The database is locked by another program; waiting to load models");
        mfd_timer_start(app->again, MFD_AGAIN_MS, 0);
        return;
    }
    app->state = MFD_APP_READY;
    mfd_jobs_start(app->jobs);
    notify_ready(app);
    char members[96];
    struct mfd_buffer names = MFD_BUFFER_INIT;
    snprintf(members, sizeof members, "\"models\":%zu,\"failed\":%zu,\"seconds\":%.3f",
             app->serving, mfd_registry_failed_names(app->registry, &names), mfd_app_uptime(app));
    mfd_buffer_deinit(&names);
    mfd_log_json(MFD_LOG_INFO, members, "ready");
}

void mfd_reload_first(struct mfd_app *app)
{
    if (app->loading) {
        app->load_again = true;
        return;
    }
    app->loading = true;
    app->models_job = (struct mfd_work){
        .work = load_models, .done = models_loaded, .arg = app, .kind = MFD_WORK_HEAVY
    };
    mfd_workers_submit(app->pool, &app->models_job);
}

void mfd_reload_again(void *arg)
{
    struct mfd_app *app = arg;
    if (app->state != MFD_APP_STOPPING)
        mfd_reload_first(app);
}

/* --- keys --- */

int mfd_reload_keys(struct mfd_app *app, struct mfd_error *err)
{
    struct mfd_key *keys = NULL;
    size_t n = 0;
    int status = mfd_store_keys(app->store, &keys, &n, err);
    if (status == MFD_OK)
        status = mfd_auth_load(app->auth, keys, n, err);
    free(keys);
    return status;
}

static void look_for_keys(void *arg)
{
    struct mfd_app *app = arg;
    struct mfd_error err = MFD_ERROR_INIT;
    int64_t version = app->store_version;
    int status = mfd_store_version(app->store, &version, &err);
    if (status == MFD_OK && version != app->store_version)
        status = mfd_reload_keys(app, &err);
    if (status < 0)
        mfd_log(MFD_LOG_ERROR, "%s", err.message);
    else
        app->store_version = version;
}

static void looked(void *arg)
{
    struct mfd_app *app = arg;
    app->polling = false;
}

void mfd_reload_poll(void *arg)
{
    struct mfd_app *app = arg;
    if (app->polling)
        return;
    app->polling = true;
    app->keys_job = (struct mfd_work){
        .work = look_for_keys, .done = looked, .arg = app, .kind = MFD_WORK_QUICK
    };
    mfd_workers_submit(app->pool, &app->keys_job);
}

/* --- settings --- */

static bool differ(const char *a, const char *b)
{
    return strcmp(a, b) != 0;
}

static bool paths_differ(const struct mfd_named_paths *a, const struct mfd_named_paths *b)
{
    bool yes = a->n != b->n;
    for (size_t i = 0; i < a->n && !yes; i++)
        yes = differ(a->at[i].name, b->at[i].name) || differ(a->at[i].path, b->at[i].path);
    return yes;
}

static void warn_fixed(const struct mfd_settings *old, const struct mfd_settings *new)
{
    if (differ(old->listen, new->listen) || old->port != new->port ||
        differ(old->tls_certificate, new->tls_certificate) || differ(old->tls_key, new->tls_key) ||
        differ(old->state_dir, new->state_dir) || old->workers != new->workers ||
        old->threads != new->threads || old->batch_passes != new->batch_passes ||
        old->batch_delay_ms != new->batch_delay_ms ||
        old->batch_target_ms != new->batch_target_ms ||
        paths_differ(&old->genomes, &new->genomes) ||
        differ(old->default_model, new->default_model) ||
        differ(old->default_genome, new->default_genome) ||
        old->limits.queue != new->limits.queue ||
        old->limits.connections != new->limits.connections)
        mfd_log(MFD_LOG_WARNING, "socket, threads, batches, genomes, defaults and the state "
                                 "directory change with a restart only");
}

static int read_settings(struct mfd_app *app, struct mfd_settings_node *node, struct mfd_error *err)
{
    const struct mfd_settings *old = mfd_app_settings(app);
    int status = mfd_settings_init(&node->settings, err);
    if (status == MFD_OK)
        status = mfd_settings_read(&node->settings, app->config_path, err);
    for (size_t i = 0; i < app->n_overrides && status == MFD_OK; i++)
        status = mfd_settings_set(&node->settings, app->overrides[i], err);
    if (status == MFD_OK && !node->settings.state_dir[0]) {
        free(node->settings.state_dir);
        node->settings.state_dir = mfd_strdup(old->state_dir);
        if (!node->settings.state_dir)
            status = mfd_fail_nomem(err);
    }
    return status < 0 ? status : mfd_settings_check(&node->settings, err);
}

void mfd_reload(void *arg)
{
    struct mfd_app *app = arg;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_settings_node *node = NULL;
    if (!app->config_path) {
        mfd_log(MFD_LOG_WARNING, "there is no configuration file to read again");
        return;
    }
    mfd_notify_reloading();
    node = mfd_calloc(1, sizeof *node);
    if (!node || read_settings(app, node, &err) < 0) {
        mfd_log(MFD_LOG_ERROR, "the configuration stays as it was: %s", err.message);
        if (node)
            mfd_settings_deinit(&node->settings);
        free(node);
        notify_ready(app);
        return;
    }
    warn_fixed(mfd_app_settings(app), &node->settings);
    node->next = app->all_settings;
    app->all_settings = node;
    atomic_store_explicit(&app->settings, &node->settings, memory_order_release);
    mfd_settings_apply_log(&node->settings);
    mfd_log(MFD_LOG_INFO, "the configuration has been read again");
    mfd_reload_first(app);
}
