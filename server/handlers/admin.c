/* Changing the registry: register, replace, load, unload, choose, delete. Each is one step for
 * everyone else: a request has the model from before it or from after it. */
#include <stdio.h>
#include <string.h>

#include "server/app.h"
#include "server/handlers/model_json.h"
#include "server/handlers/routes.h"
#include "server/registry.h"
#include "server/request.h"
#include "server/store.h"

static struct mfd_registry *registry_of(struct mfd_request *rq)
{
    return mfd_app_registry(mfd_request_app(rq));
}

/* A bundle that does not load is the client's to mend, whatever the library calls it. */
static void reply_put_error(struct mfd_request *rq, const struct mfd_error *err)
{
    if (err->slug[0] || err->status == MFD_ENOMEM || err->status == MFD_EIO)
        mfd_reply_error(rq, err);
    else
        mfd_reply_fail(rq, "invalid-value", NULL,
                       "The bundle cannot be used, and nothing has changed: %s", err->message);
}

static void reply_model(struct mfd_request *rq, int status, const char *name)
{
    struct mfd_model_info info;
    struct mfd_error err = MFD_ERROR_INIT;
    json_t *card = NULL;
    if (mfd_registry_find(registry_of(rq), name, &info, &err) < 0) {
        mfd_reply_error(rq, &err);
        return;
    }
    if (mfd_store_card(mfd_app_store(mfd_request_app(rq)), info.id, &card, &err) < 0)
        mfd_reply_error(rq, &err);
    else
        mfd_reply_json(rq, status, mfd_model_json(&info, card));
    mfd_model_info_deinit(&info);
}

/* The path in {"path": "..."}; NULL where the request has been answered. */
static json_t *read_path(struct mfd_request *rq, const char **path)
{
    size_t n;
    const char *body = mfd_request_body(rq, &n);
    json_error_t where;
    json_t *json = json_loadb(body, n, JSON_REJECT_DUPLICATES, &where);
    if (!json) {
        mfd_reply_fail(rq, "malformed-json", "", "Line %d: %s.", where.line, where.text);
        return NULL;
    }
    const char *text = json_string_value(json_object_get(json, "path"));
    if (!text || text[0] != '/' || json_object_size(json) != 1) {
        mfd_reply_fail(rq, "invalid-value", "/path",
                       "Give {\"path\": \"/absolute/path/of.mfd\"} and nothing else, or send the "
                       "bundle itself as application/octet-stream.");
        json_decref(json);
        return NULL;
    }
    *path = text;
    return json;
}

static bool forbidden_by_precondition(struct mfd_request *rq, const char *name)
{
    struct mfd_model_info info = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    char tag[MFD_MODEL_ETAG] = "";
    bool exists = mfd_registry_find(registry_of(rq), name, &info, &err) == MFD_OK && info.id;
    if (exists)
        mfd_model_etag(&info, tag);
    mfd_model_info_deinit(&info);
    return mfd_request_precondition_failed(rq, exists ? tag : NULL);
}

static void put_model(struct mfd_request *rq)
{
    const char *name = mfd_request_param(rq, "model"), *path = NULL;
    struct mfd_upload *upload = mfd_request_upload(rq);
    struct mfd_model_info info = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    bool created = false, uploaded = mfd_request_content(rq) == MFD_MEDIA_OCTETS;
    if (forbidden_by_precondition(rq, name))
        return;
    json_t *json = uploaded ? NULL : read_path(rq, &path);
    if (!uploaded && !json)
        return;
    int status = mfd_registry_put(registry_of(rq), name, path, uploaded ? upload : NULL,
                                  uploaded ? "upload" : "path", &created, &info, &err);
    json_decref(json);
    if (status < 0) {
        reply_put_error(rq, &err);
        return;
    }
    char full[160];
    snprintf(full, sizeof full, "%s@%s", info.name, info.version);
    mfd_model_info_deinit(&info);
    if (created) {
        char location[200];
        snprintf(location, sizeof location, "/api/v1/models/%s", full);
        mfd_request_set_header(rq, "Location", location);
    }
    reply_model(rq, created ? 201 : 200, full);
}

/* load, unload, default: a change by name, then the model as it is now. */
static void change(struct mfd_request *rq,
                   int (*act)(struct mfd_registry *, const char *, struct mfd_error *))
{
    struct mfd_error err = MFD_ERROR_INIT;
    const char *name = mfd_request_param(rq, "model");
    if (forbidden_by_precondition(rq, name))
        return;
    if (act(registry_of(rq), name, &err) < 0)
        reply_put_error(rq, &err);
    else
        reply_model(rq, 200, name);
}

static void load_model(struct mfd_request *rq)
{
    change(rq, mfd_registry_load);
}

static void unload_model(struct mfd_request *rq)
{
    change(rq, mfd_registry_unload);
}

static void choose_model(struct mfd_request *rq)
{
    change(rq, mfd_registry_set_default);
}

static void delete_model(struct mfd_request *rq)
{
    struct mfd_error err = MFD_ERROR_INIT;
    const char *name = mfd_request_param(rq, "model");
    if (forbidden_by_precondition(rq, name))
        return;
    if (mfd_registry_delete(registry_of(rq), name, &err) < 0)
        mfd_reply_error(rq, &err);
    else
        mfd_reply_empty(rq, 204);
}

#define ADMIN .where = MFD_ON_WORKER, .scope = MFD_SCOPE_ADMIN
const struct mfd_route mfd_routes_admin[] = {
    { "PUT", "/api/v1/models/{model}", .handle = put_model, ADMIN,
      .accepts = MFD_MEDIA_JSON | MFD_MEDIA_OCTETS, .upload = MFD_MEDIA_OCTETS },
    { "DELETE", "/api/v1/models/{model}", .handle = delete_model, ADMIN },
    { "POST", "/api/v1/models/{model}/load", .handle = load_model, ADMIN },
    { "POST", "/api/v1/models/{model}/unload", .handle = unload_model, ADMIN },
    { "POST", "/api/v1/models/{model}/default", .handle = choose_model, ADMIN },
    { 0 },
};
