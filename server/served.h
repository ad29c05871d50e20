/* Making a served model; the rest of its functions stand in server/registry.h. */
#pragma once

#include <stdbool.h>

#include "core/base/error.h"
#include "core/engine/engine.h"

struct mfd_served;

/* Open a bundle, start its engine and, where `warm`, run a window through it. `version` NULL: the
 * first 12 digits of the digest. One reference. */
int mfd_served_open(struct mfd_served **out, const char *name, const char *version,
                    const char *path, const struct mfd_engine_options *options, bool warm,
                    struct mfd_error *err) MFD_MUST_CHECK;
