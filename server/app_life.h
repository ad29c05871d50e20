/* How the parts of the daemon come to be, and how they end. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"
#include "server/app.h"

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
