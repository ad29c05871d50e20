/* API keys over HTTP, for those who have the admin scope. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/app.h"
#include "server/auth.h"
#include "server/handlers/routes.h"
#include "server/reload.h"
#include "server/request.h"
#include "server/store.h"

static json_t *key_json(const struct mfd_key *key)
{
    char scopes[32];
    return json_pack("{s:s, s:s, s:s, s:f, s:I, s:o, s:b}", "id", key->id, "name", key->name,
                     "scopes", mfd_scopes_text(key->scopes, scopes), "rate", key->rate, "created",
                     (json_int_t)key->created, "expires",
                     key->expires ? json_integer((json_int_t)key->expires) : json_null(), "revoked",
                     key->revoked);
}

static void get_keys(struct mfd_request *rq)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_key *keys = NULL;
    size_t n = 0;
    if (mfd_store_keys(mfd_app_store(mfd_request_app(rq)), &keys, &n, &err) < 0) {
        mfd_reply_error(rq, &err);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, key_json(&keys[i]));
    free(keys);
    mfd_reply_json(rq, 200, json_pack("{s:o, s:n}", "keys", list, "next"));
}

/* Fill a key from {"name", "scopes", "rate"?, "days"?}. */
static int read_key(const json_t *json, struct mfd_key *key, struct mfd_error *err)
{
    const char *name = NULL, *scopes = NULL;
    double rate = 0;
    json_int_t days = 0;
    json_error_t where;
    if (json_unpack_ex((json_t *)(size_t)json, &where, JSON_STRICT, "{s:s, s:s, s?F, s?I}", "name",
                       &name, "scopes", &scopes, "rate", &rate, "days", &days) != 0)
        return mfd_fail_as(
            err, MFD_EINVAL, "invalid-value",
            "{\"name\", \"scopes\": \"read,predict,admin\", \"rate\"?, \"days\"?}: %s.",
            where.text);
    if (!name[0] || strlen(name) >= sizeof key->name)
        return mfd_fail_as(err, MFD_EINVAL, "invalid-value", "A key's name has 1 to %zu bytes.",
                           sizeof key->name - 1);
    if (!(rate >= 0 && rate <= 1e6) || days < 0 || days > 36500)
        return mfd_fail_as(
            err, MFD_EINVAL, "invalid-value",
            "'rate' goes from 0 (no limit) to 1e6, 'days' from 0 (no end) to 36500.");
    snprintf(key->name, sizeof key->name, "%s", name);
    key->rate = rate;
    key->burst = mfd_key_burst(rate);
    key->expires = days * 86400;
    return mfd_scopes_parse(scopes, &key->scopes, err);
}

static void post_key(struct mfd_request *rq)
{
    struct mfd_app *app = mfd_request_app(rq);
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_key key = { 0 };
    json_error_t where;
    char text[MFD_KEY_TEXT];
    size_t n;
    const char *body = mfd_request_body(rq, &n);
    json_t *json = json_loadb(body, n, JSON_REJECT_DUPLICATES, &where);
    if (!json) {
        mfd_reply_fail(rq, "malformed-json", "", "Line %d: %s.", where.line, where.text);
        return;
    }
    int status = read_key(json, &key, &err);
    json_decref(json);
    if (status == MFD_OK) {
        mfd_key_make(&key, text);
        key.expires = key.expires ? key.created + key.expires : 0;
        status = mfd_store_key_add(mfd_app_store(app), &key, &err);
    }
    if (status == MFD_OK)
        status = mfd_reload_keys(app, &err);
    if (status < 0) {
        mfd_reply_error(rq, &err);
        return;
    }
    json_t *made = key_json(&key);
    json_object_set_new(made, "key", json_string(text));
    mfd_reply_json(rq, 201, made);
}

static void delete_key(struct mfd_request *rq)
{
    struct mfd_app *app = mfd_request_app(rq);
    struct mfd_error err = MFD_ERROR_INIT;
    int status = mfd_store_key_revoke(mfd_app_store(app), mfd_request_param(rq, "key"), &err);
    if (status == MFD_OK)
        status = mfd_reload_keys(app, &err);
    if (status < 0)
        mfd_reply_error(rq, &err);
    else
        mfd_reply_empty(rq, 204);
}

#define ADMIN .where = MFD_ON_WORKER, .scope = MFD_SCOPE_ADMIN
const struct mfd_route mfd_routes_keys[] = {
    { "GET", "/api/v1/keys", .handle = get_keys, ADMIN },
    { "POST", "/api/v1/keys", .handle = post_key, ADMIN, .accepts = MFD_MEDIA_JSON },
    { "DELETE", "/api/v1/keys/{key}", .handle = delete_key, ADMIN },
    { 0 },
};
