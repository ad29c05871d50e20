#include "client/lib/url.h"
#include "client/mfd/command.h"
#include "client/mfd/show.h"

static const struct show_column columns[] = {
    { "name", "name", SHEET_LEFT, false, 0 },
    { "version", "version", SHEET_LEFT, true, 0 },
    { "state", "state", SHEET_LEFT, false, 0 },
    { "default", "default", SHEET_LEFT, false, 0 },
    { "class", "class", SHEET_LEFT, false, 0 },
    { "tracks", "tracks", SHEET_RIGHT, false, 0 },
    { "window", "window", SHEET_RIGHT, false, 0 },
    { "bin", "bin", SHEET_RIGHT, false, 0 },
    { "biological", "features.biological", SHEET_RIGHT, false, 0 },
    { "technical", "features.technical", SHEET_RIGHT, false, 0 },
    { "digest", "digest", SHEET_LEFT, true, 0 },
};

static int get_card(struct app *app, const char *model, json_t **card, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    mfd_buffer_adds(&path, "/api/v1/models/");
    mfd_url_escape(&path, model);
    int status = path.failed ? mfd_fail_nomem(err)
                             : mfd_client_json(app->client, path.data, NULL, NULL, card, err);
    mfd_buffer_deinit(&path);
    return status;
}

/* The list has names and states, the cards have sizes. A model that goes away meanwhile has none.
 */
static int details(struct app *app, json_t *item, json_t **more, struct mfd_error *err)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    const char *version = json_string_value(json_object_get(item, "version"));
    struct mfd_buffer full = MFD_BUFFER_INIT;
    if (!name)
        return MFD_OK;
    mfd_buffer_addf(&full, "%s%s%s", name, version ? "@" : "", version ? version : "");
    int status = full.failed ? mfd_fail_nomem(err) : get_card(app, full.data, more, err);
    mfd_buffer_deinit(&full);
    return status == MFD_ENOTFOUND ? MFD_OK : status;
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    if (argc == 0)
        return show_listing(app, "/api/v1/models", NULL, "models", columns,
                            sizeof columns / sizeof *columns, details, err);
    json_t *card;
    int status = get_card(app, argv[0], &card, err);
    if (status < 0)
        return status;
    status = show_card(app, card, err);
    json_decref(card);
    return status;
}

const struct command command_models = {
    .name = "models",
    .arguments = "[MODEL]",
    .summary = "list the models of the server, or show the card of one",
    .most = 1,
    .groups = FOR_LIST_LENGTH,
    .run = run,
};
