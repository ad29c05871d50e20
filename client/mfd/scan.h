/* The effects of every substitution of a region, asked for in pieces that the server takes. */
#pragma once

#include "client/mfd/compute.h"

struct scan {
    struct app *app;
    char *chrom;   /* owned */
    int64_t start; /* 1-based */
    size_t width;  /* bases */
    size_t n_parts;
    char *reference;       /* (width) owned, N until known */
    double *effect[PARTS]; /* (width, 4) owned, NaN until known */
    double *sd[PARTS];     /* the same of an average: the deviation over its settings; else NULL */
    double *levels[PARTS]; /* (n_settings, width, 4) owned, with --levels; else NULL */
    size_t n_settings;
    json_t *head;           /* owned: the first answer, less its results */
    struct mfd_error first; /* why the first base that was not scanned was not */
};

/* Ask for what the settings say; app, chrom, start, width and n_parts are set. Counts go to the
 * app. Fails where no base could be scanned. */
int scan_ask(struct scan *s, struct mfd_error *err) MFD_MUST_CHECK;
void scan_deinit(struct scan *s);
