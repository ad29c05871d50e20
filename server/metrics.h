/* Prometheus metrics (text format 0.0.4): seconds, bytes, totals. Counting may happen on any
 * thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/base/buffer.h"

struct mfd_metrics;

struct mfd_metrics *mfd_metrics_new(void);
void mfd_metrics_free(struct mfd_metrics *metrics);

/* A request is over. `method` and `route` are the route's own (static storage), or "" where none
 * fitted. */
void mfd_metrics_request(struct mfd_metrics *metrics, const char *method, const char *route,
                         int status, double seconds, uint64_t bytes_in, uint64_t bytes_out);
/* An engine run of merged tasks is over: `items` got values, by `passes` windows. `waited`: of the
 * oldest task in the queue. */
void mfd_metrics_run(struct mfd_metrics *metrics, const char *kind, size_t tasks, size_t items,
                     double passes, double waited, double seconds);

/* What was counted, as text; and when the process started, Unix time. */
void mfd_metrics_counted(struct mfd_metrics *metrics, struct mfd_buffer *out);
time_t mfd_metrics_started(const struct mfd_metrics *metrics);
/* The two lines before a series; and a series of one number. */
void mfd_metrics_head(struct mfd_buffer *out, const char *name, const char *type, const char *help);
void mfd_metrics_plain(struct mfd_buffer *out, const char *name, const char *type, const char *help,
                       double value);
