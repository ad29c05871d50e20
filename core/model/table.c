#define _GNU_SOURCE /* qsort_r */
#include "core/model/table.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/ages.h"
#include "core/model/arena.h"
#include "core/model/mapping.h"
#include "core/model/series.h"
#include "core/model/tsv.h"

#define NONE ((size_t)-1)

struct mfd_table {
    struct mfd_arena arena;
    struct mfd_tsv tsv;
    struct mfd_series *series; /* (columns) */
    size_t id;                 /* column of File_accession */
    size_t *by_id;             /* rows in order of their ids */
};

MFD_DEFINE_CLEANUP(struct mfd_table, mfd_table_free);

void mfd_table_free(struct mfd_table *table)
{
    if (!table)
        return;
    free(table->by_id);
    mfd_arena_deinit(&table->arena);
    free(table);
}

/* Names as the public code has them: dots are underscores, an empty one is "Unnamed: i". */
static int prepare_names(struct mfd_table *t, struct mfd_error *err)
{
    for (size_t i = 0; i < t->tsv.columns; i++) {
        char unnamed[32];
        snprintf(unnamed, sizeof unnamed, "Unnamed: %zu", i);
        const char *given = t->tsv.names[i];
        if (strlen(given) >= MFD_MAX_NAME)
            return mfd_fail(err, MFD_ELIMIT, "the name of column %zu has more than %d bytes", i + 1,
                            MFD_MAX_NAME - 1);
        char *name = mfd_arena_strdup(&t->arena, *given ? given : unnamed);
        if (!name)
            return mfd_fail_nomem(err);
        for (char *dot = name; (dot = strchr(dot, '.'));)
            *dot = '_';
        t->tsv.names[i] = name;
        for (size_t j = 0; j < i; j++)
            if (!strcmp(t->tsv.names[j], name))
                return mfd_fail(err, MFD_EFORMAT, "columns %zu and %zu of the table are both '%s'",
                                j + 1, i + 1, name);
    }
    t->id = mfd_table_find_column(t, "File_accession");
    if (t->id == NONE)
        return mfd_fail(err, MFD_EFORMAT,
                        "the table has no column File_accession (tab separated, names in the first "
                        "line); its first column is '%s'",
                        t->tsv.names[0]);
    return MFD_OK;
}

static int infer_columns(struct mfd_table *t, bool none_is_missing, struct mfd_error *err)
{
    t->series = mfd_arena_calloc(&t->arena, t->tsv.columns, sizeof *t->series);
    if (!t->series)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < t->tsv.columns; i++) {
        int status = mfd_series_infer(&t->series[i], &t->arena, t->tsv.fields + i, t->tsv.columns,
                                      t->tsv.rows, none_is_missing, err);
        if (status)
            return status;
    }
    return MFD_OK;
}

static struct mfd_series *named(struct mfd_table *t, const char *name)
{
    size_t i = mfd_table_find_column(t, name);
    return i == NONE ? NULL : &t->series[i];
}

/* Tables without ages are fine where nothing asks for them. */
static int prepare_ages(struct mfd_table *t, bool by_median, struct mfd_error *err)
{
    const struct mfd_ages ages = { .age = named(t, "proc_age_bin"),
                                   .unit = named(t, "proc_age_bin_units"),
                                   .stage = named(t, "proc_Biosample_life_stage"),
                                   .organism = named(t, "Biosample_organism"),
                                   .rows = t->tsv.rows };
    return ages.age && ages.unit ? mfd_ages_prepare(&ages, &t->arena, by_median, err) : MFD_OK;
}

/* Ids are text whatever they look like. */
static const char *id_of(const struct mfd_table *t, size_t row)
{
    return t->tsv.fields[row * t->tsv.columns + t->id];
}

static int by_id(const void *a, const void *b, void *table)
{
    return strcmp(id_of(table, *(const size_t *)a), id_of(table, *(const size_t *)b));
}

static int index_rows(struct mfd_table *t, struct mfd_error *err)
{
    t->by_id = mfd_calloc(t->tsv.rows, sizeof *t->by_id);
    if (!t->by_id)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < t->tsv.rows; i++) {
        if (!*id_of(t, i))
            return mfd_fail(err, MFD_EFORMAT, "line %zu of the table has no File_accession",
                            t->tsv.lines[i]);
        t->by_id[i] = i;
    }
    qsort_r(t->by_id, t->tsv.rows, sizeof *t->by_id, by_id, t);
    return MFD_OK;
}

int mfd_table_parse(struct mfd_table **out, const char *text, size_t n,
                    const struct mfd_table_rules *rules, struct mfd_error *err)
{
    static const struct mfd_table_rules published = { 0 };
    MFD_CLEANUP(mfd_table_free_p) struct mfd_table *t = mfd_calloc(1, sizeof *t);
    int status;
    if (!t)
        return mfd_fail_nomem(err);
    if (!rules)
        rules = &published;
    if ((status = mfd_tsv_parse(&t->tsv, &t->arena, text, n, err)) ||
        (status = prepare_names(t, err)) ||
        (status = infer_columns(t, rules->none_is_missing, err)) ||
        (status = prepare_ages(t, rules->median_age, err)) || (status = index_rows(t, err)))
        return status;
    *out = mfd_steal(t);
    return MFD_OK;
}

size_t mfd_table_rows(const struct mfd_table *t)
{
    return t->tsv.rows;
}

size_t mfd_table_columns(const struct mfd_table *t)
{
    return t->tsv.columns;
}

const char *mfd_table_column(const struct mfd_table *t, size_t column)
{
    return t->tsv.names[column];
}

size_t mfd_table_find_column(const struct mfd_table *t, const char *name)
{
    for (size_t i = 0; i < t->tsv.columns; i++)
        if (!strcmp(t->tsv.names[i], name))
            return i;
    return NONE;
}

const char *mfd_table_cell(const struct mfd_table *t, size_t row, size_t column)
{
    const char *cell = t->series[column].cells[row];
    return cell ? cell : "nan";
}

bool mfd_table_is_missing(const struct mfd_table *t, size_t row, size_t column)
{
    return !t->series[column].cells[row];
}

bool mfd_table_is_numeric(const struct mfd_table *t, size_t column)
{
    return t->series[column].kind == MFD_SERIES_INT || t->series[column].kind == MFD_SERIES_FLOAT;
}

int mfd_table_find(const struct mfd_table *t, const char *id, size_t *row, struct mfd_error *err)
{
    size_t low = 0, high = t->tsv.rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(id_of(t, t->by_id[middle]), id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == t->tsv.rows || strcmp(id_of(t, t->by_id[low]), id))
        return mfd_fail(
            err, MFD_ENOTFOUND,
            "the table has no row with File_accession '%.128s'; it is to be the one that "
            "the checkpoint was trained with",
            id);
    if (low + 1 < t->tsv.rows && !strcmp(id_of(t, t->by_id[low + 1]), id))
        return mfd_fail(err, MFD_EFORMAT,
                        "lines %zu and %zu of the table both have File_accession '%.128s'",
                        t->tsv.lines[t->by_id[low]], t->tsv.lines[t->by_id[low + 1]], id);
    *row = t->by_id[low];
    return MFD_OK;
}
