/* Where a bundle came from: the "provenance" of proto/bundle.md. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/import.h"
#include "core/model/table.h"

/* Digests the files named in `options` (the mapping only where it was used). `config` holds the
 * hyper-parameters that need not be repeated. *out is a new reference. */
int mfd_provenance_json(const struct mfd_import_options *options, const struct mfd_checkpoint *ck,
                        const json_t *config, bool mapping, const struct mfd_table_rules *rules,
                        json_t *skipped, json_t **out, struct mfd_error *err) MFD_MUST_CHECK;
