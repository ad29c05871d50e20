/* The networks that turn metadata into output weights, bound by name and checked against the
 * columns:
 *
 *     W_g = [ direct_1 | direct_2 | ... | interact(concat of the interact columns) ]
 *
 * Source: shared design "The model", section 4. Immutable once bound; any thread. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"
#include "core/model/config.h"
#include "core/model/metadata.h"
#include "core/tensor/safetensors.h"

struct mfd_embedding;

/* Bind the networks of both groups. Borrows md and weights for its life. MFD_EFORMAT names the
 * tensor that is missing, misshapen or not finite. */
int mfd_embedding_bind(struct mfd_embedding **out, const struct mfd_metadata *md,
                       const struct mfd_config *config, const struct mfd_safetensors *weights,
                       struct mfd_error *err) MFD_MUST_CHECK;
void mfd_embedding_free(struct mfd_embedding *e);

/* A row of inputs holds every field's var_vals side by side, in mfd_fields order. */
size_t mfd_embedding_inputs(const struct mfd_embedding *e);
size_t mfd_embedding_offset(const struct mfd_embedding *e, size_t field);

/* out (n, E_g): weights of one group for the rows inputs[0..n), each mfd_embedding_inputs() long.
 * What a row gives does not depend on its company. */
int mfd_embedding_weights(const struct mfd_embedding *e, enum mfd_group group,
                          const float *const *inputs, size_t n, float *out,
                          struct mfd_error *err) MFD_MUST_CHECK;

/* The interaction's last layer is linear, so it can be taken out of the weights and put to the
 * features, once for all rows:
 *
 *     row   = [ direct | hidden | 1 | 0 ... ]          what the layer takes, and a 1 for its bias
 *     f' = [ f_direct | w f_interact | 0 ... ]         with f = [ f_direct | f_interact ]
 *     f . weights = f' . row
 *
 * Rows of the published size are half as long as their weights, and thousands of them are read as
 * fast as memory gives them. */
struct mfd_basis {
    size_t width;   /* E_g */
    size_t direct;  /* features of the direct columns */
    size_t hidden;  /* numbers that the layer takes, and 1 */
    size_t stride;  /* of a row: direct + hidden, rounded up with zeros */
    const float *w; /* (hidden, width - direct), the layer's weights and as last row its bias */
};

/* Of a group, for the life of the embedding; NULL where rows would not be shorter than weights. */
const struct mfd_basis *mfd_embedding_basis(const struct mfd_embedding *e, enum mfd_group group);
/* For a group that has a basis: out (n, stride), rows for inputs as above; and out (n, E_g), the
 * weights that rows (n, stride) stand for, to the bit those of mfd_embedding_weights. */
int mfd_embedding_factors(const struct mfd_embedding *e, enum mfd_group group,
                          const float *const *inputs, size_t n, float *out,
                          struct mfd_error *err) MFD_MUST_CHECK;
int mfd_embedding_expand(const struct mfd_embedding *e, enum mfd_group group, const float *factors,
                         size_t n, float *out, struct mfd_error *err) MFD_MUST_CHECK;
