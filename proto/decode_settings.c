#include "proto/decode_settings.h"

#include "proto/decode_tracks.h"

int mfd_read_distribution(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const char *const words[] = { "training", "uniform", "given" };
    unsigned word;
    if (mfd_read_word(r, v, at, words, 3, &word))
        return -1;
    *(enum mfd_distribution *)out = (enum mfd_distribution)word;
    return 0;
}

int mfd_read_held(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const char *const words[] = { "nothing", "technical", "biological" };
    unsigned word;
    if (mfd_read_word(r, v, at, words, 3, &word))
        return -1;
    *(enum mfd_hold *)out = (enum mfd_hold)word;
    return 0;
}

static int read_weight(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    if (!json_is_number(v))
        return mfd_reader_expected(r, at, "a number", v);
    double weight = json_number_value(v);
    if (!(weight >= 0) || weight > 1e9)
        return mfd_reader_fail(r, at, "invalid-value", "a weight is a number from 0 to 1e9");
    *(double *)out = weight;
    return 0;
}

int mfd_read_given(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    static const struct mfd_member members[] = {
        { "values", mfd_read_setting, offsetof(struct mfd_given_setting, values), true },
        { "weight", read_weight, offsetof(struct mfd_given_setting, weight), false },
    };
    struct mfd_body *body = out;
    if (!json_is_array(v))
        return mfd_reader_expected(r, at, "an array", v);
    size_t n = json_array_size(v);
    if (n == 0)
        return mfd_reader_fail(r, at, "invalid-value", "there is no setting to average over");
    if (n > (size_t)r->limits->virtual_tracks)
        return mfd_reader_limit(r, at, "virtual_tracks", r->limits->virtual_tracks, (int64_t)n);
    struct mfd_given_setting *given = mfd_reader_alloc(r, n, sizeof *given);
    for (size_t i = 0; given && i < n; i++) {
        struct mfd_at element = MFD_AT_INDEX(at, i);
        given[i].weight = 1;
        if (mfd_read_object(r, json_array_get(v, i), &element, members, 2, &given[i]))
            return -1;
    }
    body->given = given;
    body->n_given = given ? n : 0;
    return given ? 0 : -1;
}

int mfd_body_check_bias(struct mfd_body *body, struct mfd_problem *problem)
{
    size_t i = 0;
    while (i < body->n_virtual_tracks && body->virtual_tracks[i].bias != MFD_VIRTUAL_BIAS_NONE)
        i++;
    if (i == body->n_virtual_tracks)
        return 0;
    const char *wanted = body->scale == MFD_SCALE_PROBABILITY ? "/scale"
                         : body->scores & MFD_SCORE_SAR       ? "/scores"
                                                              : NULL;
    if (wanted)
        return mfd_problem_set(problem, "conflicting-members", wanted,
                               "virtual track \"%.100s\" has no bias (its \"bias\" is none), and "
                               "without one there are logits but no probabilities; give it mean, "
                               "matched or a number",
                               body->virtual_tracks[i].id);
    body->scale = MFD_SCALE_LOGIT;
    return 0;
}

/* Whether a member was said, be it as its default is. */
static bool said(const struct mfd_body *body, const char *name)
{
    return json_object_get(body->document, name) || json_object_get(body->options, name);
}

int mfd_body_check_settings(const struct mfd_body *body, struct mfd_problem *problem)
{
    bool effect = body->input == MFD_INPUT_VARIANTS ? body->scores & MFD_SCORE_EFFECT
                                                    : !body->scan || body->scan & MFD_SCAN_EFFECT;
    const struct {
        bool alone;
        const char *pointer, *why;
    } rules[] = {
        { !body->over && body->levels, "/levels",
          "levels are of the settings that are averaged over; name columns in \"over\", or leave "
          "\"levels\" out" },
        { !body->over && said(body, "distribution"), "/distribution",
          "a distribution weighs the settings that are averaged over; name columns in \"over\", or "
          "leave \"distribution\" out" },
        { !body->over && body->given, "/settings",
          "settings are what is averaged over; name their columns in \"over\", or leave "
          "\"settings\" out" },
        { body->levels && !effect, "/levels",
          "levels are of the effects, and those are not asked for; have effect among \"scores\", "
          "or leave \"levels\" out" },
        { !body->a && body->like, "/like",
          "\"like\" completes the settings of a contrast; give \"a\" and \"b\", or leave it out (a "
          "virtual track has a \"like\" of its own)" },
        { !body->a && said(body, "held"), "/held",
          "\"held\" is of a contrast; give \"a\" and \"b\", or leave it out" },
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].alone)
            return mfd_problem_set(problem, "conflicting-members", rules[i].pointer, "%s",
                                   rules[i].why);
    return 0;
}
