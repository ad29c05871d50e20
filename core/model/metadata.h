/* What a model knows about its tracks: their metadata cells, and the vocabulary of every column
 * that enters the head. Immutable once made; any thread may read it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/config.h"
#include "core/model/mapping.h"
#include "core/model/table.h"
#include "core/tensor/tensor.h"

struct mfd_metadata;

#define MFD_NONE ((size_t)-1)

/* Features of a group's subspace. */
static inline size_t mfd_group_width(const struct mfd_config *config, enum mfd_group group)
{
    return group == MFD_BIOLOGICAL ? config->biological : config->technical;
}

/* A column in one of the two groups. */
struct mfd_field_role {
    bool direct, interact;
    size_t width;          /* m: numbers it contributes, in either role */
    size_t direct_start;   /* its first feature, counted within the group's subspace */
    size_t interact_start; /* its first input of the interaction network */
};

/* A metadata column that enters the head. */
struct mfd_field {
    const char *name;
    enum mfd_column_type type;
    enum mfd_intermediate intermediate;
    size_t column;   /* index among mfd_metadata_column() */
    size_t inputs;   /* columns of var_vals: number of labels, or 1 */
    size_t n_labels; /* 0 for numbers */
    const char *const
        *labels; /* in the order of var_vals; unseen ones only where the mapping lists them */
    const uint32_t *by_name; /* (n_labels), indices in order of code points */
    const size_t *counts;    /* tracks that carry each label */
    double mean, sd;         /* numbers are standardised with these */
    double min, max;         /* smallest and largest number among the tracks */
    struct mfd_field_role role[MFD_GROUPS];
};

/* What feature j (technical ones first) stands for. */
struct mfd_feature {
    enum mfd_group group;
    size_t index; /* within the group's subspace */
    const struct mfd_field
        *field;   /* the direct column it belongs to; NULL: the interaction's output */
    size_t label; /* the label it stands for, or MFD_NONE: a number's column, or mixed */
};

/* Take the rows named by `ids` (track order) out of a table and code them as the mapping says.
 * `mapping` may be NULL (a baseline): then there are no fields. Everything is copied. A track
 * without a row or with two, a column that the table lacks, a number that is missing or not one, a
 * column of equal numbers, a label outside the mapping's list are errors that name column and
 * track. */
int mfd_metadata_prepare(struct mfd_metadata **out, const struct mfd_table *table,
                         const struct mfd_mapping *mapping, const char *const *ids, size_t n,
                         struct mfd_error *err) MFD_MUST_CHECK;

/* Where a checkpoint's tensors are found: mfd_safetensors_find, or any other collection. NULL where
 * there is no such tensor. */
typedef const struct mfd_tensor *(*mfd_tensor_find_fn)(const void *source, const char *name);

/* Compare every var_vals of both groups with what these metadata give. MFD_EMISMATCH names the
 * first column, track and label that differ; MFD_EFORMAT a tensor that is missing or misshapen. */
int mfd_metadata_check(const struct mfd_metadata *md, mfd_tensor_find_fn find, const void *source,
                       struct mfd_error *err) MFD_MUST_CHECK;

/* Parse a table, prepare and check it under each of the rules of mfd_table_rules in turn until one
 * agrees with the checkpoint; where none does, the error is that of the published rules. `rules`
 * (may be NULL) receives those that agreed. Where the mapping is NULL nothing is compared. */
int mfd_metadata_fit(struct mfd_metadata **out, const char *tsv, size_t n_bytes,
                     const struct mfd_mapping *mapping, const char *const *ids, size_t n,
                     mfd_tensor_find_fn find, const void *source, struct mfd_table_rules *rules,
                     struct mfd_error *err) MFD_MUST_CHECK;

/* The bundle's "tracks" and "fields": new references, NULL on lack of memory.
 *   tracks: {"ids": [...], "columns": [{"name": ..., "cells": [a text a track]}, ...]}
 *   fields: [{"name", "labels": [...]} | {"name", "mean", "sd"}, ...] in mapping order; a column of
 * the table that holds numbers has "numeric": true */
json_t *mfd_metadata_tracks_json(const struct mfd_metadata *md);
json_t *mfd_metadata_fields_json(const struct mfd_metadata *md);
/* And back; `mapping` and `fields` may be NULL together. All counts and labels are checked. */
int mfd_metadata_from_json(struct mfd_metadata **out, const json_t *mapping, const json_t *tracks,
                           const json_t *fields, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_metadata_free(struct mfd_metadata *md);

/* Tracks, in training order; borrowed for the metadata's life. Find returns MFD_NONE for none. */
size_t mfd_metadata_tracks(const struct mfd_metadata *md);
const char *mfd_metadata_id(const struct mfd_metadata *md, size_t track);
size_t mfd_metadata_find(const struct mfd_metadata *md, const char *id);
/* All columns of the table, in its order; a cell is its text as pandas prints it ("nan": missing).
 */
size_t mfd_metadata_columns(const struct mfd_metadata *md);
const char *mfd_metadata_column(const struct mfd_metadata *md, size_t column);
size_t mfd_metadata_find_column(const struct mfd_metadata *md, const char *name);
const char *mfd_metadata_cell(const struct mfd_metadata *md, size_t track, size_t column);
const struct mfd_mapping *mfd_metadata_mapping(const struct mfd_metadata *md); /* NULL: none */

/* The columns that enter the head, in mapping order; borrowed. */
size_t mfd_fields_count(const struct mfd_metadata *md);
const struct mfd_field *mfd_fields_at(const struct mfd_metadata *md, size_t field);
size_t mfd_fields_find(const struct mfd_metadata *md, const char *name); /* MFD_NONE: none */
/* A label's index within a field. Exact first; else, where both are numbers, by value, so that 2016
 * finds "2016.0". MFD_NONE where there is none. */
size_t mfd_fields_label(const struct mfd_field *field, const char *label, size_t n);
/* The labels of a track in a labelled field, as indices in rising order; *n receives how many. */
const uint32_t *mfd_fields_labels_of(const struct mfd_metadata *md, size_t field, size_t track,
                                     size_t *n);
/* The number of a track in a field of numbers, not standardised. */
double mfd_fields_number_of(const struct mfd_metadata *md, size_t field, size_t track);
/* One track's inputs (inputs), and all tracks' (tracks, inputs): what the public code calls
 * var_vals. */
void mfd_fields_row(const struct mfd_metadata *md, size_t field, size_t track, float *out);
void mfd_fields_values(const struct mfd_metadata *md, size_t field, float *out);
/* What latent feature `feature` < config->embed stands for; false for a baseline or out of range.
 */
bool mfd_fields_feature(const struct mfd_metadata *md, const struct mfd_config *config,
                        size_t feature, struct mfd_feature *out);
