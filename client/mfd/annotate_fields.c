#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/problem.h"
#include "client/mfd/annotate_in.h"
#include "client/mfd/show.h"
#include "core/base/memory.h"
#include "proto/text.h"

/* Names that parts of the answer have within their group. */
enum { TRACKS = 1, TOTAL = 2, BIOLOGICAL = 4, TECHNICAL = 8, MOSTLY = 16 };
#define COMPONENTS (TOTAL | BIOLOGICAL | TECHNICAL)
static const char *const names[] = { "tracks", "total", "biological", "technical",
                                     "mostly_technical" };
#define NAMES (sizeof names / sizeof *names)

/* In the daemon's order. */
static const struct group {
    const char *name;
    unsigned parts;
    bool by_component; /* those parts that are asked for */
    bool by_track;     /* a value a track; what is called "tracks" is, anyway */
} groups[] = {
    { "effect", COMPONENTS, true, true },
    { "sd", COMPONENTS, true, true },
    { "levels", COMPONENTS, true, true },
    { "reference", COMPONENTS, true, true },
    { "alternative", COMPONENTS, true, true },
    { "difference", TOTAL, false, true },
    { "swap", BIOLOGICAL | TECHNICAL, false, true },
    { "sar", TOTAL, false, true },
    { "quantile", TOTAL, false, true },
    { "max_abs", COMPONENTS, true, false },
    { "l2", COMPONENTS, true, false },
    { "agreement", COMPONENTS, true, false },
    { "share", TRACKS | BIOLOGICAL | MOSTLY, false, false },
};
#define GROUPS (sizeof groups / sizeof *groups)

bool annotate_knows(const char *score)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (strcmp(groups[i].name, score) == 0)
            return strcmp(score, "sd") != 0 && strcmp(score, "levels") != 0;
    return false;
}

void annotate_fields_deinit(struct annotate *a)
{
    for (size_t i = 0; i < a->n; i++) {
        mfd_buffer_deinit(&a->fields[i].id);
        mfd_buffer_deinit(&a->fields[i].description);
        mfd_buffer_deinit(&a->fields[i].text);
    }
    free(a->fields);
    free(a->tracks);
    for (size_t c = 0; c < 3; c++)
        free(a->effect[c]);
}

/* --- which fields --- */

static bool wants_summary(const struct annotate *a, size_t i)
{
    const struct list *scores = &a->app->set.scores;
    switch (i) {
    case MFD_VCF_BIO:
        return list_has(a->parts, "biological");
    case MFD_VCF_TECH:
        return list_has(a->parts, "technical");
    case MFD_VCF_L2: /* a score of that name takes its place */
        return !list_has(scores, "l2");
    case MFD_VCF_SHARE:
        return list_has(a->parts, "biological") && list_has(a->parts, "technical") &&
               !list_has(scores, "share");
    case MFD_VCF_TOP:
        return a->top > 1;
    default:
        return true;
    }
}

/* Effects of every track are told beside other scores only. */
static bool wants_group(const struct annotate *a, const struct group *group)
{
    const struct settings *set = &a->app->set;
    if (strcmp(group->name, "sd") == 0 || strcmp(group->name, "levels") == 0)
        return set->over.n && (group->name[0] == 's' || set->levels);
    bool other = false;
    for (size_t i = 0; i < set->scores.n; i++)
        other = other || strcmp(set->scores.at[i], "effect") != 0;
    return list_has(&set->scores, group->name) && (other || strcmp(group->name, "effect") != 0);
}

static int add_field(struct annotate *a, struct annotate_field field, struct mfd_error *err)
{
    struct annotate_field *longer = mfd_realloc(a->fields, a->n + 1, sizeof *longer);
    if (longer) {
        a->fields = longer;
        a->fields[a->n++] = field;
    }
    return longer && !field.id.failed && !field.description.failed ? MFD_OK : mfd_fail_nomem(err);
}

/* Field of a part, with the columns that it has where it has one a track. */
static int add_part(struct annotate *a, struct annotate_field field, bool by_track,
                    const struct mfd_vcf_level *level, struct mfd_error *err)
{
    mfd_vcf_part(field.group, field.name, level, &field.id, &field.description);
    if (by_track)
        mfd_vcf_format(a->tracks, a->n_tracks, 0, &field.description);
    field.type = by_track && a->n_tracks != 1 ? "String" : "Float";
    return add_field(a, field, err);
}

static int add_levels(struct annotate *a, struct annotate_field field, struct mfd_error *err)
{
    json_t *settings = show_member(a->head, "provenance.settings"), *setting;
    int status = MFD_OK;
    json_array_foreach(settings, field.setting, setting)
    {
        struct mfd_buffer text = MFD_BUFFER_INIT;
        show_setting_text(&text, setting);
        const struct mfd_vcf_level level = { field.setting + 1,
                                             json_number_value(json_object_get(setting, "weight")),
                                             text.data ? text.data : "" };
        status = text.failed ? mfd_fail_nomem(err) : add_part(a, field, true, &level, err);
        mfd_buffer_deinit(&text);
        if (status < 0)
            break;
    }
    return status;
}

static int add_group(struct annotate *a, const struct group *group, struct mfd_error *err)
{
    bool aggregated = a->app->set.aggregate && strcmp(a->app->set.aggregate, "none") != 0;
    int status = MFD_OK;
    for (size_t i = 0; i < NAMES && status == MFD_OK; i++) {
        bool tracks = 1u << i == TRACKS;
        if (!(group->parts >> i & 1) || (group->by_component && !list_has(a->parts, names[i])) ||
            (tracks && aggregated))
            continue;
        const struct annotate_field field = { .group = group->name, .name = names[i] };
        status = strcmp(group->name, "levels") == 0
                     ? add_levels(a, field, err)
                     : add_part(a, field, group->by_track || tracks, NULL, err);
    }
    return status;
}

/* Latent features, technical ones numbered first; a model without subspaces has them in one. */
static int add_features(struct annotate *a, struct mfd_error *err)
{
    const char *const subspaces[] = { "biological", "technical", "all" };
    size_t size[3];
    int status = MFD_OK;
    for (size_t i = 0; i < 3; i++)
        size[i] = (size_t)json_integer_value(json_object_get(a->sizes, subspaces[i]));
    bool whole = size[0] + size[1] == 0;
    for (size_t i = 0; i < 3 && status == MFD_OK; i++) {
        struct annotate_field field = { .group = "features",
                                        .name = subspaces[i],
                                        .type = size[i] == 1 ? "Float" : "String",
                                        .width = size[i] };
        if (!size[i] || whole != (i == 2) ||
            (!whole && !list_has(&a->app->set.features, subspaces[i])))
            continue;
        mfd_vcf_part(field.group, field.name, NULL, &field.id, &field.description);
        mfd_vcf_format(NULL, size[i], i == 0 ? size[1] : 0, &field.description);
        status = add_field(a, field, err);
    }
    return status;
}

int annotate_fields_init(struct annotate *a, struct mfd_error *err)
{
    json_t *tracks = json_object_get(a->head, "tracks"), *track;
    size_t t;
    a->n_tracks = json_array_size(tracks);
    a->tracks = mfd_calloc(a->n_tracks, sizeof *a->tracks);
    bool room = a->tracks != NULL;
    for (size_t c = 0; c < 3 && room; c++)
        room = (a->effect[c] = mfd_calloc(a->n_tracks, sizeof **a->effect)) != NULL;
    if (!room)
        return mfd_fail_nomem(err);
    json_array_foreach(tracks, t, track) a->tracks[t] =
        json_is_string(track) ? json_string_value(track) : ".";
    int status = MFD_OK;
    for (size_t i = 0; i < MFD_VCF_SUMMARIES && status == MFD_OK; i++) {
        struct annotate_field field = { .summary = i, .type = mfd_vcf_summaries[i].type };
        mfd_buffer_adds(&field.id, mfd_vcf_summaries[i].id);
        mfd_buffer_adds(&field.description, mfd_vcf_summaries[i].description);
        if (wants_summary(a, i))
            status = add_field(a, field, err);
        else {
            mfd_buffer_deinit(&field.id);
            mfd_buffer_deinit(&field.description);
        }
    }
    for (size_t i = 0; i < GROUPS && status == MFD_OK; i++)
        if (wants_group(a, &groups[i]))
            status = add_group(a, &groups[i], err);
    return status == MFD_OK && a->sizes ? add_features(a, err) : status;
}

/* --- what they say --- */

static float single(json_t *value)
{
    return json_is_number(value) ? (float)json_number_value(value) : NAN;
}

/* Track with the largest effect in size that is smaller than that of `before`, or after it where
 * they are as large; SIZE_MAX: the largest of all, and: none is left. */
static size_t next_largest(const float *effect, size_t n, size_t before)
{
    size_t best = SIZE_MAX;
    float limit = before == SIZE_MAX ? INFINITY : fabsf(effect[before]), size = -1;
    for (size_t i = 0; i < n; i++) {
        float x = fabsf(effect[i]);
        if ((x < limit || (x == limit && before != SIZE_MAX && i > before)) && x > size) {
            best = i;
            size = x;
        }
    }
    return best;
}

static double norm(const struct annotate *a)
{
    double squares = 0;
    for (size_t t = 0; t < a->n_tracks; t++)
        squares += (double)a->effect[0][t] * (double)a->effect[0][t];
    return sqrt(squares);
}

/* |biological| / (|biological| + |technical|) over all tracks. */
static double share(const struct annotate *a)
{
    double bio = 0, tech = 0;
    for (size_t t = 0; t < a->n_tracks; t++) {
        bio += fabs((double)a->effect[1][t]);
        tech += fabs((double)a->effect[2][t]);
    }
    return bio + tech > 0 ? bio / (bio + tech) : NAN;
}

static void add_top(const struct annotate *a, size_t best, struct mfd_buffer *out)
{
    for (size_t k = 0, at = best; k < a->top && at != SIZE_MAX;
         k++, at = next_largest(a->effect[0], a->n_tracks, at)) {
        mfd_buffer_adds(out, k ? "|" : "");
        mfd_text_vcf(out, a->tracks[at]);
        for (size_t c = 0; c < 3; c++) {
            mfd_buffer_addc(out, ':');
            mfd_vcf_number(a->effect[c][at], out);
        }
    }
}

static void add_summary(const struct annotate *a, enum mfd_vcf_summary summary, size_t best,
                        struct mfd_buffer *out)
{
    switch (summary) {
    case MFD_VCF_TRACK:
        mfd_text_vcf(out, a->tracks[best]);
        break;
    case MFD_VCF_EFFECT:
    case MFD_VCF_BIO:
    case MFD_VCF_TECH:
        mfd_vcf_number(a->effect[summary - MFD_VCF_EFFECT][best], out);
        break;
    case MFD_VCF_TOP:
        add_top(a, best, out);
        break;
    default:
        mfd_vcf_number((float)(summary == MFD_VCF_L2 ? norm(a) : share(a)), out);
    }
}

static void add_status(json_t *result, struct mfd_buffer *out)
{
    const char *state = json_string_value(json_object_get(result, "status"));
    struct mfd_buffer reason = MFD_BUFFER_INIT;
    if (strcmp(state, "ok") == 0)
        state = json_is_true(json_object_get(result, "flipped")) ? "flipped" : "ok";
    else
        state = mfd_problem_text(&reason, json_object_get(result, "problem"));
    mfd_text_vcf(out, *state ? state : "error");
    mfd_buffer_deinit(&reason);
}

/* Numbers of a part; of levels those of one setting, which has every so manieth. */
static int add_values(const struct annotate *a, struct annotate_field *field, json_t *result,
                      struct mfd_error *err)
{
    json_t *values = json_object_get(json_object_get(result, field->group), field->name);
    bool levels = strcmp(field->group, "levels") == 0;
    size_t n = json_array_size(values), step = levels && a->n_tracks ? n / a->n_tracks : 1;
    if (n == 0 || step == 0 || (field->width && field->width != n))
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's answer lacks \"%s.%s\"",
                           field->group, field->name);
    for (size_t i = field->setting; i < n; i += step) {
        mfd_buffer_adds(&field->text, i >= step ? "|" : "");
        mfd_vcf_number(single(json_array_get(values, i)), &field->text);
    }
    return MFD_OK;
}

static void read_effects(struct annotate *a, json_t *result)
{
    static const char *const components[] = { "total", "biological", "technical" };
    json_t *effect = json_object_get(result, "effect");
    for (size_t c = 0; c < 3; c++)
        for (size_t t = 0; t < a->n_tracks; t++)
            a->effect[c][t] = single(json_array_get(json_object_get(effect, components[c]), t));
}

int annotate_fields_tell(struct annotate *a, json_t *result, struct mfd_error *err)
{
    bool ok = strcmp(json_string_value(json_object_get(result, "status")), "ok") == 0;
    size_t best = SIZE_MAX;
    if (ok) {
        read_effects(a, result);
        best = next_largest(a->effect[0], a->n_tracks, SIZE_MAX);
    }
    for (size_t i = 0; i < a->n; i++) {
        struct annotate_field *field = &a->fields[i];
        size_t before = field->text.len;
        int status = MFD_OK;
        if (ok && field->group)
            status = add_values(a, field, result, err);
        else if (!field->group && field->summary == MFD_VCF_STATUS)
            add_status(result, &field->text);
        else if (!field->group && best != SIZE_MAX)
            add_summary(a, field->summary, best, &field->text);
        field->given = field->given || field->text.len > before;
        if (field->text.len == before)
            mfd_buffer_addc(&field->text, '.');
        if (status < 0)
            return status;
        if (field->text.failed)
            return mfd_fail_nomem(err);
    }
    return MFD_OK;
}
