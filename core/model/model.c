#include "core/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/combination.h"
#include "core/model/fold.h"
#include "core/model/model_impl.h"

#define FORMAT "mfd-bundle"
#define FORMAT_VERSION "1"

static void json_decref_p(json_t **json)
{
    json_decref(*json);
}

#define AUTO_JSON MFD_CLEANUP(json_decref_p)

static void model_free(struct mfd_model *m)
{
    if (m->bare != m->head)
        mfd_head_free(m->bare);
    mfd_head_free(m->head);
    mfd_embedding_free(m->embedding);
    mfd_metadata_free(m->md);
    mfd_safetensors_free(m->weights);
    mfd_cache_free(m->cache);
    free(m->track_keys);
    free(m->held_out);
    free(m);
}

struct mfd_model *mfd_model_ref(struct mfd_model *model)
{
    if (model)
        atomic_fetch_add(&model->refs, 1);
    return model;
}

void mfd_model_unref(struct mfd_model *model)
{
    if (model && atomic_fetch_sub(&model->refs, 1) == 1)
        model_free(model);
}

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);

/* ---- opening ---- */

static int check_format(const struct mfd_safetensors *st, struct mfd_error *err)
{
    const char *format = mfd_safetensors_metadata(st, "format");
    const char *version = mfd_safetensors_metadata(st, "format_version");
    if (!format || strcmp(format, FORMAT))
        return mfd_fail(err, MFD_EFORMAT,
                        "this is no bundle (its metadata lack format = " FORMAT
                        "); make one with mfd-model import");
    if (!version || strcmp(version, FORMAT_VERSION))
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "the bundle has format version %.32s; only " FORMAT_VERSION " can be read",
                        version ? version : "(none)");
    return MFD_OK;
}

static int check_digest(const struct mfd_safetensors *st, struct mfd_error *err)
{
    char hex[MFD_SHA256_HEX];
    int status = mfd_safetensors_digest(st, "sha256", hex, err);
    if (status)
        return status;
    const char *stated = mfd_safetensors_metadata(st, "sha256");
    if (strcmp(hex, stated))
        return mfd_fail(err, MFD_EFORMAT,
                        "the bundle is damaged: its bytes give sha256 %s, it states %.64s", hex,
                        stated);
    return MFD_OK;
}

/* A metadata value as JSON; NULL where there is none and it may be left out. */
static int read_json(const struct mfd_safetensors *st, const char *key, bool required, json_t **out,
                     struct mfd_error *err)
{
    const char *text = mfd_safetensors_metadata(st, key);
    json_error_t problem;
    if (!text)
        return required ? mfd_fail(err, MFD_EFORMAT, "the bundle lacks '%s'", key) : MFD_OK;
    *out = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    if (!*out)
        return mfd_fail(err, MFD_EFORMAT, "the bundle's '%s' is not JSON: %.128s at byte %d", key,
                        problem.text, problem.position);
    return MFD_OK;
}

/* ignore_classes: ids of the table, of which some may not be tracks of this model. */
static int read_held_out(struct mfd_model *m, const json_t *config, struct mfd_error *err)
{
    const json_t *list = json_object_get(config, "ignore_classes");
    if (!(m->held_out = mfd_calloc(m->config.tracks, sizeof *m->held_out)))
        return mfd_fail_nomem(err);
    if (list && !json_is_null(list) && !json_is_array(list))
        return mfd_fail(err, MFD_EFORMAT, "the bundle's ignore_classes is no list of track ids");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *id = json_string_value(json_array_get(list, i));
        if (!id)
            return mfd_fail(err, MFD_EFORMAT,
                            "number %zu of the bundle's ignore_classes is no text", i + 1);
        size_t track = mfd_metadata_find(m->md, id);
        if (track == MFD_NONE || m->held_out[track])
            continue;
        m->held_out[track] = true;
        m->n_held_out++;
    }
    return MFD_OK;
}

static int read_metadata(struct mfd_model *m, struct mfd_error *err)
{
    AUTO_JSON json_t *mapping = NULL, *tracks = NULL, *fields = NULL;
    bool required = m->config.model_class == MFD_DISENTANGLED;
    int status;
    if ((status = read_json(m->weights, "tracks", true, &tracks, err)) ||
        (status = read_json(m->weights, "mapping", required, &mapping, err)) ||
        (status = read_json(m->weights, "fields", required, &fields, err)) ||
        (status = mfd_metadata_from_json(&m->md, mapping, tracks, fields, err)))
        return status;
    size_t tracks_known = mfd_metadata_tracks(m->md);
    if (m->config.tracks && m->config.tracks != tracks_known)
        return mfd_fail(err, MFD_EFORMAT,
                        "the bundle's config counts %zu tracks, its tracks are %zu",
                        m->config.tracks, tracks_known);
    m->config.tracks = tracks_known;
    return MFD_OK;
}

static const struct mfd_tensor *find_tensor(const void *source, const char *name)
{
    return mfd_safetensors_find(source, name);
}

/* What is needed to tell which tracks a combination shares its halves with. */
static int index_tracks(struct mfd_model *m, struct mfd_error *err)
{
    m->track_keys = mfd_calloc(m->config.tracks, sizeof *m->track_keys);
    m->cache = mfd_cache_new(MFD_VIRTUAL_CACHE);
    if (!m->track_keys || !m->cache)
        return mfd_fail_nomem(err);
    for (size_t t = 0; t < m->config.tracks; t++) {
        struct mfd_combination c = MFD_COMBINATION_INIT;
        int status = mfd_combination_of_track(m->md, t, &c, err);
        if (status)
            return status;
        memcpy(m->track_keys[t].half, c.key, sizeof c.key);
        mfd_combination_deinit(&c);
    }
    return MFD_OK;
}

static int build_head(struct mfd_model *m, struct mfd_error *err)
{
    int status;
    if (m->config.model_class == MFD_BASELINE) {
        status = mfd_head_fold_baseline(&m->head, &m->config, m->weights, err);
        m->bare = m->head;
        return status;
    }
    if ((status = mfd_embedding_bind(&m->embedding, m->md, &m->config, m->weights, err)) ||
        (status = mfd_metadata_check(m->md, find_tensor, m->weights, err)) ||
        (status = mfd_head_fold(&m->head, &m->config, m->embedding, m->md, m->weights, err)))
        return status;
    m->bare = m->head;
    if ((status = index_tracks(m, err)))
        return status;
    if (!m->config.signal_to_noise)
        return MFD_OK;
    m->bare = NULL;
    if ((status = mfd_head_fold(&m->bare, &m->config, m->embedding, m->md, m->weights, err)))
        return status;
    return mfd_head_apply_signal(m->head, m->weights, err);
}

static int build(struct mfd_model *m, struct mfd_error *err)
{
    AUTO_JSON json_t *config = NULL;
    int status;
    if ((status = check_format(m->weights, err)) || (status = check_digest(m->weights, err)) ||
        (status = read_json(m->weights, "config", true, &config, err)) ||
        (status = mfd_config_from_json(&m->config, config, err)) ||
        (status = mfd_trunk_bind(&m->trunk, &m->config, m->weights, err)) ||
        (status = read_metadata(m, err)) || (status = read_held_out(m, config, err)))
        return status;
    return build_head(m, err);
}

int mfd_model_open(struct mfd_model **out, const char *path, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_model_unref_p) struct mfd_model *m = mfd_calloc(1, sizeof *m);
    if (!m)
        return mfd_fail_nomem(err);
    atomic_init(&m->refs, 1);
    int status = mfd_safetensors_open(&m->weights, path, err);
    if (!status && (status = build(m, err)))
        mfd_fail_prefix(err, status, "%s", path);
    if (!status)
        *out = mfd_steal(m);
    return status;
}

/* ---- reading ---- */

const struct mfd_config *mfd_model_config(const struct mfd_model *model)
{
    return &model->config;
}

const struct mfd_trunk *mfd_model_trunk(const struct mfd_model *model)
{
    return &model->trunk;
}

const struct mfd_head *mfd_model_head(const struct mfd_model *model)
{
    return model->head;
}

const struct mfd_head *mfd_model_bare_head(const struct mfd_model *model)
{
    return model->bare;
}

const struct mfd_safetensors *mfd_model_weights(const struct mfd_model *model)
{
    return model->weights;
}

const struct mfd_metadata *mfd_model_metadata(const struct mfd_model *model)
{
    return model->md;
}

const char *mfd_model_digest(const struct mfd_model *model)
{
    return mfd_safetensors_metadata(model->weights, "sha256");
}

static const char *text_or_empty(const struct mfd_model *model, const char *key)
{
    const char *text = mfd_safetensors_metadata(model->weights, key);
    return text ? text : "{}";
}

const char *mfd_model_config_text(const struct mfd_model *model)
{
    return text_or_empty(model, "config");
}

const char *mfd_model_provenance_text(const struct mfd_model *model)
{
    return text_or_empty(model, "provenance");
}

bool mfd_model_held_out(const struct mfd_model *model, size_t track)
{
    return model->held_out[track];
}

size_t mfd_model_held_out_count(const struct mfd_model *model)
{
    return model->n_held_out;
}

size_t mfd_model_tracks(const struct mfd_model *model)
{
    return mfd_metadata_tracks(model->md);
}

const char *mfd_model_track_id(const struct mfd_model *model, size_t track)
{
    return mfd_metadata_id(model->md, track);
}

size_t mfd_model_find_track(const struct mfd_model *model, const char *id)
{
    return mfd_metadata_find(model->md, id);
}

size_t mfd_model_columns(const struct mfd_model *model)
{
    return mfd_metadata_columns(model->md);
}

const char *mfd_model_column(const struct mfd_model *model, size_t column)
{
    return mfd_metadata_column(model->md, column);
}

const char *mfd_model_cell(const struct mfd_model *model, size_t track, size_t column)
{
    return mfd_metadata_cell(model->md, track, column);
}
