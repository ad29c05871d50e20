#include <string.h>

#include "client/lib/url.h"
#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/deliver.h"
#include "client/mfd/meaning.h"
#include "client/mfd/show.h"

static const char *const subspaces[] = { "biological", "technical" };

/* Members of the request, and a column of values a subspace. Left unsaid, the server gives what the
 * model has: two subspaces, or for a model without them all features in one. */
static json_t *options_of(const struct settings *set, struct rows *rows)
{
    json_t *options = compute_options(set), *wanted = json_array();
    bool both = !set->subspace || strcmp(set->subspace, "both") == 0;
    for (size_t i = 0; i < 2; i++) {
        char path[48];
        if (!both && strcmp(set->subspace, subspaces[i]) != 0)
            continue;
        snprintf(path, sizeof path, "values.%s", subspaces[i]);
        rows_add(rows, subspaces[i], path);
        json_array_append_new(wanted, json_string(subspaces[i]));
    }
    if (!set->subspace)
        rows_add(rows, "all", "values.all");
    else if (options)
        json_object_set(options, "subspaces", wanted);
    json_decref(wanted);
    return options;
}

static int compute(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct source source = { 0 };
    bool sequences;
    int status = compute_inputs(&source, &app->set, argc, argv, &sequences, err);
    if (status == MFD_OK) {
        struct rows rows = { .app = app,
                             .kind = sequences ? ROWS_SEQUENCES : ROWS_INTERVALS,
                             .features = true,
                             .by_magnitude = true,
                             .digits = 4 };
        json_t *options = options_of(&app->set, &rows);
        struct batch batch = { .app = app,
                               .path = "/api/v1/features",
                               .member = sequences ? "sequences" : "intervals",
                               .options = options,
                               .passes = compute_passes(&app->set),
                               .source = &source };
        status = options ? MFD_OK : mfd_fail_nomem(err);
        if (status == MFD_OK && app->set.explain)
            status = meaning_read(app, &rows.meanings, err);
        if (status == MFD_OK)
            status = deliver_run(&batch, &rows, NULL, err);
        rows_deinit(&rows);
        json_decref(options);
    }
    source_close(&source);
    return status;
}

/* All features of the model, or of one subspace. */
static int list(struct app *app, struct mfd_error *err)
{
    static const struct show_column columns[] = {
        { "index", "index", SHEET_RIGHT, false, 0 },
        { "subspace", "subspace", SHEET_LEFT, false, 0 },
        { "role", "role", SHEET_LEFT, false, 0 },
        { "column", "column", SHEET_LEFT, true, 0 },
        { "label", "label", SHEET_LEFT, true, 0 },
    };
    struct mfd_buffer path = MFD_BUFFER_INIT, query = MFD_BUFFER_INIT;
    const char *subspace = app->set.subspace;
    int status = app_model_path(app, &path, "/features", err);
    mfd_buffer_adds(&query, "limit=1000");
    if (subspace && strcmp(subspace, "both") != 0)
        mfd_url_query(&query, "subspace", subspace);
    if (status == MFD_OK)
        status = show_listing(app, path.data, query.data, "features", columns,
                              sizeof columns / sizeof *columns, NULL, err);
    mfd_buffer_deinit(&path);
    mfd_buffer_deinit(&query);
    return status;
}

/* Append what one feature weighs on, as rows. */
static void add_weights(json_t *rows, json_t *feature)
{
    struct mfd_buffer meaning = MFD_BUFFER_INIT, name = MFD_BUFFER_INIT;
    json_t *item;
    size_t i;
    meaning_add(&meaning, feature);
    json_array_foreach(json_object_get(feature, "factors"), i, item)
    {
        mfd_buffer_clear(&name);
        meaning_add(&name, item);
        json_array_append_new(rows, json_pack("{s:O*, s:O*, s:s*, s:s, s:s*, s:O*, s:O*}", "index",
                                              json_object_get(feature, "index"), "subspace",
                                              json_object_get(feature, "subspace"), "stands_for",
                                              meaning.data, "kind", "factor", "name", name.data,
                                              "weight", json_object_get(item, "effect"), "method",
                                              json_object_get(item, "method")));
    }
    json_array_foreach(json_object_get(feature, "tracks"), i, item)
    {
        json_array_append_new(rows, json_pack("{s:O*, s:O*, s:s*, s:s, s:O*, s:O*}", "index",
                                              json_object_get(feature, "index"), "subspace",
                                              json_object_get(feature, "subspace"), "stands_for",
                                              meaning.data, "kind", "track", "name",
                                              json_object_get(item, "track"), "weight",
                                              json_object_get(item, "weight")));
    }
    mfd_buffer_deinit(&meaning);
    mfd_buffer_deinit(&name);
}

/* The features of these indices, with the factors and tracks that they weigh on most. */
static int weigh(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    static const struct show_column columns[] = {
        { "index", "index", SHEET_RIGHT, false, 0 },
        { "subspace", "subspace", SHEET_LEFT, false, 0 },
        { "stands_for", "stands_for", SHEET_LEFT, true, 0 },
        { "kind", "kind", SHEET_LEFT, false, 0 },
        { "name", "name", SHEET_LEFT, true, 0 },
        { "weight", "weight", SHEET_RIGHT, false, 4 },
        { "method", "method", SHEET_LEFT, false, 0 },
    };
    struct mfd_buffer path = MFD_BUFFER_INIT, query = MFD_BUFFER_INIT;
    json_t *features = json_array(), *rows = json_array();
    int status = features && rows ? app_model_path(app, &path, "/features/", err) : MFD_ENOMEM;
    size_t base = path.len;
    if (app->set.top)
        mfd_buffer_addf(&query, "top=%u", app->set.top);
    for (int i = 0; i < argc && status == MFD_OK; i++) {
        json_t *feature = NULL;
        path.len = base;
        mfd_buffer_adds(&path, argv[i]);
        status = path.failed
                     ? mfd_fail_nomem(err)
                     : mfd_client_json(app->client, path.data, query.data, NULL, &feature, err);
        if (status == MFD_OK)
            add_weights(rows, feature);
        json_array_append_new(features, feature);
    }
    json_t *document = argc == 1 ? json_incref(json_array_get(features, 0))
                                 : json_pack("{s:O}", "features", features);
    if (status == MFD_OK)
        status = show_items(app, rows, columns, sizeof columns / sizeof *columns, document, err);
    json_decref(document);
    json_decref(features);
    json_decref(rows);
    mfd_buffer_deinit(&path);
    mfd_buffer_deinit(&query);
    return status;
}

static bool are_indices(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (!*argv[i] || argv[i][strspn(argv[i], "0123456789")])
            return false;
    return argc > 0;
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    const struct settings *set = &app->set;
    if (set->explain && are_indices(argc, argv))
        return weigh(app, argc, argv, err);
    if (set->explain && argc == 0 && !set->bed && !set->fasta)
        return list(app, err);
    return compute(app, argc, argv, err);
}

const struct command command_features = {
    .name = "features",
    .arguments = "[INTERVAL... | INDEX... | FILE | -]",
    .summary = "latent features of intervals or sequences, and what they stand for",
    .details =
        "Inputs as for mfd predict. Features are numbered from 0 within their subspace, and by an\n"
        "index in the model, technical ones first. --explain tells what each feature stands for;\n"
        "with no input it lists all of them, with indices the factors and tracks they weigh on.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_COMPUTE | FOR_INPUT | FOR_FEATURES | FOR_TOP | FOR_EXPLAIN |
              FOR_LIST_LENGTH,
    .run = run,
};
