#include "core/model/head.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

MFD_DEFINE_CLEANUP(struct mfd_head, mfd_head_free);

void mfd_head_free(struct mfd_head *head)
{
    if (!head)
        return;
    if (head->owner) {
        head->release(head->owner);
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
