/* `mfdd keys`: API keys from the command line, also while the daemon runs. */
#pragma once

#include "core/base/error.h"
#include "server/options.h"

/* Prints to stdout. */
int mfd_keys_run(const struct mfd_options *options, const char *state_dir,
                 struct mfd_error *err) MFD_MUST_CHECK;
