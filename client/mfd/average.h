/* Averages over settings of metadata columns: --over and what goes with it, into a request. */
#pragma once

#include <jansson.h>

#include "client/mfd/settings.h"

/* MFD_EINVAL where options contradict each other, or are of an average and there is none. */
int average_check(const struct settings *set, struct mfd_error *err) MFD_MUST_CHECK;
/* The members over, levels, distribution and settings; nothing without --over. `fields` are the
 * model's columns, which --given needs (experiment_fields). */
int average_add(json_t *options, const json_t *fields, const struct settings *set,
                struct mfd_error *err) MFD_MUST_CHECK;
