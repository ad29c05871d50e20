#include <stdlib.h>
#include <string.h>

#include "client/lib/url.h"
#include "client/mfd/command.h"
#include "client/mfd/show.h"

#define MOST_COLUMNS 63

/* Columns of the table: those asked for, or all metadata columns of the model. The titles and paths
 * are owned by `names`. */
struct layout {
    struct list names;
    struct show_column columns[MOST_COLUMNS + 1];
    size_t n;
};

static int add_column(struct layout *layout, const char *name, struct mfd_error *err)
{
    if (layout->n > MOST_COLUMNS)
        return MFD_OK;
    struct mfd_buffer path = MFD_BUFFER_INIT;
    mfd_buffer_addf(&path, "metadata.%s|%s", name, name);
    int status = path.failed ? mfd_fail_nomem(err) : MFD_OK;
    if (status == MFD_OK)
        status = list_add_one(&layout->names, name, strlen(name), err);
    if (status == MFD_OK)
        status = list_add_one(&layout->names, path.data, path.len, err);
    mfd_buffer_deinit(&path);
    if (status == MFD_OK)
        layout->columns[layout->n++] =
            (struct show_column){ layout->names.at[layout->names.n - 2],
                                  layout->names.at[layout->names.n - 1], SHEET_LEFT, true, 4 };
    return status;
}

static int all_columns(struct app *app, struct layout *layout, const char *model,
                       struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    json_t *document, *field;
    size_t i;
    mfd_buffer_addf(&path, "%s/fields", model);
    int status = path.failed ? mfd_fail_nomem(err)
                             : mfd_client_json(app->client, path.data, NULL, NULL, &document, err);
    mfd_buffer_deinit(&path);
    if (status < 0)
        return status;
    json_array_foreach(json_object_get(document, "fields"), i, field)
    {
        const char *name = json_string_value(show_member(field, "name|column|id"));
        if (name && status == MFD_OK)
            status = add_column(layout, name, err);
    }
    json_decref(document);
    return status;
}

static int choose_columns(struct app *app, struct layout *layout, const char *model,
                          struct mfd_error *err)
{
    layout->columns[layout->n++] = (struct show_column){ "id", "id", SHEET_LEFT, false, 0 };
    if (!app->set.columns)
        return all_columns(app, layout, model, err);
    struct list asked = { 0 };
    int status = list_add(&asked, app->set.columns, err);
    for (size_t i = 0; i < asked.n && status == MFD_OK; i++)
        if (strcmp(asked.at[i], "id") != 0)
            status = add_column(layout, asked.at[i], err);
    list_deinit(&asked);
    return status;
}

/* --where COLUMN=LABEL,... becomes one COLUMN=LABEL a label. */
static int filters(const struct settings *set, struct mfd_buffer *query, struct mfd_error *err)
{
    for (size_t i = 0; i < set->where.n; i++) {
        char *column = set->where.at[i], *equals = strchr(column, '=');
        struct list labels = { 0 };
        *equals = '\0';
        int status =
            equals[1] ? list_add(&labels, equals + 1, err) : list_add_one(&labels, "", 0, err);
        for (size_t j = 0; j < labels.n && status == MFD_OK; j++)
            mfd_url_query(query, column, labels.at[j]);
        *equals = '=';
        list_deinit(&labels);
        if (status < 0)
            return status;
    }
    if (set->search)
        mfd_url_query(query, "q", set->search);
    return query->failed ? mfd_fail_nomem(err) : MFD_OK;
}

/* How many of the tracks have each label of a column. */
static int show_counts(struct app *app, const char *model, struct mfd_error *err)
{
    const struct show_column columns[] = { { app->set.count_by, "label", SHEET_LEFT, true, 0 },
                                           { "tracks", "count", SHEET_RIGHT, false, 0 } };
    struct mfd_buffer path = MFD_BUFFER_INIT, query = MFD_BUFFER_INIT;
    int status = filters(&app->set, &query, err);
    mfd_buffer_addf(&path, "%s/tracks", model);
    mfd_url_query(&query, "facet", app->set.count_by);
    if (status == MFD_OK && (path.failed || query.failed))
        status = mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = show_listing(app, path.data, query.data, "counts", columns, 2, NULL, err);
    mfd_buffer_deinit(&path);
    mfd_buffer_deinit(&query);
    return status;
}

static int show_one(struct app *app, const char *model, const char *id, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    json_t *card;
    mfd_buffer_addf(&path, "%s/tracks/", model);
    mfd_url_escape(&path, id);
    int status = path.failed ? mfd_fail_nomem(err)
                             : mfd_client_json(app->client, path.data, NULL, NULL, &card, err);
    mfd_buffer_deinit(&path);
    if (status < 0)
        return status;
    status = show_card(app, card, err);
    json_decref(card);
    return status;
}

/* GET a document about a track: PATH/NAME?QUERY. */
static int ask_about(struct app *app, const char *track, const char *name, const char *query,
                     json_t **document, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    mfd_buffer_addf(&path, "%s/%s", track, name);
    int status = path.failed ? mfd_fail_nomem(err)
                             : mfd_client_json(app->client, path.data, query, NULL, document, err);
    mfd_buffer_deinit(&path);
    return status;
}

static const char *const groups[2] = { "biological", "technical" };

/* Columns that make the track what it is, and its neighbours, by either group. */
static json_t *about_rows(json_t *decomposition, json_t *const nearest[2])
{
    json_t *rows = json_array(), *item;
    size_t i;
    for (size_t g = 0; g < 2; g++) {
        json_t *group = json_object_get(decomposition, groups[g]);
        json_array_foreach(json_object_get(group, "columns"), i, item)
        {
            json_array_append_new(rows, json_pack("{s:s, s:s, s:O*, s:O*, s:O*}", "kind", "column",
                                                  "group", groups[g], "name",
                                                  json_object_get(item, "column"), "share",
                                                  json_object_get(item, "share"), "method",
                                                  json_object_get(item, "method")));
        }
    }
    for (size_t g = 0; g < 2; g++) {
        json_array_foreach(json_object_get(nearest[g], "nearest"), i, item)
        {
            json_array_append_new(
                rows, json_pack("{s:s, s:s, s:O*, s:O*, s:O*}", "kind", "nearest", "group",
                                groups[g], "name", json_object_get(item, "track"), "biological",
                                show_member(item, "cosine.biological"), "technical",
                                show_member(item, "cosine.technical")));
        }
    }
    return rows;
}

/* What the columns of a track add to its weights, and which tracks are like it. */
static int explain(struct app *app, const char *model, const char *id, struct mfd_error *err)
{
    static const struct show_column columns[] = {
        { "kind", "kind", SHEET_LEFT, false, 0 },
        { "group", "group", SHEET_LEFT, false, 0 },
        { "name", "name", SHEET_LEFT, true, 0 },
        { "share", "share", SHEET_RIGHT, false, 3 },
        { "method", "method", SHEET_LEFT, false, 0 },
        { "cosine_biological", "biological", SHEET_RIGHT, false, 3 },
        { "cosine_technical", "technical", SHEET_RIGHT, false, 3 },
    };
    struct mfd_buffer track = MFD_BUFFER_INIT, query = MFD_BUFFER_INIT;
    json_t *decomposition = NULL, *nearest[2] = { NULL, NULL };
    mfd_buffer_addf(&track, "%s/tracks/", model);
    mfd_url_escape(&track, id);
    int status = track.failed
                     ? mfd_fail_nomem(err)
                     : ask_about(app, track.data, "decomposition", NULL, &decomposition, err);
    for (size_t g = 0; g < 2 && status == MFD_OK; g++) {
        mfd_buffer_clear(&query);
        mfd_buffer_addf(&query, "by=%s&top=%u", groups[g], app->set.top ? app->set.top : 5);
        status = query.failed ? mfd_fail_nomem(err)
                              : ask_about(app, track.data, "nearest", query.data, &nearest[g], err);
    }
    json_t *whole = json_pack("{s:O*, s:{s:O*, s:O*}}", "decomposition", decomposition, "nearest",
                              groups[0], json_object_get(nearest[0], "nearest"), groups[1],
                              json_object_get(nearest[1], "nearest"));
    json_t *rows = about_rows(decomposition, nearest);
    if (status == MFD_OK)
        status = show_items(app, rows, columns, sizeof columns / sizeof *columns, whole, err);
    json_t *const owned[] = { decomposition, nearest[0], nearest[1], whole, rows };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        json_decref(owned[i]);
    mfd_buffer_deinit(&track);
    mfd_buffer_deinit(&query);
    return status;
}

static int show_all(struct app *app, const char *model, struct mfd_error *err)
{
    struct layout layout = { 0 };
    struct mfd_buffer path = MFD_BUFFER_INIT, query = MFD_BUFFER_INIT;
    int status = filters(&app->set, &query, err);
    bool rows = app->format == FORMAT_TABLE || app->format == FORMAT_TSV;
    if (status == MFD_OK && rows)
        status = choose_columns(app, &layout, model, err);
    mfd_buffer_addf(&path, "%s/tracks", model);
    if (status == MFD_OK && path.failed)
        status = mfd_fail_nomem(err);
    if (status == MFD_OK)
        status =
            show_listing(app, path.data, query.data, "tracks", layout.columns, layout.n, NULL, err);
    mfd_buffer_deinit(&path);
    mfd_buffer_deinit(&query);
    list_deinit(&layout.names);
    return status;
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct mfd_buffer model = MFD_BUFFER_INIT;
    int status = app_model_path(app, &model, NULL, err);
    if (app->set.top_given && !app->set.explain)
        status = mfd_fail_as(err, MFD_EINVAL, "usage",
                             "--top goes with --explain; --limit bounds a list");
    if (app->set.explain && !argc)
        status = mfd_fail_as(err, MFD_EINVAL, "usage", "name the track to --explain");
    if (status == MFD_OK)
        status = app->set.explain    ? explain(app, model.data, argv[0], err)
                 : argc              ? show_one(app, model.data, argv[0], err)
                 : app->set.count_by ? show_counts(app, model.data, err)
                                     : show_all(app, model.data, err);
    mfd_buffer_deinit(&model);
    return status;
}

const struct command command_tracks = {
    .name = "tracks",
    .arguments = "[TRACK]",
    .summary = "list the tracks of a model, or show one",
    .details =
        "Filters narrow: --where proc_target=CTCF,MAX --where Biosample_term_name=HepG2 are\n"
        "the tracks of either target in HepG2. `mfd fields` names the columns.\n"
        "--explain, of one: what each metadata column adds to its output weights, and the --top\n"
        "tracks like it by biology and by technique (cosines of the weights).",
    .most = 1,
    .groups = FOR_MODEL | FOR_WHERE | FOR_LIST | FOR_LIST_LENGTH | FOR_EXPLAIN | FOR_TOP,
    .run = run,
};
