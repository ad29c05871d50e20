#include "server/handlers/scoring_in.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "proto/encode_labels.h"
#include "proto/text.h"
#include "server/app.h"
#include "server/registry.h"
#include "server/served.h"

static_assert(MFD_SHIFTS_PUBLISHED == MFD_MAX_SHIFTS, "there is one published protocol");

#define PART_ROWS 512                 /* rows between two pieces of an answer, about */
#define PART_FLOATS ((size_t)4 << 20) /* and numbers of an array, at most so many */

/* --- what the request is asked of --- */

static int write_provenance(struct mfd_scoring *s, enum mfd_call call, struct mfd_problem *problem)
{
    struct mfd_buffer *out = &s->provenance;
    mfd_buffer_adds(out, "{\"server\":\"mfd/" MFD_VERSION "\"");
    mfd_text_member(out, "model", mfd_served_name(s->served));
    mfd_text_member(out, "version", mfd_served_version(s->served));
    mfd_text_member(out, "digest", mfd_served_digest(s->served));
    mfd_text_member(out, "genome", s->genome_name);
    mfd_buffer_addf(out, ",\"ensemble\":{\"strands\":%s,\"shifts\":%u}",
                    s->ensemble.strands ? "true" : "false", s->ensemble.shifts);
    if (s->choice.marginal)
        mfd_choice_settings(&s->choice, mfd_served_model(s->served), out);
    mfd_choice_biases(&s->choice, &s->body, out);
    if (call != MFD_CALL_FEATURES) {
        mfd_text_member(out, "scale", mfd_scale_names[s->body.scale]);
        mfd_text_member(out, "aggregate", mfd_aggregate_names[s->body.tracks.aggregate]);
    }
    if (call == MFD_CALL_ISM) /* how the substitutions stand in windows */
        mfd_text_member(out, "scan",
                        s->body.one_window || s->body.input != MFD_INPUT_INTERVALS ? "one"
                                                                                   : "each");
    if (s->background.points)
        mfd_buffer_addf(out, ",\"background\":{\"variants\":%llu}",
                        (unsigned long long)s->background.variants);
    mfd_buffer_addf(out, ",\"window\":%lld,\"bin\":%zu}", (long long)mfd_scoring_window(s),
                    mfd_config_bin(s->config));
    s->layout.provenance = out->data;
    return out->failed ? mfd_problem_nomem(problem) : 0;
}

/* A VCF holds its input's records, which no layout knows: variants_out.c writes it. */
static const struct mfd_encoder by_itself;

static const struct mfd_encoder *find_encoder(enum mfd_media media)
{
    static const struct {
        enum mfd_media media;
        const struct mfd_encoder *encoder;
    } encoders[] = {
        { MFD_MEDIA_JSON, &mfd_encode_json },         { MFD_MEDIA_NDJSON, &mfd_encode_ndjson },
        { MFD_MEDIA_TSV, &mfd_encode_tsv },           { MFD_MEDIA_NPY, &mfd_encode_npy },
        { MFD_MEDIA_BEDGRAPH, &mfd_encode_bedgraph }, { MFD_MEDIA_VCF, &by_itself },
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
        return mfd_problem_from_error(problem, &err, s->body.genome ? "/genome" : NULL);
    return 0;
}

static int find_all(struct mfd_scoring *s, enum mfd_call call,
                    const struct mfd_operation_input *input, struct mfd_operation_plan *plan,
                    struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    s->call = call;
    s->max_items = input->limits->items;
    s->max_unscored = input->limits->unscored;
    s->max_passes = input->limits->passes;
    s->encoder = find_encoder(input->format);
    if (!s->encoder)
        return mfd_problem_set(problem, "not-acceptable", NULL, "no such format here");
    if (s->encoder == &mfd_encode_bedgraph && s->body.input != MFD_INPUT_INTERVALS)
        return mfd_problem_set(problem, "not-acceptable", NULL,
                               "bedGraph needs \"intervals\"; sequences have no place");
    s->ensemble = (struct mfd_ensemble){ s->body.shifts, s->body.strands };
    if (mfd_operation_model(input, s->body.model, &plan->model, &err))
        return mfd_problem_from_error(problem, &err, s->body.model ? "/model" : NULL);
    s->served = plan->model;
    s->config = mfd_model_config(mfd_served_model(s->served));
    if (find_genome(s, input->app, problem) || mfd_scoring_lay_out(s, call, problem))
        return -1;
    plan->genome = s->genome;
    plan->genome_name = s->genome_name;
    return write_provenance(s, call, problem);
}

int mfd_scoring_open(struct mfd_scoring *s, enum mfd_call call,
                     const struct mfd_operation_input *input, struct mfd_operation_plan *plan,
                     struct mfd_problem *problem)
{
    int status = find_all(s, call, input, plan, problem);
    if (status && !s->body.document) /* parameters of a URL: there is no body to point into */
        problem->has_pointer = false;
    return status;
}

void mfd_scoring_hint(const struct mfd_operation_input *input, struct mfd_problem *problem)
{
    if (input->job || !problem->limit ||
        (strcmp(problem->limit, "items") != 0 && strcmp(problem->limit, "ism_bases") != 0))
        return;
    mfd_operation_suggest_job(problem);
}

void mfd_scoring_deinit(struct mfd_scoring *s)
{
    mfd_body_deinit(&s->body);
    mfd_genome_unref(s->genome);
    mfd_choice_deinit(&s->choice);
    mfd_buffer_deinit(&s->provenance);
    free(s->biology);
    free(s->lab);
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
    plan->passes = s->passes = (double)s->windows * mfd_ensemble_passes(s->ensemble);
    plan->dry_run = s->body.dry_run;
    size_t most_rows = PART_ROWS;
    for (size_t i = 0; i < s->n_arrays; i++)
        if (s->arrays[i].stride * most_rows > PART_FLOATS)
            most_rows = PART_FLOATS / s->arrays[i].stride + 1;
    plan->part_items = most >= most_rows ? 1 : most_rows / most;
    plan->whole = s->encoder->transposed && mfd_layout_width(&s->layout) > 1;
    return 0;
}

int mfd_scoring_describe(const struct mfd_scoring *s, mfd_label_rows_fn *rows, const void *state,
                         struct mfd_buffer *out, struct mfd_problem *problem)
{
    mfd_buffer_addf(out, "{\"provenance\":%s,\"cost\":{\"items\":%zu,\"unscored\":%zu",
                    s->layout.provenance, s->body.n_items, s->unscored);
    mfd_buffer_addf(out, ",\"windows\":%zu,\"passes\":%.0f", s->windows, ceil(s->passes));
    mfd_buffer_addf(out, ",\"limits\":{\"items\":%lld,\"passes\":%lld}}", (long long)s->max_items,
                    (long long)s->max_passes);
    if (s->body.dry_run && s->encoder == &mfd_encode_npy) {
        mfd_labels_start(&s->layout, s->call == MFD_CALL_ISM, out);
        rows(state, out);
        mfd_labels_end(out);
    }
    mfd_buffer_adds(out, "}\n");
    return out->failed ? mfd_problem_nomem(problem) : 0;
}

/* --- small things --- */

int64_t mfd_scoring_window(const struct mfd_scoring *s)
{
    return (int64_t)mfd_ensemble_window(s->ensemble, s->config);
}

void mfd_scoring_check_sequence(const struct mfd_scoring *s, const struct mfd_item *item,
                                const char *pointer, struct mfd_problem *found)
{
    size_t window = (size_t)mfd_scoring_window(s), at = 0;
    while (at < item->n && ((item->text[at] | 0x20) >= 'a' && (item->text[at] | 0x20) <= 'z'))
        at++;
    if (at < item->n)
        mfd_problem_set(found, "bad-sequence", pointer,
                        "character %zu of %zu is no letter; bases are A, C, G, T, and any other "
                        "letter counts as N",
                        at + 1, item->n);
    else if (item->n != window)
        mfd_problem_set(found, "length-mismatch", pointer,
                        "%zu bases, and a window of this model with this ensemble is %zu", item->n,
                        window);
}

int64_t mfd_outside(int64_t start, int64_t end, int64_t length)
{
    int64_t left = start < 0 ? -start : 0, right = end > length ? end - length : 0;
    return left + right < end - start ? left + right : end - start;
}

enum mfd_outcome mfd_outcome_of(const struct mfd_problem *problem)
{
    static const char *const skipped[] = { "allele-too-long", "symbolic-allele", "star-allele",
                                           "missing-alt",     "no-change",       "n-window",
                                           "unknown-base" };
    if (!problem)
        return MFD_OUTCOME_OK;
    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        if (strcmp(problem->type->slug, skipped[i]) == 0)
            return MFD_OUTCOME_SKIPPED;
    return MFD_OUTCOME_ERROR;
}

void mfd_outcome_count(enum mfd_outcome outcome, struct mfd_tally *counts)
{
    counts->ok += outcome == MFD_OUTCOME_OK;
    counts->skipped += outcome == MFD_OUTCOME_SKIPPED;
    counts->error += outcome == MFD_OUTCOME_ERROR;
}

struct mfd_problem *mfd_scoring_item_problem(struct mfd_scoring *s, size_t i,
                                             struct mfd_problem *problem)
{
    struct mfd_reader reader = { .problem = problem, .blocks = s->body.blocks };
    if (s->kept++ == (size_t)s->max_unscored) {
        mfd_problem_limit(problem, "unscored", s->max_unscored, -1, NULL);
        return NULL;
    }
    struct mfd_problem *kept = mfd_reader_alloc(&reader, 1, sizeof *kept);
    s->body.blocks = reader.blocks;
    s->body.items[i].problem = kept;
    return kept;
}

void mfd_scoring_count(const struct mfd_result *results, size_t n, struct mfd_tally *counts)
{
    for (size_t i = 0; i < n; i++)
        mfd_outcome_count(results[i].outcome, counts);
}

/* Every item has its problem by now; types in the order of their table. */
static size_t count_reasons(const struct mfd_scoring *s, struct mfd_reason *out, size_t n)
{
    size_t found = 0;
    const struct mfd_problem_type *types = mfd_problem_types(&n);
    for (size_t t = 0; t < n; t++)
        out[t] = (struct mfd_reason){ types[t].slug, 0 };
    for (size_t i = 0; i < s->body.n_items; i++)
        if (s->body.items[i].problem)
            out[s->body.items[i].problem->type - types].n++;
    for (size_t t = 0; t < n; t++)
        if (out[t].n)
            out[found++] = out[t];
    return found;
}

int mfd_scoring_finish(const struct mfd_scoring *s, const struct mfd_tally *counts,
                       struct mfd_buffer *out, struct mfd_problem *problem)
{
    size_t n;
    mfd_problem_types(&n);
    MFD_AUTO_FREE struct mfd_reason *reasons = mfd_calloc(n, sizeof *reasons);
    if (!reasons)
        return mfd_problem_nomem(problem);
    struct mfd_counts sums = { counts->ok, counts->skipped, counts->error, reasons,
                               count_reasons(s, reasons, n) };
    if (s->encoder->end)
        s->encoder->end(&s->layout, &sums, out);
    return out->failed ? mfd_problem_nomem(problem) : 0;
}
