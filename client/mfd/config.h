/* What the environment and the configuration file say, where the command line said nothing. */
#pragma once

#include "client/mfd/settings.h"

/* Fill in server, key and what else is not given: from the environment, then from the file
 * $MFD_CONFIG, else mfd/config in $XDG_CONFIG_HOME or ~/.config, which need not be there. Its lines
 * are "NAME = VALUE" with the long names of options; what stands behind '#' is passed over. A key
 * that begins with '@' is the first line of that file. */
int config_read(struct settings *set, struct mfd_error *err) MFD_MUST_CHECK;
