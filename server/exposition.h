/* Everything that Prometheus is told. */
#pragma once

#include "core/base/buffer.h"

struct mfd_app;

/* Append the text (format 0.0.4). Loop thread. */
void mfd_exposition_render(struct mfd_app *app, struct mfd_buffer *out);
