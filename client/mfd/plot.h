/* A scan of all substitutions as a picture: sequence logo above, heat maps below. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct plot_panel {
    const char *title;
    /* (width, 4): alternative A, C, G, T minus reference; 0 at the reference, NaN where unknown */
    const double *effect;
};

struct plot {
    const char *title, *subtitle;    /* the latter may be NULL */
    const char *axis;                /* what the positions are of */
    const char *unit;                /* of the effects */
    int64_t start;                   /* 1-based position of the first base */
    const char *reference;           /* (width) of ACGTN */
    size_t width;                    /* bases */
    const struct plot_panel *panels; /* the first also as a logo of the reference */
    size_t n_panels;
};

/* Draw into `path`, SVG, PNG or PDF by its name: the reference as letters as tall as what their
 * three substitutions take away on average (downwards what they add), and a heat map a panel, all
 * on one scale of colours that is symmetric about zero. Colours are safe for the colour-blind. */
int plot_write(const char *path, const struct plot *plot, struct mfd_error *err) MFD_MUST_CHECK;

/* A position as people read it: 42,984,161. */
void plot_digits(char *to, size_t size, int64_t value);
