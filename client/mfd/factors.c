#include "client/mfd/factors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/mfd/show.h"
#include "core/base/memory.h"

#define LEAST_TRACKS 2 /* that must share a label before it is spoken of */

double factors_mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return n ? sum / (double)n : 0;
}

static double sd_of(const double *x, size_t n)
{
    double mean = factors_mean(x, n), squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
}

/* Find or make the factor of a label of n bytes. */
static struct factor *factor_of(struct factors *all, const char *column, const char *label,
                                size_t n, const char *group)
{
    for (size_t i = all->n; i-- > 0;)
        if (strcmp(all->at[i].column, column) != 0)
            break; /* columns come one after another */
        else if (strlen(all->at[i].label) == n && memcmp(all->at[i].label, label, n) == 0)
            return &all->at[i];
    struct factor *longer = mfd_realloc(all->at, all->n + 1, sizeof *longer);
    if (!longer)
        return NULL;
    all->at = longer;
    json_t *kept = json_stringn(label, n);
    if (!kept || json_array_append_new(all->labels, kept) < 0)
        return NULL;
    longer[all->n] =
        (struct factor){ .column = column, .label = json_string_value(kept), .group = group };
    return &longer[all->n++];
}

/* Add the effects of one track to the labels in its cell, which commas separate. */
static int add_cell(struct factors *all, size_t track, const char *column, const char *cell,
                    const char *group, struct mfd_error *err)
{
    for (const char *at = cell;;) {
        size_t n = strcspn(at, ",");
        struct factor *f = factor_of(all, column, at, n, group);
        if (!f)
            return mfd_fail_nomem(err);
        for (size_t p = 0; p < PARTS; p++)
            f->mean[p] += all->effect[p][track];
        f->tracks++;
        if (!at[n])
            return MFD_OK;
        at += n + 1;
    }
}

/* Sum effects by the labels of one column. */
static int add_column(struct factors *all, const char *column, const char *group,
                      struct mfd_error *err)
{
    int status = MFD_OK;
    for (size_t t = 0; t < all->tracks && status == MFD_OK; t++) {
        const char *id = json_string_value(json_array_get(all->ids, t));
        json_t *metadata = id ? json_object_get(all->metadata, id) : NULL;
        const char *cell = json_string_value(json_object_get(metadata, column));
        if (cell)
            status = add_cell(all, t, column, cell, group, err);
    }
    return status;
}

static int farther(const void *a, const void *b)
{
    const struct factor *f = a, *g = b;
    double x = fabs(f->z), y = fabs(g->z);
    return (x < y) - (x > y);
}

static void finish(struct factors *all)
{
    double mean[PARTS], sd[PARTS];
    size_t kept = 0;
    for (size_t p = 0; p < PARTS; p++) {
        mean[p] = factors_mean(all->effect[p], all->tracks);
        sd[p] = sd_of(all->effect[p], all->tracks);
    }
    for (size_t i = 0; i < all->n; i++) {
        struct factor f = all->at[i];
        enum part own = strcmp(f.group, "biological") == 0  ? BIOLOGICAL
                        : strcmp(f.group, "technical") == 0 ? TECHNICAL
                                                            : TOTAL;
        if (f.tracks < LEAST_TRACKS || f.tracks == all->tracks || !(sd[own] > 0))
            continue;
        for (size_t p = 0; p < PARTS; p++)
            f.mean[p] /= (double)f.tracks;
        f.lift = f.mean[own] - mean[own];
        f.z = f.lift / (sd[own] / sqrt((double)f.tracks));
        all->at[kept++] = f;
    }
    all->n = kept;
    if (kept)
        qsort(all->at, kept, sizeof *all->at, farther);
}

int factors_find(struct factors *all, json_t *fields, struct mfd_error *err)
{
    json_t *field;
    size_t i;
    all->labels = json_array();
    int status = all->labels ? MFD_OK : mfd_fail_nomem(err);
    json_array_foreach(json_object_get(fields, "fields"), i, field)
    {
        const char *name = json_string_value(json_object_get(field, "name"));
        bool bio = show_member(field, "groups.biological") != NULL;
        bool tech = show_member(field, "groups.technical") != NULL;
        const char *group = bio && tech ? "both" : bio ? "biological" : tech ? "technical" : NULL;
        bool labels = json_integer_value(json_object_get(field, "n_labels")) > 0;
        if (name && group && labels && status == MFD_OK)
            status = add_column(all, name, group, err);
    }
    if (status == MFD_OK)
        finish(all);
    return status;
}

void factors_deinit(struct factors *all)
{
    free(all->at);
    json_decref(all->labels);
}
