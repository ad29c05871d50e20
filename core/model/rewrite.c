#include "core/model/rewrite.h"

#include <string.h>

#include "core/base/cleanup.h"

MFD_DEFINE_CLEANUP(struct mfd_safetensors_writer, mfd_safetensors_writer_free);

static bool has_text(const struct mfd_addition *a, const char *key)
{
    for (size_t i = 0; i < a->n_texts; i++)
        if (strcmp(a->texts[i].key, key) == 0)
            return true;
    return false;
}

static bool has_tensor(const struct mfd_addition *a, const char *name)
{
    for (size_t i = 0; i < a->n_tensors; i++)
        if (strcmp(a->tensors[i].name, name) == 0)
            return true;
    return false;
}

/* Everything of the bundle that is not replaced; the digest as zeros. */
static int copy(const struct mfd_safetensors *st, const struct mfd_addition *a,
                struct mfd_safetensors_writer *w, struct mfd_error *err)
{
    char zeros[MFD_SHA256_HEX];
    int status = MFD_OK;
    memset(zeros, '0', sizeof zeros - 1);
    zeros[sizeof zeros - 1] = '\0';
    for (size_t i = 0; i < mfd_safetensors_metadata_count(st) && !status; i++) {
        const char *key = mfd_safetensors_metadata_key(st, i);
        bool digest = strcmp(key, "sha256") == 0;
        if (!has_text(a, key))
            status = mfd_safetensors_writer_meta(
                w, key, digest ? zeros : mfd_safetensors_metadata(st, key), err);
    }
    for (size_t i = 0; i < mfd_safetensors_count(st) && !status; i++) {
        const struct mfd_tensor *t = mfd_safetensors_at(st, i);
        if (!has_tensor(a, t->name))
            status = mfd_safetensors_writer_add(w, t, err);
    }
    return status;
}

int mfd_model_rewrite(const struct mfd_model *model, const struct mfd_addition *a, const char *path,
                      struct mfd_error *err)
{
    MFD_CLEANUP(mfd_safetensors_writer_free_p)
    struct mfd_safetensors_writer *w = mfd_safetensors_writer_new();
    if (!w)
        return mfd_fail_nomem(err);
    int status = copy(mfd_model_weights(model), a, w, err);
    for (size_t i = 0; i < a->n_texts && !status; i++)
        if (a->texts[i].value)
            status = mfd_safetensors_writer_meta(w, a->texts[i].key, a->texts[i].value, err);
    for (size_t i = 0; i < a->n_tensors && !status; i++)
        status = mfd_safetensors_writer_add(w, &a->tensors[i], err);
    return status ? status : mfd_safetensors_writer_write(w, path, "sha256", NULL, err);
}
