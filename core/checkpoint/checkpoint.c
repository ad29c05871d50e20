#include "core/checkpoint/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/checkpoint/archive.h"
#include "core/checkpoint/frame.h"
#include "core/checkpoint/hyper.h"
#include "core/checkpoint/pickle.h"
#include "core/checkpoint/storage.h"

#define MAX_TENSORS 100000

struct entry {
    char *name;
    const struct mfd_pickle_value *value;
};

struct mfd_checkpoint {
    struct mfd_archive *archive;
    void *text; /* data.pkl */
    struct mfd_pickle *pickle;
    struct mfd_storages *storages;
    json_t *hyper, *training;
    struct entry *entries; /* of state_dict, in its order */
    size_t n;
};

/* Newer versions of torch say in which order bytes are. */
static int check_byte_order(struct mfd_archive *archive, struct mfd_error *err)
{
    size_t size;
    MFD_AUTO_FREE void *bytes = NULL;
    if (mfd_archive_size(archive, "byteorder", &size, NULL) == MFD_ENOTFOUND)
        return MFD_OK;
    int status = mfd_archive_read(archive, "byteorder", &bytes, &size, err);
    if (!status && (size != 6 || memcmp(bytes, "little", 6) != 0))
        return mfd_fail(err, MFD_EUNSUPPORTED,
                        "the checkpoint was not written on a little-endian "
                        "machine: load it and save it on one");
    return status;
}

static int read_pickle(struct mfd_checkpoint *ck, struct mfd_error *err)
{
    size_t size = 0;
    int status = mfd_archive_size(ck->archive, "data.pkl", &size, err);
    if (status)
        return status;
    if (size > MFD_CHECKPOINT_MAX_PICKLE)
        return mfd_fail(err, MFD_ELIMIT, "data.pkl takes %zu bytes; the limit is %zu", size,
                        MFD_CHECKPOINT_MAX_PICKLE);
    status = mfd_archive_read(ck->archive, "data.pkl", &ck->text, &size, err);
    return status ? status : mfd_pickle_read(&ck->pickle, ck->text, size, MFD_PICKLE_MEMORY, err);
}

static int read_entries(struct mfd_checkpoint *ck, const struct mfd_pickle_value *state,
                        struct mfd_error *err)
{
    const struct mfd_pickle_items *items = mfd_pickle_items(state);
    bool keyed = state && (state->kind == MFD_PICKLE_DICT ||
                           (state->kind == MFD_PICKLE_OBJECT && state->object->keyed));
    if (!keyed || !items->n)
        return mfd_fail(err, MFD_EFORMAT, "the checkpoint has no 'state_dict' with tensors");
    if (items->n / 2 > MAX_TENSORS)
        return mfd_fail(err, MFD_ELIMIT, "'state_dict' has more than %d entries", MAX_TENSORS);
    ck->entries = mfd_calloc(items->n / 2, sizeof *ck->entries);
    if (!ck->entries)
        return mfd_fail_nomem(err);
    MFD_CLEANUP(mfd_names_deinit) struct mfd_names names = MFD_NAMES_INIT;
    int status = MFD_OK;
    for (size_t i = 0; i + 1 < items->n && !status; i += 2) {
        const struct mfd_pickle_value *key = items->at[i];
        if (key->kind != MFD_PICKLE_TEXT)
            return mfd_fail(err, MFD_EFORMAT, "key %zu of 'state_dict' is %s, not text", i / 2,
                            mfd_pickle_kind_name(key));
        status = mfd_names_add(&names, key->text.s, key->text.n, "'state_dict'", err);
        if (!status && !(ck->entries[ck->n].name = mfd_strndup(key->text.s, key->text.n)))
            status = mfd_fail_nomem(err);
        if (!status)
            ck->entries[ck->n++].value = items->at[i + 1];
    }
    return status ? status : mfd_names_check_unique(&names, "'state_dict'", err);
}

static int read_training(struct mfd_checkpoint *ck, const struct mfd_pickle_value *root,
                         struct mfd_error *err)
{
    static const char *const keys[] = { "epoch", "global_step", "pytorch-lightning_version" };
    if (!(ck->training = json_object()))
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *value = mfd_hyper_value(mfd_pickle_get(root, keys[i]));
        bool scalar = value && !json_is_array(value) && !json_is_object(value);
        if (!scalar)
            json_decref(value);
        else if (json_object_set_new(ck->training, keys[i], value))
            return mfd_fail_nomem(err);
    }
    return MFD_OK;
}

static int read_all(struct mfd_checkpoint *ck, struct mfd_error *err)
{
    int status = check_byte_order(ck->archive, err);
    if (!status)
        status = read_pickle(ck, err);
    if (status)
        return status;
    const struct mfd_pickle_value *root = mfd_pickle_root(ck->pickle);
    if (!(ck->storages = mfd_storages_new(ck->archive)))
        return mfd_fail_nomem(err);
    status = read_entries(ck, mfd_pickle_get(root, "state_dict"), err);
    const struct mfd_pickle_value *hyper = mfd_pickle_get(root, "hyper_parameters");
    if (!status && !hyper)
        return mfd_fail(err, MFD_EFORMAT,
                        "the checkpoint has no 'hyper_parameters': it was not "
                        "written by a Lightning module that saves them");
    if (!status)
        status = mfd_hyper_to_json(hyper, &ck->hyper, err);
    return status ? status : read_training(ck, root, err);
}

/* Takes the archive over. */
static int build(struct mfd_checkpoint **out, struct mfd_archive *archive, struct mfd_error *err)
{
    struct mfd_checkpoint *ck = mfd_calloc(1, sizeof *ck);
    if (!ck) {
        mfd_archive_free(archive);
        return mfd_fail_nomem(err);
    }
    ck->archive = archive;
    int status = read_all(ck, err);
    if (status) {
        mfd_checkpoint_free(ck);
        return status;
    }
    *out = ck;
    return MFD_OK;
}

int mfd_checkpoint_parse(struct mfd_checkpoint **out, const void *bytes, size_t size,
                         struct mfd_error *err)
{
    struct mfd_archive *archive = NULL;
    int status = mfd_archive_parse(&archive, bytes, size, err);
    return status ? status : build(out, archive, err);
}

int mfd_checkpoint_open(struct mfd_checkpoint **out, const char *path, struct mfd_error *err)
{
    struct mfd_archive *archive = NULL;
    int status = mfd_archive_open(&archive, path, err);
    if (status)
        return status;
    status = build(out, archive, err);
    return status ? mfd_fail_prefix(err, status, "'%s'", path) : MFD_OK;
}

void mfd_checkpoint_free(struct mfd_checkpoint *ck)
{
    if (!ck)
        return;
    for (size_t i = 0; i < ck->n; i++)
        free(ck->entries[i].name);
    free(ck->entries);
    json_decref(ck->hyper);
    json_decref(ck->training);
    mfd_storages_free(ck->storages);
    mfd_pickle_free(ck->pickle);
    free(ck->text);
    mfd_archive_free(ck->archive);
    free(ck);
}

size_t mfd_checkpoint_count(const struct mfd_checkpoint *ck)
{
    return ck->n;
}

const char *mfd_checkpoint_name(const struct mfd_checkpoint *ck, size_t i)
{
    return i < ck->n ? ck->entries[i].name : NULL;
}

int mfd_checkpoint_tensor(struct mfd_checkpoint *ck, size_t i, struct mfd_tensor *out,
                          struct mfd_error *err)
{
    struct mfd_tensor t;
    int status = mfd_storages_tensor(ck->storages, ck->entries[i].value, &t, err);
    if (status)
        return mfd_fail_prefix(err, status, "tensor '%.200s'", ck->entries[i].name);
    t.name = ck->entries[i].name;
    size_t bad = mfd_tensor_first_nonfinite(&t);
    if (bad != (size_t)-1)
        return mfd_fail(err, MFD_EFORMAT, "tensor '%.200s': element %zu is %s: the training failed",
                        t.name, bad, "not a finite number");
    *out = t;
    return MFD_OK;
}

const json_t *mfd_checkpoint_hyper(const struct mfd_checkpoint *ck)
{
    return ck->hyper;
}

const json_t *mfd_checkpoint_training(const struct mfd_checkpoint *ck)
{
    return ck->training;
}

int mfd_checkpoint_tracks(const struct mfd_checkpoint *ck, struct mfd_names *ids,
                          struct mfd_error *err)
{
    static const char advice[] = "give the order of the tracks in a file (--tracks)";
    const struct mfd_pickle_value *hyper =
        mfd_pickle_get(mfd_pickle_root(ck->pickle), "hyper_parameters");
    const struct mfd_pickle_value *loader = mfd_pickle_get(hyper, "metadata_loader");
    const struct mfd_pickle_value *frame = mfd_pickle_attribute(loader, "df_raw");
    struct mfd_error why = MFD_ERROR_INIT;
    if (!frame)
        return mfd_fail(err, MFD_ENOTFOUND, "the checkpoint holds no metadata table; %s", advice);
    int status = mfd_frame_tracks(frame, ids, &why);
    if (status)
        return mfd_fail(err, status, "the metadata table in the checkpoint cannot be read: %s; %s",
                        why.message, advice);
    return MFD_OK;
}
