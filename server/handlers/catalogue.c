/* What can be asked of: genomes, models, their tracks and metadata columns. */
#include <string.h>

#include "core/base/cleanup.h"
#include "server/app.h"
#include "server/handlers/digests.h"
#include "server/handlers/model_json.h"
#include "server/handlers/page.h"
#include "server/handlers/routes.h"
#include "server/registry.h"
#include "server/request.h"
#include "server/store.h"

/* Digests are null until they have been computed. */
static json_t *contig_json(struct mfd_app *app, struct mfd_genome *genome, size_t contig)
{
    struct mfd_contig_digest digest;
    bool known = mfd_digests_known(app, genome, contig, &digest);
    return json_pack("{s:s, s:I, s:s?, s:s?}", "name", mfd_genome_contig_name(genome, contig),
                     "length", (json_int_t)mfd_genome_contig_length(genome, contig), "md5",
                     known ? digest.md5 : NULL, "ga4gh", known ? digest.ga4gh : NULL);
}

static void get_genomes(struct mfd_request *rq)
{
    static const char *const none[] = { NULL };
    struct mfd_app *app = mfd_request_app(rq);
    const struct mfd_registry *registry = mfd_app_registry(app);
    if (!mfd_page_only(rq, none))
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < mfd_registry_genomes(registry); i++) {
        struct mfd_genome *genome;
        const char *name = mfd_registry_genome_at(registry, i, &genome);
        json_t *contigs = json_array();
        for (size_t c = 0; c < mfd_genome_contigs(genome); c++)
            json_array_append_new(contigs, contig_json(app, genome, c));
        json_array_append_new(list, json_pack("{s:s, s:o}", "name", name, "contigs", contigs));
    }
    mfd_reply_json(rq, 200, json_pack("{s:o, s:n}", "genomes", list, "next"));
    mfd_digests_fill(app);
}

static void get_models(struct mfd_request *rq)
{
    static const char *const known[] = { "limit", "cursor", NULL };
    struct mfd_registry *registry = mfd_app_registry(mfd_request_app(rq));
    struct mfd_page page;
    if (!mfd_page_only(rq, known) || !mfd_page_read(rq, &page))
        return;
    json_t *list = json_array();
    struct mfd_model_info info;
    size_t i = (size_t)(page.after + 1);
    for (; json_array_size(list) < page.limit && mfd_registry_at(registry, i, &info); i++) {
        json_array_append_new(list, mfd_model_json(&info, NULL));
        mfd_model_info_deinit(&info);
    }
    int64_t last = i < mfd_registry_count(registry) ? (int64_t)i - 1 : -1;
    mfd_reply_json(rq, 200, json_pack("{s:o, s:o}", "models", list, "next", mfd_page_next(last)));
}

/* The model that the path names, if only by the configuration; false where the request has been
 * answered. */
static bool find_any(struct mfd_request *rq, struct mfd_model_info *info)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_registry_find(mfd_app_registry(mfd_request_app(rq)), mfd_request_param(rq, "model"),
                          info, &err) == MFD_OK)
        return true;
    mfd_reply_error(rq, &err);
    return false;
}

/* One whose tables the store has. */
static bool find(struct mfd_request *rq, struct mfd_model_info *info)
{
    if (!find_any(rq, info))
        return false;
    if (info->id)
        return true;
    mfd_reply_fail(rq, "model-not-ready", NULL, "The model %s could not be loaded: %s", info->name,
                   info->error);
    mfd_model_info_deinit(info);
    return false;
}

static void get_model(struct mfd_request *rq)
{
    static const char *const none[] = { NULL };
    struct mfd_model_info info;
    struct mfd_error err = MFD_ERROR_INIT;
    json_t *card = NULL;
    if (!mfd_page_only(rq, none) || !find_any(rq, &info))
        return;
    if (!info.id) {
        mfd_reply_json(rq, 200, mfd_model_json(&info, NULL));
        mfd_model_info_deinit(&info);
        return;
    }
    char tag[MFD_MODEL_ETAG];
    mfd_model_etag(&info, tag);
    if (mfd_request_etag(rq, tag)) {
        mfd_model_info_deinit(&info);
        return;
    }
    if (mfd_store_card(mfd_app_store(mfd_request_app(rq)), info.id, &card, &err) < 0)
        mfd_reply_error(rq, &err);
    else
        mfd_reply_json(rq, 200, mfd_model_json(&info, card));
    mfd_model_info_deinit(&info);
}

static bool is_page_parameter(const char *name)
{
    static const char *const words[] = { "q", "limit", "cursor", "format", "facet" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

/* Every other parameter is a column and a label of it. */
static int take_labels(struct mfd_request *rq, struct mfd_params *labels)
{
    const struct mfd_params *queries = mfd_request_queries(rq);
    for (size_t i = 0; i < queries->n; i++)
        if (!is_page_parameter(queries->at[i].name) &&
            mfd_params_add(labels, queries->at[i].name, queries->at[i].value) < 0)
            return MFD_ENOMEM;
    return MFD_OK;
}

static int list_facet(struct mfd_store *store, const struct mfd_track_query *query,
                      const char *column, struct mfd_buffer *out, struct mfd_error *err)
{
    json_t *counts = NULL;
    int status = mfd_store_facet(store, query, column, &counts, err);
    if (status < 0)
        return status;
    json_t *whole = json_pack("{s:s, s:o}", "facet", column, "counts", counts);
    MFD_AUTO_FREE char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    if (!text)
        return mfd_fail_nomem(err);
    mfd_buffer_addf(out, "%s\n", text);
    return MFD_OK;
}

/* Pages may be long: their text is put together, not built as a tree first. */
static int list_tracks(struct mfd_request *rq, const struct mfd_track_query *query,
                       struct mfd_buffer *out, struct mfd_error *err)
{
    struct mfd_store *store = mfd_app_store(mfd_request_app(rq));
    const char *facet = mfd_request_query(rq, "facet");
    int64_t next = -1;
    if (facet)
        return list_facet(store, query, facet, out, err);
    mfd_buffer_adds(out, "{\"tracks\":");
    int status = mfd_store_tracks(store, query, out, &next, err);
    if (next < 0)
        mfd_buffer_adds(out, ",\"next\":null}\n");
    else
        mfd_buffer_addf(out, ",\"next\":\"" MFD_PAGE_CURSOR "\"}\n", (long long)next);
    return status;
}

static void get_tracks(struct mfd_request *rq)
{
    struct mfd_model_info info;
    struct mfd_page page;
    struct mfd_params labels = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer out = MFD_BUFFER_INIT;
    if (!mfd_page_read(rq, &page) || !find(rq, &info))
        return;
    int status = take_labels(rq, &labels);
    const struct mfd_track_query query = {
        .model = info.id,
        .text = mfd_request_query(rq, "q"),
        .labels = &labels,
        .after = page.after,
        .limit = page.limit,
    };
    status = status < 0 ? mfd_fail_nomem(&err) : list_tracks(rq, &query, &out, &err);
    if (status < 0)
        mfd_reply_error(rq, &err);
    else if (!mfd_page_unchanged(rq, info.digest, "tracks"))
        mfd_reply_buffer(rq, 200, MFD_MEDIA_JSON, &out);
    mfd_buffer_deinit(&out);
    mfd_params_deinit(&labels);
    mfd_model_info_deinit(&info);
}

static void get_track(struct mfd_request *rq)
{
    static const char *const none[] = { NULL };
    struct mfd_model_info info;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer track = MFD_BUFFER_INIT;
    if (!mfd_page_only(rq, none) || !find(rq, &info))
        return;
    if (mfd_store_track(mfd_app_store(mfd_request_app(rq)), info.id, mfd_request_param(rq, "track"),
                        &track, &err) < 0) {
        mfd_reply_error(rq, &err);
    } else if (!mfd_page_unchanged(rq, info.digest, "track")) {
        mfd_buffer_addc(&track, '\n');
        mfd_reply_buffer(rq, 200, MFD_MEDIA_JSON, &track);
    }
    mfd_buffer_deinit(&track);
    mfd_model_info_deinit(&info);
}

/* The model's columns; NULL where the request has been answered. */
static json_t *read_fields(struct mfd_request *rq, struct mfd_model_info *info)
{
    static const char *const none[] = { NULL };
    struct mfd_error err = MFD_ERROR_INIT;
    json_t *fields = NULL;
    if (!mfd_page_only(rq, none) || !find(rq, info))
        return NULL;
    if (mfd_store_fields(mfd_app_store(mfd_request_app(rq)), info->id, &fields, &err) == MFD_OK)
        return fields;
    mfd_reply_error(rq, &err);
    mfd_model_info_deinit(info);
    return NULL;
}

static void get_fields(struct mfd_request *rq)
{
    struct mfd_model_info info;
    size_t i;
    json_t *field = NULL;
    json_t *fields = read_fields(rq, &info);
    if (!fields)
        return;
    json_array_foreach(fields, i, field)
        json_object_del(field, "labels"); /* of one field at a time: see below */
    if (!mfd_page_unchanged(rq, info.digest, "fields"))
        mfd_reply_json(rq, 200, json_pack("{s:O, s:n}", "fields", fields, "next"));
    json_decref(fields);
    mfd_model_info_deinit(&info);
}

static json_t *field_named(const json_t *fields, const char *name)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        json_t *field = json_array_get(fields, i);
        if (strcmp(json_string_value(json_object_get(field, "name")), name) == 0)
            return field;
    }
    return NULL;
}

static void get_field(struct mfd_request *rq)
{
    struct mfd_model_info info;
    const char *name = mfd_request_param(rq, "field");
    json_t *fields = read_fields(rq, &info);
    if (!fields)
        return;
    json_t *field = field_named(fields, name);
    if (!field)
        mfd_reply_fail(rq, "not-found", NULL, "The model has no metadata column '%.100s'.", name);
    else if (!mfd_page_unchanged(rq, info.digest, "field"))
        mfd_reply_json(rq, 200, json_incref(field));
    json_decref(fields);
    mfd_model_info_deinit(&info);
}

#define CATALOGUE .where = MFD_ON_WORKER, .scope = MFD_SCOPE_READ, .offers = MFD_MEDIA_JSON
const struct mfd_route mfd_routes_catalogue[] = {
    { "GET", "/api/v1/genomes", .handle = get_genomes, CATALOGUE },
    { "GET", "/api/v1/models", .handle = get_models, CATALOGUE },
    { "GET", "/api/v1/models/{model}", .handle = get_model, CATALOGUE },
    { "GET", "/api/v1/models/{model}/tracks", .handle = get_tracks, CATALOGUE },
    { "GET", "/api/v1/models/{model}/tracks/{track}", .handle = get_track, CATALOGUE },
    { "GET", "/api/v1/models/{model}/fields", .handle = get_fields, CATALOGUE },
    { "GET", "/api/v1/models/{model}/fields/{field}", .handle = get_field, CATALOGUE },
    { 0 },
};
