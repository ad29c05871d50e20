/* The inside of struct mfd_metadata, shared by metadata*.c and fields*.c. */
#pragma once

#include "core/model/arena.h"
#include "core/model/metadata.h"

/* The tracks' values in one field. */
struct mfd_coded {
    uint32_t *start;  /* (tracks + 1), into `labels`; NULL for numbers */
    uint32_t *labels; /* indices in rising order, a track after the other */
    double *numbers;  /* (tracks); NULL for labels */
};

struct mfd_metadata {
    struct mfd_arena arena;
    size_t tracks, columns;
    const char **ids;   /* (tracks) */
    size_t *by_id;      /* (tracks), in order of their ids */
    const char **names; /* (columns) */
    bool *numeric;      /* (columns), whether the table's column was one of numbers */
    const char **cells; /* (columns, tracks) */
    struct mfd_mapping *mapping;
    size_t n_fields;
    struct mfd_field *fields;
    struct mfd_coded *coded; /* beside each field */
};

/* What is known of a field beforehand (from a bundle); nothing where all is zero. */
struct mfd_vocabulary {
    const char *const *labels;
    size_t n_labels;
    bool has_scale;
    double mean, sd;
};

/* An empty one of this size; its strings are the caller's to set. NULL on lack of memory. */
struct mfd_metadata *mfd_metadata_new(size_t tracks, size_t columns);
/* Sort ids for look-up and refuse twins. */
int mfd_metadata_index(struct mfd_metadata *md, struct mfd_error *err) MFD_MUST_CHECK;
/* Index of a label within a field as it stands there, or MFD_NONE. */
size_t mfd_fields_same_label(const struct mfd_field *field, const char *label, size_t n);
/* Copy the mapping's columns that serve a group into fields, with their roles yet unset. */
int mfd_fields_create(struct mfd_metadata *md, struct mfd_error *err) MFD_MUST_CHECK;
/* Code the cells of a field: find labels and scale, or take those given. */
int mfd_fields_code(struct mfd_metadata *md, size_t field, const struct mfd_vocabulary *given,
                    struct mfd_error *err) MFD_MUST_CHECK;
/* Places of all fields in both groups, once their inputs are known. */
void mfd_fields_place(struct mfd_metadata *md);
