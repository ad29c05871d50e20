#include "server/handlers/choice_in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

static const char *column_name(const void *ctx, size_t i)
{
    return mfd_model_column(ctx, i);
}

/* --- by metadata --- */

/* Whether one of the labels between a cell's commas, or the cell as a whole, is the label; numbers
 * agree by value, so that 2016 is "2016.0". */
static bool cell_has(const char *cell, const char *label)
{
    size_t n = strlen(label);
    if (strcmp(cell, label) == 0)
        return true;
    for (const char *at = cell; *at;) {
        size_t length = strcspn(at, ",");
        if (length == n && memcmp(at, label, n) == 0)
            return true;
        at += length + (at[length] == ',');
    }
    double a, b;
    return mfd_parse_double(cell, strlen(cell), &a) && mfd_parse_double(label, n, &b) && a == b;
}

static size_t find_column(const struct mfd_model *model, const char *name)
{
    size_t n = mfd_model_columns(model);
    for (size_t i = 0; i < n; i++)
        if (strcmp(mfd_model_column(model, i), name) == 0)
            return i;
    return MFD_NONE;
}

/* The labels of a column, one a line of text, for hints. */
struct labels {
    char **label;
    size_t n;
};

static const char *label_name(const void *ctx, size_t i)
{
    return ((const struct labels *)ctx)->label[i];
}

static void labels_deinit(struct labels *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->label[i]);
    free(l->label);
}

static bool labels_add(struct labels *l, const char *s, size_t n)
{
    for (size_t i = 0; i < l->n; i++)
        if (strlen(l->label[i]) == n && memcmp(l->label[i], s, n) == 0)
            return true;
    char **grown = mfd_realloc(l->label, l->n + 1, sizeof *grown);
    if (!grown)
        return false;
    l->label = grown;
    if (!(l->label[l->n] = mfd_strndup(s, n)))
        return false;
    l->n++;
    return true;
}

static int unknown_label(struct mfd_problem *p, const struct mfd_at *at, const char *label,
                         const struct mfd_model *model, size_t column)
{
    MFD_CLEANUP(labels_deinit) struct labels all = { 0 };
    bool room = true;
    for (size_t t = 0; t < mfd_model_tracks(model) && room; t++)
        for (const char *s = mfd_model_cell(model, t, column); *s && room;) {
            size_t n = strcspn(s, ",");
            room = labels_add(&all, s, n);
            s += n + (s[n] == ',');
        }
    char kind[120];
    snprintf(kind, sizeof kind, "label in column %.80s", mfd_model_column(model, column));
    return mfd_choice_unknown(p, "unknown-label", at, kind, label, label_name, &all, all.n);
}

/* Clear `chosen` where a track has none of the labels of a column. */
static int apply_where(const struct mfd_condition *where, const struct mfd_model *model,
                       bool *chosen, const struct mfd_at *up, struct mfd_problem *problem)
{
    struct mfd_at at = MFD_AT_MEMBER(up, where->column);
    size_t column = find_column(model, where->column), n = mfd_model_tracks(model);
    if (column == MFD_NONE)
        return mfd_choice_unknown(problem, "unknown-column", &at, "metadata column", where->column,
                                  column_name, model, mfd_model_columns(model));
    MFD_AUTO_FREE bool *has = mfd_calloc(n, sizeof *has);
    if (!has)
        return mfd_problem_nomem(problem);
    for (size_t i = 0; i < where->n; i++) {
        bool known = false;
        for (size_t t = 0; t < n; t++)
            if (cell_has(mfd_model_cell(model, t, column), where->labels[i]))
                has[t] = known = true;
        struct mfd_at label = MFD_AT_INDEX(&at, i);
        if (!known)
            return unknown_label(problem, &label, where->labels[i], model, column);
    }
    for (size_t t = 0; t < n; t++)
        chosen[t] = chosen[t] && has[t];
    return 0;
}

/* --- by identifier --- */

/* Write the rows of the identifiers that are chosen, in their order. */
static int apply_ids(struct mfd_choice *choice, const struct mfd_selection *s,
                     const struct mfd_model *model, bool *chosen, const struct mfd_at *up,
                     struct mfd_problem *problem)
{
    struct mfd_at ids = MFD_AT_MEMBER(up, "ids");
    MFD_AUTO_FREE bool *seen = mfd_calloc(choice->stride, sizeof *seen);
    if (!seen)
        return mfd_problem_nomem(problem);
    for (size_t i = 0; i < s->n_ids; i++) {
        struct mfd_at at = MFD_AT_INDEX(&ids, i);
        size_t track = mfd_model_find_track(model, s->ids[i]);
        if (track == MFD_NONE)
            return mfd_choice_unknown(problem, "unknown-track", &at, "track", s->ids[i],
                                      mfd_choice_track_name, model, choice->stride);
        if (seen[track]) {
            char pointer[sizeof problem->pointer];
            mfd_at_pointer(&at, pointer, sizeof pointer);
            return mfd_problem_set(problem, "invalid-value", pointer,
                                   "track \"%.100s\" is named twice", s->ids[i]);
        }
        seen[track] = true;
        if (chosen[track])
            choice->index[choice->n++] = track;
    }
    return 0;
}

static int choose_real(struct mfd_choice *choice, const struct mfd_model *model,
                       const struct mfd_selection *s, struct mfd_problem *problem)
{
    struct mfd_at root = MFD_AT_ROOT, tracks = MFD_AT_MEMBER(&root, "tracks");
    struct mfd_at where = MFD_AT_MEMBER(&tracks, "where");
    size_t n = choice->stride = mfd_model_tracks(model);
    MFD_AUTO_FREE bool *chosen = mfd_calloc(n, sizeof *chosen);
    choice->index = mfd_calloc(n, sizeof *choice->index);
    if (!chosen || !choice->index)
        return mfd_problem_nomem(problem);
    memset(chosen, true, n);
    for (size_t i = 0; i < s->n_where; i++)
        if (apply_where(&s->where[i], model, chosen, &where, problem))
            return -1;
    if (s->ids && apply_ids(choice, s, model, chosen, &tracks, problem))
        return -1;
    for (size_t t = 0; t < n && !s->ids; t++)
        if (chosen[t])
            choice->index[choice->n++] = t;
    if (choice->n == 0)
        return mfd_problem_set(problem, "no-track-matches", "/tracks",
                               "no track satisfies every condition");
    return 0;
}

static int name_columns(struct mfd_choice *choice, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem)
{
    choice->names = mfd_calloc(choice->n, sizeof *choice->names);
    if (!choice->names)
        return mfd_problem_nomem(problem);
    for (size_t i = 0; i < choice->n; i++)
        choice->names[i] = choice->index ? mfd_model_track_id(model, choice->index[i])
                                         : body->virtual_tracks[i].id;
    choice->aggregate = body->tracks.aggregate;
    bool one = choice->aggregate != MFD_AGGREGATE_NONE;
    choice->width = one ? 1 : choice->n;
    choice->columns = one ? &mfd_aggregate_names[choice->aggregate] : choice->names;
    return 0;
}

int mfd_choice_make(struct mfd_choice *out, const struct mfd_model *model,
                    const struct mfd_body *body, struct mfd_problem *problem)
{
    struct mfd_choice choice = { 0 };
    int status = body->a                ? mfd_choice_contrast(&choice, model, body, problem)
                 : body->virtual_tracks ? mfd_choice_virtual(&choice, model, body, problem)
                                        : choose_real(&choice, model, &body->tracks, problem);
    if (status == 0 && !body->a)
        status = name_columns(&choice, model, body, problem);
    if (status == 0 && body->over)
        status = mfd_choice_marginal(&choice, model, body, problem);
    if (status)
        mfd_choice_deinit(&choice);
    else
        *out = choice;
    return status;
}

void mfd_choice_deinit(struct mfd_choice *choice)
{
    for (size_t i = 0; choice->settings && i < choice->marginal->settings; i++)
        free(choice->settings[i]);
    free(choice->settings);
    mfd_marginal_free(choice->marginal);
    mfd_contrast_free(choice->contrast);
    mfd_head_free(choice->head);
    free(choice->spare);
    free(choice->index);
    free(choice->names);
    *choice = (struct mfd_choice){ 0 };
}

const struct mfd_head *mfd_choice_head(const struct mfd_choice *choice)
{
    return choice->marginal   ? choice->marginal->all
           : choice->contrast ? choice->contrast->all
                              : choice->head;
}

static void pick(const struct mfd_choice *choice, const float *row, float *out)
{
    double sum = 0;
    float max = -INFINITY;
    for (size_t i = 0; i < choice->n; i++) {
        float value = row[choice->index ? choice->index[i] : i];
        if (choice->aggregate == MFD_AGGREGATE_NONE)
            out[i] = value;
        sum += (double)value;
        max = value > max || isnan(value) ? value : max;
    }
    if (choice->aggregate == MFD_AGGREGATE_MEAN)
        *out = (float)(sum / (double)choice->n);
    else if (choice->aggregate == MFD_AGGREGATE_MAX)
        *out = max;
}

void mfd_choice_gather(const struct mfd_choice *choice, enum mfd_gather how, const float *row,
                       float *out)
{
    switch (how) {
    case MFD_GATHER_MEAN:
        mfd_marginal_reduce(choice->marginal, row, 1, out, NULL);
        break;
    case MFD_GATHER_SD:
        mfd_marginal_reduce(choice->marginal, row, 1, choice->spare, out);
        break;
    case MFD_GATHER_DIFFERENCE:
        mfd_contrast_reduce(choice->contrast, row, 1, out);
        break;
    case MFD_GATHER_LEVELS:
        memcpy(out, row, choice->stride * sizeof *out);
        break;
    case MFD_GATHER_TRACKS:
        pick(choice, row, out);
        break;
    }
}
