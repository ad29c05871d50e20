#include "client/lib/url.h"
#include "client/mfd/command.h"
#include "client/mfd/show.h"

static const struct show_column columns[] = {
    { "name", "name|column|id", SHEET_LEFT, false, 0 },
    { "group", "group|groups", SHEET_LEFT, false, 0 },
    { "role", "role|roles", SHEET_LEFT, false, 0 },
    { "type", "type", SHEET_LEFT, false, 0 },
    { "labels", "label_count|n_labels|labels_count", SHEET_RIGHT, false, 0 },
    { "mean", "mean", SHEET_RIGHT, false, 4 },
    { "sd", "sd|std", SHEET_RIGHT, false, 4 },
};

static const struct show_column labels[] = {
    { "label", "label|name", SHEET_LEFT, true, 0 },
    { "tracks", "tracks|count", SHEET_RIGHT, false, 0 },
};

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    int status = app_model_path(app, &path, argc ? "/fields/" : "/fields", err);
    if (argc)
        mfd_url_escape(&path, argv[0]);
    if (status == MFD_OK && path.failed)
        status = mfd_fail_nomem(err);
    if (status == MFD_OK && !argc)
        status = show_listing(app, path.data, NULL, "fields", columns,
                              sizeof columns / sizeof *columns, err);
    else if (status == MFD_OK)
        status = show_listing(app, path.data, NULL, "labels", labels,
                              sizeof labels / sizeof *labels, err);
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
