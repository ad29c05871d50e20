/* What the parts of the daemon share. Made once by main, alive as long as any request. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

struct mfd_app;
struct mfd_auth;
struct mfd_batcher;
struct mfd_http;
struct mfd_jobs;
struct mfd_limits;
struct mfd_loop;
struct mfd_metrics;
struct mfd_workers;
struct mfd_registry;
struct mfd_route;
struct mfd_settings;
struct mfd_store;

enum mfd_app_state { MFD_APP_STARTING, MFD_APP_READY, MFD_APP_STOPPING };

/* Borrowed; any thread. */
struct mfd_registry *mfd_app_registry(struct mfd_app *app);
struct mfd_store *mfd_app_store(struct mfd_app *app);
const struct mfd_limits *mfd_app_limits(struct mfd_app *app);
const struct mfd_settings *mfd_app_settings(struct mfd_app *app);
const char *mfd_app_upload_dir(struct mfd_app *app);
const char *mfd_app_job_dir(struct mfd_app *app);
const struct mfd_route *const *
mfd_app_routes(struct mfd_app *app); /* tables, NULL behind the last */
struct mfd_jobs *mfd_app_jobs(struct mfd_app *app);
struct mfd_workers *mfd_app_workers(struct mfd_app *app);
struct mfd_metrics *mfd_app_metrics(struct mfd_app *app);
double mfd_app_uptime(struct mfd_app *app); /* seconds */
/* Loop thread. */
/* MFD_OK where what is served is all that server.strict_readiness asks for; else why not, with a
 * problem's slug. Loop. */
int mfd_app_ready(struct mfd_app *app, struct mfd_error *err) MFD_MUST_CHECK;
enum mfd_app_state mfd_app_state(struct mfd_app *app);
struct mfd_loop *mfd_app_loop(struct mfd_app *app);
struct mfd_batcher *mfd_app_batcher(struct mfd_app *app);
struct mfd_http *mfd_app_http(struct mfd_app *app);
struct mfd_auth *mfd_app_auth(struct mfd_app *app);
