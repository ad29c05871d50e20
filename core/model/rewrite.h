/* A bundle written again, with more beside what it has: what is computed of a model after its
 * import, such as a background or a card, travels with it. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"
#include "core/model/model.h"

struct mfd_addition {
    const struct mfd_addition_text {
        const char *key, *value;
    } * texts; /* of __metadata__; one without a value is dropped */
    size_t n_texts;
    const struct mfd_tensor *tensors;
    size_t n_tensors;
};

/* Write the bundle of `model` to `path` (which may be its own file) with these additions, in place
 * of what it has under the same names. Its digest changes with them. */
int mfd_model_rewrite(const struct mfd_model *model, const struct mfd_addition *addition,
                      const char *path, struct mfd_error *err) MFD_MUST_CHECK;
