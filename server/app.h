/* What the parts of the daemon share. Made once by main, alive as long as any request. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "proto/limits.h"

struct mfd_app;
struct mfd_auth;
struct mfd_batcher;
struct mfd_http;
struct mfd_jobs;
struct mfd_loop;
struct mfd_metrics;
struct mfd_workers;
struct mfd_registry;
struct mfd_settings;
struct mfd_store;

enum mfd_app_state { MFD_APP_STARTING, MFD_APP_READY, MFD_APP_STOPPING };

struct mfd_app_options {
    struct mfd_settings *settings; /* its contents are taken over; state_dir must be set */
    const char *config_path;       /* read again on SIGHUP; NULL: none */
    const char *const *overrides;  /* "section.key=value" of the command line, */
    size_t n_overrides;            /* which win over the file */
    int listen_fd;                 /* a socket that was handed over, or -1 */
};

/* Opens the store, starts the threads and listens; models load in the background. What the options
 * point to outlives the app. */
int mfd_app_new(struct mfd_app **out, const struct mfd_app_options *options,
                struct mfd_error *err) MFD_MUST_CHECK;
/* Until SIGTERM or SIGINT, and then until what runs has finished. */
void mfd_app_run(struct mfd_app *app);
void mfd_app_free(struct mfd_app *app);

/* Borrowed; any thread. */
struct mfd_registry *mfd_app_registry(struct mfd_app *app);
struct mfd_store *mfd_app_store(struct mfd_app *app);
const struct mfd_limits *mfd_app_limits(struct mfd_app *app);
const struct mfd_settings *mfd_app_settings(struct mfd_app *app);
const char *mfd_app_upload_dir(struct mfd_app *app);
struct mfd_jobs *mfd_app_jobs(struct mfd_app *app);
struct mfd_workers *mfd_app_workers(struct mfd_app *app);
struct mfd_metrics *mfd_app_metrics(struct mfd_app *app);
double mfd_app_uptime(struct mfd_app *app); /* seconds */
/* Loop thread. */
enum mfd_app_state mfd_app_state(struct mfd_app *app);
struct mfd_loop *mfd_app_loop(struct mfd_app *app);
struct mfd_batcher *mfd_app_batcher(struct mfd_app *app);
struct mfd_http *mfd_app_http(struct mfd_app *app);
struct mfd_auth *mfd_app_auth(struct mfd_app *app);
