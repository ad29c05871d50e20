/* What the parts of the daemon share. Made once by main, alive as long as any request. */
#pragma once

#include "proto/limits.h"

struct mfd_app;
struct mfd_batcher;
struct mfd_config_file;
struct mfd_loop;
struct mfd_metrics;
struct mfd_registry;
struct mfd_store;

/* Borrowed; any thread. */
struct mfd_registry *mfd_app_registry(struct mfd_app *app);
struct mfd_store *mfd_app_store(struct mfd_app *app);
const struct mfd_limits *mfd_app_limits(struct mfd_app *app);
/* Loop thread. */
struct mfd_loop *mfd_app_loop(struct mfd_app *app);
struct mfd_batcher *mfd_app_batcher(struct mfd_app *app);
struct mfd_metrics *mfd_app_metrics(struct mfd_app *app);
