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
    if (status == MFD_OK)
        status = argc                ? show_one(app, model.data, argv[0], err)
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
        "the tracks of either target in HepG2. `mfd fields` names the columns.",
    .most = 1,
    .groups = FOR_MODEL | FOR_WHERE | FOR_LIST | FOR_LIST_LENGTH,
    .run = run,
};
