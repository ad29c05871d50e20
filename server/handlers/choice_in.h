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

/* Fill head, n and stride from the request's virtual tracks. */
int mfd_choice_virtual(struct mfd_choice *choice, const struct mfd_model *model,
                       const struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;
