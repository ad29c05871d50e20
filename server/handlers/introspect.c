/* What a model's weights say: features and the factors behind them, tracks and the columns behind
 * them, and which tracks are alike by biology or by technique. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/base/sha256.h"
#include "core/model/closest.h"
#include "core/score/card_json.h"
#include "core/score/introspect.h"
#include "server/app.h"
#include "server/handlers/page.h"
#include "server/handlers/routes.h"
#include "server/registry.h"
#include "server/served.h"

#define TOP 10       /* entries of a ranking, unless asked for more */
#define TOP_MAX 1000 /* at most */

MFD_DEFINE_CLEANUP(struct mfd_served, mfd_served_unref);
MFD_DEFINE_CLEANUP(struct mfd_decomposition, mfd_decomposition_free);

/* ---- what the path and the query name; each function false where the request has been answered */

/* The model, loaded and with a metadata head. */
static bool acquire(struct mfd_request *rq, struct mfd_served **served)
{
    struct mfd_error err = MFD_ERROR_INIT;
    int status = mfd_registry_acquire(mfd_app_registry(mfd_request_app(rq)),
                                      mfd_request_param(rq, "model"), served, &err);
    if (status == MFD_OK &&
        mfd_model_config(mfd_served_model(*served))->model_class == MFD_BASELINE)
        status = mfd_fail_as(&err, MFD_EUNSUPPORTED, "unsupported",
                             "This model is a baseline: it has no metadata head, so nothing links "
                             "its features to metadata.");
    if (status)
        mfd_reply_error(rq, &err);
    return status == MFD_OK;
}

static bool find_track(struct mfd_request *rq, const struct mfd_model *model, size_t *track)
{
    const char *id = mfd_request_param(rq, "track");
    *track = mfd_model_find_track(model, id);
    if (*track == MFD_NONE)
        mfd_reply_fail(rq, "track-not-found", NULL, "The model has no track '%.100s'.", id);
    return *track != MFD_NONE;
}

static bool find_field(struct mfd_request *rq, const struct mfd_model *model, size_t *field)
{
    const char *name = mfd_request_param(rq, "field");
    *field = mfd_fields_find(mfd_model_metadata(model), name);
    if (*field == MFD_NONE)
        mfd_reply_fail(rq, "not-found", NULL, "The model has no metadata column '%.100s'.", name);
    return *field != MFD_NONE;
}

static bool find_feature(struct mfd_request *rq, const struct mfd_model *model, size_t *feature)
{
    const char *text = mfd_request_param(rq, "feature");
    size_t last = mfd_model_config(model)->embed - 1;
    int64_t found;
    if (!mfd_parse_i64(text, strlen(text), 0, (int64_t)last, &found)) {
        mfd_reply_fail(rq, "not-found", NULL, "The model has features 0 to %zu, not '%.100s'.",
                       last, text);
        return false;
    }
    *feature = (size_t)found;
    return true;
}

static bool read_top(struct mfd_request *rq, size_t *top)
{
    int64_t n = TOP;
    if (!mfd_page_number(rq, "top", 1, TOP_MAX, &n))
        return false;
    *top = (size_t)n;
    return true;
}

/* A parameter that is one of two words; *second: the latter. */
static bool read_word(struct mfd_request *rq, const char *name, const char *const words[2],
                      bool *second)
{
    const char *text = mfd_request_query(rq, name);
    *second = text && strcmp(text, words[1]) == 0;
    if (!text || *second || strcmp(text, words[0]) == 0)
        return true;
    mfd_reply_fail(rq, "invalid-parameter", NULL, "'%s' is %s or %s, not '%.100s'.", name, words[0],
                   words[1], text);
    return false;
}

static const char *const subspaces[2] = { "biological", "technical" };

/* Everything that an answer depends on but the model and this program; true where it has not
 * changed, and that has been answered. */
MFD_PRINTF(3, 4)
static bool not_modified(struct mfd_request *rq, const struct mfd_served *served, const char *fmt,
                         ...)
{
    char key[256], hex[MFD_SHA256_HEX];
    int n = snprintf(key, sizeof key, MFD_VERSION " %.64s ", mfd_served_digest(served));
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(key + n, sizeof key - (size_t)n, fmt, ap);
    va_end(ap);
    mfd_sha256(key, strlen(key), hex);
    hex[40] = '\0';
    return mfd_request_etag(rq, hex);
}

/* ---- JSON; all new references */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* What a feature is: its subspace, and the label it stands for where its column is direct. */
static json_t *feature_json(const struct mfd_model *model, size_t feature)
{
    struct mfd_feature f = { .label = MFD_NONE };
    mfd_fields_feature(mfd_model_metadata(model), mfd_model_config(model), feature, &f);
    return json_pack("{s:I, s:s, s:s, s:o, s:o}", "index", (json_int_t)feature, "subspace",
                     mfd_group_name(f.group), "role", f.field ? "direct" : "interact", "column",
                     text_or_null(f.field ? f.field->name : NULL), "label",
                     text_or_null(f.label == MFD_NONE ? NULL : f.field->labels[f.label]));
}

static json_t *effect_json(const struct mfd_introspection *in, size_t factor, size_t feature,
                           json_t *row)
{
    enum mfd_effect_method how =
        mfd_introspection_method(in, in->factor[factor].field_index, feature);
    json_object_set_new(row, "effect", json_real((double)in->effect[factor * in->embed + feature]));
    json_object_set_new(row, "method", json_string(mfd_effect_method_name(how)));
    return row;
}

static json_t *feature_tracks(const struct mfd_model *model, size_t feature,
                              struct mfd_ranked *ranked, size_t top)
{
    json_t *list = json_array();
    size_t n = mfd_feature_tracks(model, feature, ranked, top);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:f, s:b}", "track",
                                              mfd_model_track_id(model, ranked[i].index), "weight",
                                              ranked[i].value, "held_out",
                                              mfd_model_held_out(model, ranked[i].index)));
    return list;
}

static json_t *feature_factors(const struct mfd_introspection *in, size_t feature,
                               struct mfd_ranked *ranked, size_t top)
{
    json_t *list = json_array();
    size_t n = mfd_feature_factors(in, feature, ranked, top);
    for (size_t i = 0; i < n; i++) {
        const struct mfd_factor *f = &in->factor[ranked[i].index];
        json_t *row =
            json_pack("{s:s, s:o}", "column", f->field->name, "label",
                      text_or_null(f->label == MFD_NONE ? NULL : f->field->labels[f->label]));
        json_array_append_new(list, effect_json(in, ranked[i].index, feature, row));
    }
    return list;
}

/* The features that one factor moves most. */
static json_t *factor_json(const struct mfd_introspection *in, size_t factor,
                           struct mfd_ranked *ranked, size_t top)
{
    const struct mfd_factor *f = &in->factor[factor];
    bool label = f->label != MFD_NONE;
    json_t *list = json_array();
    size_t n = mfd_factor_features(in, factor, ranked, top);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, effect_json(in, factor, ranked[i].index,
                                                feature_json(in->model, ranked[i].index)));
    return json_pack("{s:o, s:o, s:o}", "label",
                     text_or_null(label ? f->field->labels[f->label] : NULL), "tracks",
                     label ? json_integer((json_int_t)f->field->counts[f->label]) : json_null(),
                     "features", list);
}

/* ---- features */

static void get_features(struct mfd_request *rq)
{
    static const char *const known[] = { "limit", "cursor", "subspace", "column", NULL };
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = NULL;
    const char *subspace = mfd_request_query(rq, "subspace");
    const char *column = mfd_request_query(rq, "column");
    struct mfd_page page;
    bool technical;
    if (!mfd_page_only(rq, known) || !mfd_page_read(rq, &page) ||
        !read_word(rq, "subspace", subspaces, &technical) || !acquire(rq, &served))
        return;
    const struct mfd_model *model = mfd_served_model(served);
    const struct mfd_metadata *md = mfd_model_metadata(model);
    size_t field = column ? mfd_fields_find(md, column) : MFD_NONE;
    if (column && field == MFD_NONE) {
        mfd_reply_fail(rq, "unknown-column", NULL, "The model has no metadata column '%.100s'.",
                       column);
        return;
    }
    if (not_modified(rq, served, "features %zu %lld %s %zu", page.limit, (long long)page.after,
                     subspace ? subspace : "", field))
        return;
    json_t *list = json_array();
    int64_t last = -1, next = -1;
    for (size_t j = (size_t)(page.after + 1); j < mfd_model_config(model)->embed; j++) {
        struct mfd_feature f;
        if (!mfd_fields_feature(md, mfd_model_config(model), j, &f) ||
            (subspace && f.group != (technical ? MFD_TECHNICAL : MFD_BIOLOGICAL)) ||
            (column && f.field != mfd_fields_at(md, field)))
            continue;
        if (json_array_size(list) == page.limit) {
            next = last;
            break;
        }
        json_array_append_new(list, feature_json(model, j));
        last = (int64_t)j;
    }
    mfd_reply_json(rq, 200, json_pack("{s:o, s:o}", "features", list, "next", mfd_page_next(next)));
}

/* The effects of all factors, computed once a model; false where answered. */
static bool introspect(struct mfd_request *rq, struct mfd_served *served,
                       const struct mfd_introspection **in)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_served_introspection(served, in, &err) == MFD_OK)
        return true;
    mfd_reply_error(rq, &err);
    return false;
}

static void get_feature(struct mfd_request *rq)
{
    static const char *const known[] = { "top", NULL };
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = NULL;
    const struct mfd_introspection *in;
    size_t feature, top;
    if (!mfd_page_only(rq, known) || !read_top(rq, &top) || !acquire(rq, &served) ||
        !find_feature(rq, mfd_served_model(served), &feature) ||
        not_modified(rq, served, "feature %zu %zu", feature, top) || !introspect(rq, served, &in))
        return;
    MFD_AUTO_FREE struct mfd_ranked *ranked = mfd_calloc(top, sizeof *ranked);
    json_t *out = ranked ? feature_json(in->model, feature) : NULL;
    if (out) {
        json_object_set_new(out, "background", json_integer((json_int_t)in->background));
        json_object_set_new(out, "tracks", feature_tracks(in->model, feature, ranked, top));
        json_object_set_new(out, "factors", feature_factors(in, feature, ranked, top));
    }
    mfd_reply_json(rq, 200, out);
}

/* ---- factors */

/* The factor of the query's label; *label is MFD_NONE where it names none. False where answered. */
static bool find_label(struct mfd_request *rq, const struct mfd_field *field, size_t *label)
{
    const char *text = mfd_request_query(rq, "label");
    char close[256];
    *label = MFD_NONE;
    if (!text)
        return true;
    if (!field->n_labels) {
        mfd_reply_fail(rq, "invalid-parameter", NULL,
                       "The column '%s' holds numbers: it has no labels.", field->name);
        return false;
    }
    *label = mfd_fields_label(field, text, strlen(text));
    if (*label != MFD_NONE)
        return true;
    mfd_closest_text(text, field->labels, field->n_labels, close, sizeof close);
    mfd_reply_fail(rq, "unknown-label", NULL, "The column '%s' has no label '%.100s'%s.",
                   field->name, text, close);
    return false;
}

static void get_field_features(struct mfd_request *rq)
{
    static const char *const known[] = { "top", "label", "limit", "cursor", NULL };
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = NULL;
    const struct mfd_introspection *in;
    struct mfd_page page;
    size_t field, label, top;
    if (!mfd_page_only(rq, known) || !mfd_page_read(rq, &page) || !read_top(rq, &top) ||
        !acquire(rq, &served) || !find_field(rq, mfd_served_model(served), &field))
        return;
    const struct mfd_field *f = mfd_fields_at(mfd_model_metadata(mfd_served_model(served)), field);
    if (!find_label(rq, f, &label) ||
        not_modified(rq, served, "factors %zu %zu %zu %zu %lld", field, label, top, page.limit,
                     (long long)page.after) ||
        !introspect(rq, served, &in))
        return;
    size_t n = f->n_labels ? f->n_labels : 1, i = (size_t)(page.after + 1);
    size_t first = in->first[field], end = n;
    if (label != MFD_NONE) {
        i = label;
        end = label + 1;
    }
    MFD_AUTO_FREE struct mfd_ranked *ranked = mfd_calloc(top, sizeof *ranked);
    json_t *list = json_array();
    for (; ranked && i < end && json_array_size(list) < page.limit; i++)
        json_array_append_new(list, factor_json(in, first + i, ranked, top));
    mfd_reply_json(rq, 200,
                   !ranked ? NULL
                           : json_pack("{s:s, s:I, s:o, s:o}", "column", f->name, "background",
                                       (json_int_t)in->background, "factors", list, "next",
                                       mfd_page_next(i < end ? (int64_t)i - 1 : -1)));
}

/* ---- the card */

static void get_independence(struct mfd_request *rq)
{
    static const char *const none[] = { NULL };
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = NULL;
    struct mfd_error err = MFD_ERROR_INIT;
    json_t *card = NULL;
    if (!mfd_page_only(rq, none) || !acquire(rq, &served))
        return;
    if (mfd_card_stored(mfd_served_model(served), &card, &err))
        mfd_reply_error(rq, &err);
    else if (!not_modified(rq, served, "independence"))
        mfd_reply_json(rq, 200, json_incref(card));
    json_decref(card);
}

/* ---- tracks */

static json_t *group_json(const struct mfd_metadata *md, const struct mfd_decomposition *d,
                          enum mfd_group g)
{
    json_t *columns = json_array();
    for (size_t i = 0; i < d->n; i++) {
        const struct mfd_column_part *p = &d->part[i];
        if (p->group == g)
            json_array_append_new(columns, json_pack("{s:s, s:f, s:f, s:s}", "column",
                                                     mfd_fields_at(md, p->field_index)->name,
                                                     "share", p->share, "norm", p->norm, "method",
                                                     mfd_effect_method_name(p->method)));
    }
    return json_pack("{s:f, s:o}", "distance", d->distance[g], "columns", columns);
}

static void get_decomposition(struct mfd_request *rq)
{
    static const char *const none[] = { NULL };
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = NULL;
    MFD_CLEANUP(mfd_decomposition_free_p) struct mfd_decomposition *d = NULL;
    struct mfd_error err = MFD_ERROR_INIT;
    size_t track;
    if (!mfd_page_only(rq, none) || !acquire(rq, &served) ||
        !find_track(rq, mfd_served_model(served), &track) ||
        not_modified(rq, served, "decomposition %zu", track))
        return;
    const struct mfd_model *model = mfd_served_model(served);
    const struct mfd_metadata *md = mfd_model_metadata(model);
    if (mfd_track_decompose(model, track, &d, &err)) {
        mfd_reply_error(rq, &err);
        return;
    }
    mfd_reply_json(rq, 200,
                   json_pack("{s:s, s:b, s:I, s:o, s:o}", "track", mfd_model_track_id(model, track),
                             "held_out", mfd_model_held_out(model, track), "background",
                             (json_int_t)d->background, "biological",
                             group_json(md, d, MFD_BIOLOGICAL), "technical",
                             group_json(md, d, MFD_TECHNICAL)));
}

static json_t *pair_json(const double both[MFD_GROUPS])
{
    return json_pack("{s:f, s:f}", "biological", both[MFD_BIOLOGICAL], "technical",
                     both[MFD_TECHNICAL]);
}

static void get_nearest(struct mfd_request *rq)
{
    static const char *const known[] = { "by", "measure", "top", NULL };
    static const char *const measures[2] = { "cosine", "distance" };
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = NULL;
    bool technical, distance;
    size_t track, top;
    if (!mfd_page_only(rq, known) || !read_word(rq, "by", subspaces, &technical) ||
        !read_word(rq, "measure", measures, &distance) || !read_top(rq, &top) ||
        !acquire(rq, &served) || !find_track(rq, mfd_served_model(served), &track) ||
        not_modified(rq, served, "nearest %zu %d %d %zu", track, technical, distance, top))
        return;
    const struct mfd_model *model = mfd_served_model(served);
    MFD_AUTO_FREE struct mfd_similarity *near = mfd_calloc(top, sizeof *near);
    json_t *list = near ? json_array() : NULL;
    size_t n = near ? mfd_tracks_nearest(model, track, technical ? MFD_TECHNICAL : MFD_BIOLOGICAL,
                                         !distance, near, top)
                    : 0;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:b, s:o, s:o}", "track",
                                              mfd_model_track_id(model, near[i].track), "held_out",
                                              near[i].held_out, "cosine", pair_json(near[i].cosine),
                                              "distance", pair_json(near[i].distance)));
    mfd_reply_json(rq, 200,
                   !list ? NULL
                         : json_pack("{s:s, s:s, s:s, s:o}", "track",
                                     mfd_model_track_id(model, track), "by", subspaces[technical],
                                     "measure", measures[distance], "nearest", list));
}

#define INTROSPECT                                                                                 \
    .where = MFD_ON_WORKER, .scope = MFD_SCOPE_READ, .offers = MFD_MEDIA_JSON, .heavy = true
const struct mfd_route mfd_routes_introspect[] = {
    { "GET", "/api/v1/models/{model}/independence", .handle = get_independence, INTROSPECT },
    { "GET", "/api/v1/models/{model}/features", .handle = get_features, INTROSPECT },
    { "GET", "/api/v1/models/{model}/features/{feature}", .handle = get_feature, INTROSPECT },
    { "GET", "/api/v1/models/{model}/fields/{field}/features", .handle = get_field_features,
      INTROSPECT },
    { "GET", "/api/v1/models/{model}/tracks/{track}/decomposition", .handle = get_decomposition,
      INTROSPECT },
    { "GET", "/api/v1/models/{model}/tracks/{track}/nearest", .handle = get_nearest, INTROSPECT },
    { 0 },
};
