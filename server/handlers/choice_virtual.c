/* Tracks that nobody measured. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/virtual.h"
#include "proto/text.h"
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
        return mfd_problem_nomem(problem);
    for (out->n = 0; out->n < body->n_virtual_tracks; out->n++) {
        struct mfd_at element = MFD_AT_INDEX(&list, out->n);
        struct mfd_at metadata = MFD_AT_MEMBER(&element, "metadata");
        struct mfd_at like = MFD_AT_MEMBER(&element, "like");
        struct mfd_virtual_track track = body->virtual_tracks[out->n];
        track.like = mfd_choice_like(model, body, &track);
        if (mfd_choice_code(&out->at[out->n], model, &track, &metadata, &like, problem))
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
    return choice->head ? 0 : mfd_problem_nomem(problem);
}

static void add_bias(const char *id, const struct mfd_virtual_track *track, float value, bool first,
                     struct mfd_buffer *out)
{
    static const char *const policies[] = {
        [MFD_VIRTUAL_BIAS_NONE] = "\"none\"",
        [MFD_VIRTUAL_BIAS_MEAN] = "\"mean\"",
        [MFD_VIRTUAL_BIAS_MATCHED] = "\"matched\"",
    };
    mfd_buffer_adds(out, first ? ",\"virtual_tracks\":[{\"id\":" : ",{\"id\":");
    mfd_text_json(out, id, strlen(id));
    mfd_buffer_adds(out, ",\"bias\":");
    if (track->bias == MFD_VIRTUAL_BIAS_NUMBER)
        mfd_buffer_addf(out, "%.17g", track->bias_number);
    else
        mfd_buffer_adds(out, policies[track->bias]);
    mfd_buffer_adds(out, ",\"value\":");
    mfd_text_f32s(out, &value, 1);
    mfd_buffer_addc(out, '}');
}

void mfd_choice_biases(const struct mfd_choice *choice, const struct mfd_body *body,
                       struct mfd_buffer *out)
{
    static const struct mfd_virtual_track mean = { .bias = MFD_VIRTUAL_BIAS_MEAN };
    const struct mfd_head *head = choice->marginal ? choice->marginal->mean : choice->head;
    size_t n = choice->contrast ? 2 : body->n_virtual_tracks;
    for (size_t i = 0; i < n; i++)
        if (choice->contrast)
            add_bias(i ? "b" : "a", &mean, choice->contrast->all->bias[i], i == 0, out);
        else
            add_bias(body->virtual_tracks[i].id, &body->virtual_tracks[i], head->bias[i], i == 0,
                     out);
    if (n)
        mfd_buffer_addc(out, ']');
}
