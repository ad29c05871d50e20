/* What a model's weights say: the tracks and factors behind a feature, the features of a factor,
 * the columns behind a track, and the tracks nearest by biology or by technique.
 *
 * A *factor* is a label of a column, or a column of numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/model/model.h"
#include "core/model/resolve.h"

#define MFD_PANEL 64      /* tracks, evenly spaced, that effects are averaged over */
#define MFD_SHAPLEY_MAX 8 /* columns of a group up to which all subsets are taken */
#define MFD_MAX_EFFECTS ((size_t)64 << 20) /* factors times features: 256 MiB */

enum mfd_effect_method {
    MFD_EFFECT_EXACT,      /* the weight is a function of this column alone */
    MFD_EFFECT_DIFFERENCE, /* finite difference, averaged over background tracks */
    MFD_EFFECT_SHAPLEY,    /* over all subsets of the group's columns */
};
const char *mfd_effect_method_name(enum mfd_effect_method m); /* "exact", "difference", "shapley" */

struct mfd_factor {
    const struct mfd_field *field;
    size_t field_index;
    size_t label; /* MFD_NONE: a number */
};

/* Made once a model; immutable; any thread. */
struct mfd_introspection {
    const struct mfd_model *model; /* a reference is held */
    size_t n_factors, embed;
    struct mfd_factor *factor; /* fields in order, their labels in order */
    size_t *first;             /* (fields), the field's first factor */
    /* (n_factors, embed), technical features first; 0 where the column has no part in the feature.
     * Of a label: the mean weight of background tracks given this label, and no other of its
     * column, minus the mean of all trained tracks (a direct column's feature) or of the
     * background (an interaction's). Of a number: the mean change when it grows by one standard
     * deviation. */
    float *effect;
    size_t background;
};

/* Compute the effects of every factor on every feature's weight. Costs MFD_PANEL passes of the
 * embedding networks a factor. MFD_EUNSUPPORTED for a baseline. */
int mfd_introspection_new(struct mfd_introspection **out, struct mfd_model *model,
                          struct mfd_error *err) MFD_MUST_CHECK;
void mfd_introspection_free(struct mfd_introspection *in);

/* How the effect of a field on a feature was found. */
enum mfd_effect_method mfd_introspection_method(const struct mfd_introspection *in,
                                                size_t field_index, size_t feature);

struct mfd_ranked {
    size_t index; /* a track, a factor or a feature */
    double value; /* its weight or effect; ranked by magnitude, the earlier first where equal */
};

/* The tracks that weigh most on feature j (technical ones first), by the weights that metadata
 * give; `ranked` has room for n; returns how many were filled. */
size_t mfd_feature_tracks(const struct mfd_model *model, size_t feature, struct mfd_ranked *ranked,
                          size_t n);
/* The factors that move feature j's weight most. */
size_t mfd_feature_factors(const struct mfd_introspection *in, size_t feature,
                           struct mfd_ranked *ranked, size_t n);
/* The features that a factor moves most. */
size_t mfd_factor_features(const struct mfd_introspection *in, size_t factor,
                           struct mfd_ranked *ranked, size_t n);

/* What a column adds to a track's weights of one group. */
struct mfd_column_part {
    size_t field_index;
    enum mfd_group group;
    enum mfd_effect_method method; /* SHAPLEY; or DIFFERENCE where the group has too many columns */
    double norm;                   /* Euclidean, of its contribution to the weights */
    double share; /* contribution . d / (d . d), d = the track's weights minus the background's
                     mean; under SHAPLEY the shares of a group add up to 1 */
};

struct mfd_decomposition {
    size_t n;
    struct mfd_column_part *part; /* biological columns, then technical ones, in field order */
    double distance[MFD_GROUPS];  /* |d| of either group */
    size_t background;            /* tracks that it compares with */
};

/* Explain a track's weights by its columns, against the background tracks. */
int mfd_track_decompose(const struct mfd_model *model, size_t track, struct mfd_decomposition **out,
                        struct mfd_error *err) MFD_MUST_CHECK;
void mfd_decomposition_free(struct mfd_decomposition *d);

/* Two tracks side by side, in the weights that metadata give. */
struct mfd_similarity {
    size_t track;
    double cosine[MFD_GROUPS];   /* 1 the same direction; 0 where a vector is 0 */
    double distance[MFD_GROUPS]; /* Euclidean */
    bool held_out;
};
void mfd_tracks_compare(const struct mfd_model *model, size_t track, size_t other,
                        struct mfd_similarity *out);
/* The tracks most like `track` by one group, by cosine or by distance; ties by index. */
size_t mfd_tracks_nearest(const struct mfd_model *model, size_t track, enum mfd_group by,
                          bool cosine, struct mfd_similarity *out, size_t n);
