/* The result of a job in a file, whatever happens to the connection on the way. */
#pragma once

#include "client/mfd/app.h"

/* Into --output. What has arrived is kept with a note beside it (output.h): the same command goes
 * on behind it, asking for the rest of just this result (If-Range), and starts over where the
 * server has another one now. A connection that breaks is opened again while it brings something.
 */
int download_result(struct app *app, const char *id, struct mfd_error *err) MFD_MUST_CHECK;
