#include "core/checkpoint/import.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/mapping.h"
#include "core/checkpoint/provenance.h"
#include "core/model/metadata.h"
#include "core/model/model.h"
#include "core/tensor/safetensors.h"

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* Everything on the way from a checkpoint to a bundle. */
struct import {
    const struct mfd_import_options *options;
    struct mfd_checkpoint *ck;
    struct mfd_names ids;
    struct mfd_mapping *mapping;
    struct mfd_metadata *metadata;
    struct mfd_table_rules rules;
    struct mfd_config config;
    json_t *config_json;
    struct mfd_tensor *tensors; /* those that the bundle keeps */
    size_t n;
    json_t *skipped; /* names of the others */
};

MFD_DEFINE_CLEANUP(json_t, json_decref);
#define AUTO_JSON MFD_CLEANUP(json_decref_p) json_t

static void deinit(struct import *im)
{
    mfd_names_deinit(&im->ids);
    mfd_mapping_free(im->mapping);
    mfd_metadata_free(im->metadata);
    json_decref(im->config_json);
    json_decref(im->skipped);
    free(im->tensors);
    mfd_checkpoint_free(im->ck);
}

static bool has_tensor(const struct mfd_checkpoint *ck, const char *prefix)
{
    for (size_t i = 0; i < mfd_checkpoint_count(ck); i++)
        if (strncmp(mfd_checkpoint_name(ck, i), prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* The keys of the bundle's config and the defaults of the public code, in order. */
static json_t *config_defaults(const struct mfd_checkpoint *ck)
{
    const char *by_tensors =
        has_tensor(ck, "metadata_embedding.") ? "IEAquaticDilated" : "AquaticDilated";
    return json_pack("{s:s, s:n, s:i, s:i, s:i, s:n, s:i, s:i, s:f, s:i, s:s, s:i, s:f, s:n, s:n, "
                     "s:b, s:b, s:b, s:[]}",
                     "model_class", by_tensors, "n_classes", "seq_len", 2176, "seq_order", 1, "C",
                     768, "C_embed", "L1", 6, "L2", 2, "D", 1.5, "crop", 8, "activation", "gelu",
                     "tower_kernel_size", 5, "biological_subspace_ratio", 0.5,
                     "biological_subspace_n", "technical_subspace_n", "learn_signal_to_noise", 0,
                     "linearly_embed_direct_features", 0, "labels_encoder", 0, "ignore_classes");
}

static int check_ignored(const json_t *ignored, struct mfd_error *err)
{
    size_t i;
    json_t *id;
    if (!json_is_array(ignored))
        return mfd_fail(err, MFD_EFORMAT, "hyper-parameter 'ignore_classes' is not a list");
    json_array_foreach(ignored, i, id) if (!json_is_string(id)) return mfd_fail(
        err, MFD_EFORMAT, "item %zu of 'ignore_classes' is no text", i);
    return MFD_OK;
}

/* Defaults overlaid by what the checkpoint says; then C_embed, which may be left to C. */
static int read_config(struct import *im, struct mfd_error *err)
{
    const json_t *hyper = mfd_checkpoint_hyper(im->ck);
    json_t *config = im->config_json = config_defaults(im->ck);
    if (!config)
        return mfd_fail_nomem(err);
    const char *key;
    json_t *fallback;
    json_object_foreach(config, key, fallback)
    {
        json_t *given = json_object_get(hyper, key);
        /* null asks for the default, except where null is a choice */
        bool null_counts = strcmp(key, "biological_subspace_ratio") == 0;
        if (given && (null_counts || !json_is_null(given)) && json_object_set(config, key, given))
            return mfd_fail_nomem(err);
    }
    int status = check_ignored(json_object_get(config, "ignore_classes"), err);
    if (!status)
        status = mfd_config_from_json(&im->config, config, err);
    if (status)
        return status;
    if (has_tensor(im->ck, "mapping_biological."))
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "this model learned its subspaces (it has tensors mapping_biological.*); "
                        "only models with split features are supported");
    json_object_del(config, "labels_encoder");
    return json_object_set_new(config, "C_embed", json_integer((json_int_t)im->config.embed))
               ? mfd_fail_nomem(err)
               : MFD_OK;
}

/* Names that a model of a class needs: those that start so, or (where it ends so) are so. */
static bool is_kept(const char *name, enum mfd_model_class class)
{
    static const struct {
        const char *prefix;
        bool whole, disentangled, baseline;
    } kept[] = {
        { "model.0.", false, true, true },      { "model.1.", false, true, true },
        { "model.2.", false, true, true },      { "model.4.", false, true, true },
        { "bn_features.", false, true, false }, { "metadata_embedding.", false, true, false },
        { "bias", true, true, false },          { "stn_bio", true, true, false },
        { "stn_tech", true, true, false },      { "head.", false, false, true },
    };
    static const char counter[] = ".num_batches_tracked";
    size_t n = strlen(name), tail = sizeof counter - 1;
    if (n > tail && strcmp(name + n - tail, counter) == 0)
        return false;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        bool serves = class == MFD_BASELINE ? kept[i].baseline : kept[i].disentangled;
        bool same = kept[i].whole ? strcmp(name, kept[i].prefix) == 0
                                  : strncmp(name, kept[i].prefix, strlen(kept[i].prefix)) == 0;
        if (serves && same)
            return true;
    }
    return false;
}

static int read_tensors(struct import *im, struct mfd_error *err)
{
    size_t n = mfd_checkpoint_count(im->ck);
    im->tensors = mfd_calloc(n, sizeof *im->tensors);
    im->skipped = json_array();
    if (!im->tensors || !im->skipped)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const char *name = mfd_checkpoint_name(im->ck, i);
        if (is_kept(name, im->config.model_class)) {
            int status = mfd_checkpoint_tensor(im->ck, i, &im->tensors[im->n++], err);
            if (status)
                return status;
        } else if (json_array_append_new(im->skipped, json_string(name)))
            return mfd_fail_nomem(err);
    }
    return MFD_OK;
}

static const struct mfd_tensor *find_tensor(const void *source, const char *name)
{
    const struct import *im = source;
    for (size_t i = 0; i < im->n; i++)
        if (strcmp(im->tensors[i].name, name) == 0)
            return &im->tensors[i];
    return NULL;
}

static int read_tracks(struct import *im, struct mfd_error *err)
{
    const char *path = im->options->tracks;
    int status =
        path ? mfd_names_read(&im->ids, path, err) : mfd_checkpoint_tracks(im->ck, &im->ids, err);
    if (status)
        return status;
    const struct mfd_tensor *bias =
        find_tensor(im, im->config.model_class == MFD_BASELINE ? "head.bias" : "bias");
    size_t tracks = bias && bias->ndim == 1 ? bias->shape[0] : im->config.tracks;
    if (im->config.tracks && tracks != im->config.tracks)
        return mfd_fail(err, MFD_EFORMAT, "n_classes is %zu but the bias has %zu elements",
                        im->config.tracks, tracks);
    if (im->ids.n != tracks)
        return mfd_fail(err, MFD_EMISMATCH, "the model has %zu tracks but %s names %zu", tracks,
                        path ? path : "the table in the checkpoint", im->ids.n);
    im->config.tracks = tracks;
    return json_object_set_new(im->config_json, "n_classes", json_integer((json_int_t)tracks))
               ? mfd_fail_nomem(err)
               : MFD_OK;
}

static int read_metadata(struct import *im, struct mfd_error *err)
{
    int status = MFD_OK;
    bool baseline = im->config.model_class == MFD_BASELINE;
    if (!im->options->mapping && !baseline)
        return mfd_fail(err, MFD_EINVAL,
                        "this model has a metadata head: its mapping file is "
                        "needed (--mapping)");
    if (!baseline)
        status = mfd_mapping_load(&im->mapping, im->options->mapping, err);
    if (status)
        return status;
    struct mfd_map table;
    status = mfd_map_open(&table, im->options->metadata, err);
    if (status)
        return status;
    status = mfd_metadata_fit(&im->metadata, table.data, table.size, im->mapping,
                              (const char *const *)im->ids.at, im->ids.n, find_tensor, im,
                              &im->rules, err);
    mfd_map_close(&table);
    return status ? mfd_fail_prefix(err, status, "%s", im->options->metadata) : MFD_OK;
}

/* A new reference, taken over, as a string of compact JSON. */
static int add_json(struct mfd_safetensors_writer *w, const char *key, json_t *value,
                    struct mfd_error *err)
{
    MFD_AUTO_FREE char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    return text ? mfd_safetensors_writer_meta(w, key, text, err) : mfd_fail_nomem(err);
}

static int add_texts(struct import *im, struct mfd_safetensors_writer *w, json_t *provenance,
                     struct mfd_error *err)
{
    int status = mfd_safetensors_writer_meta(w, "format", "mfd-bundle", err);
    if (!status)
        status = mfd_safetensors_writer_meta(w, "format_version", "1", err);
    if (!status)
        status = mfd_safetensors_writer_meta(w, "sha256", zeros, err);
    if (!status)
        status = add_json(w, "config", json_incref(im->config_json), err);
    if (!status && im->mapping)
        status = add_json(w, "mapping", mfd_mapping_to_json(im->mapping), err);
    if (!status)
        status = add_json(w, "tracks", mfd_metadata_tracks_json(im->metadata), err);
    if (!status && im->mapping)
        status = add_json(w, "fields", mfd_metadata_fields_json(im->metadata), err);
    return status ? status : add_json(w, "provenance", json_incref(provenance), err);
}

/* What is wrong with a bundle that was only just written is wrong with the files it was made of. */
static void blame_inputs(const struct import *im, const char *part, struct mfd_error *err)
{
    size_t n = strlen(part);
    if (strncmp(err->message, part, n) == 0 && strncmp(err->message + n, ": ", 2) == 0)
        memmove(err->message, err->message + n + 2, strlen(err->message + n + 2) + 1);
    mfd_fail_prefix(err, err->status, "'%s'%s%s%s makes no model", im->options->checkpoint,
                    im->mapping ? " with '" : "", im->mapping ? im->options->mapping : "",
                    im->mapping ? "'" : "");
}

/* Write beside the target, open it as any reader would, and only then put it in place. */
static int write_bundle(struct import *im, struct mfd_safetensors_writer *w,
                        struct mfd_import_report *report, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer name = MFD_BUFFER_INIT;
    mfd_buffer_addf(&name, "%s.%ld.part", im->options->out, (long)getpid());
    if (name.failed)
        return mfd_fail_nomem(err);
    struct mfd_model *model = NULL;
    int status = mfd_safetensors_writer_write(w, name.data, "sha256", report->sha256, err);
    if (status)
        return status;
    status = mfd_model_open(&model, name.data, err);
    if (!status) {
        (void)mfd_safetensors_bytes(mfd_model_weights(model), &report->bytes);
        report->config = *mfd_model_config(model);
    } else if (err)
        blame_inputs(im, name.data, err);
    mfd_model_unref(model);
    if (!status && rename(name.data, im->options->out) < 0)
        status = mfd_fail(err, MFD_EIO, "cannot write '%s': %s", im->options->out, strerror(errno));
    if (status)
        unlink(name.data);
    return status;
}

static int run(struct import *im, struct mfd_import_report *report, struct mfd_error *err)
{
    int status = mfd_checkpoint_open(&im->ck, im->options->checkpoint, err);
    if (status || (status = read_config(im, err)) || (status = read_tensors(im, err)) ||
        (status = read_tracks(im, err)) || (status = read_metadata(im, err)))
        return status;
    AUTO_JSON *provenance = NULL;
    const struct mfd_sources sources = { .checkpoint = im->options->checkpoint,
                                         .mapping = im->mapping ? im->options->mapping : NULL,
                                         .metadata = im->options->metadata,
                                         .tracks = im->options->tracks,
                                         .tool = im->options->tool };
    status = mfd_provenance_json(&sources, im->ck, im->config_json, &im->rules, im->skipped,
                                 &provenance, err);
    if (status)
        return status;
    struct mfd_safetensors_writer *w = mfd_safetensors_writer_new();
    if (!w)
        return mfd_fail_nomem(err);
    report->tensors = im->n;
    report->skipped = json_array_size(im->skipped);
    status = add_texts(im, w, provenance, err);
    for (size_t i = 0; i < im->n && !status; i++)
        status = mfd_safetensors_writer_add(w, &im->tensors[i], err);
    if (!status)
        status = write_bundle(im, w, report, err);
    mfd_safetensors_writer_free(w);
    return status;
}

int mfd_import(const struct mfd_import_options *options, struct mfd_import_report *report,
               struct mfd_error *err)
{
    MFD_CLEANUP(deinit) struct import im = { .options = options };
    struct mfd_import_report own = { .tensors = 0 };
    int status = run(&im, &own, err);
    if (status)
        return status;
    if (report)
        *report = own;
    return MFD_OK;
}
