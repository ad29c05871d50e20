/* What the daemon says of itself: health, metrics, service-info, and where to begin. */
#include <stdio.h>

#include "proto/limits.h"
#include "server/app.h"
#include "server/exposition.h"
#include "server/handlers/routes.h"
#include "server/registry.h"
#include "server/request.h"

static void get_live(struct mfd_request *rq)
{
    mfd_reply_json(rq, 200, json_pack("{s:s}", "status", "ok"));
}

static void get_ready(struct mfd_request *rq)
{
    struct mfd_app *app = mfd_request_app(rq);
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_app_ready(app, &err) < 0) {
        if (mfd_app_state(app) == MFD_APP_STARTING)
            mfd_request_set_header(rq, "Retry-After", "1");
        mfd_reply_error(rq, &err);
        return;
    }
    json_t *failed = mfd_registry_failed_json(mfd_app_registry(app));
    mfd_reply_json(rq, 200,
                   json_pack("{s:s, s:O*}", "status", "ok", "failed",
                             json_array_size(failed) ? failed : NULL));
    json_decref(failed);
}

static void get_metrics(struct mfd_request *rq)
{
    struct mfd_buffer out = MFD_BUFFER_INIT;
    mfd_exposition_render(mfd_request_app(rq), &out);
    mfd_reply_buffer(rq, 200, MFD_MEDIA_METRICS, &out);
}

static json_t *limits_json(const struct mfd_limits *limits)
{
    static const struct mfd_limit_info table[] = MFD_LIMIT_TABLE;
    json_t *out = json_object();
    for (size_t i = 0; out && i < sizeof table / sizeof *table; i++) {
        int64_t value = *(const int64_t *)((const char *)limits + table[i].offset);
        json_object_set_new(out, table[i].name,
                            json_pack("{s:I, s:s, s:s}", "value", (json_int_t)value, "unit",
                                      table[i].unit, "description", table[i].what));
    }
    return out;
}

static void get_service_info(struct mfd_request *rq)
{
    struct mfd_app *app = mfd_request_app(rq);
    mfd_reply_json(
        rq, 200,
        json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:s, s:{s:s, s:s}, s:s, s:s, s:o}", "id",
                  "io.github.mfd", "name", "mfd", "type", "group", "io.github.mfd", "artifact",
                  "mfd", "version", "1.0.0", "description",
                  "Predictions, latent features and variant effects of Metadata-guided Feature "
                  "Disentanglement models",
                  "organization", "name", "mfd", "url", "https://github.com/HealthML/MFD",
                  "documentationUrl", "/openapi.json", "version", MFD_VERSION, "limits",
                  limits_json(mfd_app_limits(app))));
}

static void get_index(struct mfd_request *rq)
{
    mfd_reply_json(rq, 200,
                   json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s}}", "name", "mfd",
                             "version", MFD_VERSION, "links", "contract", "/openapi.json",
                             "service_info", "/service-info", "ready", "/readyz", "metrics",
                             "/metrics", "models", "/api/v1/models", "genomes", "/api/v1/genomes",
                             "jobs", "/api/v1/jobs"));
}

const struct mfd_route mfd_routes_service[] = {
    { "GET", "/", .handle = get_index, .where = MFD_ON_LOOP, .scope = MFD_SCOPE_NONE },
    { "GET", "/livez", .handle = get_live, .where = MFD_ON_LOOP, .scope = MFD_SCOPE_NONE },
    { "GET", "/readyz", .handle = get_ready, .where = MFD_ON_LOOP, .scope = MFD_SCOPE_NONE },
    { "GET", "/metrics", .handle = get_metrics, .where = MFD_ON_LOOP, .scope = MFD_SCOPE_READ,
      .offers = MFD_MEDIA_METRICS },
    { "GET", "/service-info", .handle = get_service_info, .where = MFD_ON_LOOP,
      .scope = MFD_SCOPE_NONE },
    { 0 },
};
