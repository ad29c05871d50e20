#include "server/app_life.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "server/app_in.h"
#include "server/auth.h"
#include "server/batcher.h"
#include "server/certificate.h"
#include "server/http.h"
#include "server/jobs.h"
#include "server/listen.h"
#include "server/loop.h"
#include "server/metrics.h"
#include "server/notify.h"
#include "server/registry.h"
#include "server/reload.h"
#include "server/router.h"
#include "server/settings.h"
#include "server/store.h"
#include "server/workers.h"

/* --- stopping --- */

static void drained(void *arg)
{
    struct mfd_app *app = arg;
    if (--app->draining == 0)
        mfd_loop_stop(app->loop);
}

static void on_stop(void *arg)
{
    struct mfd_app *app = arg;
    bool again = app->state == MFD_APP_STOPPING;
    mfd_log(MFD_LOG_INFO, again ? "stopping now" : "stopping: running requests may finish");
    if (again) {
        mfd_http_hurry(app->http);
        return;
    }
    app->state = MFD_APP_STOPPING;
    app->draining = 2;
    mfd_notify_stopping();
    mfd_jobs_stop(app->jobs, drained, app);
    mfd_http_drain(app->http, (uint64_t)mfd_app_settings(app)->drain_ms, drained, app);
}

static void on_watchdog(void *arg)
{
    (void)arg;
    mfd_notify_alive();
}

/* --- starting --- */

static char *below(const char *directory, const char *name)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    mfd_buffer_addf(&path, "%s/%s", directory, name);
    return mfd_buffer_steal(&path, NULL);
}

static int start_store(struct mfd_app *app, struct mfd_error *err)
{
    const struct mfd_settings *s = mfd_app_settings(app);
    if (!(app->model_dir = below(s->state_dir, "models")) ||
        !(app->job_dir = below(s->state_dir, "jobs")))
        return mfd_fail_nomem(err);
    int status = mfd_store_open(&app->store, s->state_dir, true, err);
    if (status == MFD_OK)
        status = mfd_mkdirs(app->model_dir, 0755, err);
    return status;
}

static int start_registry(struct mfd_app *app, struct mfd_error *err)
{
    const struct mfd_settings *s = mfd_app_settings(app);
    const char *first = s->models.n ? s->models.at[0].name : "";
    const struct mfd_registry_options options = {
        .threads = (unsigned)s->threads,
        .scratch_bytes = (size_t)s->scratch_mib << 20,
        .nice = (int)s->nice,
        .warm_up = s->warm_up,
        .model_dir = app->model_dir,
        .default_model = s->default_model[0] ? s->default_model : first,
        .default_genome = s->default_genome,
    };
    int status = mfd_registry_new(&app->registry, app->store, &options, err);
    if (status == MFD_OK)
        status = mfd_registry_clean(app->registry, err);
    for (size_t i = 0; i < s->genomes.n && status == MFD_OK; i++)
        status = mfd_registry_add_genome(app->registry, s->genomes.at[i].name,
                                         s->genomes.at[i].path, err);
    return status;
}

static int start_compute(struct mfd_app *app, struct mfd_error *err)
{
    const struct mfd_settings *s = mfd_app_settings(app);
    const struct mfd_batcher_options options = {
        .queue = (size_t)s->limits.queue,
        .most_passes = (double)s->batch_passes,
        .target_s = (double)s->batch_target_ms * 1e-3,
        .delay_s = (double)s->batch_delay_ms * 1e-3,
        .nice = (int)s->nice,
    };
    int status = mfd_workers_new(&app->pool, app->loop, (unsigned)s->workers, err);
    if (status == MFD_OK)
        status = mfd_batcher_new(&app->batcher, app->loop, app->metrics, &options, err);
    return status;
}

/* Beyond loopback nobody gets in without a key, unless an administrator said so in as many words.
 */
static int start_auth(struct mfd_app *app, const char *address, struct mfd_error *err)
{
    const struct mfd_settings *s = mfd_app_settings(app);
    int status = mfd_reload_keys(app, err);
    if (status < 0)
        return status;
    bool open = mfd_is_loopback(address) || s->allow_anonymous;
    mfd_auth_require(app->auth, s->require_keys || !open);
    if (!open && mfd_auth_keys(app->auth) == 0)
        return mfd_fail(err, MFD_EINVAL,
                        "will not listen on %s, which other machines can reach, without an API "
                        "key; make one with `mfdd keys add --name NAME --state-dir '%s'`, or set "
                        "server.allow_anonymous = yes",
                        address, s->state_dir);
    return MFD_OK;
}

static int start_http(struct mfd_app *app, int fd, struct mfd_error *err)
{
    const struct mfd_settings *s = mfd_app_settings(app);
    char address[64];
    int port = 0;
    bool inherited = fd >= 0;
    snprintf(address, sizeof address, "%s", s->listen);
    int status = inherited ? mfd_listen_inherited(fd, address, &port, err) : MFD_OK;
    if (status == MFD_OK && s->tls_certificate[0])
        status = mfd_certificate_check(s->tls_certificate, s->tls_key, err);
    if (status == MFD_OK)
        status = start_auth(app, address, err);
    if (status == MFD_OK && !inherited)
        status = mfd_listen(s->listen, (int)s->port, &fd, &port, err);
    if (status == MFD_OK)
        status = mfd_http_new(&app->http, app, fd, err);
    if (status < 0)
        return status;
    char members[160];
    bool v6 = strchr(address, ':') != NULL;
    snprintf(members, sizeof members, "\"port\":%d,\"url\":\"%s://%s%s%s:%d\"", port,
             s->tls_certificate[0] ? "https" : "http", v6 ? "[" : "", address, v6 ? "]" : "", port);
    mfd_log_json(MFD_LOG_INFO, members, "listening");
    return MFD_OK;
}

static int start_timers(struct mfd_app *app, struct mfd_error *err)
{
    int status = mfd_loop_on_signal(app->loop, SIGTERM, on_stop, app, err);
    if (status == MFD_OK)
        status = mfd_loop_on_signal(app->loop, SIGINT, on_stop, app, err);
    if (status == MFD_OK)
        status = mfd_loop_on_signal(app->loop, SIGHUP, mfd_reload, app, err);
    uint64_t alive = mfd_notify_interval();
    app->watchdog = mfd_timer_new(app->loop, on_watchdog, app);
    app->poll = mfd_timer_new(app->loop, mfd_reload_poll, app);
    app->again = mfd_timer_new(app->loop, mfd_reload_again, app);
    if (status == MFD_OK && (!app->watchdog || !app->poll || !app->again))
        return mfd_fail_nomem(err);
    if (alive)
        mfd_timer_start(app->watchdog, alive, alive);
    mfd_timer_start(app->poll, MFD_POLL_MS, MFD_POLL_MS);
    return status;
}

static int start(struct mfd_app *app, int listen_fd, struct mfd_error *err)
{
    int status = mfd_loop_new(&app->loop, err);
    app->metrics = mfd_metrics_new();
    app->auth = mfd_auth_new();
    if (status == MFD_OK && (!app->metrics || !app->auth))
        status = mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = start_store(app, err);
    if (status == MFD_OK)
        status = start_registry(app, err);
    if (status == MFD_OK)
        status = start_compute(app, err);
    if (status == MFD_OK)
        status = mfd_jobs_new(&app->jobs, app, err);
    if (status == MFD_OK)
        status = start_timers(app, err); /* before anyone is told that we are there */
    if (status == MFD_OK)
        status = start_http(app, listen_fd, err);
    if (status == MFD_OK)
        mfd_reload_first(app);
    return status;
}

int mfd_app_new(struct mfd_app **out, const struct mfd_app_options *options, struct mfd_error *err)
{
    struct mfd_app *app = mfd_calloc(1, sizeof *app);
    struct mfd_settings_node *node = mfd_calloc(1, sizeof *node);
    if (!app || !node) {
        free(app);
        free(node);
        return mfd_fail_nomem(err);
    }
    node->settings = *options->settings;
    *options->settings = (struct mfd_settings){ 0 };
    app->routes = mfd_all_routes;
    app->all_settings = node;
    app->config_path = options->config_path;
    app->overrides = options->overrides;
    app->n_overrides = options->n_overrides;
    atomic_init(&app->settings, &node->settings);
    app->started = mfd_seconds();
    int status = start(app, options->listen_fd, err);
    if (status < 0) {
        mfd_app_free(app);
        return status;
    }
    *out = app;
    return MFD_OK;
}

void mfd_app_run(struct mfd_app *app)
{
    mfd_loop_run(app->loop);
}

void mfd_app_free(struct mfd_app *app)
{
    if (!app)
        return;
    mfd_timer_free(app->watchdog);
    mfd_timer_free(app->poll);
    mfd_timer_free(app->again);
    mfd_http_free(app->http);
    mfd_jobs_free(app->jobs);
    mfd_batcher_stop(app->batcher);
    mfd_workers_free(app->pool);
    app->pool = NULL;
    mfd_loop_free(app->loop); /* delivers what the threads had to say */
    mfd_batcher_free(app->batcher);
    mfd_registry_free(app->registry);
    mfd_store_close(app->store);
    mfd_auth_free(app->auth);
    mfd_metrics_free(app->metrics);
    while (app->all_settings) {
        struct mfd_settings_node *next = app->all_settings->next;
        mfd_settings_deinit(&app->all_settings->settings);
        free(app->all_settings);
        app->all_settings = next;
    }
    free(app->model_dir);
    free(app->job_dir);
    free(app);
}
