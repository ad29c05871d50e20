#define _GNU_SOURCE /* qsort_r */
#include "core/model/ages.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

/* Order rows by organism and life stage, so that rows alike in both stand together. */
static int by_kin(const void *a, const void *b, void *context)
{
    const struct mfd_ages *ages = context;
    const struct mfd_series *keys[] = { ages->organism, ages->stage };
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    for (size_t k = 0; k < 2; k++) {
        const char *x = keys[k]->cells[i], *y = keys[k]->cells[j];
        int order = x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
        if (order)
            return order;
    }
    return (i > j) - (i < j);
}

static bool are_kin(const struct mfd_ages *ages, size_t i, size_t j)
{
    return !strcmp(ages->organism->cells[i], ages->organism->cells[j]) &&
           !strcmp(ages->stage->cells[i], ages->stage->cells[j]);
}

static int by_number(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The text that occurs most often, the first in order of code points where several do; NULL of
 * none. */
static const char *most_frequent(const char **texts, size_t n)
{
    const char *best = NULL;
    qsort(texts, n, sizeof *texts, by_text);
    for (size_t i = 0, most = 0, run; i < n; i += run) {
        for (run = 1; i + run < n && !strcmp(texts[i], texts[i + run]); run++)
            ;
        if (run > most) {
            most = run;
            best = texts[i];
        }
    }
    return best;
}

/* Room to collect one family's known ages and units. */
struct family {
    double *numbers;
    const char **units;
};

/* The median age and usual unit of rows kin[0..n), which are one family; "" where there is none. */
static int usual(const struct mfd_ages *ages, const struct family *room, const size_t *kin,
                 size_t n, char age[MFD_REPR], const char **unit, struct mfd_error *err)
{
    size_t numbers = 0, units = 0;
    for (size_t i = 0; i < n; i++) {
        const char *a = ages->age->cells[kin[i]], *u = ages->unit->cells[kin[i]];
        if (a && !strcmp(a, "unknown"))
            continue;
        if (a && !mfd_parse_double(a, strlen(a), &room->numbers[numbers++]))
            return mfd_fail(err, MFD_EFORMAT, "column 'proc_age_bin': '%.64s' is not a number", a);
        if (u)
            room->units[units++] = u;
    }
    age[0] = '\0';
    *unit = most_frequent(room->units, units);
    qsort(room->numbers, numbers, sizeof *room->numbers, by_number);
    if (numbers && *unit)
        mfd_python_repr((room->numbers[(numbers - 1) / 2] + room->numbers[numbers / 2]) / 2, age);
    return MFD_OK;
}

/* Give those of one family that have no unit what is usual in it. */
static int fill_family(const struct mfd_ages *ages, struct mfd_arena *arena,
                       const struct family *room, const size_t *kin, size_t n,
                       struct mfd_error *err)
{
    char text[MFD_REPR] = "-1.0";
    const char *unit = "unknown";
    bool wanting = false;
    for (size_t i = 0; i < n; i++)
        wanting |= !ages->unit->cells[kin[i]];
    if (!wanting)
        return MFD_OK;
    if (strcmp(ages->stage->cells[kin[0]], "unknown")) {
        int status = usual(ages, room, kin, n, text, &unit, err);
        if (status)
            return status;
    }
    const char *age = *text ? mfd_arena_strdup(arena, text) : NULL;
    if (*text && !age)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        if (!ages->unit->cells[kin[i]]) {
            ages->age->cells[kin[i]] = age;
            ages->unit->cells[kin[i]] = unit;
        }
    return MFD_OK;
}

static int fill_by_median(const struct mfd_ages *ages, struct mfd_arena *arena,
                          struct mfd_error *err)
{
    size_t n = ages->rows;
    if (!ages->stage || !ages->organism)
        return mfd_fail(err, MFD_EFORMAT,
                        "the table lacks Biosample_organism or proc_Biosample_life_stage, by which "
                        "unknown ages are filled in");
    MFD_AUTO_FREE size_t *rows = mfd_calloc(n, sizeof *rows);
    MFD_AUTO_FREE double *numbers = mfd_calloc(n, sizeof *numbers);
    MFD_AUTO_FREE const char **units = mfd_calloc(n, sizeof *units);
    if (!rows || !numbers || !units)
        return mfd_fail_nomem(err);
    const struct family room = { numbers, units };
    for (size_t i = 0; i < n; i++)
        rows[i] = i;
    qsort_r(rows, n, sizeof *rows, by_kin, (void *)(size_t)ages);
    for (size_t i = 0, run; i < n; i += run) {
        run = 1;
        if (!ages->organism->cells[rows[i]] || !ages->stage->cells[rows[i]]) {
            if (!ages->unit->cells[rows[i]]) /* without kin */
                ages->age->cells[rows[i]] = NULL;
            continue;
        }
        while (i + run < n && ages->organism->cells[rows[i + run]] &&
               ages->stage->cells[rows[i + run]] && are_kin(ages, rows[i], rows[i + run]))
            run++;
        int status = fill_family(ages, arena, &room, rows + i, run, err);
        if (status)
            return status;
    }
    return MFD_OK;
}

/* Integers that come to stand beside a missing value are printed as decimals. */
static int reprint_integers(const struct mfd_ages *ages, struct mfd_arena *arena,
                            struct mfd_error *err)
{
    for (size_t i = 0; i < ages->rows; i++) {
        char text[MFD_REPR];
        const char *cell = ages->age->cells[i];
        if (!cell)
            continue;
        mfd_python_repr(strtod(cell, NULL), text);
        if (!(ages->age->cells[i] = mfd_arena_strdup(arena, text)))
            return mfd_fail_nomem(err);
    }
    ages->age->kind = MFD_SERIES_FLOAT;
    return MFD_OK;
}

int mfd_ages_prepare(const struct mfd_ages *ages, struct mfd_arena *arena, bool by_median,
                     struct mfd_error *err)
{
    bool wanting = false;
    int status = MFD_OK;
    for (size_t i = 0; i < ages->rows; i++) {
        const char *age = ages->age->cells[i];
        if (age && !strcmp(age, "90 or above"))
            ages->age->cells[i] = "90";
        wanting |= !ages->unit->cells[i];
    }
    if (wanting && ages->age->kind == MFD_SERIES_INT)
        status = reprint_integers(ages, arena, err);
    if (!status && wanting && by_median)
        status = fill_by_median(ages, arena, err);
    for (size_t i = 0; i < ages->rows && !by_median; i++)
        if (!ages->unit->cells[i])
            ages->age->cells[i] = NULL;
    for (size_t i = 0; i < ages->rows; i++)
        if (!ages->age->cells[i])
            ages->age->cells[i] = ages->age->kind == MFD_SERIES_FLOAT ? "-1.0" : "-1";
    return status;
}
