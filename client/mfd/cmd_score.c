#include <string.h>
#include <unistd.h>

#include "client/mfd/choice.h"
#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/deliver.h"

/* What there is to tell of a variant by track: has it a total, has it parts? */
static const struct {
    const char *name;
    bool total, parts;
} scores[] = {
    { "effect", true, true },      { "reference", true, true }, { "alternative", true, true },
    { "difference", true, false }, { "swap", false, true }, /* it is by what was exchanged */
    { "sar", true, false },        { "quantile", true, false },
};
#define SCORES (sizeof scores / sizeof *scores)

static int inputs(struct source *source, const struct settings *set, int argc, char **argv,
                  struct mfd_error *err)
{
    const char *path = set->vcf;
    if (path && argc)
        return compute_misuse(err, "give variants or --vcf, one of them");
    if (!path && argc == 1 && compute_names_file(argv[0]))
        path = argv[0];
    if (!path && !argc && isatty(STDIN_FILENO))
        return compute_misuse(err, "name a variant such as chr20-42984264-C-T, or a VCF");
    if (argc && !path) {
        source_words(source, argv, (size_t)argc);
        return MFD_OK;
    }
    if (set->vcf)
        return source_open(source, SOURCE_VCF, path, err);
    return source_open_any(source, path ? path : "-", "#", SOURCE_VCF, SOURCE_VCF, SOURCE_LINES,
                           err);
}

/* A VCF is written from a VCF. */
static int check_vcf(struct app *app, struct source *source, struct mfd_error *err)
{
    if (app->format != FORMAT_VCF)
        return MFD_OK;
    if (source->kind != SOURCE_VCF)
        return compute_misuse(err, "a VCF is written from a VCF; choose another --format");
    if (app->set.columns)
        return compute_misuse(err, "--columns goes with table and tsv");
    source->keeps_lines = true;
    return MFD_OK;
}

/* Scores that there are; those that are one number a variant have no place beside tracks. */
static int check_scores(const struct app *app, struct mfd_error *err)
{
    const struct list *wanted = &app->set.scores;
    bool rows = app->format == FORMAT_TABLE || app->format == FORMAT_TSV;
    if (rows && app->set.features.n)
        return compute_misuse(err, "features have no place in rows of tracks; --features goes with "
                                   "--format vcf, json and ndjson");
    for (size_t i = 0; i < wanted->n; i++) {
        size_t k = 0;
        while (k < SCORES && strcmp(scores[k].name, wanted->at[i]) != 0)
            k++;
        if (k < SCORES)
            continue;
        if (!annotate_knows(wanted->at[i]))
            return compute_misuse(err,
                                  "there is no score '%s'; --scores takes effect, reference, "
                                  "alternative, difference, swap, sar, quantile, max_abs, l2, "
                                  "share and agreement",
                                  wanted->at[i]);
        if (rows)
            return compute_misuse(err,
                                  "%s is of all tracks together and has no place in a row of one; "
                                  "it goes with --format vcf, json and ndjson",
                                  wanted->at[i]);
    }
    return MFD_OK;
}

/* A column of values for each score and component that it has; of an average, beside each effect
 * the standard deviation over the settings. */
static void add_columns(struct rows *rows, const struct settings *set,
                        const struct list *components)
{
    const struct list only = { (char *[]){ (char *)(size_t)scores[0].name }, 1 };
    const struct list *wanted = set->scores.n ? &set->scores : &only;
    for (size_t s = 0; s < wanted->n; s++) {
        size_t k = 0;
        while (k < SCORES && strcmp(scores[k].name, wanted->at[s]) != 0)
            k++;
        for (size_t c = 0; c < components->n && k < SCORES; c++) {
            char path[48], title[48];
            bool total = strcmp(components->at[c], "total") == 0;
            if (total ? !scores[k].total : !scores[k].parts)
                continue;
            snprintf(path, sizeof path, "%s.%.20s", scores[k].name, components->at[c]);
            snprintf(title, sizeof title, "%s%s%.20s", scores[k].name, scores[k].parts ? "_" : "",
                     scores[k].parts ? components->at[c] : "");
            rows_add(rows, title, path);
            if (!set->over.n || strcmp(scores[k].name, "effect") != 0)
                continue;
            snprintf(path, sizeof path, "sd.%.20s", components->at[c]);
            snprintf(title, sizeof title, "effect_%.20s_sd", components->at[c]);
            rows_add(rows, title, path);
        }
    }
}

/* How many features the model has, for a VCF that tells them: *card is a new reference. */
static int read_card(struct app *app, json_t **card, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    if (app->format != FORMAT_VCF || !app->set.features.n)
        return MFD_OK;
    int status = app_model_path(app, &path, NULL, err);
    if (status == MFD_OK)
        status = mfd_client_json(app->client, path.data, NULL, NULL, card, err);
    mfd_buffer_deinit(&path);
    return status;
}

/* What is asked for beside tracks and settings. Effects are what a VCF sums up, whatever else it
 * tells. */
static int add_members(json_t *options, const struct app *app, const struct list *components,
                       struct mfd_error *err)
{
    const struct list *wanted = &app->set.scores;
    int status = compute_words(options, "scores", wanted, err);
    if (status == MFD_OK && wanted->n && app->format == FORMAT_VCF && !list_has(wanted, "effect"))
        json_array_append_new(json_object_get(options, "scores"), json_string("effect"));
    if (status == MFD_OK)
        status = compute_words(options, "features", &app->set.features, err);
    return status == MFD_OK ? compute_words(options, "components", components, err) : status;
}

static int ask(struct app *app, struct source *source, const struct list *components,
               struct mfd_error *err)
{
    struct rows rows = { .app = app,
                         .kind = ROWS_VARIANTS,
                         .levels = app->set.levels,
                         .by_magnitude = true,
                         .digits = 5 };
    json_t *options = compute_options(&app->set);
    int status = options ? choice_add(app, options, err) : mfd_fail_nomem(err);
    if (status == MFD_OK && app->set.columns)
        status = list_add(&rows.columns, app->set.columns, err);
    if (status == MFD_OK)
        status = add_members(options, app, components, err);
    json_t *card = NULL;
    if (status == MFD_OK)
        status = read_card(app, &card, err);
    add_columns(&rows, &app->set, components);
    struct batch batch = { .app = app,
                           .path = "/api/v1/variants/score",
                           .member = "variants",
                           .options = options,
                           .passes = compute_variant_passes(&app->set),
                           .source = source };
    struct annotate annotate = { .app = app,
                                 .source = source,
                                 .top = app->set.top,
                                 .parts = components,
                                 .sizes = json_object_get(card, "features") };
    if (status == MFD_OK)
        status = deliver_run(&batch, &rows, &annotate, err);
    annotate_deinit(&annotate);
    json_decref(card);
    json_decref(options);
    rows_deinit(&rows);
    return status;
}

/* Components as they are asked for, all of them where nobody said; a VCF has the total in any case.
 * `room` holds what is not the settings' own. */
static struct list settle_components(const struct app *app, char *room[PARTS])
{
    const struct settings *set = &app->set;
    bool whole = set->scale && strcmp(set->scale, "probability") == 0; /* it has no parts */
    struct list list = { room, 0 };
    size_t known = 0;
    for (size_t p = 0; p < PARTS; p++) {
        bool asked = list_has(&set->components, compute_parts[p]);
        known += asked;
        if (p == TOTAL || (set->components.n ? asked : !whole))
            room[list.n++] = (char *)(size_t)compute_parts[p];
    }
    bool as_said = app->format != FORMAT_VCF || known < set->components.n; /* the server refuses */
    return set->components.n && as_said ? set->components : list;
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    char *room[PARTS];
    const struct list components = settle_components(app, room);
    struct source source = { 0 };
    int status = check_scores(app, err);
    if (status == MFD_OK)
        status = choice_check(&app->set, err);
    if (status == MFD_OK)
        status = inputs(&source, &app->set, argc, argv, err);
    if (status == MFD_OK)
        status = check_vcf(app, &source, err);
    if (status == MFD_OK)
        status = ask(app, &source, &components, err);
    if (status < 0 && strcmp(err->slug, "unsupported-component") == 0 && !app->set.components.n)
        mfd_fail_as(err, status, err->slug,
                    "this model has no biological and technical part; ask "
                    "for --components total");
    source_close(&source);
    return status;
}

const struct command command_score = {
    .name = "score",
    .arguments = "[VARIANT... | FILE | -]",
    .summary = "effects of variants on the tracks, in parts",
    .details =
        "A variant is written chr20-42984264-C-T (1-based), 20:42984263:C:T (SPDI) or\n"
        "NC_000020.10:g.42984264C>T (HGVS). A FILE, or standard input, is a VCF (plain or gzip;\n"
        "every alternative allele is an input of its own) or one variant a line.\n"
        "--job has them computed behind the requests of others and waits; the answer is the same.\n"
        "An effect is alternative minus reference: total = biological + technical (logits).\n"
        "With --over it is averaged as by marginal, with --set of an experiment that nobody ran,\n"
        "with --a and --b the effect in the one less that in the other; in VCF as in rows.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_TRACKS | FOR_WHERE | FOR_COMPUTE | FOR_VALUES | FOR_SCORE |
              FOR_COLUMNS | FOR_TOP | FOR_JOB | FOR_VIRTUAL | FOR_COMPARE | FOR_HELD | FOR_MARGINAL,
    .run = run,
};
