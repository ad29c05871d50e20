/* Tracks without what does not matter: averaged over settings of nuisance columns. */
#include <stdio.h>
#include <string.h>

#include "client/mfd/choice.h"
#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/deliver.h"

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
    int status = options ? choice_add(app, options, err) : mfd_fail_nomem(err);
    add_columns(&rows, &app->set.components);
    if (status == MFD_OK)
        status = deliver_windows("/api/v1/predict/marginal", options, &rows, source, err);
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
    return choice_check(set, err);
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
    .arguments = "[INTERVAL... | FILE | -]",
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
