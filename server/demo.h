/* `mfdd --demo`: a model and a genome that come with the program. */
#pragma once

#include "core/base/error.h"
#include "server/settings.h"

/* Add the demo's model and genome, found beside the program in a source tree or in the place they
 * are installed in. */
int mfd_demo_add(struct mfd_settings *settings, struct mfd_error *err) MFD_MUST_CHECK;
/* A state directory for once, where none is set; mfd_demo_forget removes it. */
int mfd_demo_state(struct mfd_settings *settings, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_demo_forget(const char *state_dir);
