/* Output weights of a set of tracks: the model's own, some of them, or tracks nobody measured.
 *
 *     logits_bio  = f_bio  W_bio^T  (x sigmoid(stn_bio),  already multiplied into W)
 *     logits_tech = f_tech W_tech^T (x sigmoid(stn_tech), likewise)
 *     logits      = logits_bio + logits_tech + bias
 *
 * For the baseline W_bio is empty and `w_all` holds the head's (tracks, embed) weights. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mfd_basis;

/* Immutable once built; arrays aligned to 64 bytes, row-major without padding. */
struct mfd_head {
    size_t tracks;
    size_t biological, technical; /* widths; both 0 for the baseline */
    size_t embed;                 /* width of w_all for the baseline, else technical + biological */
    float *w_bio;                 /* (tracks, biological) */
    float *w_tech;                /* (tracks, technical) */
    float *w_all;                 /* (tracks, embed), baseline only */
    float *bias;                  /* (tracks) */
    /* Virtual tracks may share halves, each then standing once: w_bio is (bio_rows, biological) and
     * w_tech (tech_rows, technical), and track i has rows bio_row[i] and tech_row[i] of them. Where
     * the two are NULL, row i of both. With a basis, rows are no weights but what it says
     * (core/model/embedding.h). Only heads of mfd_virtual_shared_head have any of these. */
    size_t bio_rows, tech_rows;
    const uint32_t *bio_row, *tech_row;             /* (tracks) */
    const struct mfd_basis *bio_basis, *tech_basis; /* or NULL; of the model */
    const void *owner; /* whose arrays they all are; NULL: the head's own */
    void (*release)(const void *owner);
};

/* An unfilled head; `embed` counts where both other widths are 0 (the baseline). NULL on lack of
 * memory. */
struct mfd_head *mfd_head_new(size_t tracks, size_t biological, size_t technical, size_t embed);
void mfd_head_free(struct mfd_head *head);
