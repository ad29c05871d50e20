/* How far a long request is, on stderr, where people watch and stdout goes elsewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "client/mfd/app.h"

struct progress {
    bool shown, wanted;
    struct timespec begun, last;
};

void progress_begin(struct progress *p, const struct app *app);
/* `fraction` of the whole, or negative where nobody knows. Cheap: draws a few times a second. */
void progress_show(struct progress *p, size_t items, double fraction);
/* Wipe the line. */
void progress_end(struct progress *p);
