/* Tracks that nobody measured. */
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/virtual.h"
#include "server/handlers/choice_in.h"

MFD_DEFINE_CLEANUP(const struct mfd_virtual, mfd_virtual_unref);

void mfd_combinations_deinit(struct mfd_combinations *c)
{
    for (size_t i = 0; i < c->n; i++)
        mfd_combination_deinit(&c->at[i]);
    free(c->at);
}

int mfd_choice_code(struct mfd_combination *out, const struct mfd_model *model,
                    const struct mfd_virtual_track *track, const struct mfd_at *metadata,
                    const struct mfd_at *like_at, struct mfd_problem *problem)
{
    static const enum mfd_bias_policy policies[] = {
        [MFD_VIRTUAL_BIAS_NONE] = MFD_BIAS_NONE,
        [MFD_VIRTUAL_BIAS_MEAN] = MFD_BIAS_MEAN,
        [MFD_VIRTUAL_BIAS_MATCHED] = MFD_BIAS_MATCHED,
        [MFD_VIRTUAL_BIAS_NUMBER] = MFD_BIAS_NUMBER,
    };
    struct mfd_error err = MFD_ERROR_INIT;
    char column[MFD_MAX_NAME] = "", pointer[sizeof problem->pointer];
    size_t like = track->like ? mfd_model_find_track(model, track->like) : MFD_NONE;
    if (track->like && like == MFD_NONE)
        return mfd_choice_unknown(problem, "unknown-track", like_at, "track", track->like,
                                  mfd_choice_track_name, model, mfd_model_tracks(model));
    if (mfd_virtual_code(model, track->metadata, like, out, column, &err)) {
        struct mfd_at cell = MFD_AT_MEMBER(metadata, column);
        bool there = column[0] && json_object_get(track->metadata, column);
        mfd_at_pointer(there ? &cell : metadata, pointer, sizeof pointer);
        return mfd_problem_from_error(problem, &err, pointer);
    }
    out->bias_policy = policies[track->bias];
    out->bias = track->bias_number;
    return 0;
}

int mfd_choice_code_all(struct mfd_combinations *out, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem)
{
    struct mfd_at root = MFD_AT_ROOT, list = MFD_AT_MEMBER(&root, "virtual_tracks");
    out->at = mfd_calloc(body->n_virtual_tracks, sizeof *out->at);
    if (!out->at)
        return mfd_problem_set(problem, "internal", NULL, "out of memory");
    for (out->n = 0; out->n < body->n_virtual_tracks; out->n++) {
        struct mfd_at element = MFD_AT_INDEX(&list, out->n);
        struct mfd_at metadata = MFD_AT_MEMBER(&element, "metadata");
        struct mfd_at like = MFD_AT_MEMBER(&element, "like");
        if (mfd_choice_code(&out->at[out->n], model, &body->virtual_tracks[out->n], &metadata,
                            &like, problem))
            return -1;
    }
    return 0;
}

int mfd_choice_virtual(struct mfd_choice *choice, const struct mfd_model *model,
                       const struct mfd_body *body, struct mfd_problem *problem)
{
    MFD_CLEANUP(mfd_combinations_deinit) struct mfd_combinations all = { 0 };
    MFD_CLEANUP(mfd_virtual_unref_p) const struct mfd_virtual *weights = NULL;
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_model_config(model)->model_class == MFD_BASELINE)
        return mfd_problem_set(problem, "unsupported", "/virtual_tracks",
                               "this model has no metadata head, so it knows its own tracks only");
    if (mfd_choice_code_all(&all, model, body, problem))
        return -1;
    if (mfd_virtual_weights(model, all.at, all.n, &weights, NULL, &err))
        return mfd_problem_from_error(problem, &err, "/virtual_tracks");
    choice->head = mfd_virtual_shared_head(weights);
    choice->n = choice->stride = all.n;
    return choice->head ? 0 : mfd_problem_set(problem, "internal", NULL, "out of memory");
}
