/* Names and values as HTTP has them: headers, a query, the parts of a path. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

/* Names and values, in order; values are percent-decoded UTF-8 without NUL or control characters.
 */
struct mfd_params {
    struct mfd_pair {
        char *name, *value;
    } * at;
    size_t n;
};
/* First value of that name, or NULL. */
const char *mfd_params_get(const struct mfd_params *params, const char *name);
/* Copies of both, behind the others. */
int mfd_params_add(struct mfd_params *params, const char *name, const char *value) MFD_MUST_CHECK;
/* The same with a name and a value to keep, which are freed where that fails; either may be NULL
 * for lack of memory. */
int mfd_params_take(struct mfd_params *params, char *name, char *value) MFD_MUST_CHECK;
void mfd_params_deinit(struct mfd_params *params);
