/* What the Open Inference Protocol says of server and models. */
#include <stdio.h>

#include "core/base/cleanup.h"
#include "server/app.h"
#include "server/handlers/infer.h"
#include "server/handlers/routes.h"
#include "server/registry.h"
#include "server/request.h"
#include "server/served.h"

MFD_DEFINE_CLEANUP(struct mfd_served, mfd_served_unref);

static void get_server(struct mfd_request *rq)
{
    mfd_reply_json(rq, 200,
                   json_pack("{s:s, s:s, s:[s]}", "name", "mfd", "version", MFD_VERSION,
                             "extensions", "binary_tensor_data"));
}

static void get_live(struct mfd_request *rq)
{
    mfd_reply_json(rq, 200, json_pack("{s:b}", "live", 1));
}

/* The model of the path, or NULL where the request has been answered. */
static struct mfd_served *acquire(struct mfd_request *rq)
{
    const char *model = mfd_request_param(rq, "model"), *version = mfd_request_param(rq, "version");
    struct mfd_served *served = NULL;
    struct mfd_error err = MFD_ERROR_INIT;
    char name[160];
    int n = snprintf(name, sizeof name, "%s%s%s", model ? model : "", version ? "@" : "",
                     version ? version : "");
    if (n < 0 || (size_t)n >= sizeof name)
        mfd_reply_fail(rq, "model-not-found", NULL, "there is no model of such a name");
    else if (mfd_registry_acquire(mfd_app_registry(mfd_request_app(rq)), model ? name : NULL,
                                  &served, &err))
        mfd_reply_error(rq, &err);
    return served;
}

/* As /readyz. */
static void get_ready(struct mfd_request *rq)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_app_ready(mfd_request_app(rq), &err) < 0)
        mfd_reply_error(rq, &err);
    else
        mfd_reply_json(rq, 200, json_pack("{s:b}", "ready", 1));
}

static void get_model_ready(struct mfd_request *rq)
{
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = acquire(rq);
    if (served)
        mfd_reply_json(rq, 200,
                       json_pack("{s:s, s:b}", "name", mfd_served_name(served), "ready", 1));
}

static void add_output(json_t *outputs, enum mfd_infer_output what, size_t width)
{
    if (width)
        json_array_append_new(outputs, json_pack("{s:s, s:s, s:[i, I]}", "name",
                                                 mfd_infer_output_names[what], "datatype", "FP32",
                                                 "shape", -1, (json_int_t)width));
}

static void get_model(struct mfd_request *rq)
{
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = acquire(rq);
    if (!served)
        return;
    const struct mfd_config *c = mfd_model_config(mfd_served_model(served));
    json_t *outputs = json_array();
    for (unsigned i = 0; i < MFD_INFER_OUTPUTS; i++)
        add_output(outputs, i, mfd_infer_width(c, i));
    mfd_reply_json(rq, 200,
                   json_pack("{s:s, s:[s], s:s, s:[{s:s, s:s, s:[i]}], s:o, s:{s:I, s:I}}", "name",
                             mfd_served_name(served), "versions", mfd_served_version(served),
                             "platform", "mfd", "inputs", "name", "sequence", "datatype", "BYTES",
                             "shape", -1, "outputs", outputs, "parameters", "window",
                             (json_int_t)mfd_config_window(c), "published_window",
                             (json_int_t)mfd_config_published_window(c)));
}

#define MODEL "/v2/models/{model}"
#define VERSION MODEL "/versions/{version}"
#define GET_LINE(path_, handle_, scope_)                                                           \
    {                                                                                              \
        "GET", path_, .handle = handle_, .where = MFD_ON_WORKER, .scope = scope_,                  \
                      .offers = MFD_MEDIA_JSON                                                     \
    }
#define INFER_LINE(path_)                                                                          \
    {                                                                                              \
        "POST", path_, .operation = &mfd_operation_infer, .scope = MFD_SCOPE_PREDICT,              \
                       .accepts = MFD_MEDIA_JSON | MFD_MEDIA_OCTETS,                               \
                       .offers = MFD_MEDIA_JSON | MFD_MEDIA_OCTETS                                 \
    }

const struct mfd_route mfd_routes_infer[] = {
    GET_LINE("/v2", get_server, MFD_SCOPE_NONE),
    GET_LINE("/v2/health/live", get_live, MFD_SCOPE_NONE),
    { "GET", "/v2/health/ready", .handle = get_ready, .where = MFD_ON_LOOP, .scope = MFD_SCOPE_NONE,
      .offers = MFD_MEDIA_JSON },
    GET_LINE(MODEL, get_model, MFD_SCOPE_READ),
    GET_LINE(MODEL "/ready", get_model_ready, MFD_SCOPE_READ),
    GET_LINE(VERSION, get_model, MFD_SCOPE_READ),
    GET_LINE(VERSION "/ready", get_model_ready, MFD_SCOPE_READ),
    INFER_LINE(MODEL "/infer"),
    INFER_LINE(VERSION "/infer"),
    { 0 },
};
