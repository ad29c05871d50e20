/* A scan of all substitutions as a picture: SVG 1.1 with nothing outside itself. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/error.h"

struct plot_panel {
    const char *title;
    const double
        *effect; /* (width, 4): alternative A, C, G, T minus reference; 0 at the reference */
};

struct plot {
    const char *title; /* may be NULL */
    const char *chrom;
    int64_t start;                   /* 1-based position of the first base */
    const char *reference;           /* (width) of ACGTN */
    size_t width;                    /* bases */
    const struct plot_panel *panels; /* the first also as a logo of the reference */
    size_t n_panels;
};

/* Draw: above, the reference as letters as tall as what their substitutions take away on average
 * (downwards what they add); below, a heat map a panel, on one scale of colours. */
int plot_svg(FILE *out, const struct plot *plot, struct mfd_error *err) MFD_MUST_CHECK;
