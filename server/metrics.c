#include "server/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/memory.h"

#define MAX_SERIES 2048 /* routes x statuses is far below; a bound all the same */

static const double seconds_bounds[] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                         0.25,  0.5,    1,     2.5,  5,     10,   30 };
static const double passes_bounds[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096 };
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define MAX_BOUNDS COUNT(seconds_bounds)
#define MAX_KINDS 4 /* of tasks: server/task.h */

struct histogram {
    const double *bounds;
    size_t n;
    uint64_t counts[MAX_BOUNDS + 1];
    double sum;
};

struct request_series {
    const char *method, *route;
    int status;
    uint64_t count;
};

struct route_series {
    const char *method, *route;
    struct histogram seconds;
};

struct kind_series {
    const char *kind;
    uint64_t runs, tasks, items;
    double passes;
};

struct mfd_metrics {
    pthread_mutex_t lock;
    struct request_series *requests;
    size_t n_requests;
    struct route_series *routes;
    size_t n_routes;
    struct kind_series kinds[MAX_KINDS];
    size_t n_kinds;
    struct histogram run_passes, run_seconds, run_waited;
    uint64_t bytes_in, bytes_out;
    time_t started;
};

struct mfd_metrics *mfd_metrics_new(void)
{
    struct mfd_metrics *m = mfd_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    pthread_mutex_init(&m->lock, NULL);
    m->run_passes = (struct histogram){ .bounds = passes_bounds, .n = COUNT(passes_bounds) };
    m->run_seconds = (struct histogram){ .bounds = seconds_bounds, .n = COUNT(seconds_bounds) };
    m->run_waited = m->run_seconds;
    m->started = time(NULL);
    return m;
}

void mfd_metrics_free(struct mfd_metrics *m)
{
    if (!m)
        return;
    pthread_mutex_destroy(&m->lock);
    free(m->requests);
    free(m->routes);
    free(m);
}

static void observe(struct histogram *h, double value)
{
    size_t i = 0;
    while (i < h->n && value > h->bounds[i])
        i++;
    h->counts[i]++;
    h->sum += value;
}

static struct request_series *find_request(struct mfd_metrics *m, const char *method,
                                           const char *route, int status)
{
    for (size_t i = 0; i < m->n_requests; i++)
        if (m->requests[i].route == route && m->requests[i].status == status &&
            m->requests[i].method == method)
            return &m->requests[i];
    struct request_series *at = m->n_requests == MAX_SERIES
                                    ? NULL
                                    : mfd_realloc(m->requests, m->n_requests + 1, sizeof *at);
    if (!at)
        return NULL;
    m->requests = at;
    at[m->n_requests] = (struct request_series){ method, route, status, 0 };
    return &at[m->n_requests++];
}

static struct route_series *find_route(struct mfd_metrics *m, const char *method, const char *route)
{
    for (size_t i = 0; i < m->n_routes; i++)
        if (m->routes[i].route == route && m->routes[i].method == method)
            return &m->routes[i];
    struct route_series *at =
        m->n_routes == MAX_SERIES ? NULL : mfd_realloc(m->routes, m->n_routes + 1, sizeof *at);
    if (!at)
        return NULL;
    m->routes = at;
    at[m->n_routes] = (struct route_series){
        method, route, { .bounds = seconds_bounds, .n = COUNT(seconds_bounds) }
    };
    return &at[m->n_routes++];
}

void mfd_metrics_request(struct mfd_metrics *m, const char *method, const char *route, int status,
                         double seconds, uint64_t bytes_in, uint64_t bytes_out)
{
    pthread_mutex_lock(&m->lock);
    struct request_series *series = find_request(m, method, route, status);
    struct route_series *of_route = find_route(m, method, route);
    if (series)
        series->count++;
    if (of_route)
        observe(&of_route->seconds, seconds);
    m->bytes_in += bytes_in;
    m->bytes_out += bytes_out;
    pthread_mutex_unlock(&m->lock);
}

void mfd_metrics_run(struct mfd_metrics *m, const char *kind, size_t tasks, size_t items,
                     double passes, double waited, double seconds)
{
    pthread_mutex_lock(&m->lock);
    size_t i = 0;
    while (i < m->n_kinds && strcmp(m->kinds[i].kind, kind) != 0)
        i++;
    if (i == m->n_kinds && i < MAX_KINDS)
        m->kinds[m->n_kinds++] = (struct kind_series){ .kind = kind };
    if (i < m->n_kinds) {
        m->kinds[i].runs++;
        m->kinds[i].tasks += tasks;
        m->kinds[i].items += items;
        m->kinds[i].passes += passes;
    }
    observe(&m->run_passes, passes);
    observe(&m->run_seconds, seconds);
    observe(&m->run_waited, waited);
    pthread_mutex_unlock(&m->lock);
}

void mfd_metrics_head(struct mfd_buffer *out, const char *name, const char *type, const char *help)
{
    mfd_buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void mfd_metrics_plain(struct mfd_buffer *out, const char *name, const char *type, const char *help,
                       double value)
{
    mfd_metrics_head(out, name, type, help);
    mfd_buffer_addf(out, "%s %.17g\n", name, value);
}

static void render_histogram(struct mfd_buffer *out, const char *name, const char *labels,
                             const struct histogram *h)
{
    uint64_t total = 0;
    const char *comma = labels[0] ? "," : "";
    for (size_t i = 0; i < h->n; i++) {
        total += h->counts[i];
        mfd_buffer_addf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels, comma, h->bounds[i],
                        (unsigned long long)total);
    }
    total += h->counts[h->n];
    const char *open = labels[0] ? "{" : "", *close = labels[0] ? "}" : "";
    mfd_buffer_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma,
                    (unsigned long long)total);
    mfd_buffer_addf(out, "%s_sum%s%s%s %.9g\n", name, open, labels, close, h->sum);
    mfd_buffer_addf(out, "%s_count%s%s%s %llu\n", name, open, labels, close,
                    (unsigned long long)total);
}

static void render_requests(struct mfd_metrics *m, struct mfd_buffer *out)
{
    mfd_metrics_head(out, "mfd_http_requests_total", "counter",
                     "Requests answered, by route and status.");
    for (size_t i = 0; i < m->n_requests; i++)
        mfd_buffer_addf(out,
                        "mfd_http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"} %llu\n",
                        m->requests[i].method, m->requests[i].route, m->requests[i].status,
                        (unsigned long long)m->requests[i].count);
    mfd_metrics_head(out, "mfd_http_request_duration_seconds", "histogram",
                     "From the request line to the last byte of the answer.");
    for (size_t i = 0; i < m->n_routes; i++) {
        char labels[256];
        snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\"", m->routes[i].method,
                 m->routes[i].route);
        render_histogram(out, "mfd_http_request_duration_seconds", labels, &m->routes[i].seconds);
    }
    mfd_metrics_plain(out, "mfd_http_received_bytes_total", "counter", "Bytes of request bodies.",
                      (double)m->bytes_in);
    mfd_metrics_plain(out, "mfd_http_sent_bytes_total", "counter", "Bytes of answers' bodies.",
                      (double)m->bytes_out);
}

static void render_runs(struct mfd_metrics *m, struct mfd_buffer *out)
{
    static const struct {
        const char *name, *help;
    } counters[] = {
        { "mfd_runs_total", "Runs of an engine." },
        { "mfd_run_tasks_total", "Tasks, or slices of tasks, merged into runs." },
        { "mfd_run_items_total", "Windows, bins, variants or scanned bases that got values." },
        { "mfd_run_passes_total",
          "Windows computed, each counted whole however much of it others shared." },
    };
    for (size_t c = 0; c < 4; c++) {
        mfd_metrics_head(out, counters[c].name, "counter", counters[c].help);
        for (size_t i = 0; i < m->n_kinds; i++) {
            const struct kind_series *k = &m->kinds[i];
            double values[] = { (double)k->runs, (double)k->tasks, (double)k->items, k->passes };
            mfd_buffer_addf(out, "%s{kind=\"%s\"} %.17g\n", counters[c].name, k->kind, values[c]);
        }
    }
    mfd_metrics_head(out, "mfd_run_passes", "histogram", "Windows computed in one run.");
    render_histogram(out, "mfd_run_passes", "", &m->run_passes);
    mfd_metrics_head(out, "mfd_run_duration_seconds", "histogram", "Time of a run.");
    render_histogram(out, "mfd_run_duration_seconds", "", &m->run_seconds);
    mfd_metrics_head(out, "mfd_queue_wait_seconds", "histogram",
                     "Time that the oldest task of a run had waited.");
    render_histogram(out, "mfd_queue_wait_seconds", "", &m->run_waited);
}

void mfd_metrics_counted(struct mfd_metrics *m, struct mfd_buffer *out)
{
    pthread_mutex_lock(&m->lock);
    render_requests(m, out);
    render_runs(m, out);
    pthread_mutex_unlock(&m->lock);
}

time_t mfd_metrics_started(const struct mfd_metrics *m)
{
    return m->started;
}
