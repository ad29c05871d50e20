/* The page of metrics: what was counted, and gauges read from the parts of the daemon. */
#include "server/exposition.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "server/app.h"
#include "server/batcher.h"
#include "server/http.h"
#include "server/jobs.h"
#include "server/metrics.h"
#include "server/registry.h"

static double resident_bytes(void)
{
    MFD_AUTO_FCLOSE FILE *f = fopen("/proc/self/statm", "re");
    unsigned long size = 0, resident = 0;
    if (!f || fscanf(f, "%lu %lu", &size, &resident) != 2)
        return 0;
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    double n = 0;
    if (!d)
        return 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 3; /* ".", ".." and the directory itself */
}

static void render_process(const struct mfd_metrics *m, struct mfd_buffer *out)
{
    struct rusage use;
    struct rlimit files = { 0 };
    getrusage(RUSAGE_SELF, &use);
    getrlimit(RLIMIT_NOFILE, &files);
    mfd_metrics_plain(out, "process_cpu_seconds_total", "counter",
                      "Processor time, user and system.",
                      (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                          (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6);
    mfd_metrics_plain(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
                      resident_bytes());
    mfd_metrics_plain(out, "process_open_fds", "gauge", "Open descriptors.", open_files());
    mfd_metrics_plain(out, "process_max_fds", "gauge", "Most descriptors that may be open.",
                      (double)files.rlim_cur);
    mfd_metrics_plain(out, "process_start_time_seconds", "gauge",
                      "Start of the process, Unix time.", (double)mfd_metrics_started(m));
}

static void render_app(struct mfd_app *app, struct mfd_buffer *out)
{
    struct mfd_batcher_stats queue;
    struct mfd_error unready = MFD_ERROR_INIT;
    mfd_batcher_stats(mfd_app_batcher(app), &queue);
    mfd_metrics_plain(out, "mfd_ready", "gauge",
                      "1 where /readyz says so: models are loaded and warm.",
                      mfd_app_ready(app, &unready) == MFD_OK);
    mfd_metrics_plain(out, "mfd_http_connections", "gauge", "Open connections.",
                      (double)mfd_http_connections(mfd_app_http(app)));
    mfd_metrics_plain(out, "mfd_http_requests_in_flight", "gauge", "Requests under way.",
                      (double)mfd_http_requests(mfd_app_http(app)));
    mfd_metrics_plain(out, "mfd_queue_tasks", "gauge", "Tasks that wait for an engine or run.",
                      (double)queue.tasks);
    mfd_metrics_plain(out, "mfd_queue_passes", "gauge", "Window passes that wait.", queue.passes);
    mfd_metrics_plain(out, "mfd_queue_refused_total", "counter",
                      "Tasks refused because the queue was full.", (double)queue.refused);
    mfd_metrics_plain(
        out, "mfd_queue_cancelled_total", "counter",
        "Tasks that ended before they were computed: the client went away or time ran out.",
        (double)queue.cancelled);
    mfd_jobs_metrics(mfd_app_jobs(app), out);
    mfd_registry_metrics(mfd_app_registry(app), out);
}

void mfd_exposition_render(struct mfd_app *app, struct mfd_buffer *out)
{
    struct mfd_metrics *m = mfd_app_metrics(app);
    mfd_metrics_head(out, "mfd_build_info", "gauge", "Version of the daemon.");
    mfd_buffer_addf(out, "mfd_build_info{version=\"%s\"} 1\n", MFD_VERSION);
    mfd_metrics_counted(m, out);
    render_app(app, out);
    render_process(m, out);
}
