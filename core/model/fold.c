#include "core/model/fold.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/trunk.h"

MFD_DEFINE_CLEANUP(struct mfd_head, mfd_head_free);

/* var_vals of every field for all tracks, side by side: (tracks, inputs). A field in both groups
 * has one in each; they were trained on the same table, which mfd_metadata_check has shown. */
static int gather_inputs(float *out, const struct mfd_embedding *e, const struct mfd_metadata *md,
                         const struct mfd_safetensors *weights, struct mfd_error *err)
{
    size_t stride = mfd_embedding_inputs(e), tracks = mfd_metadata_tracks(md);
    for (size_t i = 0; i < mfd_fields_count(md); i++) {
        const struct mfd_field *f = mfd_fields_at(md, i);
        const struct mfd_field_role *bio = &f->role[MFD_BIOLOGICAL];
        enum mfd_group g = bio->direct || bio->interact ? MFD_BIOLOGICAL : MFD_TECHNICAL;
        char name[MFD_MAX_NAME + 96];
        const float *values;
        snprintf(name, sizeof name, "metadata_embedding.embedding_%s.column_embeddings.%s.var_vals",
                 mfd_group_name(g), f->name);
        int status =
            mfd_tensor_require(weights, name, 2, (size_t[]){ tracks, f->inputs }, &values, err);
        if (status)
            return status;
        for (size_t t = 0; t < tracks; t++)
            memcpy(out + t * stride + mfd_embedding_offset(e, i), values + t * f->inputs,
                   f->inputs * sizeof *out);
    }
    return MFD_OK;
}

int mfd_head_fold(struct mfd_head **out, const struct mfd_config *config,
                  const struct mfd_embedding *embedding, const struct mfd_metadata *md,
                  const struct mfd_safetensors *weights, struct mfd_error *err)
{
    size_t tracks = mfd_metadata_tracks(md), stride = mfd_embedding_inputs(embedding), n;
    const float *bias;
    int status = mfd_tensor_require(weights, "bias", 1, (size_t[]){ tracks }, &bias, err);
    if (status)
        return status;
    if (!mfd_mul(tracks, stride, &n))
        return mfd_fail_nomem(err);
    MFD_AUTO_FREE float *inputs = mfd_calloc(n, sizeof *inputs);
    MFD_AUTO_FREE const float **rows = mfd_calloc(tracks, sizeof *rows);
    MFD_CLEANUP(mfd_head_free_p)
    struct mfd_head *head =
        mfd_head_new(tracks, config->biological, config->technical, config->embed);
    if (!inputs || !rows || !head)
        return mfd_fail_nomem(err);
    for (size_t t = 0; t < tracks; t++)
        rows[t] = inputs + t * stride;
    if ((status = gather_inputs(inputs, embedding, md, weights, err)) ||
        (status =
             mfd_embedding_weights(embedding, MFD_BIOLOGICAL, rows, tracks, head->w_bio, err)) ||
        (status = mfd_embedding_weights(embedding, MFD_TECHNICAL, rows, tracks, head->w_tech, err)))
        return status;
    memcpy(head->bias, bias, tracks * sizeof *bias);
    *out = mfd_steal(head);
    return MFD_OK;
}

static int scale_rows(float *w, size_t rows, size_t width, const char *name,
                      const struct mfd_safetensors *weights, struct mfd_error *err)
{
    const float *stn;
    int status = mfd_tensor_require(weights, name, 1, (size_t[]){ rows }, &stn, err);
    for (size_t r = 0; !status && r < rows; r++) {
        float factor = 1 / (1 + expf(-stn[r]));
        for (size_t i = 0; i < width; i++)
            w[r * width + i] *= factor;
    }
    return status;
}

int mfd_head_apply_signal(struct mfd_head *head, const struct mfd_safetensors *weights,
                          struct mfd_error *err)
{
    int status = scale_rows(head->w_bio, head->tracks, head->biological, "stn_bio", weights, err);
    return status
               ? status
               : scale_rows(head->w_tech, head->tracks, head->technical, "stn_tech", weights, err);
}

int mfd_head_fold_baseline(struct mfd_head **out, const struct mfd_config *config,
                           const struct mfd_safetensors *weights, struct mfd_error *err)
{
    size_t shape[] = { config->tracks, config->embed, 1 };
    const float *w, *bias;
    int status = mfd_tensor_require(weights, "head.weight", 3, shape, &w, err);
    if (status ||
        (status = mfd_tensor_require(weights, "head.bias", 1, (size_t[]){ shape[0] }, &bias, err)))
        return status;
    struct mfd_head *head = mfd_head_new(shape[0], 0, 0, config->embed);
    if (!head)
        return mfd_fail_nomem(err);
    memcpy(head->w_all, w, shape[0] * config->embed * sizeof *w);
    memcpy(head->bias, bias, shape[0] * sizeof *bias);
    *out = head;
    return MFD_OK;
}
