/* The INFO fields of an answer in VCF. */
#include "server/handlers/variants_info.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/score/summary.h"
#include "proto/text.h"
#include "server/served.h"

#define NO_PART SIZE_MAX
#define HEADER_MOST ((size_t)16 << 20) /* bytes that declare the levels of an average, about */

/* A summary of the effects, or a part of the answer; of levels, one setting. */
struct mfd_info_source {
    size_t summary, part; /* part: NO_PART where it is a summary */
    size_t setting;       /* of levels, from 0 */
    struct mfd_buffer id, description;
};

void mfd_variants_info_deinit(struct mfd_variants_info *info)
{
    for (size_t i = 0; info->source && i < info->n; i++) {
        mfd_buffer_deinit(&info->source[i].id);
        mfd_buffer_deinit(&info->source[i].description);
    }
    free(info->fields);
    free(info->source);
    for (size_t i = 0; i < 3; i++)
        free(info->values[i]);
    free(info->best);
    *info = (struct mfd_variants_info){ 0 };
}

/* --- which fields --- */

void mfd_variants_vcf_ask(struct mfd_scored_variants *v)
{
    const unsigned summed = MFD_SCORE_EFFECT | MFD_SCORE_TOP;
    struct mfd_body *body = &v->base.body;
    v->effects = (body->scores & MFD_SCORE_EFFECT) && (body->scores & ~summed);
    body->scores = (body->scores & ~(unsigned)MFD_SCORE_TOP) | MFD_SCORE_EFFECT;
    body->components |= MFD_PART_TOTAL;
}

static bool wanted(const struct mfd_body *body, size_t summary)
{
    bool bio = body->components & MFD_PART_BIOLOGICAL, tech = body->components & MFD_PART_TECHNICAL;
    switch (summary) {
    case MFD_VCF_BIO:
        return bio;
    case MFD_VCF_TECH:
        return tech;
    case MFD_VCF_L2: /* a score of that name takes its place */
        return !(body->scores & MFD_SCORE_L2);
    case MFD_VCF_SHARE:
        return bio && tech && !(body->scores & MFD_SCORE_SHARE);
    case MFD_VCF_TOP:
        return body->top > 1;
    default:
        return true;
    }
}

static bool is_levels(const struct mfd_part *part)
{
    return strcmp(part->group, "levels") == 0;
}

static size_t settings_of(const struct mfd_scored_variants *v, const struct mfd_part *part)
{
    return is_levels(part) ? v->base.choice.marginal->settings : 1;
}

/* Where the answer has a value a track, or a feature, their order. */
static void add_format(const struct mfd_scored_variants *v, const struct mfd_part *part,
                       struct mfd_buffer *out)
{
    const struct mfd_choice *choice = &v->base.choice;
    if (is_levels(part) || part->columns == choice->columns)
        mfd_vcf_format(choice->columns, choice->width, 0, out);
    else if (!part->columns)
        mfd_vcf_format(NULL, part->width, part->first, out);
}

static int add_field(struct mfd_variants_info *info, struct mfd_info_source source,
                     const struct mfd_scored_variants *v, const struct mfd_vcf_level *level)
{
    const struct mfd_part *part = &v->base.parts[source.part];
    size_t width = part->width / settings_of(v, part);
    mfd_vcf_part(part->group, part->name, level, &source.id, &source.description);
    add_format(v, part, &source.description);
    info->source[info->n] = source;
    info->fields[info->n++] =
        (struct mfd_vcf_field){ source.id.data, "A", width == 1 ? "Float" : "String",
                                source.description.data, true };
    return source.id.failed || source.description.failed ? -1 : 0;
}

/* A field, or for levels one a setting. */
static int add_part(struct mfd_variants_info *info, const struct mfd_scored_variants *v, size_t at)
{
    const struct mfd_choice *choice = &v->base.choice;
    const struct mfd_part *part = &v->base.parts[at];
    struct mfd_info_source source = { .part = at };
    if (!is_levels(part))
        return add_field(info, source, v, NULL);
    int status = 0;
    for (; source.setting < choice->marginal->settings && status == 0; source.setting++) {
        struct mfd_buffer text = MFD_BUFFER_INIT;
        mfd_choice_setting(choice, mfd_served_model(v->base.served), source.setting, &text);
        const struct mfd_vcf_level level = { source.setting + 1,
                                             choice->marginal->setting[source.setting].weight,
                                             text.data ? text.data : "" };
        status = text.failed ? -1 : add_field(info, source, v, &level);
        mfd_buffer_deinit(&text);
    }
    return status;
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

/* Levels are a field a setting, each of which names every track. */
static int check_header(const struct mfd_scored_variants *v, struct mfd_problem *problem)
{
    const struct mfd_scoring *s = &v->base;
    size_t names = 0, levels = 0, bytes;
    for (size_t t = 0; t < s->choice.width; t++)
        names += 3 * strlen(s->choice.columns[t]) + 1; /* percent-encoded, at worst */
    for (size_t i = 0; i < s->layout.n_parts; i++)
        levels += is_levels(&s->parts[i]) ? s->choice.marginal->settings : 0;
    if (mfd_mul(levels, names, &bytes) && bytes <= HEADER_MOST)
        return 0;
    return mfd_problem_set(problem, "unsupported", s->body.document ? "/levels" : NULL,
                           "the header of a VCF would name every track for each of %zu levels, "
                           "which is more than %zu MiB; ask for fewer tracks or settings, or for "
                           "JSON, NDJSON, TSV or npy",
                           levels, HEADER_MOST >> 20);
}

int mfd_variants_info_init(struct mfd_variants_info *info, const struct mfd_scored_variants *v,
                           struct mfd_problem *problem)
{
    size_t most = MFD_VCF_SUMMARIES;
    *info = (struct mfd_variants_info){ 0 };
    if (check_header(v, problem))
        return -1;
    for (size_t i = 0; i < v->base.layout.n_parts; i++)
        most += settings_of(v, &v->base.parts[i]);
    info->fields = mfd_calloc(most, sizeof *info->fields);
    info->source = mfd_calloc(most, sizeof *info->source);
    if (!info->fields || !info->source || make_room(info, v))
        return mfd_problem_nomem(problem);
    for (size_t i = 0; i < MFD_VCF_SUMMARIES; i++)
        if (wanted(&v->base.body, i)) {
            const struct mfd_vcf_summary_field *field = &mfd_vcf_summaries[i];
            info->source[info->n] = (struct mfd_info_source){ .summary = i, .part = NO_PART };
            info->fields[info->n++] =
                (struct mfd_vcf_field){ field->id, "A", field->type, field->description, true };
        }
    for (size_t i = 0; i < v->base.layout.n_parts; i++)
        if ((v->effects || strcmp(v->base.parts[i].group, "effect") != 0) && add_part(info, v, i))
            return mfd_problem_nomem(problem);
    return 0;
}

/* --- what they say --- */

static float value_at(const struct mfd_variants_info *info, size_t component, size_t at)
{
    return info->values[component] ? info->values[component][at] : NAN;
}

static void add_summary(const struct mfd_variants_info *info, const char *const *names,
                        size_t summary, size_t found, const struct mfd_summary *sum,
                        struct mfd_buffer *out)
{
    float number = summary == MFD_VCF_L2 ? (float)sum->l2 : (float)sum->biological_share;
    switch (summary) {
    case MFD_VCF_TRACK:
        mfd_text_vcf(out, names[info->best[0]]);
        break;
    case MFD_VCF_EFFECT:
    case MFD_VCF_BIO:
    case MFD_VCF_TECH:
        mfd_vcf_number(value_at(info, summary - MFD_VCF_EFFECT, info->best[0]), out);
        break;
    case MFD_VCF_TOP:
        for (size_t k = 0; k < found; k++) {
            mfd_buffer_adds(out, k ? "|" : "");
            mfd_text_vcf(out, names[info->best[k]]);
            for (size_t c = 0; c < 3; c++) {
                mfd_buffer_addc(out, ':');
                mfd_vcf_number(value_at(info, c, info->best[k]), out);
            }
        }
        break;
    default:
        mfd_vcf_number(number, out);
    }
}

/* Numbers of a part, in `values` already; of levels those of a setting, which has every so manieth.
 */
static void add_values(const struct mfd_scored_variants *v, const struct mfd_info_source *source,
                       const float *values, struct mfd_buffer *out)
{
    const struct mfd_part *part = &v->base.parts[source->part];
    size_t step = settings_of(v, part);
    for (size_t t = source->setting; t < part->width; t += step) {
        mfd_buffer_adds(out, t >= step ? "|" : "");
        mfd_vcf_number(values[t], out);
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
    size_t filled = NO_PART; /* part whose numbers are in the scratch: levels follow each other */
    for (size_t f = 0; f < info->n; f++) {
        const struct mfd_info_source *source = &info->source[f];
        struct mfd_buffer *text = &texts[f * stride];
        if (ok && source->part != NO_PART) {
            if (source->part != filled)
                mfd_numbers_fill(numbers, result->first_row, source->part, v->base.scratch);
            filled = source->part;
            add_values(v, source, v->base.scratch, text);
        } else if (source->part == NO_PART && source->summary == MFD_VCF_STATUS) {
            mfd_buffer_adds(text, !ok               ? result->problem->type->slug
                                  : result->flipped ? "flipped"
                                                    : "ok");
        } else if (found && source->part == NO_PART) {
            add_summary(info, v->base.choice.columns, source->summary, found, &sum, text);
        }
    }
}
