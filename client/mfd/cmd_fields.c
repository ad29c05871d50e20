#include "client/lib/url.h"
#include "client/mfd/command.h"
#include "client/mfd/meaning.h"
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

/* A label and a feature that it moves, a row each. */
static json_t *effect_rows(json_t *factors)
{
    json_t *rows = json_array(), *factor, *feature;
    size_t i, j;
    json_array_foreach(factors, i, factor)
    {
        json_array_foreach(json_object_get(factor, "features"), j, feature)
        {
            struct mfd_buffer meaning = MFD_BUFFER_INIT;
            meaning_add(&meaning, feature);
            json_array_append_new(rows, json_pack("{s:O*, s:O*, s:O*, s:O*, s:s*, s:O*, s:O*}",
                                                  "label", json_object_get(factor, "label"),
                                                  "tracks", json_object_get(factor, "tracks"),
                                                  "index", json_object_get(feature, "index"),
                                                  "subspace", json_object_get(feature, "subspace"),
                                                  "stands_for", meaning.data, "effect",
                                                  json_object_get(feature, "effect"), "method",
                                                  json_object_get(feature, "method")));
            mfd_buffer_deinit(&meaning);
        }
    }
    return rows;
}

/* The features that each label of a column moves most. */
static int explain(struct app *app, const char *field, struct mfd_error *err)
{
    static const struct show_column effects[] = {
        { "label", "label", SHEET_LEFT, true, 0 },
        { "tracks", "tracks", SHEET_RIGHT, false, 0 },
        { "index", "index", SHEET_RIGHT, false, 0 },
        { "subspace", "subspace", SHEET_LEFT, false, 0 },
        { "stands_for", "stands_for", SHEET_LEFT, true, 0 },
        { "effect", "effect", SHEET_RIGHT, false, 4 },
        { "method", "method", SHEET_LEFT, false, 0 },
    };
    struct mfd_buffer path = MFD_BUFFER_INIT, query = MFD_BUFFER_INIT;
    json_t *factors = NULL;
    mfd_buffer_addf(&path, "%s/features", field);
    mfd_buffer_addf(&query, "top=%u", app->set.top ? app->set.top : 3);
    int status = path.failed || query.failed
                     ? mfd_fail_nomem(err)
                     : show_fetch(app, path.data, query.data, "factors", &factors, err);
    if (status == MFD_OK) {
        json_t *rows = effect_rows(factors), *whole = json_pack("{s:O}", "factors", factors);
        status = rows && whole
                     ? show_items(app, rows, effects, sizeof effects / sizeof *effects, whole, err)
                     : mfd_fail_nomem(err);
        json_decref(whole);
        json_decref(rows);
    }
    json_decref(factors);
    mfd_buffer_deinit(&path);
    mfd_buffer_deinit(&query);
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
    if (app->set.top_given && !app->set.explain)
        status = mfd_fail_as(err, MFD_EINVAL, "usage",
                             "--top goes with --explain; --limit bounds a list");
    if (app->set.explain && !argc)
        status = mfd_fail_as(err, MFD_EINVAL, "usage", "name the column to --explain");
    if (status == MFD_OK && app->set.explain)
        status = explain(app, path.data, err);
    else if (status == MFD_OK && argc)
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
    .details = "--explain tells which latent features each label moves most (--top of them).",
    .most = 1,
    .groups = FOR_MODEL | FOR_LIST_LENGTH | FOR_EXPLAIN | FOR_TOP,
    .run = run,
};
