#include <string.h>

#include "client/mfd/command.h"
#include "client/mfd/compute.h"

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

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
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
        status = options ? compute_run(&batch, &rows, NULL, err) : mfd_fail_nomem(err);
        rows_deinit(&rows);
        json_decref(options);
    }
    source_close(&source);
    return status;
}

const struct command command_features = {
    .name = "features",
    .arguments = "[INTERVAL... | -]",
    .summary = "latent features of intervals or sequences, biological and technical",
    .details = "Inputs as for mfd predict. Features are numbered from 0 within their subspace.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_COMPUTE | FOR_INPUT | FOR_FEATURES | FOR_TOP,
    .run = run,
};
