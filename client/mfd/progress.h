/* How far a long request is, on stderr, where people watch and stdout goes elsewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "client/mfd/app.h"

struct progress {
    bool shown, wanted;
    struct timespec begun, last;
    size_t width;    /* of the terminal, columns */
    size_t before;   /* items of an earlier run */
    double fraction; /* that they were of the whole */
};

/* `before` items were done by an earlier run, `fraction` of the whole (negative: nobody knows):
 * rate and time left are this run's. */
void progress_begin(struct progress *p, const struct app *app, size_t before, double fraction);
/* All items so far, and the fraction of the whole that they are. Cheap: draws a few times a second.
 */
void progress_show(struct progress *p, size_t items, double fraction);
/* Wipe the line. */
void progress_end(struct progress *p);
