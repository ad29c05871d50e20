#include "server/app.h"

#include <stdatomic.h>

#include "core/base/clock.h"
#include "server/app_in.h"
#include "server/registry.h"

struct mfd_registry *mfd_app_registry(struct mfd_app *app)
{
    return app->registry;
}
struct mfd_store *mfd_app_store(struct mfd_app *app)
{
    return app->store;
}
const struct mfd_settings *mfd_app_settings(struct mfd_app *app)
{
    return atomic_load_explicit(&app->settings, memory_order_acquire);
}
const struct mfd_limits *mfd_app_limits(struct mfd_app *app)
{
    return &mfd_app_settings(app)->limits;
}
const char *mfd_app_upload_dir(struct mfd_app *app)
{
    return app->model_dir;
}
const char *mfd_app_job_dir(struct mfd_app *app)
{
    return app->job_dir;
}
const struct mfd_route *const *mfd_app_routes(struct mfd_app *app)
{
    return app->routes;
}
struct mfd_workers *mfd_app_workers(struct mfd_app *app)
{
    return app->pool;
}
struct mfd_metrics *mfd_app_metrics(struct mfd_app *app)
{
    return app->metrics;
}
enum mfd_app_state mfd_app_state(struct mfd_app *app)
{
    return app->state;
}
int mfd_app_ready(struct mfd_app *app, struct mfd_error *err)
{
    if (app->state == MFD_APP_STOPPING)
        return mfd_fail_as(err, MFD_EBUSY, "shutting-down", "Running requests are being finished.");
    if (app->state == MFD_APP_STARTING)
        return mfd_fail_as(err, MFD_EBUSY, "model-not-ready", "The models are being loaded.");
    return mfd_registry_ready(app->registry, mfd_app_settings(app)->strict_readiness, err);
}
struct mfd_loop *mfd_app_loop(struct mfd_app *app)
{
    return app->loop;
}
struct mfd_batcher *mfd_app_batcher(struct mfd_app *app)
{
    return app->batcher;
}
struct mfd_jobs *mfd_app_jobs(struct mfd_app *app)
{
    return app->jobs;
}
struct mfd_http *mfd_app_http(struct mfd_app *app)
{
    return app->http;
}
struct mfd_auth *mfd_app_auth(struct mfd_app *app)
{
    return app->auth;
}

double mfd_app_uptime(struct mfd_app *app)
{
    return mfd_seconds() - app->started;
}
