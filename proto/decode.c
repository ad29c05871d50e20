#include "proto/decode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "proto/decode_items.h"
#include "proto/decode_settings.h"
#include "proto/decode_tracks.h"

const char *const mfd_part_names[] = { "total", "biological", "technical", NULL };
const char *const mfd_score_names[] = { "effect",    "reference",  "alternative", "swap", "sar",
                                        "quantile",  "difference", "max_abs",     "l2",   "share",
                                        "agreement", "top",        NULL };
const char *const mfd_subspace_names[] = { "biological", "technical", NULL };
const char *const mfd_scale_names[] = { "", "logit", "probability", NULL };
const char *const mfd_input_names[] = { "sequences", "intervals", "variants", NULL };

const char *const mfd_ensemble_names[] = { "none", "strands", "published", NULL };

void mfd_body_ensemble(struct mfd_body *body, unsigned ensemble)
{
    body->shifts = ensemble == 2 ? MFD_SHIFTS_PUBLISHED : 1;
    body->strands = ensemble > 0;
}

/* What the readers below fill. `max_items` and the inputs do not fit a plain offset. */
struct draft {
    struct mfd_body body;
    const json_t *inputs[3]; /* by enum mfd_input; NULL where absent */
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
    return mfd_read_words(r, v, at, mfd_score_names, MFD_SCORES, out);
}

static int read_subspaces(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    return mfd_read_words(r, v, at, mfd_subspace_names, 2, out);
}

static int read_shifts(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    int64_t shifts;
    if (mfd_read_i64(r, v, at, 1, MFD_SHIFTS_PUBLISHED, &shifts))
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

static int read_top(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    return mfd_read_i64(r, v, at, 1, MFD_TOP_MOST, out);
}

static int read_scan(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const char *const words[] = { "effect", "centred" };
    return mfd_read_words(r, v, at, words, 2, out);
}

static int read_window(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const char *const words[] = { "each", "one" };
    unsigned word;
    if (mfd_read_word(r, v, at, words, 2, &word))
        return -1;
    *(bool *)out = word == 1;
    return 0;
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
    FIELD("tracks", mfd_read_tracks, tracks), WHOLE("virtual_tracks", mfd_read_virtuals),          \
        FIELD("components", read_components, components), FIELD("scale", read_scale, scale)

#define AVERAGES                                                                                   \
    FIELD("distribution", mfd_read_distribution, distribution), WHOLE("settings", mfd_read_given)
#define CONTRAST                                                                                   \
    FIELD("a", mfd_read_setting, a), FIELD("b", mfd_read_setting, b),                              \
        FIELD("like", mfd_read_string, like), FIELD("held", mfd_read_held, held)

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
    FIELD("top", read_top, top),
    WHOLE("over", mfd_read_over),
    AVERAGES,
    FIELD("levels", mfd_read_bool, levels),
    CONTRAST,
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
    { "over", mfd_read_over, 0, true },
    AVERAGES,
    FIELD("levels", mfd_read_bool, levels),
};
static const struct mfd_member contrast_members[] = {
    INPUT("sequences", MFD_INPUT_SEQUENCES),
    INPUT("intervals", MFD_INPUT_INTERVALS),
    SHARED,
    { "a", mfd_read_setting, offsetof(struct draft, body.a), true },
    { "b", mfd_read_setting, offsetof(struct draft, body.b), true },
    FIELD("like", mfd_read_string, like),
    FIELD("held", mfd_read_held, held),
    FIELD("components", read_components, components),
    FIELD("scale", read_scale, scale),
};
static const struct mfd_member ism_members[] = {
    INPUT("sequences", MFD_INPUT_SEQUENCES),
    INPUT("intervals", MFD_INPUT_INTERVALS),
    SHARED,
    TRACKS,
    FIELD("scores", read_scan, scan),
    FIELD("window", read_window, one_window),
    WHOLE("over", mfd_read_over),
    AVERAGES,
    FIELD("levels", mfd_read_bool, levels),
    CONTRAST,
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
                              .shifts = MFD_SHIFTS_PUBLISHED,
                              .strands = true } },
    [MFD_CALL_MARGINAL] = { marginal_members,
                            COUNT(marginal_members),
                            "\"sequences\" or \"intervals\"",
                            { .components = MFD_PART_TOTAL, .shifts = 1, .strands = true } },
    [MFD_CALL_CONTRAST] = { contrast_members,
                            COUNT(contrast_members),
                            "\"sequences\" or \"intervals\"",
                            { .components = MFD_PART_TOTAL, .shifts = 1, .strands = true } },
    [MFD_CALL_ISM] = { ism_members,
                       COUNT(ism_members),
                       "\"sequences\" or \"intervals\"",
                       { .components = MFD_PART_TOTAL,
                         .scan = MFD_SCAN_EFFECT | MFD_SCAN_CENTRED,
                         .scale = MFD_SCALE_LOGIT,
                         .shifts = MFD_SHIFTS_PUBLISHED,
                         .strands = true } },
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
static int read_inputs(struct mfd_reader *r, struct draft *draft, const struct call *call,
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
        return mfd_reader_fail(r, &root, "missing-member", "%s must say what to compute",
                               call->needs);
    struct mfd_at at = MFD_AT_MEMBER(&root, mfd_input_names[body->input]);
    return mfd_read_items(r, found, &at, body->input, call == &calls[MFD_CALL_ISM], max_items,
                          &body->items, &body->n_items);
}

static int read_body(struct mfd_reader *r, const struct call *call, struct draft *draft,
                     int64_t max_items)
{
    struct mfd_at root = MFD_AT_ROOT;
    if (mfd_read_object(r, draft->body.document, &root, call->members, call->n, draft))
        return -1;
    if (mfd_body_check(&draft->body, r->problem))
        return -1;
    return read_inputs(r, draft, call, max_items);
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
    json_decref(body->options);
    mfd_blocks_free(body->blocks);
    *body = (struct mfd_body)MFD_BODY_INIT;
}

int mfd_body_check(struct mfd_body *body, struct mfd_problem *problem)
{
    bool parts = (body->components & ~(unsigned)MFD_PART_TOTAL) || body->scores & MFD_SCORE_SWAP;
    bool variants = body->input == MFD_INPUT_VARIANTS;
    if (body->tracks.given && body->virtual_tracks)
        return mfd_problem_set(problem, "conflicting-members", "/virtual_tracks",
                               "give either \"tracks\" or \"virtual_tracks\"");
    if (body->scale == MFD_SCALE_PROBABILITY && parts)
        return mfd_problem_set(
            problem, "unsupported-component", "/scale",
            "the biological and technical parts (and the swap effects) add up on "
            "the logit scale only; ask for \"scale\": \"logit\"");
    if (mfd_body_check_bias(body, problem))
        return -1;
    if (body->top)
        body->scores |= MFD_SCORE_TOP;
    else if (body->scores & MFD_SCORE_TOP)
        body->top = MFD_TOP_DEFAULT;
    if (!body->a != !body->b)
        return mfd_problem_set(problem, "missing-member", "",
                               "a contrast needs both settings, \"a\" and \"b\"");
    if (body->a && (body->over || body->virtual_tracks || body->tracks.given))
        return mfd_problem_set(
            problem, "conflicting-members", "/a",
            "a contrast is of two settings, so there are no tracks to choose and "
            "nothing to average");
    if (mfd_body_check_settings(body, problem))
        return -1;
    if (body->scale == MFD_SCALE_UNSAID)
        body->scale = parts || variants ? MFD_SCALE_LOGIT : MFD_SCALE_PROBABILITY;
    return 0;
}
