/* Make a bundle (proto/bundle.md) of a checkpoint, its mapping file and its metadata table. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/model/config.h"

struct mfd_import_options {
    const char *checkpoint; /* path */
    const char *mapping;    /* path; may be NULL for AquaticDilated, which has no metadata head */
    const char *metadata;   /* path of the table */
    const char *tracks; /* path of a list of track ids, one a line; NULL: as in the checkpoint */
    const char *out;    /* path of the bundle, replaced atomically once it is whole */
    const char *tool;   /* name and version for the provenance */
};

struct mfd_import_report {
    struct mfd_config config;
    size_t tensors, skipped; /* of state_dict */
    size_t bytes;            /* of the bundle */
    char sha256[MFD_SHA256_HEX];
};

/* Recompute every var_vals and refuse a table, an order or a mapping that does not belong to the
 * checkpoint (MFD_EMISMATCH, naming the first column and track that differ); write the bundle; open
 * it as any reader would. Nothing is left behind on failure. `report` may be NULL. */
int mfd_import(const struct mfd_import_options *options, struct mfd_import_report *report,
               struct mfd_error *err) MFD_MUST_CHECK;
