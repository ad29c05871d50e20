/* Tracks without what does not matter: averaged over settings of nuisance columns. */
#include <stdio.h>
#include <string.h>

#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/experiment.h"
#include "core/base/parse.h"

/* [WEIGHT*]COLUMN=VALUE[;COLUMN=VALUE...] as {"values": {...}, "weight": WEIGHT}. */
static int add_setting(json_t *settings, const json_t *fields, const char *entry,
                       struct mfd_error *err)
{
    json_t *values = json_object(), *setting = json_pack("{s:O*}", "values", values);
    size_t factor = strcspn(entry, "*=");
    double weight = 1;
    int status = values && setting ? MFD_OK : mfd_fail_nomem(err);
    if (entry[factor] == '*' && status == MFD_OK) {
        if (!mfd_parse_double(entry, factor, &weight))
            status = compute_misuse(err, "the weight in '%.100s' is not a number", entry);
        else if (json_object_set_new(setting, "weight", json_real(weight)) < 0)
            status = mfd_fail_nomem(err);
        entry += factor + 1;
    }
    for (; *entry && status == MFD_OK; entry += *entry == ';') {
        size_t n = strcspn(entry, ";");
        status = experiment_value(values, fields, entry, n, err);
        entry += n;
    }
    if (status == MFD_OK && json_array_append(settings, setting) < 0)
        status = mfd_fail_nomem(err);
    json_decref(setting);
    json_decref(values);
    return status;
}

/* What is averaged over: --distribution, or the settings of --given. */
static int add_distribution(json_t *options, const json_t *fields, const struct settings *set,
                            struct mfd_error *err)
{
    json_t *settings = json_array();
    const char *distribution = set->given_settings.n ? "given" : set->distribution;
    int status = settings ? MFD_OK : mfd_fail_nomem(err);
    for (size_t i = 0; i < set->given_settings.n && status == MFD_OK; i++)
        status = add_setting(settings, fields, set->given_settings.at[i], err);
    if (status == MFD_OK && set->given_settings.n)
        json_object_set(options, "settings", settings);
    if (status == MFD_OK && distribution)
        json_object_set_new(options, "distribution", json_string(distribution));
    json_decref(settings);
    return status;
}

/* The experiment that --set tells, in place of tracks. */
static int add_experiment(json_t *options, const json_t *fields, const struct settings *set,
                          struct mfd_error *err)
{
    json_t *tracks = json_array();
    int status =
        tracks ? experiment_add(tracks, fields, set, "what if", NULL, err) : mfd_fail_nomem(err);
    if (status == MFD_OK && json_object_set(options, "virtual_tracks", tracks) < 0)
        status = mfd_fail_nomem(err);
    json_decref(tracks);
    return status;
}

static int add_options(json_t *options, struct app *app, struct mfd_error *err)
{
    const struct settings *set = &app->set;
    json_t *over = json_array(), *fields = NULL;
    int status = options && over ? compute_track_options(options, set, err) : mfd_fail_nomem(err);
    for (size_t i = 0; i < set->over.n; i++)
        json_array_append_new(over, json_string(set->over.at[i]));
    if (status == MFD_OK && json_object_set(options, "over", over) < 0)
        status = mfd_fail_nomem(err);
    if (status == MFD_OK && set->levels)
        json_object_set_new(options, "levels", json_true());
    if (status == MFD_OK && (set->set.n || set->given_settings.n))
        status = experiment_fields(app, &fields, err);
    if (status == MFD_OK)
        status = add_distribution(options, fields, set, err);
    if (status == MFD_OK && set->set.n)
        status = add_experiment(options, fields, set, err);
    json_decref(fields);
    json_decref(over);
    return status;
}

/* Beside each part its standard deviation over the settings. */
static void add_columns(struct rows *rows, const struct list *components)
{
    for (size_t i = 0; i < (components->n ? components->n : 1); i++) {
        const char *part = components->n ? components->at[i] : compute_parts[TOTAL];
        char title[48], path[48];
        snprintf(path, sizeof path, "values.%.20s", part);
        rows_add(rows, part, path);
        snprintf(path, sizeof path, "sd.%.20s", part);
        snprintf(title, sizeof title, "%.20s_sd", part);
        rows_add(rows, title, path);
    }
}

static int ask(struct app *app, struct source *source, bool sequences, struct mfd_error *err)
{
    struct rows rows = { .app = app,
                         .kind = sequences ? ROWS_SEQUENCES : ROWS_INTERVALS,
                         .levels = app->set.levels,
                         .digits = 4 };
    json_t *options = compute_options(&app->set);
    int status = add_options(options, app, err);
    add_columns(&rows, &app->set.components);
    if (status == MFD_OK)
        status = compute_windows("/api/v1/predict/marginal", options, &rows, source, err);
    rows_deinit(&rows);
    json_decref(options);
    return status;
}

static int check(const struct settings *set, struct mfd_error *err)
{
    if (!set->over.n)
        return compute_misuse(err,
                              "say what is averaged: --over COLUMN,... (`mfd fields` names the "
                              "columns)");
    if (set->given_settings.n && set->distribution)
        return compute_misuse(err,
                              "--given is a distribution of its own; leave --distribution out");
    if (set->set.n && (set->tracks.n || set->where.n))
        return compute_misuse(err, "give tracks, or an experiment with --set, one of them");
    if (!set->set.n && (set->like || set->bias))
        return compute_misuse(err, "--like and --bias go with --set");
    return MFD_OK;
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct source source = { 0 };
    bool sequences;
    int status = check(&app->set, err);
    if (status == MFD_OK)
        status = compute_inputs(&source, &app->set, argc, argv, &sequences, err);
    if (status == MFD_OK)
        status = ask(app, &source, sequences, err);
    source_close(&source);
    return status;
}

const struct command command_marginal = {
    .name = "marginal",
    .arguments = "[INTERVAL... | -]",
    .summary = "the tracks, averaged over columns that do not matter",
    .details =
        "--over names them. Settings are weighted as they occur among the trained tracks; with\n"
        "--distribution uniform every label alike; or they are those of --given, each of the form\n"
        "[WEIGHT*]COLUMN=VALUE[;COLUMN=VALUE]. Beside each mean stands the standard deviation\n"
        "over the settings; --levels adds a row a setting. Inputs are those of predict.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_TRACKS | FOR_WHERE | FOR_COMPUTE | FOR_VALUES | FOR_INPUT |
              FOR_COLUMNS | FOR_TOP | FOR_VIRTUAL | FOR_MARGINAL,
    .run = run,
};
