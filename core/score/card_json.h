/* The disentanglement card as JSON, and as a bundle keeps it (proto/bundle.md, key "card"). */
#pragma once

#include <jansson.h>

#include "core/model/model.h"
#include "core/score/card.h"

#define MFD_MAX_CARD_BYTES ((size_t)16 << 20) /* of a card's text in a bundle */

/* A new reference, NULL on lack of memory; numbers that are none (NaN) are null. `source`: what the
 * windows were, for people. */
json_t *mfd_card_json(const struct mfd_card *card, const struct mfd_model *model,
                      const char *source);

/* Write the bundle of `model` to `path` with this card, which then names no digest: the bundle's is
 * known once it is written. */
int mfd_card_write(const struct mfd_card *card, const struct mfd_model *model, const char *source,
                   const char *path, struct mfd_error *err) MFD_MUST_CHECK;

/* The card that a model's bundle keeps, a new reference. A bundle is anybody's file: what is not a
 * card of this model, member for member, is MFD_EFORMAT; where there is none, MFD_ENOTFOUND. */
int mfd_card_stored(const struct mfd_model *model, json_t **out,
                    struct mfd_error *err) MFD_MUST_CHECK;
