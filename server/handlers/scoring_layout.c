/* Which numbers an answer has, and what each is made of. */
#include <string.h>

#include "core/base/memory.h"
#include "server/handlers/scoring_in.h"
#include "server/served.h"

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
                part.by_setting = true;
            }
            add_part(s, part,
                     (struct mfd_source){ how ? MFD_MADE_GATHERED : MFD_MADE_PICKED,
                                          need(s, offset, c->stride), .gather = how });
        }
}

/* Averages over columns of metadata come with their spread, and a contrast as a difference. */
static void add_gathered(struct mfd_scoring *s, const char *group, size_t base)
{
    add_components(s, group, base, s->gather);
    if (s->choice.marginal)
        add_components(s, "sd", base, MFD_GATHER_SD);
    if (s->choice.marginal && s->body.levels)
        add_components(s, "levels", base, MFD_GATHER_LEVELS);
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

/* A scan's effects, the same without what the four bases at a place have in common, and where they
 * are averages over columns of metadata, the spread of the effects over the settings, and the
 * effects in each where asked for. */
static void add_scan(struct mfd_scoring *s)
{
    bool variants = s->body.input == MFD_INPUT_INTERVALS && !s->body.one_window;
    bool effect = s->body.scan & MFD_SCAN_EFFECT, average = effect && s->choice.marginal;
    const struct {
        bool asked;
        const char *group;
        enum mfd_gather how;
        bool centred;
    } groups[] = {
        { effect, "effect", s->gather, false },
        { average, "sd", MFD_GATHER_SD, false },
        { average && s->body.levels, "levels", MFD_GATHER_LEVELS, false },
        { s->body.scan & MFD_SCAN_CENTRED, "centred", s->gather, true },
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        size_t first = s->layout.n_parts;
        if (groups[i].asked)
            add_components(s, groups[i].group, variants ? EFFECTS(effect) : 0, groups[i].how);
        for (size_t p = first; p < s->layout.n_parts; p++) {
            s->parts[p].width *= 4;
            s->sources[p].centred = groups[i].centred;
        }
    }
}

/* What a variant's effects on the tracks chosen come to, a number or a few a component. */
static void add_summaries(struct mfd_scoring *s)
{
    static const char *const one[] = { "" };
    static const struct {
        unsigned score;
        const char *group;
        enum mfd_making making;
    } summaries[] = {
        { MFD_SCORE_MAX_ABS, "max_abs", MFD_MADE_MAX_ABS },
        { MFD_SCORE_L2, "l2", MFD_MADE_L2 },
        { MFD_SCORE_AGREEMENT, "agreement", MFD_MADE_AGREEMENT },
        { MFD_SCORE_TOP, "top", MFD_MADE_TOP },
    };
    size_t most = s->choice.n < (size_t)s->body.top ? s->choice.n : (size_t)s->body.top;
    for (size_t i = 0; i < sizeof summaries / sizeof *summaries; i++) {
        bool top = summaries[i].making == MFD_MADE_TOP;
        size_t first = s->layout.n_parts;
        if (s->body.scores & summaries[i].score)
            add_components(s, summaries[i].group, EFFECTS(effect), s->gather);
        for (size_t p = first; p < s->layout.n_parts; p++) {
            s->sources[p].making = summaries[i].making;
            s->parts[p].width = top ? 2 * most : 1;
            s->parts[p].columns = one;
            s->parts[p].top = top;
            s->parts[p].names = s->choice.names ? s->choice.names : s->choice.columns;
        }
    }
    if (!(s->body.scores & MFD_SCORE_SHARE))
        return;
    size_t bio = need(s, EFFECTS(effect.logits_biological), s->choice.stride);
    size_t tech = need(s, EFFECTS(effect.logits_technical), s->choice.stride);
    if (s->choice.aggregate == MFD_AGGREGATE_NONE)
        add_part(
            s,
            (struct mfd_part){ "share", "tracks", s->choice.width, s->choice.columns, .first = 0 },
            (struct mfd_source){ MFD_MADE_SHARES, bio, tech, s->gather });
    add_part(s, (struct mfd_part){ "share", "biological", 1, one, .first = 0 },
             (struct mfd_source){ MFD_MADE_SHARE, bio, tech, s->gather });
    add_part(s, (struct mfd_part){ "share", "mostly_technical", 1, one, .first = 0 },
             (struct mfd_source){ MFD_MADE_FLAG, bio, tech, s->gather });
}

static void add_scores(struct mfd_scoring *s)
{
    size_t stride = s->choice.stride;
    if (s->body.scores & MFD_SCORE_EFFECT)
        add_gathered(s, "effect", EFFECTS(effect));
    if (s->body.scores & MFD_SCORE_REFERENCE)
        add_components(s, "reference", EFFECTS(reference), s->gather);
    if (s->body.scores & MFD_SCORE_ALTERNATIVE)
        add_components(s, "alternative", EFFECTS(alternative), s->gather);
    if (s->body.scores & MFD_SCORE_DIFFERENCE)
        add_tracks(
            s, "difference", "total",
            (struct mfd_source){ MFD_MADE_PICKED, need(s, EFFECTS(effect.predictions), stride) });
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
    add_summaries(s);
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
        { s->body.scores & (MFD_SCORE_SWAP | MFD_SCORE_SHARE), "/scores" },
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
    if (s->body.virtual_tracks || s->body.over || s->body.a)
        return mfd_problem_set(problem, "unsupported",
                               s->body.virtual_tracks ? "/virtual_tracks" : "/scores",
                               "a virtual track has no background of common variants; quantiles "
                               "are of the model's own tracks");
    int status = mfd_background_open(mfd_served_model(s->served), &s->background, &err);
    if (status == MFD_ENOTFOUND)
        return mfd_problem_set(problem, "no-background", "/scores",
                               "%s; without it there are no quantiles", err.message);
    return status ? mfd_problem_from_error(problem, &err, NULL) : 0;
}

int mfd_scoring_lay_out(struct mfd_scoring *s, enum mfd_call call, struct mfd_problem *problem)
{
    if (check_baseline(s, call, problem) || open_background(s, problem))
        return -1;
    if (call != MFD_CALL_FEATURES) {
        if (mfd_choice_make(&s->choice, mfd_served_model(s->served), &s->body, problem))
            return -1;
        s->layout.tracks = s->choice.columns;
        s->layout.n_tracks = s->choice.width;
        s->layout.settings = (const char *const *)s->choice.settings;
        s->layout.n_settings = s->choice.settings ? s->choice.marginal->settings : 0;
        s->gather = s->choice.marginal   ? MFD_GATHER_MEAN
                    : s->choice.contrast ? MFD_GATHER_DIFFERENCE
                                         : MFD_GATHER_TRACKS;
    }
    if ((s->body.scores & MFD_SCORE_AGREEMENT) && mfd_scoring_labs(s, problem))
        return -1;
    if (call == MFD_CALL_VARIANTS)
        add_scores(s);
    else if (call == MFD_CALL_ISM)
        add_scan(s);
    else if (call == MFD_CALL_FEATURES)
        add_features(s, "values", 0);
    else
        add_gathered(s, "values", 0);
    s->layout.input = s->body.input;
    s->layout.parts = s->parts;
    s->scratch = mfd_calloc(mfd_layout_width(&s->layout), sizeof *s->scratch);
    return s->scratch ? 0 : mfd_problem_nomem(problem);
}
