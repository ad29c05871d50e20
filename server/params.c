#include "server/params.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

void mfd_params_deinit(struct mfd_params *params)
{
    for (size_t i = 0; i < params->n; i++) {
        free(params->at[i].name);
        free(params->at[i].value);
    }
    free(params->at);
    *params = (struct mfd_params){ 0 };
}

const char *mfd_params_get(const struct mfd_params *params, const char *name)
{
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->at[i].name, name) == 0)
            return params->at[i].value;
    return NULL;
}

int mfd_params_take(struct mfd_params *params, char *name, char *value)
{
    struct mfd_pair *at = NULL;
    if (name && value)
        at = mfd_realloc(params->at, params->n + 1, sizeof *at);
    if (!at) {
        free(name);
        free(value);
        return MFD_ENOMEM;
    }
    params->at = at;
    at[params->n++] = (struct mfd_pair){ name, value };
    return MFD_OK;
}

int mfd_params_add(struct mfd_params *params, const char *name, const char *value)
{
    return mfd_params_take(params, mfd_strdup(name), mfd_strdup(value));
}
