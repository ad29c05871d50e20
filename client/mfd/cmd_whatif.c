/* Experiments that nobody ran: one of them beside the real ones most like it, or two of them and
 * the difference between them. */
#include <stdlib.h>
#include <string.h>

#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/likeness.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

MFD_DEFINE_CLEANUP(struct sheet, sheet_free);

enum { TOTAL, BIOLOGICAL, TECHNICAL, PARTS };
static const char *const parts[PARTS] = { "total", "biological", "technical" };

struct virtual
{
    struct app *app;
    json_t *fields;   /* owned: the model's columns, for their types */
    json_t *settings; /* owned: [{"id", "metadata"}], one for whatif, two for compare */
    struct rows rows; /* for the metadata of real tracks */
    json_t *near;     /* owned: ids of real tracks, the most alike first */
    json_t *shared;   /* owned: id -> how many settings it shares */
    json_t *bins;     /* owned: results of the intervals, each with members "virtual" and "real" */
    json_t *head[2];  /* owned: of the answers for virtual and for real tracks */
    size_t pass, next;
};

/* The type of a metadata column, or NULL where the model has none of that name. */
static const char *type_of(const struct virtual *v, const char *column)
{
    json_t *field;
    size_t i;
    json_array_foreach(json_object_get(v->fields, "fields"), i, field)
    {
        const char *name = json_string_value(json_object_get(field, "name"));
        if (name && strcmp(name, column) == 0)
            return json_string_value(json_object_get(field, "type"));
    }
    return NULL;
}

/* COLUMN=VALUE into a metadata object: numbers for columns of numbers, otherwise labels. */
static int set_value(const struct virtual *v, json_t *metadata, const char *entry,
                     struct mfd_error *err)
{
    size_t n = strcspn(entry, "=");
    MFD_AUTO_FREE char *column = mfd_strndup(entry, n);
    const char *value = entry + n + 1, *type = column ? type_of(v, column) : NULL;
    bool number = type && *value && (strcmp(type, "float") == 0 || strcmp(type, "int") == 0);
    double x = 0;
    if (!column)
        return mfd_fail_nomem(err);
    if (number && !mfd_parse_double(value, strlen(value), &x))
        return compute_misuse(err, "%.100s takes a number, not '%.100s'", column, value);
    if (json_object_set_new(metadata, column, number ? json_real(x) : likeness_labels(value)) < 0)
        return compute_misuse(err, "'%.100s' is not valid UTF-8", entry);
    return MFD_OK;
}

static int add_setting(struct virtual *v, const char *id, const struct list *own,
                       struct mfd_error *err)
{
    const struct settings *set = &v->app->set;
    json_t *metadata = json_object(), *bias = NULL;
    const struct list *const lists[] = { &set->set, own };
    int status = metadata ? MFD_OK : mfd_fail_nomem(err);
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; lists[l] && i < lists[l]->n && status == MFD_OK; i++)
            status = set_value(v, metadata, lists[l]->at[i], err);
    if (status == MFD_OK && !json_object_size(metadata))
        status = compute_misuse(err, "say what the experiment is: --set COLUMN=VALUE (`mfd fields` "
                                     "names the columns)");
    double x;
    if (set->bias)
        bias = mfd_parse_double(set->bias, strlen(set->bias), &x) ? json_real(x)
                                                                  : json_string(set->bias);
    json_t *setting = status == MFD_OK ? json_pack("{s:s, s:O, s:s*, s:O*}", "id", id, "metadata",
                                                   metadata, "like", set->like, "bias", bias)
                                       : NULL;
    if (status == MFD_OK && json_array_append_new(v->settings, setting) < 0)
        status = mfd_fail_nomem(err);
    json_decref(bias);
    json_decref(metadata);
    return status;
}

/* What the experiment is in every column of the model: as set, else as the track that it is like.
 */
static json_t *all_settings(const struct virtual *v)
{
    json_t *all = json_copy(json_object_get(json_array_get(v->settings, 0), "metadata")), *field;
    json_t *like = v->app->set.like ? json_object_get(v->rows.metadata, v->app->set.like) : NULL;
    size_t i;
    json_array_foreach(json_object_get(v->fields, "fields"), i, field)
    {
        const char *name = json_string_value(json_object_get(field, "name"));
        json_t *cell = name ? json_object_get(like, name) : NULL;
        if (all && cell && !json_object_get(all, name))
            json_object_set(all, name, cell);
    }
    return all;
}

/* The real tracks that share most settings, in the model's order where they share as many. */
static int find_near(struct virtual *v, size_t most, struct mfd_error *err)
{
    const char *id;
    int status = rows_read_metadata(&v->rows, err);
    json_t *settings = status == MFD_OK ? all_settings(v) : NULL, *metadata;
    if (status == MFD_OK && !settings)
        return mfd_fail_nomem(err);
    for (size_t level = json_object_size(settings); level > 0 && status == MFD_OK; level--) {
        json_object_foreach(v->rows.metadata, id, metadata)
        {
            if (json_array_size(v->near) >= most || likeness_count(settings, metadata) != level)
                continue;
            json_array_append_new(v->near, json_string(id));
            json_object_set_new(v->shared, id, json_integer((json_int_t)level));
        }
    }
    json_decref(settings);
    return status;
}

static int on_head(void *arg, json_t *line, struct mfd_error *err)
{
    struct virtual *v = arg;
    (void)err;
    v->head[v->pass] = json_incref(line);
    v->next = 0;
    return MFD_OK;
}

/* Results of the first pass are kept, those of the second laid beside them. */
static int on_result(void *arg, json_t *result, json_t *input, struct mfd_error *err)
{
    static const char *const names[] = { "virtual", "real" };
    struct virtual *v = arg;
    (void)input;
    if (v->pass == 0)
        json_array_append_new(v->bins, json_object());
    json_t *both = json_array_get(v->bins, v->next++);
    return json_object_set(both, names[v->pass], result) < 0 ? mfd_fail_nomem(err) : MFD_OK;
}

static int ask(struct virtual *v, struct mfd_error *err, int argc, char **argv)
{
    struct source source = { 0 };
    bool sequences = false;
    json_t *options = compute_options(&v->app->set);
    json_t *wanted = json_pack("[s,s,s]", parts[0], parts[1], parts[2]);
    int status = compute_inputs(&source, &v->app->set, argc, argv, &sequences, err);
    if (status == MFD_OK && (!options || !wanted))
        status = mfd_fail_nomem(err);
    if (status == MFD_OK && source.kind != SOURCE_WORDS)
        status = compute_misuse(err, "name the intervals, such as chr20:42,984,161-42,984,444");
    if (status == MFD_OK) {
        json_object_set(options, "components", wanted);
        json_object_set_new(options, "scale", json_string("logit"));
        if (v->pass == 0)
            json_object_set(options, "virtual_tracks", v->settings);
        else
            json_object_set_new(options, "tracks", json_pack("{s:O}", "ids", v->near));
    }
    const struct batch batch = { .app = v->app,
                                 .path = "/api/v1/predict",
                                 .member = sequences ? "sequences" : "intervals",
                                 .options = options,
                                 .passes = compute_passes(&v->app->set),
                                 .source = &source,
                                 .arg = v,
                                 .head = on_head,
                                 .result = on_result,
                                 .by_hand = true };
    if (status == MFD_OK) {
        v->app->ok = v->app->skipped = v->app->failed = 0; /* each input counts once */
        status = batch_run(&batch, err);
    }
    source_close(&source);
    json_decref(options);
    json_decref(wanted);
    return status;
}

static double value(json_t *bin, size_t part, size_t track)
{
    json_t *values = json_object_get(json_object_get(bin, "values"), parts[part]);
    return json_number_value(json_array_get(values, track));
}

static int put_row(struct virtual *v, struct sheet *sheet, json_t *result, json_t *bin,
                   const char *name, const double x[PARTS], struct mfd_error *err)
{
    json_t *shared = json_object_get(v->shared, name);
    show_cell(sheet, json_object_get(result, "chrom"), 0);
    show_cell(sheet, json_object_get(bin, "start"), 0);
    show_cell(sheet, json_object_get(bin, "end"), 0);
    sheet_text(sheet, name);
    show_cell(sheet, shared, 0);
    for (size_t p = 0; p < PARTS; p++)
        sheet_number(sheet, x[p], 4);
    return sheet_end_row(sheet, err);
}

/* The rows of one bin: virtual tracks, their difference where there are two, real tracks. */
static int put_bin(struct virtual *v, struct sheet *sheet, json_t *both, size_t b,
                   struct mfd_error *err)
{
    json_t *result = json_object_get(both, "virtual");
    json_t *bin = json_array_get(json_object_get(result, "bins"), b);
    json_t *real = json_array_get(json_object_get(json_object_get(both, "real"), "bins"), b);
    size_t n = json_array_size(v->settings);
    double x[2][PARTS] = { { 0 } }, difference[PARTS];
    int status = MFD_OK;
    for (size_t t = 0; t < n && status == MFD_OK; t++) {
        for (size_t p = 0; p < PARTS; p++)
            x[t][p] = value(bin, p, t);
        const char *id = json_string_value(json_object_get(json_array_get(v->settings, t), "id"));
        status = put_row(v, sheet, result, bin, id, x[t], err);
    }
    for (size_t p = 0; p < PARTS; p++)
        difference[p] = x[0][p] - x[1][p];
    if (n == 2 && status == MFD_OK)
        status = put_row(v, sheet, result, bin, "a - b", difference, err);
    for (size_t t = 0; real && t < json_array_size(v->near) && status == MFD_OK; t++) {
        for (size_t p = 0; p < PARTS; p++)
            x[0][p] = value(real, p, t);
        status = put_row(v, sheet, result, bin, json_string_value(json_array_get(v->near, t)), x[0],
                         err);
    }
    return status;
}

static int show_rows(struct virtual *v, struct mfd_error *err)
{
    static const struct sheet_column columns[] = {
        { "chrom", SHEET_LEFT, false, true },        { "start", SHEET_RIGHT, false, true },
        { "end", SHEET_RIGHT, false, true },         { "track", SHEET_LEFT, true, false },
        { "shared", SHEET_RIGHT, false, true },      { "total", SHEET_RIGHT, false, false },
        { "biological", SHEET_RIGHT, false, false }, { "technical", SHEET_RIGHT, false, false },
    };
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    json_t *both;
    size_t i;
    int status = sheet_new(&sheet, v->app->out, &v->app->style, columns, 8, err);
    json_array_foreach(v->bins, i, both)
    {
        json_t *result = json_object_get(both, "virtual");
        size_t n = json_array_size(json_object_get(result, "bins"));
        for (size_t b = 0; b < n && status == MFD_OK; b++)
            status = put_bin(v, sheet, both, b, err);
        if (n == 0) /* the reason is the server's */
            app_note(v->app, "input %zu: %s", i,
                     json_string_value(show_member(result, "problem.detail")));
    }
    return status < 0 ? status : sheet_flush(sheet, err);
}

static int show(struct virtual *v, struct mfd_error *err)
{
    if (v->app->format != FORMAT_JSON && v->app->format != FORMAT_NDJSON)
        return show_rows(v, err);
    json_t *whole = json_pack(
        "{s:O*, s:O, s:O, s:O, s:O}", "provenance", json_object_get(v->head[0], "provenance"),
        "virtual_tracks", v->settings, "tracks", v->near, "shared", v->shared, "results", v->bins);
    int status = !whole                          ? mfd_fail_nomem(err)
                 : v->app->format == FORMAT_JSON ? show_json(v->app, whole, err)
                                                 : show_line(v->app, whole, err);
    json_decref(whole);
    return status;
}

static int begin(struct virtual *v, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    v->settings = json_array();
    v->near = json_array();
    v->shared = json_object();
    v->bins = json_array();
    int status = v->settings && v->near && v->shared && v->bins ? MFD_OK : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = app_model_path(v->app, &path, "/fields", err);
    if (status == MFD_OK)
        status = mfd_client_json(v->app->client, path.data, NULL, NULL, &v->fields, err);
    mfd_buffer_deinit(&path);
    return status;
}

static void end(struct virtual *v)
{
    json_t *const owned[] = { v->fields, v->settings, v->near,   v->shared,
                              v->bins,   v->head[0],  v->head[1] };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        json_decref(owned[i]);
    rows_deinit(&v->rows);
}

static int run_whatif(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct virtual v = { .app = app, .rows = { .app = app } };
    size_t most = app->set.top_given ? app->set.top : 3;
    int status = begin(&v, err);
    if (status == MFD_OK)
        status = add_setting(&v, "what if", NULL, err);
    if (status == MFD_OK)
        status = ask(&v, err, argc, argv);
    if (status == MFD_OK && most)
        status = find_near(&v, most, err);
    v.pass = 1;
    if (status == MFD_OK && json_array_size(v.near))
        status = ask(&v, err, argc, argv);
    if (status == MFD_OK)
        status = show(&v, err);
    end(&v);
    return status;
}

static int run_compare(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct virtual v = { .app = app, .rows = { .app = app } };
    if (!app->set.a.n || !app->set.b.n)
        return compute_misuse(err, "say what is compared: --a COLUMN=VALUE and --b COLUMN=VALUE");
    int status = begin(&v, err);
    if (status == MFD_OK)
        status = add_setting(&v, "a", &app->set.a, err);
    if (status == MFD_OK)
        status = add_setting(&v, "b", &app->set.b, err);
    if (status == MFD_OK)
        status = ask(&v, err, argc, argv);
    if (status == MFD_OK)
        status = show(&v, err);
    end(&v);
    return status;
}

const struct command command_whatif = {
    .name = "whatif",
    .arguments = "INTERVAL...",
    .summary = "an experiment that nobody ran, beside the real ones most like it",
    .details =
        "--set says what it is, a column at a time; columns left out are those of the track that\n"
        "--like names. --set COLUMN=A,B is both labels, COLUMN= a missing value. Logits.\n"
        "The real tracks are those that share most of the settings; shared counts them.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_NETWORK | FOR_VIRTUAL | FOR_TOP,
    .run = run_whatif,
};

const struct command command_compare = {
    .name = "compare",
    .arguments = "INTERVAL...",
    .summary = "two experiments at the same place, everything else held equal",
    .details =
        "--a and --b say where they differ, --set what they share. Logits, and their difference.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_NETWORK | FOR_VIRTUAL | FOR_COMPARE,
    .run = run_compare,
};
