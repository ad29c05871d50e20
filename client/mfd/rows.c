#define _GNU_SOURCE /* qsort_r */
#include "client/mfd/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/problem.h"
#include "client/mfd/meaning.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"

/* What says which item a row is of: its members, and whether a table has room for it. */
struct place {
    const char *title, *path;
    enum sheet_side side;
    bool in_tables;
};

static const struct place of_sequences[] = { { "index", "index", SHEET_RIGHT, false },
                                             { "id", "id", SHEET_LEFT, true },
                                             { NULL } };
static const struct place of_intervals[] = {
    { "index", "index", SHEET_RIGHT, false }, { "id", "id", SHEET_LEFT, false },
    { "chrom", "chrom", SHEET_LEFT, true },   { "start", "start", SHEET_RIGHT, true },
    { "end", "end", SHEET_RIGHT, true },      { NULL }
};
static const struct place of_variants[] = { { "index", "index", SHEET_RIGHT, false },
                                            { "id", "id", SHEET_LEFT, false },
                                            { "chrom", "variant.chrom", SHEET_LEFT, true },
                                            { "pos", "variant.pos", SHEET_RIGHT, true },
                                            { "ref", "variant.ref", SHEET_LEFT, true },
                                            { "alt", "variant.alt", SHEET_LEFT, true },
                                            { NULL } };
static const struct place *const places[] = { of_sequences, of_intervals, of_variants };

static bool shows(const struct rows *rows, const struct place *place)
{
    return rows->app->style.tsv || place->in_tables;
}

void rows_add(struct rows *rows, const char *title, const char *path)
{
    if (rows->values == ROWS_MOST_VALUES)
        return;
    snprintf(rows->value[rows->values].title, sizeof rows->value[0].title, "%s", title);
    snprintf(rows->value[rows->values].path, sizeof rows->value[0].path, "%s", path);
    rows->values++;
}

void rows_deinit(struct rows *rows)
{
    list_deinit(&rows->columns);
    json_decref(rows->metadata);
    json_decref(rows->meanings);
    json_decref(rows->head);
    sheet_free(rows->sheet);
    rows->sheet = NULL;
}

int rows_read_metadata(struct rows *rows, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    json_t *tracks = NULL, *track;
    size_t i;
    rows->metadata = json_object();
    int status =
        rows->metadata ? app_model_path(rows->app, &path, "/tracks", err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = show_fetch(rows->app, path.data, "limit=1000", "tracks", &tracks, err);
    json_array_foreach(tracks, i, track)
    {
        const char *id = json_string_value(json_object_get(track, "id"));
        if (id)
            json_object_set(rows->metadata, id, json_object_get(track, "metadata"));
    }
    json_decref(tracks);
    mfd_buffer_deinit(&path);
    return status;
}

int rows_head(void *arg, json_t *line, struct mfd_error *err)
{
    struct rows *rows = arg;
    struct sheet_column
        column[40 + 16 + ROWS_MOST_VALUES]; /* 16: what is no value and no metadata */
    size_t n = 0;
    rows->head = json_incref(line);
    for (const struct place *p = places[rows->kind]; p->title; p++)
        if (shows(rows, p))
            column[n++] = (struct sheet_column){ p->title, p->side, p->side == SHEET_LEFT };
    if (rows->features)
        column[n++] = (struct sheet_column){ "subspace", SHEET_LEFT, false };
    column[n++] = (struct sheet_column){ rows->features ? "feature" : "track",
                                         rows->features ? SHEET_RIGHT : SHEET_LEFT, true };
    if (rows->meanings) {
        column[n++] = (struct sheet_column){ "index", SHEET_RIGHT, false };
        column[n++] = (struct sheet_column){ "stands_for", SHEET_LEFT, true };
    }
    for (size_t i = 0; i < rows->columns.n && n < 40; i++)
        column[n++] = (struct sheet_column){ rows->columns.at[i], SHEET_LEFT, true };
    if (rows->levels) {
        column[n++] = (struct sheet_column){ "setting", SHEET_LEFT, true };
        column[n++] = (struct sheet_column){ "weight", SHEET_RIGHT, false };
    }
    for (size_t i = 0; i < (rows->features ? 1 : rows->values); i++)
        column[n++] = (struct sheet_column){ rows->features ? "value" : rows->value[i].title,
                                             SHEET_RIGHT, false };
    if (rows->app->style.tsv)
        column[n++] = (struct sheet_column){ "status", SHEET_LEFT, false };
    column[n++] =
        (struct sheet_column){ rows->app->style.tsv ? "problem" : "note", SHEET_LEFT, true };
    for (size_t i = 0; i < n; i++)
        column[i].hides = true;
    return sheet_new(&rows->sheet, rows->app->out, &rows->app->style, column, n, err);
}

/* A name for an input that the server could not even read. */
static void label(struct mfd_buffer *out, json_t *input)
{
    const char *text = json_string_value(input);
    const char *chrom = json_string_value(json_object_get(input, "chrom"));
    json_t *pos = json_object_get(input, "pos");
    if (text && strlen(text) < 200)
        mfd_buffer_adds(out, text);
    else if (chrom && pos)
        mfd_buffer_addf(out, "%s-%lld-%s-%s", chrom, (long long)json_integer_value(pos),
                        json_string_value(json_object_get(input, "ref")),
                        json_string_value(json_object_get(input, "alt")));
    else if (chrom)
        mfd_buffer_addf(out, "%s:%lld-%lld", chrom,
                        (long long)json_integer_value(json_object_get(input, "start")) + 1,
                        (long long)json_integer_value(json_object_get(input, "end")));
    else
        mfd_buffer_adds(out, "sequence");
}

static int show_unscored(struct rows *rows, json_t *result, json_t *input, struct mfd_error *err)
{
    struct mfd_buffer text = MFD_BUFFER_INIT, name = MFD_BUFFER_INIT;
    const char *state = json_string_value(json_object_get(result, "status"));
    size_t cells = rows->features ? 3 : 1 + rows->columns.n + (rows->levels ? 2 : 0) + rows->values;
    bool named = false;
    label(&name, input);
    for (const struct place *p = places[rows->kind]; p->title; p++) {
        json_t *value = show_member(result, p->path);
        bool here = !value && !named && p->side == SHEET_LEFT &&
                    (strcmp(p->title, "chrom") == 0 || rows->kind == ROWS_SEQUENCES);
        named = named || here;
        if (!shows(rows, p))
            continue;
        if (here)
            sheet_text(rows->sheet, name.data);
        else
            show_cell(rows->sheet, value, 0);
    }
    while (cells--)
        sheet_text(rows->sheet, NULL);
    if (rows->app->style.tsv)
        sheet_text(rows->sheet, state);
    else
        mfd_buffer_addf(&text, "%s: ", state);
    const char *slug = mfd_problem_text(&text, json_object_get(result, "problem"));
    if (rows->app->style.tsv && *slug) {
        struct mfd_buffer whole = MFD_BUFFER_INIT;
        mfd_buffer_addf(&whole, "%s: %s", slug, text.data ? text.data : "");
        sheet_text(rows->sheet, whole.data);
        mfd_buffer_deinit(&whole);
    } else {
        sheet_text(rows->sheet, text.data);
    }
    mfd_buffer_deinit(&name);
    mfd_buffer_deinit(&text);
    return sheet_end_row(rows->sheet, err);
}

struct sizes {
    json_t *values;
    bool magnitude;
};

static int by_size(const void *a, const void *b, void *arg)
{
    const struct sizes *s = arg;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    double x = json_number_value(json_array_get(s->values, i));
    double y = json_number_value(json_array_get(s->values, j));
    if (s->magnitude) {
        x = fabs(x);
        y = fabs(y);
    }
    return x != y ? (x < y) - (x > y) : (i > j) - (i < j);
}

/* Which elements to show, in which order: *n of them; NULL on lack of memory. */
static size_t *choose(const struct rows *rows, json_t *values, size_t *n)
{
    size_t all = json_array_size(values);
    size_t *order = mfd_calloc(all, sizeof *order);
    for (size_t i = 0; order && i < all; i++)
        order[i] = i;
    if (order && rows->top) {
        struct sizes sizes = { values, rows->by_magnitude };
        qsort_r(order, all, sizeof *order, by_size, &sizes);
    }
    *n = rows->top && rows->top < all ? rows->top : all;
    return order;
}

static void show_value(struct rows *rows, json_t *value)
{
    if (json_is_number(value))
        sheet_number(rows->sheet, json_number_value(value), rows->digits);
    else
        sheet_text(rows->sheet, NULL);
}

static void show_places(struct rows *rows, json_t *result, json_t *bin, json_t *input)
{
    for (const struct place *p = places[rows->kind]; p->title; p++) {
        if (!shows(rows, p))
            continue;
        json_t *value = show_member(bin, p->path);
        value = value ? value : show_member(result, p->path);
        if (!value && rows->kind == ROWS_VARIANTS && strcmp(p->title, "id") == 0 &&
            json_is_string(input))
            value = input;
        show_cell(rows->sheet, value, 0);
    }
}

static void show_notes(struct rows *rows, json_t *result, json_t *bin)
{
    struct mfd_buffer note = MFD_BUFFER_INIT;
    json_t *padded = show_member(bin, "padded");
    bool flipped = json_is_true(json_object_get(result, "flipped"));
    if (flipped)
        mfd_buffer_adds(&note, "flipped");
    if (json_integer_value(padded) > 0)
        mfd_buffer_addf(&note, "%s%lld bases padded", flipped ? ", " : "",
                        (long long)json_integer_value(padded));
    if (rows->app->style.tsv)
        sheet_text(rows->sheet, "ok");
    sheet_text(rows->sheet, note.data);
    mfd_buffer_deinit(&note);
}

/* The place of a feature in the model, and what it stands for. */
static void show_meaning(struct rows *rows, const char *subspace, size_t i)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    json_t *feature = json_array_get(json_object_get(rows->meanings, subspace), i);
    meaning_add(&text, feature);
    show_cell(rows->sheet, json_object_get(feature, "index"), 0);
    sheet_text(rows->sheet, text.data);
    mfd_buffer_deinit(&text);
}

/* The name of an element and the metadata beside it. */
static void show_name(struct rows *rows, const char *subspace, size_t i)
{
    if (rows->features) {
        sheet_text(rows->sheet, subspace);
        sheet_integer(rows->sheet, (int64_t)i);
        if (rows->meanings)
            show_meaning(rows, subspace, i);
        return;
    }
    const char *id = json_string_value(json_array_get(json_object_get(rows->head, "tracks"), i));
    sheet_text(rows->sheet, id);
    json_t *metadata = id ? json_object_get(rows->metadata, id) : NULL;
    for (size_t c = 0; c < rows->columns.n && c < 40; c++)
        show_cell(rows->sheet, json_object_get(metadata, rows->columns.at[c]), 4);
}

/* The part of a value that has levels, which predictions and effects are; NULL of others. */
static const char *levelled(const char *path)
{
    return strncmp(path, "values.", 7) == 0 || strncmp(path, "effect.", 7) == 0 ? path + 7 : NULL;
}

/* A row for each setting that element i is the mean of. */
static int show_levels(struct rows *rows, json_t *result, json_t *bin, json_t *input, size_t i,
                       struct mfd_error *err)
{
    json_t *settings = show_member(rows->head, "provenance.settings"), *setting;
    size_t s, n = json_array_size(settings);
    int status = MFD_OK;
    json_array_foreach(settings, s, setting)
    {
        show_places(rows, result, bin, input);
        show_name(rows, NULL, i);
        show_setting(rows->sheet, setting);
        for (size_t v = 0; v < rows->values; v++) {
            const char *part = levelled(rows->value[v].path);
            json_t *levels = part ? json_object_get(json_object_get(bin, "levels"), part) : NULL;
            show_value(rows, json_array_get(levels, i * n + s));
        }
        show_notes(rows, result, bin);
        status = sheet_end_row(rows->sheet, err);
        if (status < 0)
            break;
    }
    return status;
}

/* All rows of one bin, sequence or variant. `from` and `to` are columns of values: all of them side
 * by side for tracks, one after another for features. */
static int show_block(struct rows *rows, json_t *result, json_t *bin, json_t *input, size_t from,
                      size_t to, struct mfd_error *err)
{
    size_t n;
    json_t *first = show_member(bin, rows->value[from].path);
    MFD_AUTO_FREE size_t *order = choose(rows, first, &n);
    if (!order)
        return mfd_fail_nomem(err);
    int status = MFD_OK;
    for (size_t k = 0; k < n && status == MFD_OK; k++) {
        show_places(rows, result, bin, input);
        show_name(rows, rows->value[from].title, order[k]);
        if (rows->levels) { /* this row is of all settings */
            sheet_text(rows->sheet, NULL);
            sheet_text(rows->sheet, NULL);
        }
        for (size_t v = from; v < to; v++)
            show_value(rows, json_array_get(show_member(bin, rows->value[v].path), order[k]));
        show_notes(rows, result, bin);
        status = sheet_end_row(rows->sheet, err);
        if (rows->levels && status == MFD_OK)
            status = show_levels(rows, result, bin, input, order[k], err);
    }
    return status;
}

int rows_result(void *arg, json_t *result, json_t *input, struct mfd_error *err)
{
    struct rows *rows = arg;
    if (!rows->sheet)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's answer has no first line");
    if (!json_string_value(json_object_get(result, "status")) ||
        strcmp(json_string_value(json_object_get(result, "status")), "ok") != 0)
        return show_unscored(rows, result, input, err);
    json_t *bins = json_object_get(result, "bins");
    size_t blocks = json_is_array(bins) ? json_array_size(bins) : 1;
    int status = MFD_OK;
    for (size_t b = 0; b < blocks && status == MFD_OK; b++) {
        json_t *bin = json_is_array(bins) ? json_array_get(bins, b) : result;
        if (!rows->features)
            status = show_block(rows, result, bin, input, 0, rows->values, err);
        for (size_t v = 0; rows->features && v < rows->values && status == MFD_OK; v++)
            status = show_block(rows, result, bin, input, v, v + 1, err);
    }
    return status;
}

int rows_end(struct rows *rows, struct mfd_error *err)
{
    return rows->sheet ? sheet_flush(rows->sheet, err) : MFD_OK;
}
