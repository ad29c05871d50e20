#include "server/access.h"

#include <string.h>

#include "core/base/log.h"
#include "proto/text.h"
#include "server/app.h"
#include "server/metrics.h"
#include "server/request_in.h"
#include "server/settings.h"

#define STATUS_GONE 499 /* as nginx logs a client that went away */
#define STATUS_UNREADABLE 400

static void text_member(struct mfd_buffer *out, const char *name, const char *value, size_t n)
{
    mfd_buffer_addf(out, ",\"%s\":", name);
    mfd_text_json(out, value, n);
}

static void log_line(struct mfd_request *rq, int status, double seconds)
{
    struct mfd_buffer line = MFD_BUFFER_INIT;
    const char *agent = mfd_request_header(rq, "User-Agent");
    mfd_buffer_addf(&line, "\"status\":%d,\"ms\":%.3f,\"bytes_in\":%llu,\"bytes_out\":%llu", status,
                    seconds * 1e3, (unsigned long long)rq->body_seen,
                    (unsigned long long)rq->bytes_out);
    const char *method = rq->head ? "HEAD" : rq->method;
    text_member(&line, "method", method, strlen(method));
    text_member(&line, "path", rq->path, rq->path_n);
    if (rq->match.route)
        text_member(&line, "route", rq->match.route->path, strlen(rq->match.route->path));
    text_member(&line, "request_id", rq->ids.request, strlen(rq->ids.request));
    text_member(&line, "trace_id", rq->ids.trace, strlen(rq->ids.trace));
    text_member(&line, "client", rq->principal.client, strlen(rq->principal.client));
    text_member(&line, "remote", rq->remote, strlen(rq->remote));
    if (agent)
        text_member(&line, "agent", agent, strnlen(agent, 256));
    if (!line.failed)
        mfd_log_json(MFD_LOG_INFO, line.data, "request");
    mfd_buffer_deinit(&line);
}

void mfd_access(struct mfd_request *rq, bool failed)
{
    int status = rq->final_status;
    if (failed && rq->phase != MFD_PHASE_ANSWER && !status)
        status = rq->phase == MFD_PHASE_HEADERS ? STATUS_UNREADABLE : STATUS_GONE;
    double seconds = mfd_request_seconds(rq);
    const struct mfd_route *route = rq->match.route;
    mfd_metrics_request(mfd_app_metrics(rq->app), route ? route->method : "",
                        route ? route->path : "", status, seconds, rq->body_seen, rq->bytes_out);
    if (mfd_app_settings(rq->app)->access_log)
        log_line(rq, status, seconds);
}
