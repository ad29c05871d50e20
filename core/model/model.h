/* A trained model: a mapped bundle, its network, its metadata and its folded head. Immutable and
 * reference counted; any thread may read it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/model/config.h"
#include "core/model/head.h"
#include "core/model/metadata.h"
#include "core/model/trunk.h"
#include "core/tensor/safetensors.h"

struct mfd_model;

/* Open a bundle (proto/bundle.md), check its digest and every tensor, fold the metadata into output
 * weights. */
int mfd_model_open(struct mfd_model **out, const char *path, struct mfd_error *err) MFD_MUST_CHECK;
struct mfd_model *mfd_model_ref(struct mfd_model *model);
void mfd_model_unref(struct mfd_model *model);

/* All borrowed for the model's life. */
const struct mfd_config *mfd_model_config(const struct mfd_model *model);
const struct mfd_trunk *mfd_model_trunk(const struct mfd_model *model);
const struct mfd_head *mfd_model_head(const struct mfd_model *model); /* all tracks */
/* The same without what learn_signal_to_noise learned for each track: the weights that metadata
 * alone give, to be compared with those of virtual tracks. The same pointer where there is no such
 * thing. */
const struct mfd_head *mfd_model_bare_head(const struct mfd_model *model);
const struct mfd_safetensors *mfd_model_weights(const struct mfd_model *model);
const char *mfd_model_digest(const struct mfd_model *model); /* sha256 of the bundle, 64 hex */

/* Tracks, in training order. Columns are those of the metadata table as prepared (dots are
 * underscores); a cell is its text. Find returns the index or (size_t)-1. */
size_t mfd_model_tracks(const struct mfd_model *model);
const char *mfd_model_track_id(const struct mfd_model *model, size_t track);
size_t mfd_model_find_track(const struct mfd_model *model, const char *id);
size_t mfd_model_columns(const struct mfd_model *model);
const char *mfd_model_column(const struct mfd_model *model, size_t column);
const char *mfd_model_cell(const struct mfd_model *model, size_t track, size_t column);

/* The columns' vocabularies and roles (mfd_fields_*), and the mapping behind them. */
const struct mfd_metadata *mfd_model_metadata(const struct mfd_model *model);
/* Whether a track was left out of the loss (hyper-parameter ignore_classes): its bias was never
 * trained, and what the model says of it, it says from its metadata alone. */
bool mfd_model_held_out(const struct mfd_model *model, size_t track);
size_t mfd_model_held_out_count(const struct mfd_model *model);
/* The bundle's config and provenance as they stand there: text of a JSON object ("{}" where
 * absent). */
const char *mfd_model_config_text(const struct mfd_model *model);
const char *mfd_model_provenance_text(const struct mfd_model *model);
