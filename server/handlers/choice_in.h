/* What the files behind choice.h share. */
#pragma once

#include "proto/json.h"
#include "server/handlers/choice.h"

typedef const char *mfd_candidate_fn(const void *ctx, size_t i);

/* A name that the model does not know, with the closest of n candidates as a hint. Returns -1. */
int mfd_choice_unknown(struct mfd_problem *p, const char *slug, const struct mfd_at *at,
                       const char *kind, const char *word, mfd_candidate_fn *candidate,
                       const void *ctx, size_t n);
/* For mfd_choice_unknown: ctx is the model. */
mfd_candidate_fn mfd_choice_track_name;

/* Settings that a request names, coded; release with mfd_combinations_deinit. */
struct mfd_combinations {
    struct mfd_combination *at;
    size_t n;
};
void mfd_combinations_deinit(struct mfd_combinations *c);
/* Code the metadata of a virtual track (its id does not matter) that stands at a place. */
int mfd_choice_code(struct mfd_combination *out, const struct mfd_model *model,
                    const struct mfd_virtual_track *track, const struct mfd_at *metadata,
                    const struct mfd_at *like, struct mfd_problem *problem) MFD_MUST_CHECK;
/* The track whose columns stand in for those that a virtual track leaves out, or NULL: what it has
 * in those that are averaged over counts for nothing, so any will do for them. */
const char *mfd_choice_like(const struct mfd_model *model, const struct mfd_body *body,
                            const struct mfd_virtual_track *track);
/* All virtual tracks of a request. */
int mfd_choice_code_all(struct mfd_combinations *out, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;

/* Turn a choice of tracks into averages over body->over. */
int mfd_choice_marginal(struct mfd_choice *choice, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;
/* A contrast of body->a with body->b. */
int mfd_choice_contrast(struct mfd_choice *choice, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;

/* Fill head, n and stride from the request's virtual tracks. */
int mfd_choice_virtual(struct mfd_choice *choice, const struct mfd_model *model,
                       const struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;
