/* What a request says, once it is read. Strings are borrowed from the document that the body keeps.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/problem.h"

enum mfd_input { MFD_INPUT_SEQUENCES, MFD_INPUT_INTERVALS, MFD_INPUT_VARIANTS };

/* Sets of parts; the order is that of the answer. */
enum { MFD_PART_TOTAL = 1, MFD_PART_BIOLOGICAL = 2, MFD_PART_TECHNICAL = 4 };
enum {
    MFD_SCORE_EFFECT = 1,
    MFD_SCORE_REFERENCE = 2,
    MFD_SCORE_ALTERNATIVE = 4,
    MFD_SCORE_SWAP = 8,
    MFD_SCORE_SAR = 16,
    MFD_SCORE_QUANTILE = 32,
    MFD_SCORE_DIFFERENCE = 64,
    MFD_SCORE_MAX_ABS = 128,
    MFD_SCORE_L2 = 256,
    MFD_SCORE_SHARE = 512,
    MFD_SCORE_AGREEMENT = 1024,
    MFD_SCORE_TOP = 2048,
};
#define MFD_SCORES 12
#define MFD_TOP_MOST 1000 /* tracks that `top` may ask for */
#define MFD_TOP_DEFAULT 10
enum { MFD_SCAN_EFFECT = 1, MFD_SCAN_CENTRED = 2 };
enum { MFD_SUBSPACE_BIOLOGICAL = 1, MFD_SUBSPACE_TECHNICAL = 2 };

enum mfd_scale { MFD_SCALE_UNSAID, MFD_SCALE_LOGIT, MFD_SCALE_PROBABILITY };
enum mfd_distribution {
    MFD_DISTRIBUTION_TRAINING,
    MFD_DISTRIBUTION_UNIFORM,
    MFD_DISTRIBUTION_GIVEN
};
enum mfd_hold { MFD_HOLD_NOTHING, MFD_HOLD_TECHNICAL, MFD_HOLD_BIOLOGICAL };
enum mfd_aggregate { MFD_AGGREGATE_NONE, MFD_AGGREGATE_MEAN, MFD_AGGREGATE_MAX };
enum mfd_virtual_bias {
    MFD_VIRTUAL_BIAS_NONE,
    MFD_VIRTUAL_BIAS_MEAN,
    MFD_VIRTUAL_BIAS_MATCHED,
    MFD_VIRTUAL_BIAS_NUMBER,
};

/* A metadata column and the labels that will do. */
struct mfd_condition {
    const char *column;
    const char *const *labels;
    size_t n;
};

/* Which tracks; nothing given is all of them. */
struct mfd_selection {
    bool given;             /* anything was said */
    const char *const *ids; /* NULL: not by identifier */
    size_t n_ids;
    const struct mfd_condition *where;
    size_t n_where;
    enum mfd_aggregate aggregate;
};

/* An experiment that nobody ran. */
struct mfd_virtual_track {
    const char *id;
    const json_t *metadata; /* column: text, number, array of texts, or null for a missing value */
    const char *like;       /* the track whose columns stand in for those left out; NULL: none */
    enum mfd_virtual_bias bias;
    double bias_number; /* logit, where bias is MFD_VIRTUAL_BIAS_NUMBER */
};

/* A setting to average over. */
struct mfd_given_setting {
    const json_t *values; /* of the columns averaged over, as mfd_virtual_track.metadata */
    double weight;        /* beside the others'; 0 or more */
};

/* One input. Which members count depends on the kind of input. */
struct mfd_item {
    const char *id;     /* NULL: none given */
    const char *text;   /* a sequence, or an interval or variant in one string; else NULL */
    size_t n;           /* bytes of text */
    const char *chrom;  /* interval or variant in parts, then: */
    int64_t start, end; /* 0-based half-open; of a variant, start is the first base of ref; of a
                           sequence, what of it is scanned (end 0: not said) */
    const char *ref, *alt;
    int64_t chrom_length;        /* of the contig that a variant was called on; 0: not said */
    struct mfd_problem *problem; /* why the input could not be read; NULL where it could */
};

#define MFD_SHIFTS_PUBLISHED 7 /* of the published ensemble, and the most */

/* A request. Release with mfd_body_deinit. */
struct mfd_body {
    const char *model, *genome; /* NULL: the default */
    enum mfd_input input;
    struct mfd_item *items;
    size_t n_items;
    struct mfd_selection tracks;
    const struct mfd_virtual_track *virtual_tracks; /* NULL: real ones */
    size_t n_virtual_tracks;
    const char *const *over; /* metadata columns to average over */
    size_t n_over;
    enum mfd_distribution distribution;
    const struct mfd_given_setting *given; /* for MFD_DISTRIBUTION_GIVEN */
    size_t n_given;
    bool levels;         /* values of each setting, too */
    const json_t *a, *b; /* settings to contrast, as mfd_virtual_track.metadata */
    const char *like;    /* the track whose columns stand in for those they leave out */
    enum mfd_hold held;
    unsigned components;  /* set of MFD_PART_ */
    unsigned scores;      /* set of MFD_SCORE_ */
    int64_t top;          /* tracks a component, where scores have MFD_SCORE_TOP */
    unsigned scan;        /* set of MFD_SCAN_ */
    bool one_window;      /* of a scan: all substitutions in the same window */
    unsigned subspaces;   /* set of MFD_SUBSPACE_; 0: none of them asked for */
    enum mfd_scale scale; /* never MFD_SCALE_UNSAID after decoding */
    unsigned shifts;      /* of the ensemble, 1 ... MFD_SHIFTS_PUBLISHED */
    bool strands;
    bool pad, strict, dry_run;

    json_t *document; /* keeps every string; NULL: there was no JSON body */
    json_t *options;  /* the same for what stood in a query string (mfd_body_member), or NULL */
    void *blocks;     /* keeps every array */
};
#define MFD_BODY_INIT                                                                              \
    {                                                                                              \
        0                                                                                          \
    }
