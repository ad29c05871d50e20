/* What stands in for the columns that a virtual track leaves out. */
#include <string.h>

#include "core/model/model.h"
#include "server/handlers/choice_in.h"

/* Does a virtual track leave out columns, and only such as are averaged over? What it has there
 * counts for nothing then, unless its bias is that of the tracks that are like it. */
static bool leaves_out_averaged(const struct mfd_model *model, const struct mfd_body *body,
                                const struct mfd_virtual_track *track)
{
    const struct mfd_metadata *md = mfd_model_metadata(model);
    bool any = false;
    for (size_t i = 0; i < mfd_fields_count(md); i++) {
        const char *name = mfd_fields_at(md, i)->name;
        size_t k = 0;
        if (json_object_get(track->metadata, name))
            continue;
        while (k < body->n_over && strcmp(body->over[k], name) != 0)
            k++;
        if (k == body->n_over)
            return false;
        any = true;
    }
    return any && !track->like && track->bias != MFD_VIRTUAL_BIAS_MATCHED;
}

const char *mfd_choice_like(const struct mfd_model *model, const struct mfd_body *body,
                            const struct mfd_virtual_track *track)
{
    return leaves_out_averaged(model, body, track) ? mfd_model_track_id(model, 0) : track->like;
}
