/* Is a combination of metadata supported by what the model was trained on? Counts of its values
 * among the trained tracks, the tracks nearest in weight space, and a plain verdict. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/model/model.h"
#include "core/model/virtual.h"

#define MFD_MAX_RESOLVED 1024 /* labels of one combination */

enum mfd_verdict {
    MFD_MEASURED,     /* a trained track has this very combination */
    MFD_INTERPOLATED, /* each value occurs among the trained tracks, the whole does not */
    MFD_UNSEEN,       /* a label that no trained track has, or a number beyond all of theirs */
};
const char *mfd_verdict_name(enum mfd_verdict verdict); /* "measured", "interpolated", "unseen" */

/* One label of the combination. */
struct mfd_label_count {
    const struct mfd_field *field;
    size_t label;
    size_t tracks; /* trained tracks that carry it, maybe beside others */
};

/* One field of the combination: its whole value, be it several labels or a number. */
struct mfd_value_count {
    const struct mfd_field *field;
    size_t tracks; /* trained tracks with exactly this value */
    double number; /* in the table's units; 0 for labels */
    bool in_range; /* a number within the trained tracks' smallest and largest; true for labels */
};

/* Two labels of different fields. */
struct mfd_pair_count {
    size_t first, second; /* into `labels` */
    size_t tracks;        /* trained tracks that carry both */
};

struct mfd_neighbour {
    size_t track;
    double distance;              /* Euclidean, over all weights */
    double biological, technical; /* the same over one subspace */
    bool held_out;
};

struct mfd_resolution {
    enum mfd_verdict verdict;
    char reason[400]; /* a sentence */
    size_t trained;   /* tracks that counts refer to: those not held out */
    size_t exact;     /* of them, those with this very combination */
    size_t exact_held_out;
    size_t same_biological, same_technical; /* of them, those that share one half */
    size_t n_labels, n_values, n_pairs, n_neighbours;
    struct mfd_label_count *labels;
    struct mfd_value_count *values; /* a field, in mfd_fields order */
    struct mfd_pair_count *pairs;
    struct mfd_neighbour *neighbours; /* nearest first */
};

/* Count and compare; `nearest` is how many neighbours to name. Any thread. */
int mfd_resolve(const struct mfd_model *model, const struct mfd_combination *combination,
                size_t nearest, struct mfd_resolution **out, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_resolution_free(struct mfd_resolution *r);
