#include "client/mfd/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR 24 /* columns */

static double since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) * 1e-9;
}

void progress_begin(struct progress *p, const struct app *app)
{
    *p = (struct progress){ .wanted = app->talks && !isatty(fileno(app->out)) };
    clock_gettime(CLOCK_MONOTONIC, &p->begun);
    p->last = p->begun;
}

void progress_show(struct progress *p, size_t items, double fraction)
{
    if (!p->wanted || since(&p->last) < 0.2)
        return;
    double seconds = since(&p->begun);
    clock_gettime(CLOCK_MONOTONIC, &p->last);
    fprintf(stderr, "\r%zu scored, %.4g/s", items, (double)items / seconds);
    if (fraction > 0 && fraction <= 1) {
        int full = (int)(fraction * BAR);
        unsigned left = (unsigned)(seconds / fraction - seconds);
        fputs("  [", stderr);
        for (int i = 0; i < BAR; i++)
            fputc(i < full ? '=' : i == full ? '>' : ' ', stderr);
        fprintf(stderr, "] %.0f %%, %u:%02u left", fraction * 100, left / 60, left % 60);
    }
    fputs("\033[K", stderr);
    p->shown = true;
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
