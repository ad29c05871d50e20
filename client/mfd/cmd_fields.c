#include "client/lib/url.h"
#include "client/mfd/command.h"
#include "client/mfd/show.h"

static const struct show_column columns[] = {
    { "name", "name", SHEET_LEFT, false, 0 },
    { "type", "type", SHEET_LEFT, false, 0 },
    { "biological", "groups.biological", SHEET_LEFT, false, 0 },
    { "technical", "groups.technical", SHEET_LEFT, false, 0 },
    { "intermediate", "intermediate", SHEET_LEFT, false, 0 },
    { "labels", "n_labels", SHEET_RIGHT, false, 0 },
    { "mean", "mean", SHEET_RIGHT, false, 4 },
    { "sd", "sd", SHEET_RIGHT, false, 4 },
};

static const struct show_column labels[] = {
    { "label", "label", SHEET_LEFT, true, 0 },
    { "tracks", "count", SHEET_RIGHT, false, 0 },
};

/* A column of labels is a list of them, a column of numbers a card. */
static int show_one(struct app *app, const char *path, struct mfd_error *err)
{
    json_t *field;
    int status = mfd_client_json(app->client, path, NULL, NULL, &field, err);
    if (status < 0)
        return status;
    if (json_is_array(json_object_get(field, "labels")) && app->format != FORMAT_JSON)
        status = show_listing(app, path, NULL, "labels", labels, sizeof labels / sizeof *labels,
                              NULL, err);
    else
        status = show_card(app, field, err);
    json_decref(field);
    return status;
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    int status = app_model_path(app, &path, argc ? "/fields/" : "/fields", err);
    if (argc)
        mfd_url_escape(&path, argv[0]);
    if (status == MFD_OK && path.failed)
        status = mfd_fail_nomem(err);
    if (status == MFD_OK && argc)
        status = show_one(app, path.data, err);
    else if (status == MFD_OK)
        status = show_listing(app, path.data, NULL, "fields", columns,
                              sizeof columns / sizeof *columns, NULL, err);
    mfd_buffer_deinit(&path);
    return status;
}

const struct command command_fields = {
    .name = "fields",
    .arguments = "[COLUMN]",
    .summary = "list the metadata columns of a model, or the labels of one",
    .most = 1,
    .groups = FOR_MODEL | FOR_LIST_LENGTH,
    .run = run,
};
