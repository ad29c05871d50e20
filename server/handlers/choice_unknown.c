/* Names that a model does not know, and what they may have been meant to be. */
#include <stdio.h>
#include <string.h>

#include "core/base/buffer.h"
#include "proto/nearest.h"
#include "proto/text.h"
#include "server/handlers/choice_in.h"

#define FEW ((size_t)16) /* names that are listed where none is near */

static void add_all(struct mfd_problem *p, mfd_candidate_fn *candidate, const void *ctx, size_t n)
{
    size_t at = strlen(p->detail);
    for (size_t i = 0; i < n && n <= FEW && at < sizeof p->detail; i++)
        at += (size_t)snprintf(p->detail + at, sizeof p->detail - at, "%s%.100s",
                               i ? ", " : "; it has ", candidate(ctx, i));
    mfd_text_cut(p->detail);
}

/* Fill problem->extra with "closest": [...] and the detail with the nearest of them. */
int mfd_choice_unknown(struct mfd_problem *p, const char *slug, const struct mfd_at *at,
                       const char *kind, const char *word, mfd_candidate_fn *candidate,
                       const void *ctx, size_t n)
{
    const char *found[MFD_NEAREST];
    char pointer[sizeof p->pointer];
    size_t count = mfd_nearest(word, candidate, ctx, n, found);
    mfd_at_pointer(at, pointer, sizeof pointer);
    mfd_problem_set(p, slug, pointer, "the model has no %s \"%.100s\"%s%.100s%s", kind, word,
                    count ? "; did you mean \"" : "", count ? found[0] : "", count ? "\"?" : "");
    if (!count)
        add_all(p, candidate, ctx, n);
    struct mfd_buffer list = MFD_BUFFER_INIT;
    for (size_t i = 0; i < count; i++) {
        mfd_buffer_adds(&list, i ? "," : "\"closest\":[");
        mfd_text_json(&list, found[i], strlen(found[i]));
    }
    mfd_buffer_addc(&list, ']');
    if (count && !list.failed && list.len < sizeof p->extra)
        memcpy(p->extra, list.data, list.len + 1);
    mfd_buffer_deinit(&list);
    return -1;
}

const char *mfd_choice_track_name(const void *ctx, size_t i)
{
    return mfd_model_track_id(ctx, i);
}
