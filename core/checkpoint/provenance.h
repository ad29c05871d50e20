/* Where a bundle came from: the "provenance" of proto/bundle.md. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/model/table.h"

/* What a bundle was made of: paths (NULL: there was none), and name and version of the maker. */
struct mfd_sources {
    const char *checkpoint, *mapping, *metadata, *tracks, *tool;
};

/* Digests the files. `config` holds the hyper-parameters that need not be repeated. *out is a new
 * reference. */
int mfd_provenance_json(const struct mfd_sources *sources, const struct mfd_checkpoint *ck,
                        const json_t *config, const struct mfd_table_rules *rules, json_t *skipped,
                        json_t **out, struct mfd_error *err) MFD_MUST_CHECK;
