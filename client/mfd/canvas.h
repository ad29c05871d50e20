/* A picture drawn once and written as SVG, PNG or PDF, as its file's name asks, by cairo. */
#pragma once

#include <stdbool.h>

#include "core/base/error.h"

typedef struct _cairo cairo_t; /* as in cairo.h, which lies elsewhere on every system */

/* Draws with the origin wherever it likes: the picture is as large as what was drawn. Called twice,
 * first to be measured. */
typedef void (*canvas_draw)(cairo_t *cr, const void *arg);

/* Does the name end in .svg, .png or .pdf? */
bool canvas_knows(const char *path);
/* Draw on white into `path`, which is replaced when the picture is whole. `title` goes where the
 * format keeps one. MFD_EINVAL where the name has no known ending. */
int canvas_write(const char *path, const char *title, canvas_draw draw, const void *arg,
                 struct mfd_error *err) MFD_MUST_CHECK;
