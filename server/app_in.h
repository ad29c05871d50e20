/* The inside of the app, for app.c, app_life.c and reload.c. */
#pragma once

#include <stdatomic.h>

#include "server/app.h"
#include "server/workers.h"
#include "server/settings.h"

#define MFD_AGAIN_MS 1000 /* until models that a locked database held up are loaded again */
#define MFD_POLL_MS 2000  /* how soon keys made by `mfdd keys` count */

/* Settings that are or were in force. Old ones stay: somebody may still be reading them, and there
 * are as many as there were reloads. */
struct mfd_settings_node {
    struct mfd_settings settings;
    struct mfd_settings_node *next;
};

struct mfd_app {
    _Atomic(const struct mfd_settings *) settings;
    struct mfd_settings_node *all_settings;
    const char *config_path;
    const char *const *overrides;
    size_t n_overrides;
    char *model_dir, *job_dir;
    const struct mfd_route *const *routes;
    double started; /* mfd_seconds */
    enum mfd_app_state state;
    struct mfd_loop *loop;
    struct mfd_timer *watchdog, *poll, *again;
    struct mfd_workers *pool;
    struct mfd_metrics *metrics;
    struct mfd_auth *auth;
    struct mfd_store *store;
    struct mfd_registry *registry;
    struct mfd_batcher *batcher;
    struct mfd_http *http;
    struct mfd_jobs *jobs;
    unsigned draining; /* parts that are to come to rest before the loop ends */
    /* reload.c: one at a time each */
    struct mfd_work models_job, keys_job;
    bool loading, load_again, polling;
    bool restored; /* what the store knows is in the registry */
    bool locked;   /* the database was, while models were loaded */
    size_t serving;
    int64_t store_version;
};
