#include "server/handlers/scoring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/score/summary.h"
#include "proto/text.h"
#include "server/app.h"
#include "server/registry.h"

#define PART_ROWS 512                 /* rows between two pieces of an answer, about */
#define PART_FLOATS ((size_t)4 << 20) /* and numbers of an array, at most so many */

static int from_error(struct mfd_problem *problem, const struct mfd_error *err, const char *pointer)
{
    return mfd_problem_from_error(problem, err, pointer);
}

static int no_memory(struct mfd_problem *problem)
{
    return mfd_problem_set(problem, "internal", NULL, "out of memory");
}

/* --- where the numbers come from --- */

static void add_part(struct mfd_scoring *s, struct mfd_part part, struct mfd_source source)
{
    s->parts[s->layout.n_parts] = part;
    s->sources[s->layout.n_parts++] = source;
}

/* Have an output computed; where, among the arrays. */
static size_t need(struct mfd_scoring *s, size_t offset, size_t stride)
{
    size_t i = 0;
    while (i < s->n_arrays && s->arrays[i].offset != offset)
        i++;
    s->arrays[i] = (struct mfd_array){ offset, stride };
    s->n_arrays += i == s->n_arrays;
    return i;
}

static void add_tracks(struct mfd_scoring *s, const char *group, const char *name,
                       struct mfd_source source)
{
    add_part(s, (struct mfd_part){ group, name, s->choice.width, s->choice.columns, 0 }, source);
}

#define OUT(field) offsetof(struct mfd_outputs, field)
#define EFFECTS(field) offsetof(struct mfd_effects, field)

/* Components by scale; the parts of a probability do not exist. */
static const struct {
    unsigned part;
    size_t logit, probability;
} components[] = {
    { MFD_PART_TOTAL, OUT(logits), OUT(predictions) },
    { MFD_PART_BIOLOGICAL, OUT(logits_biological), 0 },
    { MFD_PART_TECHNICAL, OUT(logits_technical), 0 },
};

static void add_components(struct mfd_scoring *s, const char *group, size_t base,
                           enum mfd_gather how)
{
    const struct mfd_choice *c = &s->choice;
    for (size_t i = 0; i < 3; i++)
        if (s->body.components & components[i].part) {
            bool logit = s->body.scale == MFD_SCALE_LOGIT;
            size_t offset = base + (logit ? components[i].logit : components[i].probability);
            struct mfd_part part = { group, mfd_part_names[i], c->width, c->columns, 0 };
            if (how == MFD_GATHER_LEVELS) {
                part.width = c->stride;
                part.columns = NULL; /* numbered: track by track, its settings in their order */
            }
            add_part(s, part,
                     (struct mfd_source){ how ? MFD_MADE_GATHERED : MFD_MADE_PICKED,
                                          need(s, offset, c->stride), .gather = how });
        }
}

/* Averages over columns of metadata come with their spread, and a contrast as a difference. */
static void add_predictions(struct mfd_scoring *s)
{
    bool average = s->choice.marginal != NULL;
    add_components(s, "values", 0,
                   average              ? MFD_GATHER_MEAN
                   : s->choice.contrast ? MFD_GATHER_DIFFERENCE
                                        : MFD_GATHER_TRACKS);
    if (average)
        add_components(s, "sd", 0, MFD_GATHER_SD);
    if (average && s->body.levels)
        add_components(s, "levels", 0, MFD_GATHER_LEVELS);
}

/* Features: technical ones are numbered first, as in the model. */
static void add_features(struct mfd_scoring *s, const char *group, size_t base)
{
    const struct mfd_config *c = s->config;
    const struct {
        unsigned subspace;
        const char *name;
        size_t width, first, offset;
    } subspaces[] = {
        { MFD_SUBSPACE_BIOLOGICAL, "biological", c->biological, c->technical,
          OUT(features_biological) },
        { MFD_SUBSPACE_TECHNICAL, "technical", c->technical, 0, OUT(features_technical) },
    };
    if (c->model_class == MFD_BASELINE) {
        add_part(s, (struct mfd_part){ group, "all", c->embed, NULL, 0 },
                 (struct mfd_source){ MFD_MADE_COPIED, need(s, base + OUT(features), c->embed) });
        return;
    }
    for (size_t i = 0; i < 2; i++)
        if (s->body.subspaces & subspaces[i].subspace)
            add_part(s,
                     (struct mfd_part){ group, subspaces[i].name, subspaces[i].width, NULL,
                                        subspaces[i].first },
                     (struct mfd_source){ MFD_MADE_COPIED, need(s, base + subspaces[i].offset,
                                                                subspaces[i].width) });
}

static void add_scores(struct mfd_scoring *s)
{
    static const struct {
        unsigned score;
        size_t base;
    } scores[] = {
        { MFD_SCORE_EFFECT, EFFECTS(effect) },
        { MFD_SCORE_REFERENCE, EFFECTS(reference) },
        { MFD_SCORE_ALTERNATIVE, EFFECTS(alternative) },
    };
    size_t stride = s->choice.stride;
    for (size_t i = 0; i < 3; i++)
        if (s->body.scores & scores[i].score)
            add_components(s, mfd_score_names[i], scores[i].base, MFD_GATHER_TRACKS);
    if (s->body.scores & MFD_SCORE_SWAP) {
        add_tracks(s, "swap", "biological",
                   (struct mfd_source){ MFD_MADE_PICKED,
                                        need(s, EFFECTS(logits_biological_ver2), stride) });
        add_tracks(s, "swap", "technical",
                   (struct mfd_source){ MFD_MADE_PICKED,
                                        need(s, EFFECTS(logits_technical_ver2), stride) });
    }
    if (s->body.scores & MFD_SCORE_SAR)
        add_tracks(s, "sar", "total",
                   (struct mfd_source){ MFD_MADE_SAR,
                                        need(s, EFFECTS(alternative.predictions), stride),
                                        need(s, EFFECTS(reference.predictions), stride) });
    if (s->body.scores & MFD_SCORE_QUANTILE)
        add_tracks(
            s, "quantile", "total",
            (struct mfd_source){ MFD_MADE_QUANTILE, need(s, EFFECTS(effect.logits), stride) });
    if (s->body.subspaces)
        add_features(s, "features", EFFECTS(effect));
}

/* What a model without subspaces cannot say. */
static int check_baseline(const struct mfd_scoring *s, enum mfd_call call,
                          struct mfd_problem *problem)
{
    const unsigned both = MFD_SUBSPACE_BIOLOGICAL | MFD_SUBSPACE_TECHNICAL;
    const struct {
        bool asked;
        const char *pointer;
    } refused[] = {
        { s->body.components & ~(unsigned)MFD_PART_TOTAL, "/components" },
        { s->body.scores & MFD_SCORE_SWAP, "/scores" },
        { s->body.subspaces && s->body.subspaces != both,
          call == MFD_CALL_VARIANTS ? "/features" : "/subspaces" },
    };
    for (size_t i = 0; s->config->model_class == MFD_BASELINE && i < 3; i++)
        if (refused[i].asked)
            return mfd_problem_set(problem, "unsupported-component", refused[i].pointer,
                                   "this model has no biological and technical subspace; it has "
                                   "totals, and features as a whole");
    return 0;
}

/* Quantiles need the distributions that the bundle keeps, one a track that was trained. */
static int open_background(struct mfd_scoring *s, struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (!(s->body.scores & MFD_SCORE_QUANTILE))
        return 0;
    if (s->body.virtual_tracks)
        return mfd_problem_set(problem, "unsupported", "/virtual_tracks",
                               "a virtual track has no background of common variants; quantiles "
                               "are of the model's own tracks");
    int status = mfd_background_open(mfd_served_model(s->served), &s->background, &err);
    if (status == MFD_ENOTFOUND)
        return mfd_problem_set(problem, "no-background", "/scores",
                               "%s; without it there are no quantiles", err.message);
    return status ? from_error(problem, &err, NULL) : 0;
}

static int lay_out(struct mfd_scoring *s, enum mfd_call call, struct mfd_problem *problem)
{
    if (check_baseline(s, call, problem) || open_background(s, problem))
        return -1;
    if (call != MFD_CALL_FEATURES) {
        if (mfd_choice_make(&s->choice, mfd_served_model(s->served), &s->body, problem))
            return -1;
        s->layout.tracks = s->choice.columns;
        s->layout.n_tracks = s->choice.width;
    }
    if (call == MFD_CALL_VARIANTS)
        add_scores(s);
    else if (call == MFD_CALL_FEATURES)
        add_features(s, "values", 0);
    else
        add_predictions(s);
    s->layout.input = s->body.input;
    s->layout.parts = s->parts;
    s->scratch = mfd_calloc(mfd_layout_width(&s->layout), sizeof *s->scratch);
    return s->scratch ? 0 : no_memory(problem);
}

/* --- what the request is asked of --- */

static void add_text(struct mfd_buffer *out, const char *name, const char *value)
{
    mfd_buffer_addf(out, ",\"%s\":", name);
    if (value)
        mfd_text_json(out, value, strlen(value));
    else
        mfd_buffer_adds(out, "null");
}

static int write_provenance(struct mfd_scoring *s, enum mfd_call call, struct mfd_problem *problem)
{
    struct mfd_buffer *out = &s->provenance;
    mfd_buffer_adds(out, "{\"server\":\"mfd/" MFD_VERSION "\"");
    add_text(out, "model", mfd_served_name(s->served));
    add_text(out, "version", mfd_served_version(s->served));
    add_text(out, "digest", mfd_served_digest(s->served));
    add_text(out, "genome", s->genome_name);
    mfd_buffer_addf(out, ",\"ensemble\":{\"strands\":%s,\"shifts\":%u}",
                    s->ensemble.strands ? "true" : "false", s->ensemble.shifts);
    if (call == MFD_CALL_MARGINAL)
        mfd_choice_settings(&s->choice, mfd_served_model(s->served), out);
    if (call != MFD_CALL_FEATURES) {
        add_text(out, "scale", mfd_scale_names[s->body.scale]);
        add_text(out, "aggregate", mfd_aggregate_names[s->body.tracks.aggregate]);
    }
    if (s->background.points)
        mfd_buffer_addf(out, ",\"background\":{\"variants\":%llu}",
                        (unsigned long long)s->background.variants);
    mfd_buffer_addf(out, ",\"window\":%lld,\"bin\":%zu}", (long long)mfd_scoring_window(s),
                    mfd_config_bin(s->config));
    s->layout.provenance = out->data;
    return out->failed ? no_memory(problem) : 0;
}

static const struct mfd_encoder *find_encoder(enum mfd_media media)
{
    static const struct {
        enum mfd_media media;
        const struct mfd_encoder *encoder;
    } encoders[] = {
        { MFD_MEDIA_JSON, &mfd_encode_json },         { MFD_MEDIA_NDJSON, &mfd_encode_ndjson },
        { MFD_MEDIA_TSV, &mfd_encode_tsv },           { MFD_MEDIA_NPY, &mfd_encode_npy },
        { MFD_MEDIA_BEDGRAPH, &mfd_encode_bedgraph },
    };
    for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++)
        if (encoders[i].media == media)
            return encoders[i].encoder;
    return NULL;
}

static int find_genome(struct mfd_scoring *s, struct mfd_app *app, struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    const char *name = s->body.genome;
    if (s->body.input == MFD_INPUT_SEQUENCES)
        return 0;
    if (mfd_registry_genome(mfd_app_registry(app), name, &s->genome, &s->genome_name, &err))
        return from_error(problem, &err, s->body.genome ? "/genome" : NULL);
    return 0;
}

int mfd_scoring_open(struct mfd_scoring *s, enum mfd_call call,
                     const struct mfd_operation_input *input, struct mfd_operation_plan *plan,
                     struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    s->max_items = input->limits->items;
    s->max_passes = input->limits->passes;
    s->encoder = find_encoder(input->format);
    if (!s->encoder)
        return mfd_problem_set(problem, "not-acceptable", NULL, "no such format here");
    if (s->encoder == &mfd_encode_bedgraph && s->body.input != MFD_INPUT_INTERVALS)
        return mfd_problem_set(problem, "not-acceptable", NULL,
                               "bedGraph needs \"intervals\"; sequences have no place");
    s->ensemble = (struct mfd_ensemble){ s->body.shifts, s->body.strands };
    if (mfd_operation_model(input, s->body.model, &plan->model, &err))
        return from_error(problem, &err, s->body.model ? "/model" : NULL);
    s->served = plan->model;
    s->config = mfd_model_config(mfd_served_model(s->served));
    if (find_genome(s, input->app, problem) || lay_out(s, call, problem))
        return -1;
    return write_provenance(s, call, problem);
}

void mfd_scoring_hint(const struct mfd_operation_input *input, struct mfd_problem *problem)
{
    if (input->job || !problem->limit || strcmp(problem->limit, "items") != 0)
        return;
    size_t n = strlen(problem->detail);
    snprintf(problem->detail + n, sizeof problem->detail - n,
             " Ask for less, or post the same request as a job.");
    snprintf(problem->extra, sizeof problem->extra, "\"links\":{\"jobs\":\"/api/v1/jobs\"}");
}

void mfd_scoring_deinit(struct mfd_scoring *s)
{
    mfd_body_deinit(&s->body);
    mfd_genome_unref(s->genome);
    mfd_choice_deinit(&s->choice);
    mfd_buffer_deinit(&s->provenance);
    free(s->scratch);
}

/* --- what it costs --- */

/* The first item that cannot be scored, as the problem of the whole request. */
static int check_strict(const struct mfd_scoring *s, struct mfd_problem *problem)
{
    for (size_t i = 0; s->body.strict && i < s->body.n_items; i++)
        if (s->body.items[i].problem) {
            *problem = *s->body.items[i].problem;
            problem->status = 422;
            return -1;
        }
    return 0;
}

int mfd_scoring_plan(struct mfd_scoring *s, size_t rows, size_t most,
                     struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    if (check_strict(s, problem))
        return -1;
    for (size_t i = 0; i < s->body.n_items; i++)
        s->unscored += s->body.items[i].problem != NULL;
    s->layout.rows = rows;
    s->windows = rows - s->unscored;
    if (s->body.input == MFD_INPUT_VARIANTS)
        s->windows *= 2;
    plan->items = s->body.n_items;
    plan->passes = (double)s->windows * mfd_ensemble_passes(s->ensemble);
    plan->dry_run = s->body.dry_run;
    size_t most_rows = PART_ROWS;
    for (size_t i = 0; i < s->n_arrays; i++)
        if (s->arrays[i].stride * most_rows > PART_FLOATS)
            most_rows = PART_FLOATS / s->arrays[i].stride + 1;
    plan->part_items = most >= most_rows ? 1 : most_rows / most;
    plan->whole = s->encoder->transposed;
    return 0;
}

int mfd_scoring_describe(const struct mfd_scoring *s, struct mfd_buffer *out,
                         struct mfd_problem *problem)
{
    mfd_buffer_addf(out, "{\"provenance\":%s,\"cost\":{\"items\":%zu,\"unscored\":%zu",
                    s->layout.provenance, s->body.n_items, s->unscored);
    mfd_buffer_addf(out, ",\"windows\":%zu,\"passes\":%zu", s->windows,
                    s->windows * mfd_ensemble_passes(s->ensemble));
    mfd_buffer_addf(out, ",\"limits\":{\"items\":%lld,\"passes\":%lld}}}\n",
                    (long long)s->max_items, (long long)s->max_passes);
    return out->failed ? no_memory(problem) : 0;
}

/* --- numbers of a part --- */

int mfd_numbers_init(struct mfd_numbers *n, const struct mfd_scoring *s, size_t rows,
                     struct mfd_task *task, struct mfd_problem *problem)
{
    char *base = task->kind == MFD_TASK_VARIANTS ? (char *)&task->effects : (char *)&task->out;
    size_t floats = 0;
    *n = (struct mfd_numbers){ .scoring = s, .rows = rows };
    for (size_t i = 0; i < s->n_arrays; i++)
        if (!mfd_add(floats, s->arrays[i].stride, &floats))
            return no_memory(problem);
    if (!mfd_mul(floats, rows, &floats) || !mfd_add(floats, s->choice.stride, &floats) ||
        !(n->block = mfd_aligned(floats, sizeof(float))))
        return no_memory(problem);
    float *at = n->block;
    for (size_t i = 0; i < s->n_arrays; i++) {
        n->arrays[i] = at;
        *(float **)(void *)(base + s->arrays[i].offset) = at;
        at += rows * s->arrays[i].stride;
    }
    n->work = at;
    return 0;
}

void mfd_numbers_deinit(struct mfd_numbers *n)
{
    free(n->block);
    n->block = NULL;
}

void mfd_numbers_fill(void *ctx, size_t row, size_t part, float *out)
{
    const struct mfd_numbers *n = ctx;
    const struct mfd_scoring *s = n->scoring;
    const struct mfd_source *source = &s->sources[part];
    size_t stride = s->arrays[source->array].stride;
    const float *from = n->arrays[source->array] + row * stride;
    const float *other = n->arrays[source->other] + row * stride;
    switch (source->making) {
    case MFD_MADE_COPIED:
        memcpy(out, from, stride * sizeof *out);
        return;
    case MFD_MADE_PICKED:
        mfd_choice_gather(&s->choice, MFD_GATHER_TRACKS, from, out);
        return;
    case MFD_MADE_GATHERED:
        mfd_choice_gather(&s->choice, source->gather, from, out);
        return;
    case MFD_MADE_SAR:
        for (size_t t = 0; t < stride; t++)
            n->work[t] = (float)mfd_summary_sar((double)from[t], (double)other[t]);
        break;
    case MFD_MADE_QUANTILE:
        for (size_t t = 0; t < stride; t++)
            n->work[t] = (float)mfd_background_quantile(&s->background, t, (double)from[t]);
        break;
    }
    mfd_choice_gather(&s->choice, MFD_GATHER_TRACKS, n->work, out);
}

/* --- small things --- */

int64_t mfd_scoring_window(const struct mfd_scoring *s)
{
    return (int64_t)(s->ensemble.shifts > 1 ? mfd_config_published_window(s->config)
                                            : mfd_config_window(s->config));
}

int64_t mfd_outside(int64_t start, int64_t end, int64_t length)
{
    int64_t left = start < 0 ? -start : 0, right = end > length ? end - length : 0;
    return left + right < end - start ? left + right : end - start;
}

enum mfd_outcome mfd_outcome_of(const struct mfd_problem *problem)
{
    static const char *const skipped[] = { "allele-too-long", "symbolic-allele", "star-allele",
                                           "missing-alt",     "no-change",       "n-window" };
    if (!problem)
        return MFD_OUTCOME_OK;
    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        if (strcmp(problem->type->slug, skipped[i]) == 0)
            return MFD_OUTCOME_SKIPPED;
    return MFD_OUTCOME_ERROR;
}

struct mfd_problem *mfd_scoring_item_problem(struct mfd_scoring *s, size_t i,
                                             struct mfd_problem *problem)
{
    struct mfd_reader reader = { .problem = problem, .blocks = s->body.blocks };
    struct mfd_problem *kept = mfd_reader_alloc(&reader, 1, sizeof *kept);
    s->body.blocks = reader.blocks;
    s->body.items[i].problem = kept;
    return kept;
}

void mfd_scoring_count(const struct mfd_result *results, size_t n,
                       struct mfd_operation_counts *counts)
{
    for (size_t i = 0; i < n; i++) {
        counts->ok += results[i].outcome == MFD_OUTCOME_OK;
        counts->skipped += results[i].outcome == MFD_OUTCOME_SKIPPED;
        counts->error += results[i].outcome == MFD_OUTCOME_ERROR;
    }
}

int mfd_scoring_finish(const struct mfd_scoring *s, const struct mfd_operation_counts *counts,
                       struct mfd_buffer *out, struct mfd_problem *problem)
{
    struct mfd_counts sums = { counts->ok, counts->skipped, counts->error };
    s->encoder->end(&s->layout, &sums, out);
    return out->failed ? no_memory(problem) : 0;
}
