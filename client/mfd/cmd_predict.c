#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/deliver.h"

static int ask(struct app *app, struct source *source, bool sequences, struct mfd_error *err)
{
    struct rows rows = { .app = app,
                         .kind = sequences ? ROWS_SEQUENCES : ROWS_INTERVALS,
                         .digits = 4 };
    json_t *options = compute_options(&app->set);
    int status = options ? compute_track_options(options, &app->set, err) : mfd_fail_nomem(err);
    if (!app->set.components.n)
        rows_add(&rows, "total", "values.total");
    for (size_t i = 0; i < app->set.components.n; i++) {
        char path[48];
        snprintf(path, sizeof path, "values.%s", app->set.components.at[i]);
        rows_add(&rows, app->set.components.at[i], path);
    }
    if (status == MFD_OK)
        status = deliver_windows("/api/v1/predict", options, &rows, source, err);
    rows_deinit(&rows);
    json_decref(options);
    return status;
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct source source = { 0 };
    bool sequences;
    int status = compute_inputs(&source, &app->set, argc, argv, &sequences, err);
    if (status == MFD_OK)
        status = ask(app, &source, sequences, err);
    source_close(&source);
    return status;
}

const struct command command_predict = {
    .name = "predict",
    .arguments = "[INTERVAL... | FILE | -]",
    .summary = "predict the tracks of intervals or sequences",
    .details =
        "An interval is written chr20:42984161-42984444, 1-based and closed; it is answered bin\n"
        "by bin. --bed reads 0-based intervals, --fasta sequences of one window each; a FILE, or\n"
        "standard input, is FASTA, BED or one interval a line.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_TRACKS | FOR_WHERE | FOR_COMPUTE | FOR_VALUES | FOR_INPUT |
              FOR_COLUMNS | FOR_TOP,
    .run = run,
};
