/* Scores as INFO fields. Some sum up the effects, whatever is asked for, and are those that the
 * client writes (client/mfd/annotate.c); the others are the parts of the answer, one a score and
 * component.
 *
 * Every field has a value an allele, so that tools which split records of several alleles
 * (bcftools norm -m-) split ours with them. Of several tracks it is a text of numbers between |,
 * its description ending in "Format: " and their names, as VEP has it and bcftools +split-vep
 * reads. */
#include "server/handlers/variants_info.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/score/summary.h"
#include "proto/text.h"

enum { STATUS, TRACK, EFFECT, BIO, TECH, L2, SHARE, TOP };

static const struct mfd_vcf_field summaries[MFD_INFO_SUMMARIES] = {
    [STATUS] = { "MFD_STATUS", "A", "String",
                 "ok, flipped (ALT is the reference allele) or why the allele was not scored",
                 true },
    [TRACK] = { "MFD_TRACK", "A", "String", "Track with the largest effect", true },
    [EFFECT] = { "MFD_EFFECT", "A", "Float", "Effect on that track: alternative minus reference",
                 true },
    [BIO] = { "MFD_BIO", "A", "Float", "Biological part of MFD_EFFECT", true },
    [TECH] = { "MFD_TECH", "A", "Float", "Technical part of MFD_EFFECT", true },
    [L2] = { "MFD_L2", "A", "Float", "Root of the sum of squared effects over all tracks asked for",
             true },
    [SHARE] = { "MFD_SHARE", "A", "Float",
                "Biological share of the effects: sum |biological| / (sum |biological| + sum "
                "|technical|); mostly technical below 0.5",
                true },
    [TOP] = { "MFD_TOP", "A", "String",
              "Tracks with the largest effects, as track:effect:biological:technical between |",
              true },
};

/* Parts of the answer by group, and by name where that says more than the component. */
static const struct {
    const char *group, *name, *id, *description;
} scores[] = {
    { "effect", NULL, "MFD_EFFECTS", "Effect: alternative minus reference" },
    { "sd", NULL, "MFD_SD", "Standard deviation of the effect over the settings averaged" },
    { "reference", NULL, "MFD_REF", "Prediction for the reference allele" },
    { "alternative", NULL, "MFD_ALT", "Prediction for the alternative allele" },
    { "difference", NULL, "MFD_DIFF", "Difference of the probabilities: alternative - reference" },
    { "swap", NULL, "MFD_SWAP",
      "Change of the logit if only those features were the alternative allele's" },
    { "sar", NULL, "MFD_SAR", "log2(alternative / reference) of the probabilities" },
    { "quantile", NULL, "MFD_QUANTILE",
      "Sign of the effect times the share of common variants whose effect is smaller" },
    { "max_abs", NULL, "MFD_MAX_ABS", "Largest absolute effect over all tracks asked for" },
    { "l2", NULL, "MFD_L2", "Root of the sum of squared effects over all tracks asked for" },
    { "agreement", NULL, "MFD_AGREEMENT",
      "Share of the pairs of tracks of the same biology, from different laboratories, whose "
      "effects "
      "have the same sign" },
    { "share", "tracks", "MFD_SHARE_TRACKS",
      "Biological share of the effect: |biological| / (|biological| + |technical|)" },
    { "share", "biological", "MFD_SHARE",
      "Biological share of the effects: sum |biological| / (sum |biological| + sum |technical|); "
      "mostly technical below 0.5" },
    { "share", "mostly_technical", "MFD_MOSTLY_TECHNICAL",
      "1 where the biological share of the effects is below 0.5, else 0" },
};

static int no_memory(struct mfd_problem *problem)
{
    return mfd_problem_set(problem, "internal", NULL, "out of memory");
}

void mfd_variants_info_deinit(struct mfd_variants_info *info)
{
    for (size_t i = 0; i < MFD_INFO_MOST; i++)
        mfd_buffer_deinit(&info->description[i]);
    for (size_t i = 0; i < 3; i++)
        free(info->values[i]);
    free(info->best);
    *info = (struct mfd_variants_info){ 0 };
}

/* --- which fields --- */

int mfd_variants_vcf_ask(struct mfd_scored_variants *v, struct mfd_problem *problem)
{
    const unsigned summed = MFD_SCORE_EFFECT | MFD_SCORE_TOP;
    struct mfd_body *body = &v->base.body;
    const char *pointer = body->subspaces ? "/features" : "/levels";
    if (body->subspaces || body->levels)
        return mfd_problem_set(problem, "invalid-value", body->document ? pointer : NULL,
                               "a VCF tells scores; features, and the levels of an average, have "
                               "other formats");
    v->effects = (body->scores & MFD_SCORE_EFFECT) && (body->scores & ~summed);
    body->scores = (body->scores & ~(unsigned)MFD_SCORE_TOP) | MFD_SCORE_EFFECT;
    body->components |= MFD_PART_TOTAL;
    return 0;
}

static bool wanted(const struct mfd_body *body, size_t summary)
{
    bool bio = body->components & MFD_PART_BIOLOGICAL, tech = body->components & MFD_PART_TECHNICAL;
    switch (summary) {
    case BIO:
        return bio;
    case TECH:
        return tech;
    case L2: /* a score of that name takes its place */
        return !(body->scores & MFD_SCORE_L2);
    case SHARE:
        return bio && tech && !(body->scores & MFD_SCORE_SHARE);
    case TOP:
        return body->top > 1;
    default:
        return true;
    }
}

/* Where the answer has a value a track, their order. */
static void add_format(const struct mfd_scored_variants *v, const struct mfd_part *part,
                       struct mfd_buffer *out)
{
    if (part->columns != v->base.choice.columns)
        return;
    mfd_buffer_adds(out, ". Format: ");
    for (size_t t = 0; t < part->width; t++) {
        mfd_buffer_adds(out, t ? "|" : "");
        mfd_text_vcf(out, part->columns[t]);
    }
}

static void add_part(struct mfd_variants_info *info, const struct mfd_scored_variants *v, size_t at)
{
    static const struct {
        const char *id, *text;
    } components[] = { { "", "" },
                       { "_BIO", ", biological part" },
                       { "_TECH", ", technical part" } };
    const struct mfd_part *part = &v->base.parts[at];
    size_t i = 0, c = 0;
    while (strcmp(scores[i].group, part->group) != 0 ||
           (scores[i].name && strcmp(scores[i].name, part->name) != 0))
        i++;
    while (!scores[i].name && strcmp(mfd_part_names[c], part->name) != 0)
        c++;
    struct mfd_buffer *text = &info->description[info->n];
    mfd_buffer_addf(text, "%s%s", scores[i].description, components[c].text);
    add_format(v, part, text);
    snprintf(info->id[info->n], sizeof *info->id, "%s%s", scores[i].id, components[c].id);
    info->kind[info->n] = MFD_INFO_SUMMARIES + at;
    info->fields[info->n] =
        (struct mfd_vcf_field){ info->id[info->n], "A", part->width == 1 ? "Float" : "String",
                                text->data, true };
    info->n++;
}

static int make_room(struct mfd_variants_info *info, const struct mfd_scored_variants *v)
{
    size_t width = v->base.choice.width, top = v->base.body.top > 1 ? (size_t)v->base.body.top : 1;
    for (size_t c = 0; c < 3; c++)
        if ((v->base.body.components >> c & 1) &&
            !(info->values[c] = mfd_calloc(width, sizeof(float))))
            return -1;
    info->best = mfd_calloc(top, sizeof *info->best);
    return info->best ? 0 : -1;
}

int mfd_variants_info_init(struct mfd_variants_info *info, const struct mfd_scored_variants *v,
                           struct mfd_problem *problem)
{
    *info = (struct mfd_variants_info){ 0 };
    if (make_room(info, v))
        return no_memory(problem);
    for (size_t i = 0; i < MFD_INFO_SUMMARIES; i++)
        if (wanted(&v->base.body, i)) {
            info->kind[info->n] = i;
            info->fields[info->n++] = summaries[i];
        }
    for (size_t i = 0; i < v->base.layout.n_parts; i++)
        if (v->effects || strcmp(v->base.parts[i].group, "effect") != 0)
            add_part(info, v, i);
    for (size_t i = 0; i < info->n; i++)
        if (info->description[i].failed)
            return no_memory(problem);
    return 0;
}

/* --- what they say --- */

static void add_number(struct mfd_buffer *out, const float *value)
{
    if (value && isfinite(*value))
        mfd_text_f32s(out, value, 1);
    else
        mfd_buffer_addc(out, '.');
}

static const float *value_at(const struct mfd_variants_info *info, size_t component, size_t at)
{
    return info->values[component] ? &info->values[component][at] : NULL;
}

static void add_summary(const struct mfd_variants_info *info, const char *const *names,
                        size_t summary, size_t found, const struct mfd_summary *sum,
                        struct mfd_buffer *out)
{
    float number = summary == L2 ? (float)sum->l2 : (float)sum->biological_share;
    switch (summary) {
    case TRACK:
        mfd_text_vcf(out, names[info->best[0]]);
        break;
    case EFFECT:
    case BIO:
    case TECH:
        add_number(out, value_at(info, summary - EFFECT, info->best[0]));
        break;
    case TOP:
        for (size_t k = 0; k < found; k++) {
            mfd_buffer_adds(out, k ? "|" : "");
            mfd_text_vcf(out, names[info->best[k]]);
            for (size_t c = 0; c < 3; c++) {
                mfd_buffer_addc(out, ':');
                add_number(out, value_at(info, c, info->best[k]));
            }
        }
        break;
    default:
        add_number(out, &number);
    }
}

static void add_values(const struct mfd_scored_variants *v, size_t part, size_t row,
                       struct mfd_numbers *numbers, struct mfd_buffer *out)
{
    float *values = v->base.scratch;
    mfd_numbers_fill(numbers, row, part, values);
    for (size_t t = 0; t < v->base.parts[part].width; t++) {
        mfd_buffer_adds(out, t ? "|" : "");
        add_number(out, &values[t]);
    }
}

/* The effects of an allele, summed up; how many tracks are `best`. */
static size_t sum_up(struct mfd_variants_info *info, const struct mfd_scored_variants *v,
                     size_t row, struct mfd_numbers *numbers, struct mfd_summary *sum)
{
    const struct mfd_scoring *s = &v->base;
    size_t top = s->body.top > 1 ? (size_t)s->body.top : 1;
    for (size_t i = 0; i < s->layout.n_parts; i++)
        for (size_t c = 0; c < 3; c++)
            if (strcmp(s->parts[i].group, "effect") == 0 &&
                strcmp(s->parts[i].name, mfd_part_names[c]) == 0)
                mfd_numbers_fill(numbers, row, i, info->values[c]);
    bool both = info->values[1] && info->values[2];
    mfd_summary_of(info->values[0], both ? info->values[1] : NULL, both ? info->values[2] : NULL,
                   s->choice.width, sum);
    return mfd_summary_top(info->values[0], s->choice.width, top, info->best);
}

void mfd_variants_info_tell(struct mfd_variants_info *info, const struct mfd_scored_variants *v,
                            const struct mfd_result *result, struct mfd_numbers *numbers,
                            struct mfd_buffer *texts, size_t stride)
{
    struct mfd_summary sum = { 0 };
    bool ok = result->outcome == MFD_OUTCOME_OK;
    size_t found = ok ? sum_up(info, v, result->first_row, numbers, &sum) : 0;
    for (size_t f = 0; f < info->n; f++) {
        struct mfd_buffer *text = &texts[f * stride];
        size_t kind = info->kind[f];
        if (kind == STATUS)
            mfd_buffer_adds(text, !ok               ? result->problem->type->slug
                                  : result->flipped ? "flipped"
                                                    : "ok");
        else if (ok && kind >= MFD_INFO_SUMMARIES)
            add_values(v, kind - MFD_INFO_SUMMARIES, result->first_row, numbers, text);
        else if (found)
            add_summary(info, v->base.choice.columns, kind, found, &sum, text);
    }
}
