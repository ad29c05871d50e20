/* What is read at the start, and again while the daemon runs: models, keys, settings. Loop thread.
 */
#pragma once

#include "core/base/error.h"

struct mfd_app;

/* Load the models of the store and the configuration, in the background; then the app is ready. */
void mfd_reload_first(struct mfd_app *app);
/* SIGHUP: read the configuration file again, whole or not at all; then the models that are new in
 * it and the keys. What belongs to the socket and the threads waits for a restart. */
void mfd_reload(void *app);
/* Now and then: has `mfdd keys` changed the keys? */
void mfd_reload_poll(void *app);
/* Load the models that a locked database held up. */
void mfd_reload_again(void *app);
/* Read the keys now. Not on the loop. */
int mfd_reload_keys(struct mfd_app *app, struct mfd_error *err) MFD_MUST_CHECK;
