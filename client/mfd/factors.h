/* How the labels of metadata columns move with the effects of a variant. */
#pragma once

#include "client/mfd/compute.h"

/* A label of a metadata column: the tracks that bear it, and how far their mean effect stands from
 * that of all tracks, in standard errors. Strings are borrowed from the fields and from `labels`.
 */
struct factor {
    const char *column, *label, *group; /* "biological", "technical" or "both" */
    size_t tracks;
    double mean[PARTS], lift, z;
};

/* Zeroed but for what is borrowed. */
struct factors {
    json_t *ids;                 /* of the tracks; borrowed */
    json_t *metadata;            /* of tracks by id; borrowed */
    const double *effect[PARTS]; /* (tracks) each; borrowed */
    size_t tracks;
    json_t *labels;    /* owned: strings */
    struct factor *at; /* owned, the farthest first */
    size_t n;
};

/* From the model's columns (as GET fields answers; borrowed for the life of `f`): labels that at
 * least two tracks bear and not all. Those of a biological column are measured on the biological
 * part, those of a technical one on the technical part: that is what the model lets them move. */
int factors_find(struct factors *f, json_t *fields, struct mfd_error *err) MFD_MUST_CHECK;
void factors_deinit(struct factors *f);

double factors_mean(const double *x, size_t n);
