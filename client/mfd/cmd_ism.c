#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/problem.h"
#include "client/mfd/canvas.h"
#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/plot.h"
#include "client/mfd/progress.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

#define MOST_BASES 2048 /* what a picture has room for */
#define PIECE_BASES 64  /* of a request, where the server does not say what it takes */

MFD_DEFINE_CLEANUP(struct sheet, sheet_free);

static const char bases[] = "ACGT";

struct scan {
    struct app *app;
    char *chrom;   /* owned */
    int64_t start; /* 1-based */
    size_t width, n_parts;
    char *reference;        /* (width) owned, N until known */
    double *effect[PARTS];  /* (width, 4) owned, NaN until known */
    json_t *head;           /* owned: the first answer, less its results */
    struct mfd_error first; /* why the first base that was not scanned was not */
};

/* chr20:42,984,161-42,984,260, 1-based and closed. */
static int read_region(struct scan *s, const char *text, struct mfd_error *err)
{
    const char *colon = strrchr(text, ':'), *dash = colon ? strchr(colon, '-') : NULL;
    char digits[2][24] = { "", "" };
    size_t n = 0;
    for (const char *p = colon ? colon + 1 : text; dash && *p; p++) {
        size_t which = p > dash;
        n = strlen(digits[which]);
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

static int prepare(struct scan *s, struct mfd_error *err)
{
    s->reference = mfd_calloc(s->width + 1, 1);
    if (!s->reference)
        return mfd_fail_nomem(err);
    memset(s->reference, 'N', s->width);
    for (size_t p = 0; p < s->n_parts; p++) {
        s->effect[p] = mfd_calloc(4 * s->width, sizeof **s->effect);
        if (!s->effect[p])
            return mfd_fail_nomem(err);
        for (size_t i = 0; i < 4 * s->width; i++)
            s->effect[p][i] = NAN;
    }
    return MFD_OK;
}

/* Bases that one request may ask for. */
static size_t piece_bases(const struct scan *s)
{
    json_t *info = NULL;
    if (s->width <= PIECE_BASES ||
        mfd_client_json(s->app->client, "/service-info", NULL, NULL, &info, NULL) < 0)
        return PIECE_BASES;
    json_int_t most = json_integer_value(show_member(info, "limits.ism_bases.value"));
    json_decref(info);
    return most > 0 ? (size_t)most : PIECE_BASES;
}

static int fail_with(struct mfd_error *err, json_t *item)
{
    struct mfd_buffer why = MFD_BUFFER_INIT;
    const char *slug = mfd_problem_text(&why, json_object_get(item, "problem"));
    int status = mfd_fail_as(err, MFD_EINVAL, slug, "%s", why.data ? why.data : "not scanned");
    mfd_buffer_deinit(&why);
    return status;
}

/* The effects of one base, which is number i of the region. */
static int take_base(struct scan *s, json_t *base, size_t i, struct mfd_error *err)
{
    const char *state = json_string_value(json_object_get(base, "status"));
    const char *letter = json_string_value(json_object_get(base, "reference"));
    if (!state || !letter ||
        json_integer_value(json_object_get(base, "start")) != s->start - 1 + (json_int_t)i)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply",
                           "the server's bases are not those of the region");
    s->reference[i] = letter[0];
    if (strcmp(state, "ok") != 0) {
        ++*(strcmp(state, "skipped") == 0 ? &s->app->skipped : &s->app->failed);
        if (!s->first.message[0])
            (void)fail_with(&s->first, base);
        return MFD_OK;
    }
    s->app->ok++;
    for (size_t p = 0; p < s->n_parts; p++) {
        json_t *four = json_object_get(json_object_get(base, "effect"), compute_parts[p]);
        for (size_t a = 0; a < 4; a++) {
            json_t *value = json_array_get(json_array_get(four, a), 0);
            s->effect[p][4 * i + a] = json_is_number(value) ? json_number_value(value) : NAN;
        }
    }
    return MFD_OK;
}

static int take_answer(struct scan *s, json_t *answer, size_t from, size_t n, struct mfd_error *err)
{
    json_t *result = json_array_get(json_object_get(answer, "results"), 0);
    json_t *bases_there = json_object_get(result, "bases"), *base;
    size_t i;
    if (json_object_get(result, "problem"))
        return fail_with(err, result);
    if (json_array_size(bases_there) != n)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server answered %zu of %zu bases",
                           json_array_size(bases_there), n);
    const char *now = json_string_value(show_member(answer, "provenance.digest"));
    const char *first = json_string_value(show_member(s->head, "provenance.digest"));
    if (now && first && strcmp(now, first) != 0)
        return mfd_fail(err, MFD_EMISMATCH,
                        "the model was replaced after %zu bases; start again, naming a version "
                        "with --model",
                        from);
    json_array_foreach(bases_there, i, base)
    {
        int status = take_base(s, base, from + i, err);
        if (status < 0)
            return status;
    }
    json_object_del(answer, "results");
    if (!s->head)
        s->head = json_incref(answer);
    return MFD_OK;
}

/* Bases from..from+n of the region. */
static int ask_piece(struct scan *s, json_t *options, size_t from, size_t n, struct mfd_error *err)
{
    int64_t start = s->start - 1 + (int64_t)from;
    json_t *answer = NULL;
    json_t *interval = json_pack("[{s:s, s:I, s:I}]", "chrom", s->chrom, "start", (json_int_t)start,
                                 "end", (json_int_t)(start + (int64_t)n));
    int status = interval && json_object_set(options, "intervals", interval) == 0
                     ? mfd_client_json(s->app->client, "/api/v1/ism", NULL, options, &answer, err)
                     : mfd_fail_nomem(err);
    json_decref(interval);
    if (status == MFD_OK)
        status = take_answer(s, answer, from, n, err);
    json_decref(answer);
    return status;
}

static json_t *request_options(struct scan *s, struct mfd_error *err)
{
    struct settings *set = &s->app->set;
    json_t *options = compute_options(set), *wanted = json_array();
    for (size_t p = 0; p < s->n_parts; p++)
        json_array_append_new(wanted, json_string(compute_parts[p]));
    if (!set->aggregate || strcmp(set->aggregate, "none") == 0)
        set->aggregate = "mean";
    int status = options && wanted ? compute_track_options(options, set, err) : mfd_fail_nomem(err);
    json_object_set_new(options, "components", wanted);
    json_object_set_new(options, "scores", json_pack("[s]", "effect"));
    if (set->window)
        json_object_set_new(options, "window", json_string(set->window));
    if (status == MFD_OK)
        return options;
    json_decref(options);
    return NULL;
}

static int ask(struct scan *s, struct mfd_error *err)
{
    json_t *options = request_options(s, err);
    bool one = s->app->set.window && strcmp(s->app->set.window, "one") == 0;
    size_t most = one ? s->width : piece_bases(s);
    struct progress progress;
    int status = options ? MFD_OK : MFD_EINVAL;
    progress_begin(&progress, s->app, 0, 0);
    for (size_t from = 0, n; from < s->width && status == MFD_OK; from += n) {
        n = s->width - from < most ? s->width - from : most;
        status = ask_piece(s, options, from, n, err);
        if (status < 0 && strcmp(err->slug, "over-limit") == 0 && n > 1 && !one) {
            most = n / 2;
            n = 0;
            status = MFD_OK;
        }
        progress_show(&progress, from + n, (double)(from + n) / (double)s->width);
    }
    progress_end(&progress);
    json_decref(options);
    if (status == MFD_OK && !s->app->ok) /* then that is the answer */ {
        s->app->skipped = s->app->failed = 0;
        status = mfd_fail_as(err, MFD_EINVAL, s->first.slug, "%s", s->first.message);
    }
    return status;
}

/* The effect without what all four bases have in common at that place. */
static double centred(const struct scan *s, size_t part, size_t i)
{
    const double *four = s->effect[part] + i / 4 * 4;
    return four[i % 4] - (four[0] + four[1] + four[2] + four[3]) / 4;
}

static int show_rows(const struct scan *s, struct mfd_error *err)
{
    static const struct sheet_column columns[] = {
        { "chrom", SHEET_LEFT, false, false },     { "pos", SHEET_RIGHT, false, false },
        { "ref", SHEET_LEFT, false, false },       { "alt", SHEET_LEFT, false, false },
        { "total", SHEET_RIGHT, false, true },     { "biological", SHEET_RIGHT, false, true },
        { "technical", SHEET_RIGHT, false, true }, { "centred", SHEET_RIGHT, false, true },
    };
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    int status = sheet_new(&sheet, s->app->out, &s->app->style, columns, 8, err);
    for (size_t i = 0; i < 4 * s->width && status == MFD_OK; i++) {
        const char ref[] = { s->reference[i / 4], '\0' }, alt[] = { bases[i % 4], '\0' };
        sheet_text(sheet, s->chrom);
        sheet_integer(sheet, s->start + (int64_t)(i / 4));
        sheet_text(sheet, ref);
        sheet_text(sheet, alt);
        for (size_t p = 0; p < PARTS; p++)
            sheet_number(sheet, p < s->n_parts ? s->effect[p][i] : NAN, 5);
        sheet_number(sheet, centred(s, TOTAL, i), 5);
        status = sheet_end_row(sheet, err);
    }
    return status < 0 ? status : sheet_flush(sheet, err);
}

/* (width, 4) numbers; what is not known is null. */
static json_t *matrix(const struct scan *s, size_t part, bool raw)
{
    json_t *rows = json_array(), *row = NULL;
    for (size_t i = 0; i < 4 * s->width; i++) {
        double x = raw ? s->effect[part][i] : centred(s, part, i);
        if (i % 4 == 0)
            json_array_append_new(rows, row = json_array());
        json_array_append_new(row, isfinite(x) ? json_real(x) : json_null());
    }
    return rows;
}

static int show_document(const struct scan *s, struct mfd_error *err)
{
    json_t *effects = json_object(), *relative = json_object();
    for (size_t p = 0; p < s->n_parts; p++) {
        json_object_set_new(effects, compute_parts[p], matrix(s, p, true));
        json_object_set_new(relative, compute_parts[p], matrix(s, p, false));
    }
    json_t *whole = json_pack("{s:O*, s:O*, s:s, s:I, s:s, s:s, s:o, s:o}", "provenance",
                              json_object_get(s->head, "provenance"), "tracks",
                              json_object_get(s->head, "tracks"), "chrom", s->chrom, "pos",
                              (json_int_t)s->start, "reference", s->reference, "alternatives",
                              bases, "effects", effects, "centred", relative);
    int status = !whole                          ? mfd_fail_nomem(err)
                 : s->app->format == FORMAT_JSON ? show_json(s->app, whole, err)
                                                 : show_line(s->app, whole, err);
    json_decref(whole);
    return status;
}

/* What the picture is of: the tracks chosen, or how many, and the model. */
static void describe(const struct scan *s, struct mfd_buffer *out)
{
    const struct settings *set = &s->app->set;
    json_t *model = show_member(s->head, "provenance.model");
    for (size_t i = 0; i < set->where.n; i++)
        mfd_buffer_addf(out, "%s%s", out->len ? ", " : "", set->where.at[i]);
    for (size_t i = 0; i < set->tracks.n && i < 3; i++)
        mfd_buffer_addf(out, "%s%s", out->len ? ", " : "", set->tracks.at[i]);
    if (set->tracks.n > 3)
        mfd_buffer_addf(out, " and %zu more", set->tracks.n - 3);
    if (!set->tracks.n && !set->where.n)
        mfd_buffer_adds(out, "all tracks");
    if (set->tracks.n != 1)
        mfd_buffer_addf(out, " (%s)", set->aggregate);
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
    int status = read_region(&s, argv[0], err);
    if (status == MFD_OK)
        status = prepare(&s, err);
    if (status == MFD_OK)
        status = ask(&s, err);
    if (status == MFD_OK)
        status = show(&s, err);
    for (size_t p = 0; p < PARTS; p++)
        free(s.effect[p]);
    free(s.reference);
    free(s.chrom);
    json_decref(s.head);
    return status;
}

const struct command command_ism = {
    .name = "ism",
    .arguments = "REGION",
    .summary = "scan a region: the effect of every substitution, also as a picture",
    .details =
        "Values are the mean over the tracks chosen (--aggregate max: the largest). centred is "
        "the\n"
        "total without the mean of the four bases at its place. --plot draws the reference as\n"
        "letters as tall as what their substitutions take away, and a heat map a component.",
    .most = 1,
    .groups = FOR_MODEL | FOR_TRACKS | FOR_WHERE | FOR_NETWORK | FOR_VALUES | FOR_PLOT,
    .run = run,
};
