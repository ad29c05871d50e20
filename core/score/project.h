/* From features to logits. Private to core/score. */
#pragma once

#include "core/model/head.h"
#include "core/engine/engine.h"

/* bio, tech (rows, tracks): the parts of the logits of features (rows, embed), each row and track
 * by itself; for the baseline all is in `bio`. */
int mfd_project(struct mfd_engine *engine, const struct mfd_head *head, const float *features,
                size_t rows, float *bio, float *tech, struct mfd_error *err) MFD_MUST_CHECK;

/* logits (rows, tracks) = bio + tech + bias; may be one of the two. */
void mfd_project_sum(const struct mfd_head *head, size_t rows, const float *bio, const float *tech,
                     float *logits);
