/* Coding of cells: labels and numbers as the public code's embedding of a column sees them. */
#define _GNU_SOURCE /* qsort_r */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/model/metadata_impl.h"
#include "core/model/year.h"

static const struct mfd_mapping_column *spec_of(const struct mfd_metadata *md,
                                                const struct mfd_field *field)
{
    return &md->mapping->columns[mfd_mapping_find(md->mapping, field->name)];
}

static const char *cell_of(const struct mfd_metadata *md, const struct mfd_field *field,
                           size_t track)
{
    return md->cells[field->column * md->tracks + track];
}

static bool serves(const struct mfd_mapping *m, size_t column)
{
    for (size_t g = 0; g < MFD_GROUPS; g++) {
        const struct mfd_mapping_group *group = &m->group[g];
        for (size_t i = 0; i < group->n_direct; i++)
            if (group->direct[i] == column)
                return true;
        for (size_t i = 0; i < group->n_interact; i++)
            if (group->interact[i] == column)
                return true;
    }
    return false;
}

int mfd_fields_create(struct mfd_metadata *md, struct mfd_error *err)
{
    const struct mfd_mapping *m = md->mapping;
    md->fields = mfd_arena_calloc(&md->arena, m->n, sizeof *md->fields);
    md->coded = mfd_arena_calloc(&md->arena, m->n, sizeof *md->coded);
    if (!md->fields || !md->coded)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < m->n; i++) {
        if (!serves(m, i))
            continue;
        struct mfd_field *f = &md->fields[md->n_fields];
        f->name = m->columns[i].name;
        f->type = m->columns[i].type;
        f->intermediate = m->columns[i].intermediate;
        f->column = mfd_metadata_find_column(md, f->name);
        if (f->column == MFD_NONE)
            return mfd_fail(err, MFD_EMISMATCH,
                            "the table has no column '%s', which the mapping names", f->name);
        md->n_fields++;
    }
    return MFD_OK;
}

/* ---- labels ---- */

/* A label as a stretch of a cell. */
struct stretch {
    const char *s;
    size_t n;
};

static int compare_stretches(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int order = memcmp(x->s, y->s, n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* All labels of all cells, in order of tracks; start[t] is where track t's begin. */
static int split_cells(const char *const *cells, size_t tracks, struct stretch **out,
                       uint32_t *start, struct mfd_error *err)
{
    size_t n = 0, at = 0;
    for (size_t t = 0; t < tracks; t++) {
        n++;
        for (const char *c = cells[t]; (c = strchr(c, ',')); c++)
            n++;
    }
    if (n > UINT32_MAX || !(*out = mfd_calloc(n, sizeof **out)))
        return mfd_fail_nomem(err);
    for (size_t t = 0; t < tracks; t++) {
        start[t] = (uint32_t)at;
        for (const char *s = cells[t];; s++) {
            size_t length = strcspn(s, ",");
            (*out)[at++] = (struct stretch){ s, length };
            s += length;
            if (!*s)
                break;
        }
    }
    start[tracks] = (uint32_t)at;
    return MFD_OK;
}

/* The distinct labels of n stretches, by code point, copied into the arena. */
static int collect_labels(struct mfd_metadata *md, struct mfd_field *f, const struct stretch *all,
                          size_t n, struct mfd_error *err)
{
    MFD_AUTO_FREE struct stretch *sorted = mfd_calloc(n, sizeof *sorted);
    if (!sorted)
        return mfd_fail_nomem(err);
    memcpy(sorted, all, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_stretches);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || compare_stretches(&sorted[distinct - 1], &sorted[i]))
            sorted[distinct++] = sorted[i];
    if (distinct > MFD_MAX_LABELS)
        return mfd_fail(err, MFD_ELIMIT, "column '%s' has %zu labels; the limit is %d", f->name,
                        distinct, MFD_MAX_LABELS);
    const char **labels = mfd_arena_calloc(&md->arena, distinct, sizeof *labels);
    if (!labels)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < distinct; i++)
        if (!(labels[i] = mfd_arena_strndup(&md->arena, sorted[i].s, sorted[i].n)))
            return mfd_fail_nomem(err);
    f->labels = labels;
    f->n_labels = distinct;
    return MFD_OK;
}

static int copy_labels(struct mfd_metadata *md, struct mfd_field *f, const char *const *labels,
                       size_t n, struct mfd_error *err)
{
    const char **copy = mfd_arena_calloc(&md->arena, n, sizeof *copy);
    if (!copy)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        if (!(copy[i] = mfd_arena_strdup(&md->arena, labels[i])))
            return mfd_fail_nomem(err);
    f->labels = copy;
    f->n_labels = n;
    return MFD_OK;
}

static int compare_labels(const void *a, const void *b, void *labels)
{
    const char *const *l = labels;
    return strcmp(l[*(const uint32_t *)a], l[*(const uint32_t *)b]);
}

static int sort_labels(struct mfd_metadata *md, struct mfd_field *f, struct mfd_error *err)
{
    uint32_t *order = mfd_arena_calloc(&md->arena, f->n_labels, sizeof *order);
    if (!order)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < f->n_labels; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, f->n_labels, sizeof *order, compare_labels, (void *)(size_t)f->labels);
    for (size_t i = 1; i < f->n_labels; i++)
        if (!strcmp(f->labels[order[i - 1]], f->labels[order[i]]))
            return mfd_fail(err, MFD_EFORMAT, "column '%s' lists label '%.64s' twice", f->name,
                            f->labels[order[i]]);
    f->by_name = order;
    return MFD_OK;
}

static int compare_indices(const void *a, const void *b)
{
    return (int)(*(const uint32_t *)a > *(const uint32_t *)b) -
           (int)(*(const uint32_t *)a < *(const uint32_t *)b);
}

/* Stretches to indices: rising and distinct within a track. */
static int index_cells(struct mfd_metadata *md, size_t field, const struct stretch *all,
                       const uint32_t *from, struct mfd_error *err)
{
    struct mfd_field *f = &md->fields[field];
    struct mfd_coded *coded = &md->coded[field];
    size_t *counts = mfd_arena_calloc(&md->arena, f->n_labels, sizeof *counts);
    coded->start = mfd_arena_calloc(&md->arena, md->tracks + 1, sizeof *coded->start);
    coded->labels = mfd_arena_calloc(&md->arena, from[md->tracks], sizeof *coded->labels);
    if (!counts || !coded->start || !coded->labels)
        return mfd_fail_nomem(err);
    uint32_t at = 0;
    for (size_t t = 0; t < md->tracks; t++) {
        uint32_t first = at, n = from[t + 1] - from[t];
        coded->start[t] = first;
        for (uint32_t i = 0; i < n; i++) {
            const struct stretch *s = &all[from[t] + i];
            size_t label = mfd_fields_same_label(f, s->s, s->n);
            if (label == MFD_NONE)
                return mfd_fail(err, MFD_EMISMATCH,
                                "column '%s', track '%.64s': label '%.*s' is not among the labels "
                                "given for this column",
                                f->name, md->ids[t], (int)(s->n < 64 ? s->n : 64), s->s);
            coded->labels[first + i] = (uint32_t)label;
        }
        qsort(coded->labels + first, n, sizeof *coded->labels, compare_indices);
        for (uint32_t i = 0; i < n; i++)
            if (i == 0 || coded->labels[first + i] != coded->labels[at - 1]) {
                coded->labels[at] = coded->labels[first + i];
                counts[coded->labels[at++]]++;
            }
    }
    coded->start[md->tracks] = at;
    f->counts = counts;
    return MFD_OK;
}

/* The years of a column of dates as texts: whole numbers, or with ".0" where one is missing. */
static int years(struct mfd_metadata *md, const struct mfd_field *f, const char **out,
                 struct mfd_error *err)
{
    bool missing = false;
    for (size_t t = 0; t < md->tracks; t++)
        missing |= !strcmp(cell_of(md, f, t), "nan");
    for (size_t t = 0; t < md->tracks; t++) {
        const char *cell = cell_of(md, f, t);
        char text[32];
        double x;
        int year;
        if (!strcmp(cell, "nan")) {
            out[t] = "nan";
            continue;
        }
        bool good = md->numeric[f->column] ? mfd_parse_double(cell, strlen(cell), &x) &&
                                                 mfd_year_of_nanoseconds(x, &year)
                                           : mfd_year_of_date(cell, &year);
        if (!good)
            return mfd_fail(err, MFD_EMISMATCH, "column '%s', track '%.64s': '%.64s' is not a date",
                            f->name, md->ids[t], cell);
        snprintf(text, sizeof text, "%d%s", year, missing ? ".0" : "");
        if (!(out[t] = mfd_arena_strdup(&md->arena, text)))
            return mfd_fail_nomem(err);
    }
    return MFD_OK;
}

static int code_labels(struct mfd_metadata *md, size_t field, const struct mfd_vocabulary *given,
                       struct mfd_error *err)
{
    struct mfd_field *f = &md->fields[field];
    const struct mfd_mapping_column *spec = spec_of(md, f);
    MFD_AUTO_FREE struct stretch *all = NULL;
    MFD_AUTO_FREE uint32_t *start = mfd_calloc(md->tracks + 1, sizeof *start);
    MFD_AUTO_FREE const char **dates = mfd_calloc(md->tracks, sizeof *dates);
    const char *const *cells = md->cells + f->column * md->tracks;
    int status = start && dates ? MFD_OK : mfd_fail_nomem(err);
    if (!status && f->type == MFD_DATE_YEAR) {
        status = years(md, f, dates, err);
        cells = dates;
    }
    if (status || (status = split_cells(cells, md->tracks, &all, start, err)))
        return status;
    /* the public code reads a category's labels from the mapping, but finds years by itself */
    if (given->labels)
        status = copy_labels(md, f, given->labels, given->n_labels, err);
    else if (spec->labels && f->type == MFD_CATEGORY)
        status = copy_labels(md, f, (const char *const *)spec->labels, spec->n_labels, err);
    else
        status = collect_labels(md, f, all, start[md->tracks], err);
    f->inputs = f->n_labels;
    if (status || (status = sort_labels(md, f, err)))
        return status;
    return index_cells(md, field, all, start, err);
}

/* ---- numbers ---- */

/* As Python's float() reads a cell: blanks around it are allowed. */
static bool read_number(const char *cell, double *out)
{
    static const char blanks[] = " \t\n\v\f\r";
    cell += strspn(cell, blanks);
    size_t n = strlen(cell);
    while (n && strchr(blanks, cell[n - 1]))
        n--;
    if (n == 4 && !memcmp(cell, "True", 4)) {
        *out = 1;
        return true;
    }
    if (n == 5 && !memcmp(cell, "False", 5)) {
        *out = 0;
        return true;
    }
    return mfd_parse_double(cell, n, out);
}

/* Mean and population standard deviation over the tracks, unless given. */
static void scale(struct mfd_field *f, const double *x, size_t n,
                  const struct mfd_vocabulary *given, const struct mfd_mapping_column *spec)
{
    long double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    double mean = (double)(sum / (n ? n : 1));
    for (size_t i = 0; i < n; i++)
        squares += ((long double)x[i] - mean) * ((long double)x[i] - mean);
    double sd = (double)sqrtl(squares / (n ? n : 1));
    f->mean = given->has_scale ? given->mean : spec->has_mean ? spec->mean : mean;
    f->sd = given->has_scale ? given->sd : spec->has_std ? spec->std : sd;
    f->min = n ? x[0] : 0;
    f->max = f->min;
    for (size_t i = 1; i < n; i++) {
        f->min = x[i] < f->min ? x[i] : f->min;
        f->max = x[i] > f->max ? x[i] : f->max;
    }
}

static int code_numbers(struct mfd_metadata *md, size_t field, const struct mfd_vocabulary *given,
                        struct mfd_error *err)
{
    struct mfd_field *f = &md->fields[field];
    double *x = mfd_arena_calloc(&md->arena, md->tracks, sizeof *x);
    if (!x)
        return mfd_fail_nomem(err);
    for (size_t t = 0; t < md->tracks; t++) {
        const char *cell = cell_of(md, f, t);
        if (!strcmp(cell, "nan"))
            return mfd_fail(
                err, MFD_EMISMATCH,
                "column '%s', track '%.64s': the number is missing; a column of type %s "
                "needs one in every track",
                f->name, md->ids[t], mfd_column_type_name(f->type));
        if (!read_number(cell, &x[t]))
            return mfd_fail(err, MFD_EMISMATCH,
                            "column '%s', track '%.64s': '%.64s' is not a number", f->name,
                            md->ids[t], cell);
    }
    scale(f, x, md->tracks, given, spec_of(md, f));
    if (!(isfinite(f->mean) && isfinite(f->sd) && f->sd > 0))
        return mfd_fail(
            err, MFD_EMISMATCH,
            "column '%s' has mean %g and standard deviation %g over the tracks and cannot "
            "be standardised",
            f->name, f->mean, f->sd);
    f->inputs = 1;
    md->coded[field].numbers = x;
    return MFD_OK;
}

int mfd_fields_code(struct mfd_metadata *md, size_t field, const struct mfd_vocabulary *given,
                    struct mfd_error *err)
{
    return mfd_type_has_labels(md->fields[field].type) ? code_labels(md, field, given, err)
                                                       : code_numbers(md, field, given, err);
}

/* ---- places ---- */

static struct mfd_field *field_of(struct mfd_metadata *md, size_t column)
{
    return &md->fields[mfd_fields_find(md, md->mapping->columns[column].name)];
}

static size_t width_of(const struct mfd_metadata *md, const struct mfd_field *f)
{
    size_t asked = spec_of(md, f)->intermediate_dim;
    bool resizes = f->intermediate == MFD_EMBED || f->intermediate == MFD_LINEAR;
    return resizes && asked ? asked : f->inputs;
}

void mfd_fields_place(struct mfd_metadata *md)
{
    for (size_t g = 0; g < MFD_GROUPS; g++) {
        const struct mfd_mapping_group *group = &md->mapping->group[g];
        size_t at = 0;
        for (size_t i = 0; i < group->n_direct; i++) {
            struct mfd_field *f = field_of(md, group->direct[i]);
            f->role[g].direct = true;
            f->role[g].width = width_of(md, f);
            f->role[g].direct_start = at;
            at += f->role[g].width;
        }
        at = 0;
        for (size_t i = 0; i < group->n_interact; i++) {
            struct mfd_field *f = field_of(md, group->interact[i]);
            f->role[g].interact = true;
            f->role[g].width = width_of(md, f);
            f->role[g].interact_start = at;
            at += f->role[g].width;
        }
    }
}
