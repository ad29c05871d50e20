/* The mapping of a model: how each metadata column enters the head. Written by people as YAML (read
 * by core/checkpoint/mapping.h), kept in bundles as JSON of the same shape:
 *
 *     {"proc_target": {"type": "category", "intermediate": "rescale_indep"}, ...,
 *      "biological_features": {"direct": {"variables": ["proc_target"]},
 *                              "interact": {"variables": [...], "out_dim": 256}},
 *      "technical_features": {...}}
 *
 * Source: shared design "The model", section 4, and the public code's configuration files. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

enum mfd_group { MFD_BIOLOGICAL, MFD_TECHNICAL, MFD_GROUPS };

enum mfd_column_type {
    MFD_CATEGORY,  /* comma-separated labels, multi-hot over all labels */
    MFD_FLOAT,     /* one number, standardised */
    MFD_INT,       /* the same */
    MFD_DATE_YEAR, /* the year of a date, then as a category */
};

enum mfd_intermediate {
    MFD_UNCHANGED,     /* null */
    MFD_EMBED,         /* linear, ReLU, linear, ReLU, linear: in -> 2m -> 2m -> m */
    MFD_LINEAR,        /* in -> m */
    MFD_RESCALE,       /* one factor */
    MFD_RESCALE_INDEP, /* a factor a label */
};

#define MFD_MAX_COLUMNS 1024 /* columns of a table or a mapping */
#define MFD_MAX_LABELS 65536 /* labels of a column */
#define MFD_MAX_NAME 128     /* bytes of a column's name */

struct mfd_mapping_column {
    char *name;
    enum mfd_column_type type;
    enum mfd_intermediate intermediate;
    size_t intermediate_dim; /* m, or 0 where the mapping leaves it to the input's width */
    bool has_mean, has_std;  /* given, instead of taken over the tracks */
    double mean, std;
    char **labels; /* the labels and their order, or NULL: sorted by code point */
    size_t n_labels;
};

/* Indices into `columns`, in the order of the lists. */
struct mfd_mapping_group {
    size_t *direct, n_direct;
    size_t *interact, n_interact;
    size_t out_dim;
};

struct mfd_mapping {
    struct mfd_mapping_column *columns; /* in the order of the file; some may serve no group */
    size_t n;
    struct mfd_mapping_group group[MFD_GROUPS];
};

/* Check and take over a mapping. Strict: an unknown key, a wrong type, a column listed twice or
 * nowhere defined, a number out of range are MFD_EFORMAT and the message says where. */
int mfd_mapping_from_json(struct mfd_mapping **out, const json_t *json,
                          struct mfd_error *err) MFD_MUST_CHECK;
/* A new reference, from_json's inverse; NULL on lack of memory. */
json_t *mfd_mapping_to_json(const struct mfd_mapping *mapping);
void mfd_mapping_free(struct mfd_mapping *mapping);

/* Index of a column, or (size_t)-1. */
size_t mfd_mapping_find(const struct mfd_mapping *mapping, const char *name);

/* "biological", "technical"; "category", "float", "int", "date.year"; "embed" ... ("null" for
 * none). */
const char *mfd_group_name(enum mfd_group group);
const char *mfd_column_type_name(enum mfd_column_type type);
const char *mfd_intermediate_name(enum mfd_intermediate intermediate);

/* Whether a type is a list of labels (else a number). */
static inline bool mfd_type_has_labels(enum mfd_column_type type)
{
    return type == MFD_CATEGORY || type == MFD_DATE_YEAR;
}
