#include "client/lib/url.h"
#include "client/mfd/command.h"
#include "client/mfd/show.h"

static const struct show_column columns[] = {
    { "name", "name", SHEET_LEFT, false, 0 },
    { "version", "version", SHEET_LEFT, false, 0 },
    { "state", "state|status", SHEET_LEFT, false, 0 },
    { "default", "default", SHEET_LEFT, false, 0 },
    { "class", "class|model_class|architecture", SHEET_LEFT, true, 0 },
    { "tracks", "tracks|sizes.tracks", SHEET_RIGHT, false, 0 },
    { "window", "window|sizes.window", SHEET_RIGHT, false, 0 },
    { "bin", "bin|sizes.bin", SHEET_RIGHT, false, 0 },
    { "biological", "biological|features.biological|sizes.biological", SHEET_RIGHT, false, 0 },
    { "technical", "technical|features.technical|sizes.technical", SHEET_RIGHT, false, 0 },
    { "genome", "genome", SHEET_LEFT, false, 0 },
    { "digest", "digest", SHEET_LEFT, true, 0 },
};

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    if (argc == 0)
        return show_listing(app, "/api/v1/models", NULL, "models", columns,
                            sizeof columns / sizeof *columns, err);
    struct mfd_buffer path = MFD_BUFFER_INIT;
    json_t *card;
    mfd_buffer_adds(&path, "/api/v1/models/");
    mfd_url_escape(&path, argv[0]);
    int status = path.failed ? mfd_fail_nomem(err)
                             : mfd_client_json(app->client, path.data, NULL, NULL, &card, err);
    mfd_buffer_deinit(&path);
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
