#include "proto/decode.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "proto/decode_items.h"

const char *const mfd_part_names[] = { "total", "biological", "technical", NULL };
const char *const mfd_score_names[] = { "effect", "reference", "alternative", "swap",
                                        "sar",    "quantile",  NULL };
const char *const mfd_subspace_names[] = { "biological", "technical", NULL };
const char *const mfd_scale_names[] = { "", "logit", "probability", NULL };
const char *const mfd_aggregate_names[] = { "none", "mean", "max", NULL };
const char *const mfd_input_names[] = { "sequences", "intervals", "variants", NULL };

const char *const mfd_ensemble_names[] = { "none", "strands", "published", NULL };

void mfd_body_ensemble(struct mfd_body *body, unsigned ensemble)
{
    body->shifts = ensemble == 2 ? 7 : 1;
    body->strands = ensemble > 0;
}

/* What the readers below fill. `max_items` and the inputs do not fit a plain offset. */
struct draft {
    struct mfd_body body;
    const json_t *inputs[3]; /* by enum mfd_input; NULL where absent */
    bool has_tracks;
};
static_assert(offsetof(struct draft, body) == 0, "readers of the body are handed the draft");

static int read_input(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    (void)r, (void)at;
    *(const json_t **)out = v; /* read last, once it is known to be the only one */
    return 0;
}

static int read_scale(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    unsigned word;
    if (mfd_read_word(r, v, at, mfd_scale_names + 1, 2, &word))
        return -1;
    *(enum mfd_scale *)out = (enum mfd_scale)(word + 1);
    return 0;
}

static int read_components(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                           void *out)
{
    return mfd_read_words(r, v, at, mfd_part_names, 3, out);
}

static int read_scores(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    return mfd_read_words(r, v, at, mfd_score_names, 6, out);
}

static int read_subspaces(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    return mfd_read_words(r, v, at, mfd_subspace_names, 2, out);
}

static int read_aggregate(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    unsigned word;
    if (mfd_read_word(r, v, at, mfd_aggregate_names, 3, &word))
        return -1;
    *(enum mfd_aggregate *)out = (enum mfd_aggregate)word;
    return 0;
}

static int read_shifts(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    int64_t shifts;
    if (mfd_read_i64(r, v, at, 1, 7, &shifts))
        return -1;
    *(unsigned *)out = (unsigned)shifts;
    return 0;
}

static int read_ensemble(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const struct mfd_member members[] = {
        { "strands", mfd_read_bool, offsetof(struct mfd_body, strands), true },
        { "shifts", read_shifts, offsetof(struct mfd_body, shifts), true },
    };
    struct mfd_body *body = out;
    if (json_is_object(v))
        return mfd_read_object(r, v, at, members, 2, body);
    if (!json_is_string(v))
        return mfd_reader_expected(r, at, "none, strands, published or {\"strands\", \"shifts\"}",
                                   v);
    unsigned word;
    if (mfd_read_word(r, v, at, mfd_ensemble_names, 3, &word))
        return -1;
    mfd_body_ensemble(body, word);
    return 0;
}

static int read_ids(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_selection *selection = out;
    return mfd_read_array(r, v, at, "track_ids", r->limits->track_ids, mfd_read_string,
                          sizeof(char *), (void **)&selection->ids, &selection->n_ids);
}

/* The members of an object whose names are metadata columns: how many, within the limits. */
static int count_columns(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, size_t *n)
{
    if (!json_is_object(v))
        return mfd_reader_expected(r, at, "an object", v);
    *n = json_object_size(v);
    if (*n == 0)
        return mfd_reader_fail(r, at, "invalid-value", "the object names no metadata column");
    if (*n > (size_t)r->limits->columns)
        return mfd_reader_limit(r, at, "columns", r->limits->columns, (int64_t)*n);
    return 0;
}

static int read_where(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_selection *selection = out;
    size_t n = 0, i = 0;
    if (count_columns(r, v, at, &n))
        return -1;
    struct mfd_condition *where = mfd_reader_alloc(r, n, sizeof *where);
    if (!where)
        return -1;
    const char *column;
    json_t *labels;
    json_object_foreach((json_t *)v, column, labels)
    {
        struct mfd_at inner = MFD_AT_MEMBER(at, column);
        where[i].column = column;
        if (mfd_read_array(r, labels, &inner, "labels", r->limits->labels, mfd_read_string,
                           sizeof(char *), (void **)&where[i].labels, &where[i].n))
            return -1;
        i++;
    }
    selection->where = where;
    selection->n_where = n;
    return 0;
}

static int read_tracks(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const struct mfd_member members[] = {
        { "ids", read_ids, 0, false },
        { "where", read_where, 0, false },
        { "aggregate", read_aggregate, offsetof(struct mfd_selection, aggregate), false },
    };
    struct draft *draft = out;
    draft->has_tracks = true;
    return mfd_read_object(r, v, at, members, 3, &draft->body.tracks);
}

static int read_cell(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    (void)out; /* the document keeps it */
    if (!json_is_string(v))
        return mfd_reader_expected(r, at, "a string", v);
    size_t n = json_string_length(v); /* may be empty: the label of a missing value */
    if (n <= (size_t)r->limits->string_bytes)
        return 0;
    return mfd_reader_limit(r, at, "string_bytes", r->limits->string_bytes, (int64_t)n);
}

static int read_metadata(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    size_t n;
    if (count_columns(r, v, at, &n))
        return -1;
    const char *column;
    json_t *value;
    json_object_foreach((json_t *)v, column, value)
    {
        struct mfd_at inner = MFD_AT_MEMBER(at, column);
        void *labels;
        if (json_is_number(value) || json_is_null(value))
            continue;
        if (!json_is_string(value) && !json_is_array(value))
            return mfd_reader_expected(r, &inner, "a string, a number, an array or null", value);
        if (json_is_string(value) ? read_cell(r, value, &inner, NULL)
                                  : mfd_read_array(r, value, &inner, "labels", r->limits->labels,
                                                   read_cell, 1, &labels, &n))
            return -1;
    }
    *(const json_t **)out = v;
    return 0;
}

static int read_setting(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_virtual_track track; /* for its metadata alone */
    if (read_metadata(r, v, at, &track.metadata))
        return -1;
    *(const json_t **)out = track.metadata;
    return 0;
}

static int read_over(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_body *body = out;
    void *over;
    if (mfd_read_array(r, v, at, "columns", r->limits->columns, mfd_read_string, sizeof(char *),
                       &over, &body->n_over))
        return -1;
    body->over = over;
    return 0;
}

static int read_distribution(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                             void *out)
{
    static const char *const words[] = { "training", "uniform" };
    unsigned word;
    if (mfd_read_word(r, v, at, words, 2, &word))
        return -1;
    *(enum mfd_distribution *)out = (enum mfd_distribution)word;
    return 0;
}

static int read_held(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const char *const words[] = { "nothing", "technical", "biological" };
    unsigned word;
    if (mfd_read_word(r, v, at, words, 3, &word))
        return -1;
    *(enum mfd_hold *)out = (enum mfd_hold)word;
    return 0;
}

static int read_bias(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const char *const words[] = { "none", "mean", "matched" };
    struct mfd_virtual_track *track = out;
    if (json_is_number(v)) {
        track->bias = MFD_VIRTUAL_BIAS_NUMBER;
        track->bias_number = json_number_value(v);
        if (fabs(track->bias_number) <= 1e6)
            return 0;
        return mfd_reader_fail(r, at, "invalid-value", "a bias is a logit between -1e6 and 1e6");
    }
    if (!json_is_string(v))
        return mfd_reader_expected(r, at, "none, mean, matched or a number", v);
    unsigned word;
    if (mfd_read_word(r, v, at, words, 3, &word))
        return -1;
    track->bias = (enum mfd_virtual_bias)word;
    return 0;
}

static int read_virtual(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const struct mfd_member members[] = {
        { "id", mfd_read_string, offsetof(struct mfd_virtual_track, id), true },
        { "metadata", read_metadata, offsetof(struct mfd_virtual_track, metadata), true },
        { "like", mfd_read_string, offsetof(struct mfd_virtual_track, like), false },
        { "bias", read_bias, 0, false },
    };
    ((struct mfd_virtual_track *)out)->bias = MFD_VIRTUAL_BIAS_MEAN;
    return mfd_read_object(r, v, at, members, 4, out);
}

static int by_id(const void *a, const void *b)
{
    const struct mfd_virtual_track *const *x = a, *const *y = b;
    int order = strcmp((*x)->id, (*y)->id);
    return order ? order : (*x > *y) - (*x < *y);
}

/* Two tracks of one id could not be told apart in the answer. */
static int check_different(struct mfd_reader *r, const struct mfd_at *at,
                           const struct mfd_virtual_track *tracks, size_t n)
{
    const struct mfd_virtual_track **sorted = mfd_reader_alloc(r, n, sizeof *sorted);
    if (!sorted)
        return -1;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &tracks[i];
    qsort(sorted, n, sizeof *sorted, by_id);
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0) {
            struct mfd_at element = MFD_AT_INDEX(at, (size_t)(sorted[i] - tracks));
            struct mfd_at id = MFD_AT_MEMBER(&element, "id");
            return mfd_reader_fail(r, &id, "invalid-value", "\"%.100s\" is given twice",
                                   sorted[i]->id);
        }
    return 0;
}

static int read_virtuals(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    struct mfd_body *body = out;
    void *tracks;
    if (mfd_read_array(r, v, at, "virtual_tracks", r->limits->virtual_tracks, read_virtual,
                       sizeof *body->virtual_tracks, &tracks, &body->n_virtual_tracks))
        return -1;
    body->virtual_tracks = tracks;
    return check_different(r, at, tracks, body->n_virtual_tracks);
}

#define FIELD(name, read, field)                                                                   \
    {                                                                                              \
        name, read, offsetof(struct draft, body.field), false                                      \
    }
#define WHOLE(name, read)                                                                          \
    {                                                                                              \
        name, read, 0, false                                                                       \
    }
#define INPUT(name, i)                                                                             \
    {                                                                                              \
        name, read_input, offsetof(struct draft, inputs) + (i) * sizeof(void *), false             \
    }

#define SHARED                                                                                     \
    FIELD("model", mfd_read_string, model), FIELD("genome", mfd_read_string, genome),              \
        WHOLE("ensemble", read_ensemble), FIELD("pad", mfd_read_bool, pad),                        \
        FIELD("strict", mfd_read_bool, strict), FIELD("dry_run", mfd_read_bool, dry_run)
#define TRACKS                                                                                     \
    WHOLE("tracks", read_tracks), WHOLE("virtual_tracks", read_virtuals),                          \
        FIELD("components", read_components, components), FIELD("scale", read_scale, scale)

static const struct mfd_member predict_members[] = {
    INPUT("sequences", MFD_INPUT_SEQUENCES),
    INPUT("intervals", MFD_INPUT_INTERVALS),
    SHARED,
    TRACKS,
};
static const struct mfd_member features_members[] = {
    INPUT("sequences", MFD_INPUT_SEQUENCES),
    INPUT("intervals", MFD_INPUT_INTERVALS),
    SHARED,
    FIELD("subspaces", read_subspaces, subspaces),
};
static const struct mfd_member variants_members[] = {
    INPUT("variants", MFD_INPUT_VARIANTS),
    SHARED,
    TRACKS,
    FIELD("scores", read_scores, scores),
    FIELD("features", read_subspaces, subspaces),
};

static const struct mfd_member normalize_members[] = {
    INPUT("variants", MFD_INPUT_VARIANTS),
    FIELD("genome", mfd_read_string, genome),
    FIELD("strict", mfd_read_bool, strict),
};

static const struct mfd_member marginal_members[] = {
    INPUT("sequences", MFD_INPUT_SEQUENCES),
    INPUT("intervals", MFD_INPUT_INTERVALS),
    SHARED,
    TRACKS,
    { "over", read_over, 0, true },
    FIELD("distribution", read_distribution, distribution),
    FIELD("levels", mfd_read_bool, levels),
};
static const struct mfd_member contrast_members[] = {
    INPUT("sequences", MFD_INPUT_SEQUENCES),
    INPUT("intervals", MFD_INPUT_INTERVALS),
    SHARED,
    { "a", read_setting, offsetof(struct draft, body.a), true },
    { "b", read_setting, offsetof(struct draft, body.b), true },
    FIELD("like", mfd_read_string, like),
    FIELD("held", read_held, held),
    FIELD("components", read_components, components),
    FIELD("scale", read_scale, scale),
};

#define COUNT(table) (sizeof(table) / sizeof *(table))
static const struct call {
    const struct mfd_member *members;
    size_t n;
    const char *needs;
    struct mfd_body defaults;
} calls[] = {
    [MFD_CALL_PREDICT] = { predict_members,
                           COUNT(predict_members),
                           "\"sequences\" or \"intervals\"",
                           { .components = MFD_PART_TOTAL, .shifts = 1, .strands = true } },
    [MFD_CALL_FEATURES] = { features_members,
                            COUNT(features_members),
                            "\"sequences\" or \"intervals\"",
                            { .subspaces = MFD_SUBSPACE_BIOLOGICAL | MFD_SUBSPACE_TECHNICAL,
                              .scale = MFD_SCALE_LOGIT,
                              .shifts = 1,
                              .strands = true } },
    [MFD_CALL_VARIANTS] = { variants_members,
                            COUNT(variants_members),
                            "\"variants\"",
                            { .components = MFD_PART_TOTAL,
                              .scores = MFD_SCORE_EFFECT,
                              .input = MFD_INPUT_VARIANTS,
                              .shifts = 7,
                              .strands = true } },
    [MFD_CALL_MARGINAL] = { marginal_members,
                            COUNT(marginal_members),
                            "\"sequences\" or \"intervals\"",
                            { .components = MFD_PART_TOTAL, .shifts = 1, .strands = true } },
    [MFD_CALL_CONTRAST] = { contrast_members,
                            COUNT(contrast_members),
                            "\"sequences\" or \"intervals\"",
                            { .components = MFD_PART_TOTAL, .shifts = 1, .strands = true } },
    [MFD_CALL_NORMALIZE] = { normalize_members,
                             COUNT(normalize_members),
                             "\"variants\"",
                             { .input = MFD_INPUT_VARIANTS, .shifts = 1 } },
};

void mfd_body_defaults(struct mfd_body *body, enum mfd_call call)
{
    *body = calls[call].defaults;
}

/* Exactly one kind of input must be there; read it. */
static int read_inputs(struct mfd_reader *r, struct draft *draft, const char *needs,
                       int64_t max_items)
{
    struct mfd_at root = MFD_AT_ROOT;
    struct mfd_body *body = &draft->body;
    const json_t *found = NULL;
    for (unsigned i = 0; i < COUNT(draft->inputs); i++) {
        if (!draft->inputs[i])
            continue;
        struct mfd_at at = MFD_AT_MEMBER(&root, mfd_input_names[i]);
        if (found)
            return mfd_reader_fail(r, &at, "conflicting-members",
                                   "give either \"%s\" or \"%s\", one kind a request",
                                   mfd_input_names[body->input], mfd_input_names[i]);
        found = draft->inputs[i];
        body->input = (enum mfd_input)i;
    }
    if (!found)
        return mfd_reader_fail(r, &root, "missing-member", "%s must say what to compute", needs);
    struct mfd_at at = MFD_AT_MEMBER(&root, mfd_input_names[body->input]);
    return mfd_read_items(r, found, &at, body->input, max_items, &body->items, &body->n_items);
}

static int read_body(struct mfd_reader *r, const struct call *call, struct draft *draft,
                     int64_t max_items)
{
    struct mfd_at root = MFD_AT_ROOT;
    if (mfd_read_object(r, draft->body.document, &root, call->members, call->n, draft))
        return -1;
    if (draft->has_tracks && draft->body.virtual_tracks) {
        struct mfd_at at = MFD_AT_MEMBER(&root, "virtual_tracks");
        return mfd_reader_fail(r, &at, "conflicting-members",
                               "give either \"tracks\" or \"virtual_tracks\"");
    }
    if (mfd_body_check(&draft->body, r->problem))
        return -1;
    return read_inputs(r, draft, call->needs, max_items);
}

int mfd_body_decode(struct mfd_body *out, enum mfd_call call, const char *bytes, size_t n,
                    const struct mfd_limits *limits, int64_t max_items, struct mfd_problem *problem)
{
    struct draft draft = { .body = calls[call].defaults };
    draft.body.document = mfd_json_load(bytes, n, limits, problem);
    if (!draft.body.document)
        return -1;
    struct mfd_reader reader = { .limits = limits, .problem = problem };
    int status = read_body(&reader, &calls[call], &draft, max_items);
    draft.body.blocks = reader.blocks;
    if (status)
        mfd_body_deinit(&draft.body);
    else
        *out = draft.body;
    return status;
}

void mfd_body_deinit(struct mfd_body *body)
{
    json_decref(body->document);
    mfd_blocks_free(body->blocks);
    *body = (struct mfd_body)MFD_BODY_INIT;
}

int mfd_body_check(struct mfd_body *body, struct mfd_problem *problem)
{
    bool parts = (body->components & ~(unsigned)MFD_PART_TOTAL) || body->scores & MFD_SCORE_SWAP;
    bool variants = body->input == MFD_INPUT_VARIANTS;
    if (body->scale == MFD_SCALE_PROBABILITY && parts)
        return mfd_problem_set(
            problem, "unsupported-component", "/scale",
            "the biological and technical parts (and the swap effects) add up on "
            "the logit scale only; ask for \"scale\": \"logit\"");
    if (body->scale == MFD_SCALE_UNSAID)
        body->scale = parts || variants ? MFD_SCALE_LOGIT : MFD_SCALE_PROBABILITY;
    return 0;
}
