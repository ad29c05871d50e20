/* Prometheus metrics (text format 0.0.4): seconds, bytes, totals. Counting may happen on any
 * thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"

struct mfd_app;
struct mfd_metrics;

struct mfd_metrics *mfd_metrics_new(void);
void mfd_metrics_free(struct mfd_metrics *metrics);

/* A request is over. `method` and `route` are the route's own (static storage), or "" where none
 * fitted. */
void mfd_metrics_request(struct mfd_metrics *metrics, const char *method, const char *route,
                         int status, double seconds, uint64_t bytes_in, uint64_t bytes_out);
/* An engine run of merged tasks is over. `waited`: of the oldest task in the queue. */
void mfd_metrics_run(struct mfd_metrics *metrics, const char *kind, size_t tasks, size_t items,
                     double passes, double waited, double seconds);
/* Everything, with gauges read from the parts of the daemon. Loop thread. */
void mfd_metrics_render(struct mfd_app *app, struct mfd_buffer *out);
