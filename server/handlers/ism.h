/* The state of ism, shared by the file that reads regions and the one that scores them. */
#pragma once

#include "core/engine/geometry.h"
#include "proto/encode_scan.h"
#include "server/handlers/scoring.h"

/* A region to scan. Its bases are the operation's items, one after the other; a region with a
 * problem (that of its item in the body) is one item. */
struct mfd_region {
    size_t contig;
    int64_t start, end; /* of the region, in its contig or sequence, 0-based half-open */
    char *read;         /* owned: what the windows read, from base `from` on */
    int64_t from;
    struct mfd_window window; /* into read: of all substitutions, where they share one */
    size_t first, n;          /* items */
    char *state;              /* (n) owned: enum mfd_base_state */
};

enum mfd_base_state {
    MFD_BASE_SCANNED,
    MFD_BASE_UNKNOWN,    /* no A, C, G or T */
    MFD_BASE_OFF_CONTIG, /* its window leaves the contig */
    MFD_BASE_N_WINDOW,   /* more than half of its window is N */
    MFD_BASE_STATES,
};

struct mfd_ism {
    struct mfd_scoring base;
    const struct mfd_scan_encoder *encoder;
    struct mfd_region *regions; /* (body.n_items) */
    size_t items;               /* of all regions */
    size_t scanned;             /* of them, how many are to be computed */
    bool each;                  /* every base in the middle of its own window, as variants are */
    struct mfd_problem problems[MFD_BASE_STATES];
};

/* Look at every region, and at every base of each. */
int mfd_ism_read(struct mfd_ism *ism, int64_t most, struct mfd_problem *problem) MFD_MUST_CHECK;
/* The region that holds an item. */
size_t mfd_ism_region(const struct mfd_ism *ism, size_t item);
/* Bases of the window around a base that lie outside its contig. */
int64_t mfd_ism_outside(const struct mfd_ism *ism, const struct mfd_region *region, int64_t at);
