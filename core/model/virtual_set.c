#include "core/model/virtual_set.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

MFD_DEFINE_CLEANUP(struct mfd_head, mfd_head_free);

const struct mfd_virtual *mfd_virtual_ref(const struct mfd_virtual *v)
{
    if (v)
        atomic_fetch_add(&((struct mfd_virtual *)(size_t)v)->refs, 1);
    return v;
}

void mfd_virtual_unref(const struct mfd_virtual *v)
{
    if (!v || atomic_fetch_sub(&((struct mfd_virtual *)(size_t)v)->refs, 1) != 1)
        return;
    free((void *)(size_t)v->w_bio);
    free((void *)(size_t)v->w_tech);
    free((void *)(size_t)v->bio);
    free((void *)(size_t)v->tech);
    free((void *)(size_t)v->bias);
    free((void *)(size_t)v);
}

/* w (tracks, width): a row of weights a track. */
static int spread(const struct mfd_virtual *v, enum mfd_group g, size_t width, float *w)
{
    bool bio = g == MFD_BIOLOGICAL;
    const float *rows = bio ? v->w_bio : v->w_tech;
    const uint32_t *row = bio ? v->bio : v->tech;
    size_t n = bio ? v->n_bio : v->n_tech;
    size_t floats;
    MFD_AUTO_FREE float *expanded = NULL;
    if (bio ? v->bio_basis : v->tech_basis) {
        struct mfd_error err = MFD_ERROR_INIT;
        expanded = mfd_mul(n, width, &floats) ? mfd_aligned(floats, sizeof *expanded) : NULL;
        if (!expanded || mfd_embedding_expand(v->embedding, g, rows, n, expanded, &err))
            return MFD_ENOMEM; /* nothing else can happen */
        rows = expanded;
    }
    for (size_t i = 0; i < v->tracks; i++)
        memcpy(w + i * width, rows + row[i] * width, width * sizeof *w);
    return MFD_OK;
}

struct mfd_head *mfd_virtual_head(const struct mfd_virtual *v)
{
    MFD_CLEANUP(mfd_head_free_p)
    struct mfd_head *head =
        mfd_head_new(v->tracks, v->biological, v->technical, v->biological + v->technical);
    if (!head || spread(v, MFD_BIOLOGICAL, v->biological, head->w_bio) ||
        spread(v, MFD_TECHNICAL, v->technical, head->w_tech))
        return NULL;
    memcpy(head->bias, v->bias, v->tracks * sizeof *head->bias);
    return mfd_steal(head);
}

static void release(const void *owner)
{
    mfd_virtual_unref(owner);
}

struct mfd_head *mfd_virtual_shared_head(const struct mfd_virtual *v)
{
    struct mfd_head *head = mfd_calloc(1, sizeof *head);
    if (!head)
        return NULL;
    *head = (struct mfd_head){ .tracks = v->tracks,
                               .biological = v->biological,
                               .technical = v->technical,
                               .embed = v->biological + v->technical,
                               .w_bio = (float *)(size_t)v->w_bio,
                               .w_tech = (float *)(size_t)v->w_tech,
                               .bias = (float *)(size_t)v->bias,
                               .bio_rows = v->n_bio,
                               .tech_rows = v->n_tech,
                               .bio_row = v->bio,
                               .tech_row = v->tech,
                               .bio_basis = v->bio_basis,
                               .tech_basis = v->tech_basis,
                               .owner = mfd_virtual_ref(v),
                               .release = release };
    return head;
}
