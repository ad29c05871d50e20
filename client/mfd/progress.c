#include "client/mfd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "core/base/buffer.h"

#define BAR 24 /* columns */

static double since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) * 1e-9;
}

void progress_begin(struct progress *p, const struct app *app, size_t before, double fraction)
{
    *p = (struct progress){ .wanted = app->talks && !isatty(fileno(app->out)),
                            .width = app_terminal_width(STDERR_FILENO),
                            .before = before,
                            .fraction = fraction > 0 ? fraction : 0 };
    clock_gettime(CLOCK_MONOTONIC, &p->begun);
    p->last = p->begun;
}

/* "  [======>     ] 45 %, 1:23 left" */
static void add_bar(struct mfd_buffer *line, const struct progress *p, double fraction,
                    double seconds)
{
    double done = fraction - p->fraction;
    int full = (int)(fraction * BAR);
    mfd_buffer_adds(line, "  [");
    for (int i = 0; i < BAR; i++)
        mfd_buffer_addc(line, i < full ? '=' : i == full ? '>' : ' ');
    mfd_buffer_addf(line, "] %.0f %%", fraction * 100);
    if (done > 0) {
        unsigned left = (unsigned)(seconds / done * (1 - fraction));
        if (left < 3600)
            mfd_buffer_addf(line, ", %u:%02u left", left / 60, left % 60);
        else
            mfd_buffer_addf(line, ", %u:%02u:%02u left", left / 3600, left / 60 % 60, left % 60);
    }
}

void progress_show(struct progress *p, size_t items, double fraction)
{
    if (!p->wanted || since(&p->last) < 0.2)
        return;
    struct mfd_buffer line = MFD_BUFFER_INIT;
    double seconds = since(&p->begun);
    clock_gettime(CLOCK_MONOTONIC, &p->last);
    double rate = (double)(items - p->before) / seconds;
    mfd_buffer_addf(&line, rate < 100 ? "%zu done, %.3g/s" : "%zu done, %.0f/s", items, rate);
    if (fraction > 0 && fraction <= 1)
        add_bar(&line, p, fraction, seconds);
    size_t room = p->width > 1 ? p->width - 1 : 0; /* a line that wraps could not be wiped */
    if (!line.failed)
        fprintf(stderr, "\r%.*s\033[K", (int)(line.len < room ? line.len : room), line.data);
    mfd_buffer_deinit(&line);
    p->shown = true;
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
