#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/problem.h"
#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"

#define LEAST_TRACKS 2 /* that must share a label before it is spoken of */

MFD_DEFINE_CLEANUP(struct sheet, sheet_free);

enum part { TOTAL, BIOLOGICAL, TECHNICAL, PARTS };
static const char *const parts[PARTS] = { "total", "biological", "technical" };

/* A label of a metadata column: the tracks that bear it, and how far their mean effect stands from
 * that of all tracks, in standard errors. */
struct factor {
    const char *column, *label, *group; /* borrowed from the fields and from `labels` below */
    size_t tracks;
    double mean[PARTS], lift, z;
};

struct explain {
    struct app *app;
    json_t *head, *result; /* owned */
    json_t *fields;        /* owned: the model's columns */
    json_t *labels;        /* owned: strings */
    struct rows rows;      /* for the metadata of the tracks */
    double *effect[PARTS]; /* (tracks) each, owned */
    size_t tracks;
    struct factor *factors; /* owned, the farthest first */
    size_t n_factors;
};

static int on_head(void *arg, json_t *line, struct mfd_error *err)
{
    struct explain *e = arg;
    (void)err;
    e->head = json_incref(line);
    return MFD_OK;
}

static int on_result(void *arg, json_t *result, json_t *input, struct mfd_error *err)
{
    struct explain *e = arg;
    (void)input, (void)err;
    json_decref(e->result);
    e->result = json_incref(result);
    return MFD_OK;
}

static int ask(struct explain *e, char **variant, struct mfd_error *err)
{
    struct source source;
    json_t *options = compute_options(&e->app->set), *wanted = json_array();
    for (size_t p = 0; p < PARTS; p++)
        json_array_append_new(wanted, json_string(parts[p]));
    int status = options ? compute_track_options(options, &e->app->set, err) : mfd_fail_nomem(err);
    if (options)
        json_object_set(options, "components", wanted);
    source_words(&source, variant, 1);
    const struct batch batch = { .app = e->app,
                                 .path = "/api/v1/variants/score",
                                 .member = "variants",
                                 .options = options,
                                 .passes = compute_variant_passes(&e->app->set),
                                 .source = &source,
                                 .arg = e,
                                 .head = on_head,
                                 .result = on_result,
                                 .by_hand = true };
    if (status == MFD_OK)
        status = batch_run(&batch, err);
    json_decref(options);
    json_decref(wanted);
    return status;
}

/* The result must be a scored variant with as many values of each part as there are tracks. */
static int take_effects(struct explain *e, struct mfd_error *err)
{
    const char *state = json_string_value(json_object_get(e->result, "status"));
    if (!state || strcmp(state, "ok") != 0) {
        struct mfd_buffer why = MFD_BUFFER_INIT;
        const char *slug = mfd_problem_text(&why, json_object_get(e->result, "problem"));
        int status = mfd_fail_as(err, MFD_EINVAL, slug, "%s", why.data ? why.data : "not scored");
        mfd_buffer_deinit(&why);
        e->app->ok = e->app->skipped = e->app->failed = 0; /* said by the failure */
        return status;
    }
    e->tracks = json_array_size(json_object_get(e->head, "tracks"));
    for (size_t p = 0; p < PARTS; p++) {
        json_t *values = json_object_get(json_object_get(e->result, "effect"), parts[p]), *value;
        size_t i;
        if (!e->tracks || json_array_size(values) != e->tracks)
            return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the answer lacks %s effects",
                               parts[p]);
        e->effect[p] = mfd_calloc(e->tracks, sizeof **e->effect);
        if (!e->effect[p])
            return mfd_fail_nomem(err);
        json_array_foreach(values, i, value) e->effect[p][i] = json_number_value(value);
    }
    return MFD_OK;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return n ? sum / (double)n : 0;
}

static double sd_of(const double *x, size_t n)
{
    double mean = mean_of(x, n), squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
}

/* Find or make the factor of a label of n bytes. */
static struct factor *factor_of(struct explain *e, const char *column, const char *label, size_t n,
                                const char *group)
{
    for (size_t i = e->n_factors; i-- > 0;)
        if (strcmp(e->factors[i].column, column) != 0)
            break; /* columns come one after another */
        else if (strlen(e->factors[i].label) == n && memcmp(e->factors[i].label, label, n) == 0)
            return &e->factors[i];
    struct factor *longer = mfd_realloc(e->factors, e->n_factors + 1, sizeof *longer);
    if (!longer)
        return NULL;
    e->factors = longer;
    json_t *kept = json_stringn(label, n);
    if (!kept || json_array_append_new(e->labels, kept) < 0)
        return NULL;
    longer[e->n_factors] =
        (struct factor){ .column = column, .label = json_string_value(kept), .group = group };
    return &longer[e->n_factors++];
}

/* Add the effects of one track to the labels in its cell, which commas separate. */
static int add_cell(struct explain *e, size_t track, const char *column, const char *cell,
                    const char *group, struct mfd_error *err)
{
    for (const char *at = cell;;) {
        size_t n = strcspn(at, ",");
        struct factor *f = factor_of(e, column, at, n, group);
        if (!f)
            return mfd_fail_nomem(err);
        for (size_t p = 0; p < PARTS; p++)
            f->mean[p] += e->effect[p][track];
        f->tracks++;
        if (!at[n])
            return MFD_OK;
        at += n + 1;
    }
}

/* Sum effects by the labels of one column. */
static int add_column(struct explain *e, const char *column, const char *group,
                      struct mfd_error *err)
{
    json_t *ids = json_object_get(e->head, "tracks");
    int status = MFD_OK;
    for (size_t t = 0; t < e->tracks && status == MFD_OK; t++) {
        const char *id = json_string_value(json_array_get(ids, t));
        json_t *metadata = id ? json_object_get(e->rows.metadata, id) : NULL;
        const char *cell = json_string_value(json_object_get(metadata, column));
        if (cell)
            status = add_cell(e, t, column, cell, group, err);
    }
    return status;
}

static int farther(const void *a, const void *b)
{
    const struct factor *f = a, *g = b;
    double x = fabs(f->z), y = fabs(g->z);
    return (x < y) - (x > y);
}

/* A label of a biological column is measured on the biological part, one of a technical column on
 * the technical part: that is what the model lets it move. */
static void finish_factors(struct explain *e)
{
    double mean[PARTS], sd[PARTS];
    size_t kept = 0;
    for (size_t p = 0; p < PARTS; p++) {
        mean[p] = mean_of(e->effect[p], e->tracks);
        sd[p] = sd_of(e->effect[p], e->tracks);
    }
    for (size_t i = 0; i < e->n_factors; i++) {
        struct factor f = e->factors[i];
        enum part own = strcmp(f.group, "biological") == 0  ? BIOLOGICAL
                        : strcmp(f.group, "technical") == 0 ? TECHNICAL
                                                            : TOTAL;
        if (f.tracks < LEAST_TRACKS || f.tracks == e->tracks || !(sd[own] > 0))
            continue;
        for (size_t p = 0; p < PARTS; p++)
            f.mean[p] /= (double)f.tracks;
        f.lift = f.mean[own] - mean[own];
        f.z = f.lift / (sd[own] / sqrt((double)f.tracks));
        e->factors[kept++] = f;
    }
    e->n_factors = kept;
    if (kept)
        qsort(e->factors, kept, sizeof *e->factors, farther);
}

static int read_factors(struct explain *e, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    json_t *field;
    size_t i;
    int status = app_model_path(e->app, &path, "/fields", err);
    if (status == MFD_OK)
        status = mfd_client_json(e->app->client, path.data, NULL, NULL, &e->fields, err);
    mfd_buffer_deinit(&path);
    if (status == MFD_OK)
        status = rows_read_metadata(&e->rows, err);
    json_array_foreach(json_object_get(e->fields, "fields"), i, field)
    {
        const char *name = json_string_value(json_object_get(field, "name"));
        bool bio = show_member(field, "groups.biological") != NULL;
        bool tech = show_member(field, "groups.technical") != NULL;
        const char *group = bio && tech ? "both" : bio ? "biological" : tech ? "technical" : NULL;
        bool labels = json_integer_value(json_object_get(field, "n_labels")) > 0;
        if (name && group && labels && status == MFD_OK)
            status = add_column(e, name, group, err);
    }
    if (status == MFD_OK)
        finish_factors(e);
    return status;
}

/* |bio| / (|bio| + |tech|) over all tracks. */
static double biological_share(const struct explain *e)
{
    double bio = 0, tech = 0;
    for (size_t t = 0; t < e->tracks; t++) {
        bio += fabs(e->effect[BIOLOGICAL][t]);
        tech += fabs(e->effect[TECHNICAL][t]);
    }
    return bio + tech > 0 ? bio / (bio + tech) : NAN;
}

/* Tracks with the largest effects, a line each. */
static int show_tracks(struct explain *e, struct sheet *sheet, size_t most, struct mfd_error *err)
{
    MFD_AUTO_FREE bool *shown = mfd_calloc(e->tracks, sizeof *shown);
    int status = shown ? MFD_OK : mfd_fail_nomem(err);
    for (size_t k = 0; k < most && k < e->tracks && status == MFD_OK; k++) {
        size_t best = e->tracks;
        for (size_t t = 0; t < e->tracks; t++)
            if (!shown[t] &&
                (best == e->tracks || fabs(e->effect[TOTAL][t]) > fabs(e->effect[TOTAL][best])))
                best = t;
        shown[best] = true;
        sheet_text(sheet, "track");
        sheet_text(sheet,
                   json_string_value(json_array_get(json_object_get(e->head, "tracks"), best)));
        sheet_text(sheet, NULL);
        sheet_integer(sheet, 1);
        for (size_t p = 0; p < PARTS; p++)
            sheet_number(sheet, e->effect[p][best], 5);
        status = sheet_end_row(sheet, err);
    }
    return status;
}

static int show_factors(struct explain *e, struct sheet *sheet, size_t most, struct mfd_error *err)
{
    int status = MFD_OK;
    for (size_t i = 0; i < e->n_factors && i < most && status == MFD_OK; i++) {
        const struct factor *f = &e->factors[i];
        struct mfd_buffer name = MFD_BUFFER_INIT;
        mfd_buffer_addf(&name, "%s=%s", f->column, f->label);
        sheet_text(sheet, "factor");
        sheet_text(sheet, name.data);
        sheet_text(sheet, f->group);
        sheet_integer(sheet, (int64_t)f->tracks);
        for (size_t p = 0; p < PARTS; p++)
            sheet_number(sheet, f->mean[p], 5);
        sheet_number(sheet, f->lift, 5);
        sheet_number(sheet, f->z, 1);
        status = sheet_end_row(sheet, err);
        mfd_buffer_deinit(&name);
    }
    return status;
}

static int show_rows(struct explain *e, struct mfd_error *err)
{
    static const struct sheet_column columns[] = {
        { "kind", SHEET_LEFT, false },       { "name", SHEET_LEFT, true },
        { "group", SHEET_LEFT, false },      { "tracks", SHEET_RIGHT, false },
        { "total", SHEET_RIGHT, false },     { "biological", SHEET_RIGHT, false },
        { "technical", SHEET_RIGHT, false }, { "lift", SHEET_RIGHT, false, true },
        { "z", SHEET_RIGHT, false, true },
    };
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    size_t most = e->app->set.top_given && !e->app->set.top ? SIZE_MAX
                  : e->app->set.top                         ? e->app->set.top
                                                            : 5;
    int status = sheet_new(&sheet, e->app->out, &e->app->style, columns,
                           sizeof columns / sizeof *columns, err);
    if (status < 0)
        return status;
    sheet_text(sheet, "all");
    sheet_text(sheet, "mean over tracks");
    sheet_text(sheet, NULL);
    sheet_integer(sheet, (int64_t)e->tracks);
    for (size_t p = 0; p < PARTS; p++)
        sheet_number(sheet, mean_of(e->effect[p], e->tracks), 5);
    status = sheet_end_row(sheet, err);
    if (status == MFD_OK)
        status = show_tracks(e, sheet, most, err);
    if (status == MFD_OK)
        status = show_factors(e, sheet, most, err);
    if (status == MFD_OK)
        status = sheet_flush(sheet, err);
    double share = biological_share(e);
    bool flipped = json_is_true(json_object_get(e->result, "flipped"));
    if (status == MFD_OK && e->app->format == FORMAT_TABLE)
        fprintf(e->app->out, "\n%.0f %% of the movement over all tracks is biological%s.\n",
                100 * share, flipped ? "; the alternative allele is the genome's" : "");
    return status;
}

static int show_document(struct explain *e, struct mfd_error *err)
{
    json_t *factors = json_array();
    for (size_t i = 0; factors && i < e->n_factors; i++) {
        const struct factor *f = &e->factors[i];
        json_array_append_new(
            factors,
            json_pack("{s:s, s:s, s:s, s:I, s:{s:f, s:f, s:f}, s:f, s:f}", "column", f->column,
                      "label", f->label, "group", f->group, "tracks", (json_int_t)f->tracks, "mean",
                      "total", f->mean[TOTAL], "biological", f->mean[BIOLOGICAL], "technical",
                      f->mean[TECHNICAL], "lift", f->lift, "z", f->z));
    }
    double share = biological_share(e);
    json_t *whole = json_pack(
        "{s:O, s:O, s:O, s:o*, s:o}", "provenance", json_object_get(e->head, "provenance"),
        "tracks", json_object_get(e->head, "tracks"), "result", e->result, "biological_share",
        isnan(share) ? NULL : json_real(share), "factors", factors);
    int status = !whole                            ? mfd_fail_nomem(err)
                 : e->app->format == FORMAT_NDJSON ? show_line(e->app, whole, err)
                                                   : show_json(e->app, whole, err);
    json_decref(whole);
    return status;
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    if (argc != 1)
        return compute_misuse(err, "name one variant, such as chr20-42984264-C-T");
    struct explain e = { .app = app, .labels = json_array(), .rows = { .app = app } };
    int status = e.labels ? ask(&e, argv, err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = take_effects(&e, err);
    if (status == MFD_OK)
        status = read_factors(&e, err);
    if (status == MFD_OK)
        status = app->format == FORMAT_JSON || app->format == FORMAT_NDJSON ? show_document(&e, err)
                                                                            : show_rows(&e, err);
    for (size_t p = 0; p < PARTS; p++)
        free(e.effect[p]);
    free(e.factors);
    rows_deinit(&e.rows);
    json_decref(e.fields);
    json_decref(e.labels);
    json_decref(e.head);
    json_decref(e.result);
    return status;
}

const struct command command_explain = {
    .name = "explain",
    .arguments = "VARIANT",
    .summary = "which tracks and factors a variant moves, biology or technique",
    .details =
        "First the mean over all tracks, then the tracks with the largest effects, then the\n"
        "metadata labels whose tracks move unlike the rest: lift is the mean effect of their\n"
        "tracks above that of all, on the part that the column belongs to, and z the same in\n"
        "standard errors of such a mean.",
    .most = 1,
    .groups = FOR_MODEL | FOR_TRACKS | FOR_WHERE | FOR_NETWORK | FOR_TOP,
    .run = run,
};
