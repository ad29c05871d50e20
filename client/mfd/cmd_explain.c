#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/problem.h"
#include "client/mfd/command.h"
#include "client/mfd/factors.h"
#include "client/mfd/meaning.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"

MFD_DEFINE_CLEANUP(struct sheet, sheet_free);

static const char *const subspaces[2] = { "biological", "technical" };

struct explain {
    struct app *app;
    json_t *head, *results; /* owned */
    json_t *result;         /* borrowed from results */
    json_t *fields;         /* owned: the model's columns */
    json_t *meanings;       /* owned: the model's features by subspace */
    struct rows rows;       /* for the metadata of the tracks */
    double *effect[PARTS];  /* (tracks) each, owned */
    size_t tracks;
    struct factors factors;
};

static int ask(struct explain *e, char **variant, struct mfd_error *err)
{
    struct source source;
    json_t *options = compute_options(&e->app->set);
    json_t *features = json_pack("[s, s]", subspaces[0], subspaces[1]);
    int status = options && features ? compute_track_options(options, &e->app->set, err)
                                     : mfd_fail_nomem(err);
    source_words(&source, variant, 1);
    if (status == MFD_OK)
        json_object_set(options, "features", features);
    if (status == MFD_OK)
        status = compute_collect(e->app, "/api/v1/variants/score", "variants", options,
                                 compute_variant_passes(&e->app->set), &source, &e->head,
                                 &e->results, err);
    e->result = json_array_get(e->results, 0);
    json_decref(features);
    json_decref(options);
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
        json_t *values = json_object_get(json_object_get(e->result, "effect"), compute_parts[p]);
        json_t *value;
        size_t i;
        if (!e->tracks || json_array_size(values) != e->tracks)
            return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the answer lacks %s effects",
                               compute_parts[p]);
        e->effect[p] = mfd_calloc(e->tracks, sizeof **e->effect);
        if (!e->effect[p])
            return mfd_fail_nomem(err);
        json_array_foreach(values, i, value) e->effect[p][i] = json_number_value(value);
    }
    return MFD_OK;
}

/* What the model knows: its columns, its tracks' metadata, its features. */
static int read_model(struct explain *e, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    int status = app_model_path(e->app, &path, "/fields", err);
    if (status == MFD_OK)
        status = mfd_client_json(e->app->client, path.data, NULL, NULL, &e->fields, err);
    mfd_buffer_deinit(&path);
    if (status == MFD_OK)
        status = rows_read_metadata(&e->rows, err);
    if (status == MFD_OK)
        status = meaning_read(e->app, &e->meanings, err);
    if (status < 0)
        return status;
    e->factors.ids = json_object_get(e->head, "tracks");
    e->factors.metadata = e->rows.metadata;
    e->factors.tracks = e->tracks;
    for (size_t p = 0; p < PARTS; p++)
        e->factors.effect[p] = e->effect[p];
    return factors_find(&e->factors, e->fields, err);
}

/* |bio| / (|bio| + |tech|) over all tracks; *technical receives how many move more by technique. */
static double biological_share(const struct explain *e, size_t *technical)
{
    double bio = 0, tech = 0;
    *technical = 0;
    for (size_t t = 0; t < e->tracks; t++) {
        bio += fabs(e->effect[BIOLOGICAL][t]);
        tech += fabs(e->effect[TECHNICAL][t]);
        *technical += fabs(e->effect[TECHNICAL][t]) > fabs(e->effect[BIOLOGICAL][t]);
    }
    return bio + tech > 0 ? bio / (bio + tech) : NAN;
}

/* A value and where it was, for sorting. */
struct ranked {
    size_t at;
    double value;
};

static int by_size(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    double p = fabs(x->value), q = fabs(y->value);
    return p != q ? (p < q) - (p > q) : (x->at > y->at) - (x->at < y->at);
}

/* The values with their places, the largest in size first; NULL on lack of memory. */
static struct ranked *rank(const double *values, size_t n)
{
    struct ranked *all = mfd_calloc(n ? n : 1, sizeof *all);
    for (size_t i = 0; all && i < n; i++)
        all[i] = (struct ranked){ i, values[i] };
    if (all)
        qsort(all, n, sizeof *all, by_size);
    return all;
}

static int put_tracks(struct explain *e, struct sheet *sheet, size_t most, struct mfd_error *err)
{
    MFD_AUTO_FREE struct ranked *order = rank(e->effect[TOTAL], e->tracks);
    json_t *ids = json_object_get(e->head, "tracks");
    int status = order ? MFD_OK : mfd_fail_nomem(err);
    for (size_t k = 0; k < most && k < e->tracks && status == MFD_OK; k++) {
        sheet_text(sheet, "track");
        sheet_text(sheet, json_string_value(json_array_get(ids, order[k].at)));
        sheet_text(sheet, NULL);
        sheet_integer(sheet, 1);
        for (size_t p = 0; p < PARTS; p++)
            sheet_number(sheet, e->effect[p][order[k].at], 5);
        status = sheet_end_row(sheet, err);
    }
    return status;
}

static int put_factors(struct explain *e, struct sheet *sheet, size_t most, struct mfd_error *err)
{
    int status = MFD_OK;
    for (size_t i = 0; i < e->factors.n && i < most && status == MFD_OK; i++) {
        const struct factor *f = &e->factors.at[i];
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

static int put_feature(struct explain *e, struct sheet *sheet, json_t *feature,
                       const struct ranked *moved, struct mfd_error *err)
{
    struct mfd_buffer name = MFD_BUFFER_INIT;
    int status = MFD_OK;
    mfd_buffer_addf(&name, "%lld ",
                    (long long)json_integer_value(json_object_get(feature, "index")));
    if (json_is_string(json_object_get(feature, "column")))
        meaning_add(&name, feature);
    else
        status = meaning_add_most(e->app, &name, feature, err);
    sheet_text(sheet, "feature");
    sheet_text(sheet, name.data);
    sheet_text(sheet, json_string_value(json_object_get(feature, "subspace")));
    for (int i = 0; i < 1 + PARTS + 2; i++) /* what only tracks have */
        sheet_text(sheet, NULL);
    sheet_number(sheet, moved->value, 5);
    mfd_buffer_deinit(&name);
    return status < 0 ? status : sheet_end_row(sheet, err);
}

/* Features that change most, of each subspace. */
static int put_features(struct explain *e, struct sheet *sheet, size_t most, struct mfd_error *err)
{
    int status = MFD_OK;
    for (size_t s = 0; s < 2 && status == MFD_OK; s++) {
        json_t *changes = json_object_get(json_object_get(e->result, "features"), subspaces[s]);
        json_t *meanings = json_object_get(e->meanings, subspaces[s]);
        size_t n = json_array_size(changes);
        MFD_AUTO_FREE double *values = mfd_calloc(n + 1, sizeof *values);
        for (size_t i = 0; values && i < n; i++)
            values[i] = json_number_value(json_array_get(changes, i));
        MFD_AUTO_FREE struct ranked *order = values ? rank(values, n) : NULL;
        if (!order)
            return mfd_fail_nomem(err);
        for (size_t k = 0; k < most && k < n && status == MFD_OK; k++)
            status = put_feature(e, sheet, json_array_get(meanings, order[k].at), &order[k], err);
    }
    return status;
}

static int put_all(struct explain *e, struct sheet *sheet, struct mfd_error *err)
{
    const struct settings *set = &e->app->set;
    size_t most = set->top_given && !set->top ? SIZE_MAX : set->top ? set->top : 5;
    sheet_text(sheet, "all");
    sheet_text(sheet, "mean over tracks");
    sheet_text(sheet, NULL);
    sheet_integer(sheet, (int64_t)e->tracks);
    for (size_t p = 0; p < PARTS; p++)
        sheet_number(sheet, factors_mean(e->effect[p], e->tracks), 5);
    int status = sheet_end_row(sheet, err);
    if (status == MFD_OK)
        status = put_tracks(e, sheet, most, err);
    if (status == MFD_OK)
        status = put_factors(e, sheet, most, err);
    if (status == MFD_OK)
        status = put_features(e, sheet, most, err);
    return status < 0 ? status : sheet_flush(sheet, err);
}

static int show_rows(struct explain *e, struct mfd_error *err)
{
    static const struct sheet_column columns[] = {
        { "kind", SHEET_LEFT, false },       { "name", SHEET_LEFT, true },
        { "group", SHEET_LEFT, false },      { "tracks", SHEET_RIGHT, false },
        { "total", SHEET_RIGHT, false },     { "biological", SHEET_RIGHT, false },
        { "technical", SHEET_RIGHT, false }, { "lift", SHEET_RIGHT, false, true },
        { "z", SHEET_RIGHT, false, true },   { "change", SHEET_RIGHT, false, true },
    };
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    int status = sheet_new(&sheet, e->app->out, &e->app->style, columns,
                           sizeof columns / sizeof *columns, err);
    if (status == MFD_OK)
        status = put_all(e, sheet, err);
    if (status < 0 || e->app->format != FORMAT_TABLE)
        return status;
    size_t technical;
    double share = biological_share(e, &technical);
    if (!isnan(share))
        fprintf(e->app->out,
                "\n%.0f %% of the movement over all tracks is biological; %zu of %zu tracks move "
                "more by technique.\n",
                100 * share, technical, e->tracks);
    if (json_is_true(json_object_get(e->result, "flipped")))
        fputs("The alternative allele is the one that the genome has.\n", e->app->out);
    return MFD_OK;
}

static int show_document(struct explain *e, struct mfd_error *err)
{
    json_t *factors = json_array();
    size_t technical;
    for (size_t i = 0; factors && i < e->factors.n; i++) {
        const struct factor *f = &e->factors.at[i];
        json_array_append_new(
            factors,
            json_pack("{s:s, s:s, s:s, s:I, s:{s:f, s:f, s:f}, s:f, s:f}", "column", f->column,
                      "label", f->label, "group", f->group, "tracks", (json_int_t)f->tracks, "mean",
                      "total", f->mean[TOTAL], "biological", f->mean[BIOLOGICAL], "technical",
                      f->mean[TECHNICAL], "lift", f->lift, "z", f->z));
    }
    double share = biological_share(e, &technical);
    json_t *whole = json_pack(
        "{s:O, s:O, s:O, s:o*, s:I, s:o, s:O}", "provenance",
        json_object_get(e->head, "provenance"), "tracks", json_object_get(e->head, "tracks"),
        "result", e->result, "biological_share", isnan(share) ? NULL : json_real(share),
        "technical_tracks", (json_int_t)technical, "factors", factors, "features", e->meanings);
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
    struct explain e = { .app = app, .rows = { .app = app } };
    bool document = app->format == FORMAT_JSON || app->format == FORMAT_NDJSON;
    int status = ask(&e, argv, err);
    if (status == MFD_OK)
        status = take_effects(&e, err);
    if (status == MFD_OK)
        status = read_model(&e, err);
    if (status == MFD_OK)
        status = document ? show_document(&e, err) : show_rows(&e, err);
    for (size_t p = 0; p < PARTS; p++)
        free(e.effect[p]);
    factors_deinit(&e.factors);
    rows_deinit(&e.rows);
    json_t *const owned[] = { e.meanings, e.fields, e.head, e.results };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        json_decref(owned[i]);
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
        "standard errors of such a mean; then the latent features that change most.",
    .most = 1,
    .groups = FOR_MODEL | FOR_TRACKS | FOR_WHERE | FOR_NETWORK | FOR_TOP,
    .run = run,
};
