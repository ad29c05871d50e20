/* A registered model as the API shows it. */
#pragma once

#include <jansson.h>

#include "server/registry.h"

/* Name, version, digest, state and the card; takes over the reference on `card` (may be NULL). */
json_t *mfd_model_json(const struct mfd_model_info *info, json_t *card);
