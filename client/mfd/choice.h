/* What values are of: tracks, averages over settings of metadata columns, an experiment, or the
 * difference between two. */
#pragma once

#include <jansson.h>

#include "client/mfd/app.h"

/* MFD_EINVAL where options say more than one of these, or are of one that is not asked for. */
int choice_check(const struct settings *set, struct mfd_error *err) MFD_MUST_CHECK;
/* The members of a request: tracks or virtual_tracks, over, levels, distribution and settings, a,
 * b, like and held; and components and scale. */
int choice_add(struct app *app, json_t *options, struct mfd_error *err) MFD_MUST_CHECK;
