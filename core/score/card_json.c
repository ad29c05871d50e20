#include "core/score/card_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/model/rewrite.h"

#define KEY "card"
#define AUTO_JSON MFD_CLEANUP(json_release)

static void json_release(json_t **value)
{
    json_decref(*value);
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *track_json(const struct mfd_card_track *t)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "biological", number(t->biological), "technical",
                     number(t->technical), "covariance", number(t->covariance), "total",
                     number(t->total), "share", number(t->share));
}

/* All but the digest. */
static json_t *body_json(const struct mfd_card *c, const struct mfd_model *m, const char *source)
{
    json_t *canonical = json_array(), *tracks = json_array();
    for (size_t i = 0; i < c->n_canonical; i++)
        json_array_append_new(canonical, number(c->canonical[i]));
    for (size_t t = 0; t < c->tracks; t++) {
        json_t *one = track_json(&c->track[t]);
        json_object_set_new(one, "id", json_string(mfd_model_track_id(m, t)));
        json_array_append_new(tracks, one);
    }
    return json_pack(
        "{s:s, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:{s:o, s:o}, "
        "s:{s:I, s:I, s:I, s:o, s:o}, s:{s:o, s:I, s:I}, s:{s:o, s:o}}",
        "source", source, "windows", (json_int_t)c->windows, "seed", (json_int_t)c->seed,
        "features", "biological", (json_int_t)c->biological, "technical", (json_int_t)c->technical,
        "constant_biological", (json_int_t)c->constant_biological, "constant_technical",
        (json_int_t)c->constant_technical, "cross_covariance", "norm", number(c->cross_norm),
        "mean_absolute", number(c->cross_mean_abs), "canonical_correlations", "rank_biological",
        (json_int_t)c->rank_biological, "rank_technical", (json_int_t)c->rank_technical, "trivial",
        (json_int_t)c->trivial, "mean", number(c->canonical_mean), "values", canonical,
        "classifier", "accuracy", number(c->classifier_accuracy), "train_pairs",
        (json_int_t)c->classifier_train, "test_pairs", (json_int_t)c->classifier_test, "variance",
        "mean", track_json(&c->mean), "tracks", tracks);
}

json_t *mfd_card_json(const struct mfd_card *card, const struct mfd_model *model,
                      const char *source)
{
    json_t *out = json_pack("{s:s}", "model", mfd_model_digest(model));
    json_t *body = body_json(card, model, source);
    if (!out || !body || json_object_update(out, body)) {
        json_decref(out);
        out = NULL;
    }
    json_decref(body);
    return out;
}

int mfd_card_write(const struct mfd_card *card, const struct mfd_model *model, const char *source,
                   const char *path, struct mfd_error *err)
{
    AUTO_JSON json_t *json = body_json(card, model, source);
    MFD_AUTO_FREE char *text =
        json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    if (!text)
        return mfd_fail_nomem(err);
    const struct mfd_addition_text texts[] = { { KEY, text } };
    const struct mfd_addition addition = { .texts = texts, .n_texts = 1 };
    return mfd_model_rewrite(model, &addition, path, err);
}

/* ---- a card that is read ---- */

/* A member that must be there: of type 'i' (0 or more), 'n' (a number or null), 's', or an object
 * with members of its own, which follow up to the one without a name. */
struct member {
    const char *name;
    char type;
    const struct member *members;
};

static const struct member variance_members[] = {
    { "biological", 'n', NULL }, { "technical", 'n', NULL }, { "covariance", 'n', NULL },
    { "total", 'n', NULL },      { "share", 'n', NULL },     { 0 },
};
static const struct member track_members[] = {
    { "biological", 'n', NULL },
    { "technical", 'n', NULL },
    { "covariance", 'n', NULL },
    { "total", 'n', NULL },
    { "share", 'n', NULL },
    { "id", 's', NULL },
    { 0 },
};
static const struct member feature_members[] = {
    { "biological", 'i', NULL },
    { "technical", 'i', NULL },
    { "constant_biological", 'i', NULL },
    { "constant_technical", 'i', NULL },
    { 0 },
};
static const struct member cross_members[] = {
    { "norm", 'n', NULL },
    { "mean_absolute", 'n', NULL },
    { 0 },
};
static const struct member canonical_members[] = {
    { "rank_biological", 'i', NULL }, { "rank_technical", 'i', NULL },
    { "trivial", 'i', NULL },         { "mean", 'n', NULL },
    { "values", 'a', NULL },          { 0 },
};
static const struct member classifier_members[] = {
    { "accuracy", 'n', NULL },
    { "train_pairs", 'i', NULL },
    { "test_pairs", 'i', NULL },
    { 0 },
};
static const struct member both_members[] = {
    { "mean", 'o', variance_members },
    { "tracks", 'a', track_members },
    { 0 },
};
static const struct member card_members[] = {
    { "source", 's', NULL },
    { "windows", 'i', NULL },
    { "seed", 'i', NULL },
    { "features", 'o', feature_members },
    { "cross_covariance", 'o', cross_members },
    { "canonical_correlations", 'o', canonical_members },
    { "classifier", 'o', classifier_members },
    { "variance", 'o', both_members },
    { 0 },
};

static bool has_members(const json_t *value, const struct member *members);

static bool is_number(const json_t *value)
{
    return json_is_number(value) || json_is_null(value);
}

/* Numbers, or objects with those members. */
static bool is_list(const json_t *value, const struct member *members)
{
    bool good = json_is_array(value);
    for (size_t i = 0; good && i < json_array_size(value); i++) {
        const json_t *one = json_array_get(value, i);
        good = members ? has_members(one, members) : is_number(one);
    }
    return good;
}

/* Exactly these: nothing goes out to clients that is not known here. */
static bool has_members(const json_t *value, const struct member *members)
{
    size_t n = 0;
    for (bool good = json_is_object(value); members[n].name; n++) {
        const json_t *m = good ? json_object_get(value, members[n].name) : NULL;
        switch (members[n].type) {
        case 'i':
            good = json_is_integer(m) && json_integer_value(m) >= 0;
            break;
        case 'n':
            good = is_number(m);
            break;
        case 's':
            good = json_is_string(m);
            break;
        case 'a':
            good = is_list(m, members[n].members);
            break;
        default:
            good = has_members(m, members[n].members);
        }
        if (!good)
            return false;
    }
    return json_object_size(value) == n;
}

/* One entry a track, in the model's order. */
static bool is_of_model(const json_t *card, const struct mfd_model *model)
{
    const json_t *tracks = json_object_get(json_object_get(card, "variance"), "tracks");
    if (json_array_size(tracks) != mfd_model_tracks(model))
        return false;
    for (size_t t = 0; t < mfd_model_tracks(model); t++)
        if (strcmp(json_string_value(json_object_get(json_array_get(tracks, t), "id")),
                   mfd_model_track_id(model, t)) != 0)
            return false;
    return true;
}

int mfd_card_stored(const struct mfd_model *model, json_t **out, struct mfd_error *err)
{
    const char *text = mfd_safetensors_metadata(mfd_model_weights(model), KEY);
    if (!text)
        return mfd_fail(err, MFD_ENOTFOUND,
                        "the bundle has no disentanglement card; mfd-model card --out adds one");
    AUTO_JSON json_t *card = strlen(text) <= MFD_MAX_CARD_BYTES ? json_loads(text, 0, NULL) : NULL;
    if (!card || !has_members(card, card_members) || !is_of_model(card, model))
        return mfd_fail(err, MFD_EFORMAT,
                        "the bundle's disentanglement card is damaged or of another model; "
                        "mfd-model card --out makes it anew");
    *out = mfd_steal(card);
    return MFD_OK;
}
