/* Weights of combinations of metadata, each distinct half once, and heads of them. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/embedding.h"
#include "core/model/head.h"

/* Immutable and reference counted; any thread. Used while its model is. */
struct mfd_virtual {
    size_t tracks;                /* combinations */
    size_t n_bio, n_tech;         /* distinct halves */
    size_t biological, technical; /* widths */
    const float *w_bio;           /* (n_bio, biological), or with a basis its rows */
    const float *w_tech;          /* (n_tech, technical), likewise; both 64-byte aligned */
    const struct mfd_basis *bio_basis, *tech_basis; /* of the model, or NULL */
    const struct mfd_embedding *embedding;          /* of the model */
    const uint32_t *bio, *tech;                     /* (tracks), rows of the two */
    const float *bias;                              /* (tracks) */
    size_t bytes;                                   /* all of it */
    atomic_uint refs;                               /* by the functions below */
};
const struct mfd_virtual *mfd_virtual_ref(const struct mfd_virtual *v);
void mfd_virtual_unref(const struct mfd_virtual *v);

/* The same weights as a plain head, a row a combination; NULL on lack of memory. */
struct mfd_head *mfd_virtual_head(const struct mfd_virtual *v);
/* The same as a head that shares halves (struct mfd_head, bio_row): nothing is copied, it holds a
 * reference on v. For who goes through bio_row and tech_row, as core/score does. */
struct mfd_head *mfd_virtual_shared_head(const struct mfd_virtual *v);
