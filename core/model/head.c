#include "core/model/head.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/virtual.h"

MFD_DEFINE_CLEANUP(struct mfd_head, mfd_head_free);

void mfd_head_free(struct mfd_head *head)
{
    if (!head)
        return;
    if (head->owner) {
        mfd_virtual_unref(head->owner);
        free(head);
        return;
    }
    free(head->w_bio);
    free(head->w_tech);
    free(head->w_all);
    free(head->bias);
    free(head);
}

/* rows * width floats; a width of 0 leaves the pointer NULL. */
static bool allocate(float **out, size_t rows, size_t width)
{
    size_t n;
    if (width == 0)
        return true;
    if (!mfd_mul(rows, width, &n))
        return false;
    *out = mfd_aligned(n, sizeof **out);
    return *out != NULL;
}

struct mfd_head *mfd_head_new(size_t tracks, size_t biological, size_t technical, size_t embed)
{
    MFD_CLEANUP(mfd_head_free_p) struct mfd_head *head = mfd_calloc(1, sizeof *head);
    bool baseline = biological == 0 && technical == 0;
    if (!head)
        return NULL;
    *head = (struct mfd_head){ .tracks = tracks,
                               .biological = biological,
                               .technical = technical,
                               .embed = embed,
                               .bio_rows = tracks,
                               .tech_rows = tracks };
    if (!allocate(&head->w_bio, tracks, biological) ||
        !allocate(&head->w_tech, tracks, technical) ||
        !allocate(&head->w_all, tracks, baseline ? embed : 0) || !allocate(&head->bias, tracks, 1))
        return NULL;
    return mfd_steal(head);
}

struct mfd_head *mfd_head_subset(const struct mfd_head *head, const size_t *index, size_t n)
{
    struct mfd_head *out = mfd_head_new(n, head->biological, head->technical, head->embed);
    if (!out)
        return NULL;
    const struct {
        const float *from;
        const uint32_t *row;
        float *to;
        size_t width;
    } parts[] = {
        { head->w_bio, head->bio_row, out->w_bio, head->biological },
        { head->w_tech, head->tech_row, out->w_tech, head->technical },
        { head->w_all, NULL, out->w_all, head->w_all ? head->embed : 0 },
        { head->bias, NULL, out->bias, 1 },
    };
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
        for (size_t i = 0; parts[p].width && i < n; i++) {
            size_t row = parts[p].row ? parts[p].row[index[i]] : index[i];
            memcpy(parts[p].to + i * parts[p].width, parts[p].from + row * parts[p].width,
                   parts[p].width * sizeof(float));
        }
    return out;
}
