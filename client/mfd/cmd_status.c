#include <string.h>

#include "client/mfd/command.h"
#include "client/mfd/show.h"

/* Ask one health endpoint; a refusal is an answer too: false and why. */
static int probe(struct app *app, const char *path, json_t *into, const char *name,
                 struct mfd_error *err)
{
    struct mfd_client_request request = { .path = path, .accept = "*/*" };
    struct mfd_client_reply reply = MFD_CLIENT_REPLY_INIT;
    int status = mfd_client_send(app->client, &request, &reply, err);
    mfd_client_reply_deinit(&reply);
    if (status < 0 && status != MFD_EBUSY)
        return status;
    json_object_set_new(into, name, json_boolean(status == MFD_OK));
    return MFD_OK;
}

/* For people: one line a limit, "16777216 bytes". */
static void shorten_limits(json_t *service)
{
    json_t *limits = json_object_get(service, "limits"), *limit;
    const char *name;
    void *next;
    json_object_foreach_safe(limits, next, name, limit)
    {
        const char *unit = json_string_value(json_object_get(limit, "unit"));
        json_t *value = json_object_get(limit, "value");
        if (unit && json_is_integer(value))
            json_object_set_new(
                limits, name, json_sprintf("%lld %s", (long long)json_integer_value(value), unit));
    }
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    (void)argc, (void)argv;
    json_t *answer = json_pack("{s:s}", "server", mfd_client_server(app->client)), *info = NULL;
    if (!answer)
        return mfd_fail_nomem(err);
    int status = probe(app, "/livez", answer, "live", err);
    if (status == MFD_OK)
        status = probe(app, "/readyz", answer, "ready", err);
    bool ready = json_is_true(json_object_get(answer, "ready"));
    if (status == MFD_OK)
        status = mfd_client_json(app->client, "/service-info", NULL, NULL, &info, err);
    if (status == MFD_OK && json_object_set_new(answer, "service", info) < 0)
        status = mfd_fail_nomem(err);
    if (app->format == FORMAT_TABLE)
        shorten_limits(info);
    if (status == MFD_OK)
        status = show_card(app, answer, err);
    if (status == MFD_OK && !ready)
        status = mfd_fail_as(err, MFD_EBUSY, "model-not-ready", "the server is not ready yet");
    json_decref(answer);
    return status;
}

const struct command command_status = {
    .name = "status",
    .alias = "health",
    .arguments = "",
    .summary = "is the server there and ready, what are its limits",
    .details =
        "Ends with 0 where the server is ready, 3 where it cannot be reached and 5 where it\n"
        "is still loading; add --retries 0 to be told at once.",
    .run = run,
};
