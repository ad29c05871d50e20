/* A piece of work for an engine: what to compute and where to put it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/score/score.h"

enum mfd_task_kind { MFD_TASK_SEQUENCES, MFD_TASK_BINS, MFD_TASK_VARIANTS, MFD_TASK_ISM };
#define MFD_TASK_KINDS 4

/* Plain memory; it, and all it points to, stay put until its `done` is called.
 *
 * Arguments of mfd_score_sequences, mfd_score_bins, mfd_score_variants or mfd_score_ism, whose
 * comments say what they mean; an item of the last is a base of a window, with four rows. Tasks
 * merge where kind, ensemble, head, genome and pad agree: so use the model's own head (NULL) and
 * pick tracks when encoding, unless the tracks are virtual. Outputs may differ. */
struct mfd_task {
    enum mfd_task_kind kind;
    const struct mfd_head *head; /* NULL: all tracks of the model */
    struct mfd_genome *genome;   /* bins, variants */
    struct mfd_ensemble ensemble;
    bool pad;
    size_t n;                         /* items; 0 is done at once */
    const struct mfd_window *windows; /* (n) sequences; ism, the same for neighbours */
    const size_t *base;               /* (n) ism: which of the window's bases is substituted */
    const size_t *contig;             /* (n) bins */
    const int64_t *start;             /* (n) bins */
    struct mfd_variant *variants;     /* (n) variants; status may be changed */
    struct mfd_outputs out;     /* sequences, bins: NULL or (n, width) each; ism: (n, 4, width) */
    struct mfd_effects effects; /* variants: likewise */
    int *status;                /* (n) bins */
    bool *padded;               /* (n) bins, may be NULL */
};

/* Called on the loop thread when every item has been computed, or with the failure: MFD_ECANCELLED,
 * MFD_EBUSY (slug "deadline-exceeded" or "shutting-down"), or the engine's. The ticket is gone. */
typedef void mfd_task_done(void *arg, int status, const struct mfd_error *err);
