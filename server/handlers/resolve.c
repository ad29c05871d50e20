/* POST /api/v1/metadata/resolve: is a combination of metadata supported by what the model was
 * trained on? */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/model/resolve.h"
#include "server/app.h"
#include "server/handlers/choice_in.h"
#include "server/handlers/routes.h"
#include "server/registry.h"
#include "server/request.h"
#include "server/served.h"

#define NEAREST_MAX 100
#define PAIRS_MAX 100000 /* of one answer: about 12 MB */

MFD_DEFINE_CLEANUP(struct mfd_served, mfd_served_unref);
MFD_DEFINE_CLEANUP(struct mfd_resolution, mfd_resolution_free);

struct question {
    const char *model, *like;
    const json_t *combinations;
    int64_t nearest;
    bool pairs;
};

static int read_combinations(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                             void *out)
{
    if (!json_is_array(v))
        return mfd_reader_expected(r, at, "an array", v);
    size_t n = json_array_size(v);
    if (n == 0)
        return mfd_reader_fail(r, at, "invalid-value", "there is nothing to resolve");
    if (n > (size_t)r->limits->items)
        return mfd_reader_limit(r, at, "items", r->limits->items, (int64_t)n);
    *(const json_t **)out = v;
    return 0;
}

static int read_nearest(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    return mfd_read_i64(r, v, at, 0, NEAREST_MAX, out);
}

static int read_question(struct mfd_reader *r, const json_t *document, struct question *q)
{
    static const struct mfd_member members[] = {
        { "model", mfd_read_string, offsetof(struct question, model), false },
        { "combinations", read_combinations, offsetof(struct question, combinations), true },
        { "like", mfd_read_string, offsetof(struct question, like), false },
        { "nearest", read_nearest, offsetof(struct question, nearest), false },
        { "pairs", mfd_read_bool, offsetof(struct question, pairs), false },
    };
    struct mfd_at root = MFD_AT_ROOT;
    *q = (struct question){ .nearest = 5, .pairs = true };
    return mfd_read_object(r, document, &root, members, sizeof members / sizeof *members, q);
}

static json_t *labels_json(const struct mfd_resolution *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_labels; i++) {
        const struct mfd_label_count *l = &r->labels[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "column", l->field->name, "label",
                                              l->field->labels[l->label], "tracks",
                                              (json_int_t)l->tracks));
    }
    return list;
}

static json_t *pairs_json(const struct mfd_resolution *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_pairs; i++) {
        const struct mfd_label_count *a = &r->labels[r->pairs[i].first];
        const struct mfd_label_count *b = &r->labels[r->pairs[i].second];
        json_array_append_new(
            list, json_pack("{s:[s, s], s:[s, s], s:I}", "columns", a->field->name, b->field->name,
                            "labels", a->field->labels[a->label], b->field->labels[b->label],
                            "tracks", (json_int_t)r->pairs[i].tracks));
    }
    return list;
}

static json_t *values_json(const struct mfd_resolution *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_values; i++) {
        const struct mfd_value_count *v = &r->values[i];
        json_t *value = json_pack("{s:s, s:I, s:b}", "column", v->field->name, "tracks",
                                  (json_int_t)v->tracks, "in_range", v->in_range);
        if (!v->field->n_labels)
            json_object_set_new(value, "number", json_real(v->number));
        json_array_append_new(list, value);
    }
    return list;
}

static json_t *nearest_json(const struct mfd_model *model, const struct mfd_resolution *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_neighbours; i++) {
        const struct mfd_neighbour *n = &r->neighbours[i];
        json_array_append_new(list, json_pack("{s:s, s:f, s:f, s:f, s:b}", "track",
                                              mfd_model_track_id(model, n->track), "distance",
                                              n->distance, "biological", n->biological, "technical",
                                              n->technical, "held_out", n->held_out));
    }
    return list;
}

static json_t *resolution_json(const struct mfd_model *model, const struct mfd_resolution *r,
                               size_t index, bool pairs)
{
    json_t *out = json_pack(
        "{s:I, s:n, s:s, s:s, s:s, s:I, s:I, s:I, s:{s:I, s:I}, s:o, s:o, s:o}", "index",
        (json_int_t)index, "id", "status", "ok", "verdict", mfd_verdict_name(r->verdict), "reason",
        r->reason, "trained", (json_int_t)r->trained, "exact", (json_int_t)r->exact,
        "exact_held_out", (json_int_t)r->exact_held_out, "sharing", "biological",
        (json_int_t)r->same_biological, "technical", (json_int_t)r->same_technical, "labels",
        labels_json(r), "values", values_json(r), "nearest", nearest_json(model, r));
    if (out && pairs)
        json_object_set_new(out, "pairs", pairs_json(r));
    return out;
}

static json_t *problem_json(const struct mfd_problem *problem, size_t index)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_problem_encode(problem, NULL, NULL, &text);
    json_t *value = text.failed ? NULL : json_loadb(text.data, text.len, 0, NULL);
    mfd_buffer_deinit(&text);
    return json_pack("{s:I, s:n, s:s, s:o}", "index", (json_int_t)index, "id", "status", "error",
                     "problem", value);
}

/* One result, whatever is wrong with the combination; NULL on lack of memory. *pairs: how many more
 * of them the answer has room for. */
static json_t *resolve_one(const struct mfd_model *model, const struct question *q, size_t i,
                           size_t *pairs, bool *ok)
{
    MFD_CLEANUP(mfd_combination_deinit) struct mfd_combination c = MFD_COMBINATION_INIT;
    MFD_CLEANUP(mfd_resolution_free_p) struct mfd_resolution *resolution = NULL;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_at root = MFD_AT_ROOT, list = MFD_AT_MEMBER(&root, "combinations");
    struct mfd_at at = MFD_AT_INDEX(&list, i), like = MFD_AT_MEMBER(&root, "like");
    struct mfd_virtual_track track = { .metadata = json_array_get(q->combinations, i),
                                       .like = q->like };
    char pointer[64];
    mfd_at_pointer(&at, pointer, sizeof pointer);
    int status = 0;
    if (!json_is_object(track.metadata))
        status = mfd_problem_set(&problem, "wrong-type", pointer,
                                 "expected an object of columns and values");
    else
        status = mfd_choice_code(&c, model, &track, &at, &like, &problem);
    if (status == 0 && mfd_resolve(model, &c, (size_t)q->nearest, &resolution, &err))
        status = mfd_problem_from_error(&problem, &err, pointer);
    if (status == 0 && q->pairs && resolution->n_pairs > *pairs)
        status =
            mfd_problem_set(&problem, "over-limit", pointer,
                            "this combination has %zu pairs of labels, and the answer has room "
                            "for %zu more; ask without them (\"pairs\": false), or for fewer "
                            "combinations",
                            resolution->n_pairs, *pairs);
    *ok = status == 0;
    if (*ok && q->pairs)
        *pairs -= resolution->n_pairs;
    return *ok ? resolution_json(model, resolution, i, q->pairs) : problem_json(&problem, i);
}

static void answer(struct mfd_request *rq, const struct mfd_served *served,
                   const struct question *q)
{
    const struct mfd_model *model = mfd_served_model(served);
    size_t n = json_array_size(q->combinations), good = 0, pairs = PAIRS_MAX;
    json_t *results = json_array();
    for (size_t i = 0; i < n && !mfd_request_cancelled(rq); i++) {
        bool ok;
        json_array_append_new(results, resolve_one(model, q, i, &pairs, &ok));
        good += ok;
    }
    mfd_reply_json(rq, 200,
                   json_pack("{s:{s:s, s:s, s:s, s:s}, s:o, s:{s:I, s:I, s:i, s:I}}", "provenance",
                             "server", "mfd/" MFD_VERSION, "model", mfd_served_name(served),
                             "version", mfd_served_version(served), "digest",
                             mfd_served_digest(served), "results", results, "summary", "items",
                             (json_int_t)n, "ok", (json_int_t)good, "skipped", 0, "error",
                             (json_int_t)(n - good)));
}

static void resolve(struct mfd_request *rq)
{
    struct mfd_app *app = mfd_request_app(rq);
    MFD_CLEANUP(mfd_served_unref_p) struct mfd_served *served = NULL;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct question q;
    size_t n;
    const char *body = mfd_request_body(rq, &n);
    json_t *document = mfd_json_load(body, n, mfd_app_limits(app), &problem);
    struct mfd_reader reader = { .limits = mfd_app_limits(app), .problem = &problem };
    if (!document || read_question(&reader, document, &q)) {
        mfd_reply_problem(rq, &problem);
    } else if (mfd_registry_acquire(mfd_app_registry(app), q.model, &served, &err)) {
        mfd_problem_from_error(&problem, &err, q.model ? "/model" : NULL);
        mfd_reply_problem(rq, &problem);
    } else if (mfd_model_config(mfd_served_model(served))->model_class == MFD_BASELINE) {
        mfd_reply_fail(rq, "unsupported", q.model ? "/model" : NULL,
                       "this model has no metadata head, so it knows its own tracks only");
    } else {
        answer(rq, served, &q);
    }
    json_decref(document);
    mfd_blocks_free(reader.blocks);
}

const struct mfd_route mfd_routes_resolve[] = {
    { "POST", "/api/v1/metadata/resolve", .handle = resolve, .where = MFD_ON_WORKER,
      .scope = MFD_SCOPE_READ, .accepts = MFD_MEDIA_JSON, .offers = MFD_MEDIA_JSON },
    { 0 },
};
