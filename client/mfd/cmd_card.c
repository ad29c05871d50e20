#include "client/mfd/command.h"
#include "client/mfd/show.h"

/* The variances of every track, a row each. */
static int show_tracks(struct app *app, json_t *card, struct mfd_error *err)
{
    static const struct show_column columns[] = {
        { "track", "id", SHEET_LEFT, true, 0 },
        { "biological", "biological", SHEET_RIGHT, false, 4 },
        { "technical", "technical", SHEET_RIGHT, false, 4 },
        { "covariance", "covariance", SHEET_RIGHT, false, 4 },
        { "total", "total", SHEET_RIGHT, false, 4 },
        { "share", "share", SHEET_RIGHT, false, 3 },
    };
    json_t *tracks = show_member(card, "variance.tracks");
    return show_items(app, tracks, columns, sizeof columns / sizeof *columns, tracks, err);
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    json_t *card = NULL;
    if (argc)
        app->set.model = argv[0];
    int status = app_model_path(app, &path, "/independence", err);
    if (status == MFD_OK)
        status = mfd_client_json(app->client, path.data, NULL, NULL, &card, err);
    mfd_buffer_deinit(&path);
    if (status < 0)
        return status;
    bool rows = app->format == FORMAT_TABLE || app->format == FORMAT_TSV;
    if (rows && !app->set.by_track) /* --by-track has them */
        json_object_del(json_object_get(card, "variance"), "tracks");
    status = app->set.by_track ? show_tracks(app, card, err) : show_card(app, card, err);
    json_decref(card);
    return status;
}

const struct command command_card = {
    .name = "card",
    .arguments = "[MODEL]",
    .summary = "how well a model tells biology from technique",
    .details =
        "The disentanglement card that `mfd-model card` put into the bundle: dependence between\n"
        "the two subspaces (0 or chance is independent), and the variance of the logits by part.\n"
        "--by-track has those of every track; share is biological / (biological + technical).",
    .most = 1,
    .groups = FOR_MODEL | FOR_CARD,
    .run = run,
};
