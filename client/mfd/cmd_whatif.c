/* Experiments that nobody ran: one of them beside the real ones most like it, or two of them and
 * the difference between them. */
#include <stdlib.h>
#include <string.h>

#include "client/lib/text.h"
#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/contrast.h"
#include "client/mfd/experiment.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"

#define MOST_NEAR 100 /* tracks that the server names */

MFD_DEFINE_CLEANUP(struct sheet, sheet_free);

struct virtual
{
    struct app *app;
    json_t *fields;     /* owned: the model's columns, for their types */
    json_t *settings;   /* owned: [{"id", "metadata"}], one for whatif, two for compare */
    json_t *resolution; /* owned: is the setting supported, and which tracks are near; or NULL */
    json_t *near;       /* owned: their ids, the nearest first */
    json_t *distance;   /* owned: id -> how far its weights are from those of the setting */
    json_t *head[2];    /* owned: of the answers for virtual and for real tracks */
    json_t *results[2]; /* owned: the same, a result an interval */
};

/* Ask the server whether the setting is supported, and which real tracks are nearest to it. */
static int resolve(struct virtual *v, size_t most, struct mfd_error *err)
{
    const struct settings *set = &v->app->set;
    json_t *answer = NULL, *track;
    size_t i;
    json_t *request =
        json_pack("{s:s*, s:[O], s:s*, s:I}", "model", set->model, "combinations",
                  json_object_get(json_array_get(v->settings, 0), "metadata"), "like", set->like,
                  "nearest", (json_int_t)(most < MOST_NEAR ? most : MOST_NEAR));
    int status = request ? mfd_client_json(v->app->client, "/api/v1/metadata/resolve", NULL,
                                           request, &answer, err)
                         : mfd_fail_nomem(err);
    json_decref(request);
    if (status < 0)
        return status;
    v->resolution = json_incref(json_array_get(json_object_get(answer, "results"), 0));
    json_array_foreach(json_object_get(v->resolution, "nearest"), i, track)
    {
        const char *id = json_string_value(json_object_get(track, "track"));
        if (id && json_array_append_new(v->near, json_string(id)) == 0)
            json_object_set(v->distance, id, json_object_get(track, "distance"));
    }
    json_decref(answer);
    return MFD_OK;
}

/* Predictions of the intervals: `which` 0 of the virtual tracks, 1 of the real ones near them. */
static int ask(struct virtual *v, int which, int argc, char **argv, struct mfd_error *err)
{
    struct source source = { 0 };
    json_t *options = compute_options(&v->app->set);
    bool ok = options && json_object_set_new(options, "scale", json_string("logit")) == 0;
    if (which == 0)
        ok = ok && json_object_set(options, "virtual_tracks", v->settings) == 0;
    else
        ok = ok && json_object_set_new(options, "tracks", json_pack("{s:O}", "ids", v->near)) == 0;
    source_words(&source, argv, (size_t)argc);
    v->app->ok = v->app->skipped = v->app->failed = 0; /* each input counts once */
    int status = ok ? compute_collect(v->app, "/api/v1/predict", "intervals", options,
                                      compute_passes(&v->app->set), &source, &v->head[which],
                                      &v->results[which], err)
                    : mfd_fail_nomem(err);
    source_close(&source);
    json_decref(options);
    return status;
}

static double value(json_t *bin, size_t part, size_t track)
{
    json_t *values = json_object_get(json_object_get(bin, "values"), compute_parts[part]);
    return json_number_value(json_array_get(values, track));
}

static int put_row(struct virtual *v, struct sheet *sheet, json_t *result, json_t *bin,
                   const char *name, const double x[PARTS], struct mfd_error *err)
{
    json_t *distance = json_object_get(v->distance, name);
    show_cell(sheet, json_object_get(result, "chrom"), 0);
    show_cell(sheet, json_object_get(bin, "start"), 0);
    show_cell(sheet, json_object_get(bin, "end"), 0);
    sheet_text(sheet, name);
    show_cell(sheet, distance, 3);
    for (size_t p = 0; p < PARTS; p++)
        sheet_number(sheet, x[p], 4);
    return sheet_end_row(sheet, err);
}

/* The rows of bin b of interval i: virtual tracks, their difference where there are two, real
 * tracks. */
static int put_bin(struct virtual *v, struct sheet *sheet, size_t i, size_t b,
                   struct mfd_error *err)
{
    json_t *result = json_array_get(v->results[0], i);
    json_t *bin = json_array_get(json_object_get(result, "bins"), b);
    json_t *real = json_array_get(json_object_get(json_array_get(v->results[1], i), "bins"), b);
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

static void put_verdict(struct virtual *v, const char *verdict, const char *reason)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_text_clean(&text, verdict, strlen(verdict));
    mfd_buffer_adds(&text, ": ");
    mfd_text_clean(&text, reason, strlen(reason));
    if (!text.failed)
        fprintf(v->app->out, "\n%s.\n", text.data);
    mfd_buffer_deinit(&text);
}

static int show_rows(struct virtual *v, struct mfd_error *err)
{
    static const struct sheet_column columns[] = {
        { "chrom", SHEET_LEFT, false, true },        { "start", SHEET_RIGHT, false, true },
        { "end", SHEET_RIGHT, false, true },         { "track", SHEET_LEFT, true, false },
        { "distance", SHEET_RIGHT, false, true },    { "total", SHEET_RIGHT, false, false },
        { "biological", SHEET_RIGHT, false, false }, { "technical", SHEET_RIGHT, false, false },
    };
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    json_t *result;
    size_t i;
    int status = sheet_new(&sheet, v->app->out, &v->app->style, columns, 8, err);
    json_array_foreach(v->results[0], i, result)
    {
        size_t n = json_array_size(json_object_get(result, "bins"));
        for (size_t b = 0; b < n && status == MFD_OK; b++)
            status = put_bin(v, sheet, i, b, err);
        if (n == 0) /* the reason is the server's */
            app_note(v->app, "input %zu: %s", i,
                     json_string_value(show_member(result, "problem.detail")));
    }
    if (status == MFD_OK)
        status = sheet_flush(sheet, err);
    const char *verdict = json_string_value(json_object_get(v->resolution, "verdict"));
    const char *reason = json_string_value(json_object_get(v->resolution, "reason"));
    if (status == MFD_OK && verdict && reason && v->app->format == FORMAT_TABLE)
        put_verdict(v, verdict, reason);
    return status;
}

static int show(struct virtual *v, struct mfd_error *err)
{
    if (v->app->format != FORMAT_JSON && v->app->format != FORMAT_NDJSON)
        return show_rows(v, err);
    json_t *whole = json_pack("{s:O*, s:O, s:O*, s:O, s:O, s:O*}", "provenance",
                              json_object_get(v->head[0], "provenance"), "virtual_tracks",
                              v->settings, "resolution", v->resolution, "tracks", v->near,
                              "results", v->results[0], "real", v->results[1]);
    int status = !whole                          ? mfd_fail_nomem(err)
                 : v->app->format == FORMAT_JSON ? show_json(v->app, whole, err)
                                                 : show_line(v->app, whole, err);
    json_decref(whole);
    return status;
}

static int begin(struct virtual *v, int argc, char **argv, struct mfd_error *err)
{
    if (argc == 0 || strcmp(argv[0], "-") == 0)
        return compute_misuse(err, "name the intervals, such as chr20:42,984,161-42,984,444");
    v->settings = json_array();
    v->near = json_array();
    v->distance = json_object();
    int status = v->settings && v->near && v->distance ? MFD_OK : mfd_fail_nomem(err);
    return status == MFD_OK ? experiment_fields(v->app, &v->fields, err) : status;
}

static void end(struct virtual *v)
{
    json_t *const owned[] = { v->fields,  v->settings, v->near,       v->distance,  v->resolution,
                              v->head[0], v->head[1],  v->results[0], v->results[1] };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        json_decref(owned[i]);
}

static int run_whatif(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct virtual v = { .app = app };
    int status = begin(&v, argc, argv, err);
    if (status == MFD_OK)
        status = experiment_add(v.settings, v.fields, &app->set, "what if", NULL, err);
    if (status == MFD_OK)
        status = resolve(&v, app->set.top_given ? app->set.top : 3, err);
    if (status == MFD_OK)
        status = ask(&v, 0, argc, argv, err);
    if (status == MFD_OK && json_array_size(v.near))
        status = ask(&v, 1, argc, argv, err);
    if (status == MFD_OK)
        status = show(&v, err);
    end(&v);
    return status;
}

static int run_compare(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct virtual v = { .app = app };
    int variants = 0;
    if (!app->set.a.n || !app->set.b.n)
        return compute_misuse(err, "say what is compared: --a COLUMN=VALUE and --b COLUMN=VALUE");
    for (int i = 0; i < argc; i++)
        variants += contrast_is_variant(argv[i]);
    if (variants && variants < argc)
        return compute_misuse(err, "name intervals or variants, not both at once");
    if (variants)
        return contrast_variants(app, argc, argv, err);
    int status = begin(&v, argc, argv, err);
    if (status == MFD_OK)
        status = experiment_add(v.settings, v.fields, &app->set, "a", &app->set.a, err);
    if (status == MFD_OK)
        status = experiment_add(v.settings, v.fields, &app->set, "b", &app->set.b, err);
    if (status == MFD_OK)
        status = ask(&v, 0, argc, argv, err);
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
        "The real tracks (--top of them) are those whose output weights are nearest; distance is\n"
        "Euclidean. Below stands whether the model was trained on such a combination.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_NETWORK | FOR_VIRTUAL | FOR_TOP,
    .run = run_whatif,
};

const struct command command_compare = {
    .name = "compare",
    .arguments = "INTERVAL... | VARIANT...",
    .summary = "two experiments at the same place, everything else held equal",
    .details =
        "--a and --b say where they differ, --set what they share. Logits, and their difference;\n"
        "of variants (written as for score) the effect in each, and the difference in differences.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_NETWORK | FOR_VIRTUAL | FOR_COMPARE,
    .run = run_compare,
};
