#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/mfd/canvas.h"
#include "client/mfd/choice.h"
#include "client/mfd/command.h"
#include "client/mfd/plot.h"
#include "client/mfd/scan.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

#define MOST_BASES 2048 /* what a picture has room for */

MFD_DEFINE_CLEANUP(struct sheet, sheet_free);

static const char bases[] = "ACGT";

/* --- what is asked for --- */

/* chr20:42,984,161-42,984,260, 1-based and closed. */
static int read_region(struct scan *s, const char *text, struct mfd_error *err)
{
    const char *colon = strrchr(text, ':'), *dash = colon ? strchr(colon, '-') : NULL;
    char digits[2][24] = { "", "" };
    for (const char *p = colon ? colon + 1 : text; dash && *p; p++) {
        size_t which = p > dash, n = strlen(digits[which]);
        if (*p != ',' && p != dash && n + 1 < sizeof *digits)
            digits[which][n] = *p;
    }
    int64_t end;
    if (!dash || colon == text ||
        !mfd_parse_i64(digits[0], strlen(digits[0]), 1, INT32_MAX, &s->start) ||
        !mfd_parse_i64(digits[1], strlen(digits[1]), s->start, INT32_MAX, &end))
        return compute_misuse(err, "'%.100s' is no region; write chr20:42,984,161-42,984,260",
                              text);
    if (end - s->start >= MOST_BASES)
        return compute_misuse(err, "a scan is of at most %d bases", MOST_BASES);
    s->width = (size_t)(end - s->start + 1);
    s->chrom = mfd_strndup(text, (size_t)(colon - text));
    return s->chrom ? MFD_OK : mfd_fail_nomem(err);
}

/* A scan has one value a substitution. */
static int check_settings(const struct settings *set, struct mfd_error *err)
{
    bool one = set->set.n || set->tracks.n == 1 || (set->where.n && !set->tracks.n);
    if (set->over.n && !set->a.n && !one)
        return compute_misuse(err, "an average is of one track; name one with --tracks, or an "
                                   "experiment with --set");
    return choice_check(set, err);
}

/* --- rows --- */

/* The effect without what all four bases have in common at that place. */
static double centred(const double *effect, size_t i)
{
    const double *four = effect + i / 4 * 4;
    return four[i % 4] - (four[0] + four[1] + four[2] + four[3]) / 4;
}

static int open_sheet(const struct scan *s, struct sheet **out, struct mfd_error *err)
{
    static const char *const deviations[PARTS] = { "total_sd", "biological_sd", "technical_sd" };
    struct sheet_column columns[16] = {
        { "chrom", SHEET_LEFT, false, false },
        { "pos", SHEET_RIGHT, false, false },
        { "ref", SHEET_LEFT, false, false },
        { "alt", SHEET_LEFT, false, false },
    };
    size_t n = 4;
    if (s->app->set.levels) {
        columns[n++] = (struct sheet_column){ "setting", SHEET_LEFT, true, true };
        columns[n++] = (struct sheet_column){ "weight", SHEET_RIGHT, false, true };
    }
    for (size_t p = 0; p < PARTS; p++) {
        columns[n++] = (struct sheet_column){ compute_parts[p], SHEET_RIGHT, false, true };
        if (s->app->set.over.n)
            columns[n++] = (struct sheet_column){ deviations[p], SHEET_RIGHT, false, true };
    }
    columns[n++] = (struct sheet_column){ "centred", SHEET_RIGHT, false, true };
    return sheet_new(out, s->app->out, &s->app->style, columns, n, err);
}

/* Substitution i: the effects, or those in one setting, from `at` of that array on. */
static int put_row(const struct scan *s, struct sheet *sheet, size_t i, json_t *setting,
                   double *const effect[PARTS], size_t at, struct mfd_error *err)
{
    const char ref[] = { s->reference[i / 4], '\0' }, alt[] = { bases[i % 4], '\0' };
    sheet_text(sheet, s->chrom);
    sheet_integer(sheet, s->start + (int64_t)(i / 4));
    sheet_text(sheet, ref);
    sheet_text(sheet, alt);
    if (s->app->set.levels)
        show_setting(sheet, setting);
    for (size_t p = 0; p < PARTS; p++) {
        sheet_number(sheet, p < s->n_parts ? effect[p][at + i] : NAN, 5);
        if (s->app->set.over.n)
            sheet_number(sheet, s->sd[p] && !setting ? s->sd[p][i] : NAN, 5);
    }
    sheet_number(sheet, centred(effect[TOTAL], at + i), 5);
    return sheet_end_row(sheet, err);
}

static int show_rows(const struct scan *s, struct mfd_error *err)
{
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    json_t *settings = show_member(s->head, "provenance.settings");
    int status = open_sheet(s, &sheet, err);
    for (size_t i = 0; i < 4 * s->width && status == MFD_OK; i++) {
        status = put_row(s, sheet, i, NULL, s->effect, 0, err);
        for (size_t k = 0; k < s->n_settings && status == MFD_OK; k++)
            status =
                put_row(s, sheet, i, json_array_get(settings, k), s->levels, 4 * k * s->width, err);
    }
    return status < 0 ? status : sheet_flush(sheet, err);
}

/* --- a document --- */

/* (width, 4) numbers, or those without what four have in common; what is not known is null. */
static json_t *matrix(const struct scan *s, const double *effect, bool raw)
{
    json_t *rows = json_array(), *row = NULL;
    for (size_t i = 0; i < 4 * s->width; i++) {
        double x = raw ? effect[i] : centred(effect, i);
        if (i % 4 == 0)
            json_array_append_new(rows, row = json_array());
        json_array_append_new(row, isfinite(x) ? json_real(x) : json_null());
    }
    return rows;
}

/* A matrix a setting, in the order of the provenance. */
static json_t *matrices(const struct scan *s, const double *levels)
{
    json_t *all = json_array();
    for (size_t k = 0; k < s->n_settings; k++)
        json_array_append_new(all, matrix(s, levels + 4 * k * s->width, true));
    return all;
}

static int show_document(const struct scan *s, struct mfd_error *err)
{
    json_t *effects = json_object(), *relative = json_object(), *sd = NULL, *levels = NULL;
    if (s->sd[TOTAL])
        sd = json_object();
    if (s->levels[TOTAL])
        levels = json_object();
    for (size_t p = 0; p < s->n_parts; p++) {
        json_object_set_new(effects, compute_parts[p], matrix(s, s->effect[p], true));
        json_object_set_new(relative, compute_parts[p], matrix(s, s->effect[p], false));
        if (sd)
            json_object_set_new(sd, compute_parts[p], matrix(s, s->sd[p], true));
        if (levels)
            json_object_set_new(levels, compute_parts[p], matrices(s, s->levels[p]));
    }
    json_t *whole = json_pack(
        "{s:O*, s:O*, s:s, s:I, s:s, s:s, s:o, s:o, s:o*, s:o*}", "provenance",
        json_object_get(s->head, "provenance"), "tracks", json_object_get(s->head, "tracks"),
        "chrom", s->chrom, "pos", (json_int_t)s->start, "reference", s->reference, "alternatives",
        bases, "effects", effects, "centred", relative, "sd", sd, "levels", levels);
    int status = !whole                          ? mfd_fail_nomem(err)
                 : s->app->format == FORMAT_JSON ? show_json(s->app, whole, err)
                                                 : show_line(s->app, whole, err);
    json_decref(whole);
    return status;
}

/* --- a picture --- */

static void add_list(struct mfd_buffer *out, const char *before, const struct list *list)
{
    for (size_t i = 0; i < list->n; i++)
        mfd_buffer_addf(out, "%s%s", i ? ", " : before, list->at[i]);
}

/* What the picture is of: an experiment or two, or the tracks chosen, or how many. */
static void describe_tracks(const struct settings *set, struct mfd_buffer *out)
{
    add_list(out, "", &set->set);
    if (set->a.n) {
        add_list(out, set->set.n ? "; " : "", &set->a);
        add_list(out, " less ", &set->b);
    }
    if (set->like)
        mfd_buffer_addf(out, ", else like %s", set->like);
    if (set->set.n || set->a.n)
        return;
    add_list(out, "", &set->where);
    for (size_t i = 0; i < set->tracks.n && i < 3; i++)
        mfd_buffer_addf(out, "%s%s", out->len ? ", " : "", set->tracks.at[i]);
    if (set->tracks.n > 3)
        mfd_buffer_addf(out, " and %zu more", set->tracks.n - 3);
    if (!set->tracks.n && !set->where.n)
        mfd_buffer_adds(out, "all tracks");
    if (set->tracks.n != 1 && set->aggregate)
        mfd_buffer_addf(out, " (%s)", set->aggregate);
}

static void describe(const struct scan *s, struct mfd_buffer *out)
{
    json_t *model = show_member(s->head, "provenance.model");
    describe_tracks(&s->app->set, out);
    add_list(out, ", averaged over ", &s->app->set.over);
    if (json_is_string(model))
        mfd_buffer_addf(out, ", model %s", json_string_value(model));
}

static int draw(const struct scan *s, const char *path, struct mfd_error *err)
{
    struct plot_panel panels[PARTS];
    struct mfd_buffer title = MFD_BUFFER_INIT, subtitle = MFD_BUFFER_INIT;
    struct mfd_buffer unit = MFD_BUFFER_INIT, axis = MFD_BUFFER_INIT;
    json_t *genome = show_member(s->head, "provenance.genome");
    char from[40], to[40];
    for (size_t p = 0; p < s->n_parts; p++)
        panels[p] = (struct plot_panel){ compute_parts[p], s->effect[p] };
    plot_digits(from, sizeof from, s->start);
    plot_digits(to, sizeof to, s->start + (int64_t)s->width - 1);
    mfd_buffer_addf(&title, "Every substitution of %s:%s\u2013%s", s->chrom, from, to);
    describe(s, &subtitle);
    mfd_buffer_addf(&axis, "position on %s", s->chrom);
    if (json_is_string(genome))
        mfd_buffer_addf(&axis, " (%s)", json_string_value(genome));
    mfd_buffer_addf(&unit, "effect: alternative minus reference (%s)",
                    s->app->set.scale ? s->app->set.scale : "logit");
    const struct plot plot = { .title = title.data,
                               .subtitle = subtitle.data,
                               .axis = axis.data,
                               .unit = unit.data,
                               .start = s->start,
                               .reference = s->reference,
                               .width = s->width,
                               .panels = panels,
                               .n_panels = s->n_parts };
    bool whole = !title.failed && !subtitle.failed && !unit.failed && !axis.failed;
    int status = whole ? plot_write(path, &plot, err) : mfd_fail_nomem(err);
    mfd_buffer_deinit(&title);
    mfd_buffer_deinit(&subtitle);
    mfd_buffer_deinit(&unit);
    mfd_buffer_deinit(&axis);
    return status;
}

static int show(struct scan *s, struct mfd_error *err)
{
    const char *plot = s->app->set.plot;
    int status = plot ? draw(s, plot, err) : MFD_OK;
    bool raw = s->app->format == FORMAT_JSON || s->app->format == FORMAT_NDJSON;
    if (status < 0 || (plot && s->app->format == FORMAT_TABLE))
        return status; /* people have the picture */
    return raw ? show_document(s, err) : show_rows(s, err);
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    bool whole = app->set.scale && strcmp(app->set.scale, "probability") == 0;
    bool given = app->set.components.n > 0;
    struct scan s = { .app = app, .n_parts = whole || given ? 1 : PARTS, .first = MFD_ERROR_INIT };
    if (argc != 1)
        return compute_misuse(err, "name one region, such as chr20:42,984,161-42,984,260");
    if (given && (app->set.components.n > 1 || strcmp(app->set.components.at[0], "total") != 0))
        return compute_misuse(err, "a scan has all components, or --components total");
    if (app->set.plot && !canvas_knows(app->set.plot))
        return compute_misuse(err, "--plot draws .svg, .png or .pdf, not '%.100s'", app->set.plot);
    int status = check_settings(&app->set, err);
    if (status == MFD_OK)
        status = read_region(&s, argv[0], err);
    if (status == MFD_OK)
        status = scan_ask(&s, err);
    if (status == MFD_OK)
        status = show(&s, err);
    scan_deinit(&s);
    return status;
}

const struct command command_ism = {
    .name = "ism",
    .arguments = "REGION",
    .summary = "scan a region: the effect of every substitution, also as a picture",
    .details =
        "Values are the mean over the tracks chosen (--aggregate max: the largest); or of one\n"
        "track, averaged --over columns as by marginal, with their standard deviation; or of an\n"
        "experiment that --set tells; or those under --a less those under --b. centred is the\n"
        "total without the mean of the four bases at its place. --plot draws the reference as\n"
        "letters as tall as what their substitutions take away, and a heat map a component.",
    .most = 1,
    .groups = FOR_MODEL | FOR_TRACKS | FOR_WHERE | FOR_NETWORK | FOR_VALUES | FOR_PLOT |
              FOR_VIRTUAL | FOR_COMPARE | FOR_HELD | FOR_MARGINAL,
    .run = run,
};
