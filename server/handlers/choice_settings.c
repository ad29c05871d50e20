/* Averages over columns of metadata, and contrasts of two settings of them. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/combination.h"
#include "core/model/virtual.h"
#include "proto/text.h"
#include "server/handlers/choice_in.h"

static int check_head(const struct mfd_model *model, const char *pointer,
                      struct mfd_problem *problem)
{
    if (mfd_model_config(model)->model_class == MFD_DISENTANGLED)
        return 0;
    return mfd_problem_set(problem, "unsupported", pointer,
                           "this model has no metadata head, so it knows its own tracks only");
}

static const char *field_name(const void *ctx, size_t i)
{
    return mfd_fields_at(ctx, i)->name;
}

/* Names of columns as fields of the model, each once. */
static int find_fields(const struct mfd_model *model, const struct mfd_body *body, size_t *over,
                       struct mfd_problem *problem)
{
    const struct mfd_metadata *md = mfd_model_metadata(model);
    struct mfd_at root = MFD_AT_ROOT, list = MFD_AT_MEMBER(&root, "over");
    for (size_t i = 0; i < body->n_over; i++) {
        struct mfd_at at = MFD_AT_INDEX(&list, i);
        over[i] = mfd_fields_find(md, body->over[i]);
        if (over[i] == MFD_NONE)
            return mfd_choice_unknown(problem, "unknown-column", &at, "metadata column",
                                      body->over[i], field_name, md, mfd_fields_count(md));
        for (size_t j = 0; j < i; j++)
            if (over[j] == over[i])
                return mfd_problem_set(problem, "invalid-value", "/over",
                                       "\"%.100s\" is named twice", body->over[i]);
    }
    return 0;
}

/* The combinations that the chosen tracks have. */
static int code_bases(struct mfd_combinations *out, const struct mfd_choice *choice,
                      const struct mfd_model *model, const struct mfd_body *body,
                      struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (body->virtual_tracks)
        return mfd_choice_code_all(out, model, body, problem);
    out->at = mfd_calloc(choice->n, sizeof *out->at);
    if (!out->at)
        return mfd_problem_nomem(problem);
    for (out->n = 0; out->n < choice->n; out->n++) {
        size_t track = choice->index[out->n];
        struct mfd_combination *base = &out->at[out->n];
        if (mfd_virtual_of_track(model, track, base, &err))
            return mfd_problem_from_error(problem, &err, "/tracks");
        base->bias_policy = MFD_BIAS_NUMBER; /* a track keeps its own in every setting */
        base->bias = (double)mfd_model_head(model)->bias[track];
    }
    return 0;
}

/* One given setting: a value for each column averaged over and for no other. What it has elsewhere
 * does not count; any track will do. */
static int code_setting(struct mfd_combination *out, const struct mfd_model *model,
                        const struct mfd_body *body, size_t i, struct mfd_problem *problem)
{
    struct mfd_at root = MFD_AT_ROOT, list = MFD_AT_MEMBER(&root, "settings");
    struct mfd_at element = MFD_AT_INDEX(&list, i), at = MFD_AT_MEMBER(&element, "values");
    const json_t *values = body->given[i].values;
    const struct mfd_virtual_track track = { .metadata = values,
                                             .like = mfd_model_track_id(model, 0) };
    char pointer[sizeof problem->pointer];
    mfd_at_pointer(&at, pointer, sizeof pointer);
    for (size_t c = 0; c < body->n_over; c++)
        if (!json_object_get(values, body->over[c]))
            return mfd_problem_set(problem, "missing-column", pointer,
                                   "\"%.100s\" is averaged over, and this setting has no value for "
                                   "it (a missing value is null)",
                                   body->over[c]);
    if (json_object_size(values) > body->n_over)
        return mfd_problem_set(problem, "invalid-value", pointer,
                               "a setting has values for the columns of \"over\" only");
    return mfd_choice_code(out, model, &track, &at, &at, problem);
}

static int code_given(struct mfd_combinations *out, double **weights, const struct mfd_model *model,
                      const struct mfd_body *body, struct mfd_problem *problem)
{
    if (!body->n_given)
        return 0;
    out->at = mfd_calloc(body->n_given, sizeof *out->at);
    *weights = mfd_calloc(body->n_given, sizeof **weights);
    if (!out->at || !*weights)
        return mfd_problem_nomem(problem);
    for (out->n = 0; out->n < body->n_given; out->n++) {
        (*weights)[out->n] = body->given[out->n].weight;
        if (code_setting(&out->at[out->n], model, body, out->n, problem))
            return -1;
    }
    return 0;
}

static int check_distribution(const struct mfd_body *body, struct mfd_problem *problem)
{
    bool given = body->distribution == MFD_DISTRIBUTION_GIVEN;
    if (given && !body->n_given)
        return mfd_problem_set(problem, "missing-member", "",
                               "\"distribution\": \"given\" needs \"settings\"");
    if (!given && body->n_given)
        return mfd_problem_set(problem, "conflicting-members", "/settings",
                               "\"settings\" are for \"distribution\": \"given\"");
    return 0;
}

/* What levels are of. */
static int name_settings(struct mfd_choice *choice, const struct mfd_model *model,
                         struct mfd_problem *problem)
{
    size_t n = choice->marginal->settings;
    choice->settings = mfd_calloc(n, sizeof *choice->settings);
    for (size_t i = 0; choice->settings && i < n; i++) {
        struct mfd_buffer text = MFD_BUFFER_INIT;
        mfd_choice_setting(choice, model, i, &text);
        choice->settings[i] = text.failed ? NULL : mfd_strndup(text.data, text.len);
        mfd_buffer_deinit(&text);
        if (!choice->settings[i])
            return mfd_problem_nomem(problem);
    }
    return choice->settings ? 0 : mfd_problem_nomem(problem);
}

int mfd_choice_marginal(struct mfd_choice *choice, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem)
{
    static const enum mfd_over distributions[] = {
        [MFD_DISTRIBUTION_TRAINING] = MFD_OVER_TRAINING,
        [MFD_DISTRIBUTION_UNIFORM] = MFD_OVER_UNIFORM,
        [MFD_DISTRIBUTION_GIVEN] = MFD_OVER_GIVEN,
    };
    MFD_CLEANUP(mfd_combinations_deinit) struct mfd_combinations bases = { 0 };
    MFD_CLEANUP(mfd_combinations_deinit) struct mfd_combinations given = { 0 };
    MFD_AUTO_FREE double *weights = NULL;
    MFD_AUTO_FREE size_t *over = mfd_calloc(body->n_over, sizeof *over);
    struct mfd_error err = MFD_ERROR_INIT;
    choice->spare = mfd_calloc(choice->n, sizeof *choice->spare);
    if (!over || !choice->spare)
        return mfd_problem_nomem(problem);
    if (check_head(model, "/over", problem) || find_fields(model, body, over, problem))
        return -1;
    if (choice->aggregate != MFD_AGGREGATE_NONE)
        return mfd_problem_set(problem, "conflicting-members", "/tracks/aggregate",
                               "averages over columns are given a track at a time");
    if (check_distribution(body, problem) || code_bases(&bases, choice, model, body, problem) ||
        code_given(&given, &weights, model, body, problem))
        return -1;
    if (mfd_marginal_new(&choice->marginal, model, bases.at, bases.n, over, body->n_over,
                         distributions[body->distribution], given.at, weights, given.n, &err))
        return mfd_problem_from_error(problem, &err, given.n ? "/settings" : "/over");
    choice->stride = choice->marginal->bases * choice->marginal->settings;
    return body->levels ? name_settings(choice, model, problem) : 0;
}

int mfd_choice_contrast(struct mfd_choice *choice, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem)
{
    static const char *const name[] = { "a-b" };
    static const enum mfd_held helds[] = { [MFD_HOLD_NOTHING] = MFD_HELD_NOTHING,
                                           [MFD_HOLD_TECHNICAL] = MFD_HELD_TECHNICAL,
                                           [MFD_HOLD_BIOLOGICAL] = MFD_HELD_BIOLOGICAL };
    MFD_CLEANUP(mfd_combination_deinit) struct mfd_combination a = MFD_COMBINATION_INIT;
    MFD_CLEANUP(mfd_combination_deinit) struct mfd_combination b = MFD_COMBINATION_INIT;
    struct mfd_at root = MFD_AT_ROOT, at_a = MFD_AT_MEMBER(&root, "a");
    struct mfd_at at_b = MFD_AT_MEMBER(&root, "b"), like = MFD_AT_MEMBER(&root, "like");
    struct mfd_virtual_track one = { .metadata = body->a,
                                     .like = body->like,
                                     .bias = MFD_VIRTUAL_BIAS_MEAN };
    struct mfd_virtual_track other = one;
    struct mfd_error err = MFD_ERROR_INIT;
    other.metadata = body->b;
    if (check_head(model, "/a", problem) ||
        mfd_choice_code(&a, model, &one, &at_a, &like, problem) ||
        mfd_choice_code(&b, model, &other, &at_b, &like, problem))
        return -1;
    if (mfd_contrast_new(&choice->contrast, model, &a, &b, 1, helds[body->held], &err))
        return mfd_problem_from_error(problem, &err, NULL);
    choice->n = choice->width = 1;
    choice->stride = 2;
    choice->columns = name;
    return 0;
}

/* A field's value in a combination, as the table would have it; returns whether it is a number. */
static bool add_text(const struct mfd_metadata *md, const struct mfd_combination *c, size_t at,
                     struct mfd_buffer *out)
{
    const struct mfd_field *field = mfd_fields_at(md, at);
    const uint32_t *value = mfd_combination_value(md, c, at);
    if (!field->n_labels) {
        float number; /* standardised */
        mfd_code_expand(field, value, &number);
        number = (float)((double)number * field->sd + field->mean);
        mfd_text_f32s(out, &number, 1);
        return true;
    }
    for (size_t i = 1; i <= value[0]; i++)
        mfd_buffer_addf(out, "%s%s", i > 1 ? "," : "", field->labels[value[i]]);
    return false;
}

/* The same in JSON. */
static void add_value(const struct mfd_metadata *md, const struct mfd_combination *c, size_t at,
                      struct mfd_buffer *out)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    bool number = add_text(md, c, at, &text);
    if (number)
        mfd_buffer_add(out, text.data, text.len);
    else
        mfd_text_json(out, text.data ? text.data : "", text.len);
    out->failed |= text.failed;
    mfd_buffer_deinit(&text);
}

void mfd_choice_setting(const struct mfd_choice *choice, const struct mfd_model *model, size_t s,
                        struct mfd_buffer *out)
{
    const struct mfd_metadata *md = mfd_model_metadata(model);
    const struct mfd_marginal *m = choice->marginal;
    for (size_t i = 0; i < m->n_over; i++) {
        mfd_buffer_addf(out, "%s%s=", i ? ";" : "", mfd_fields_at(md, m->over[i])->name);
        add_text(md, &m->setting[s].combined, m->over[i], out);
    }
}

void mfd_choice_settings(const struct mfd_choice *choice, const struct mfd_model *model,
                         struct mfd_buffer *out)
{
    const struct mfd_metadata *md = mfd_model_metadata(model);
    const struct mfd_marginal *m = choice->marginal;
    mfd_buffer_adds(out, ",\"over\":[");
    for (size_t i = 0; i < m->n_over; i++) {
        const char *name = mfd_fields_at(md, m->over[i])->name;
        mfd_buffer_adds(out, i ? "," : "");
        mfd_text_json(out, name, strlen(name));
    }
    mfd_buffer_adds(out, "],\"settings\":[");
    for (size_t s = 0; s < m->settings; s++) {
        mfd_buffer_addf(out, "%s{\"weight\":%.9g,\"tracks\":%zu,\"values\":{", s ? "," : "",
                        m->setting[s].weight, m->setting[s].tracks);
        for (size_t i = 0; i < m->n_over; i++) {
            const struct mfd_field *field = mfd_fields_at(md, m->over[i]);
            mfd_buffer_adds(out, i ? "," : "");
            mfd_text_json(out, field->name, strlen(field->name));
            mfd_buffer_addc(out, ':');
            add_value(md, &m->setting[s].combined, m->over[i], out);
        }
        mfd_buffer_adds(out, "}}");
    }
    mfd_buffer_addc(out, ']');
}
