/* Engines in these tests are bare: nothing here is called. Weak, so that a program that has models
 * keeps its own. */
#include "core/model/model.h"

#define WEAK __attribute__((weak))

WEAK struct mfd_model *mfd_model_ref(struct mfd_model *model)
{
    return model;
}

WEAK void mfd_model_unref(struct mfd_model *model)
{
    (void)model;
}

WEAK const struct mfd_config *mfd_model_config(const struct mfd_model *model)
{
    (void)model;
    return NULL;
}

WEAK const struct mfd_trunk *mfd_model_trunk(const struct mfd_model *model)
{
    (void)model;
    return NULL;
}
