#include "server/operation.h"

#include <stdio.h>
#include <string.h>

#include "server/app.h"
#include "server/registry.h"
#include "server/served.h"

void mfd_operation_suggest_job(struct mfd_problem *problem)
{
    mfd_problem_add(problem, " Ask for less, or post the same request as a job.");
    snprintf(problem->extra, sizeof problem->extra, "\"links\":{\"jobs\":\"/api/v1/jobs\"}");
}

int mfd_operation_model(const struct mfd_operation_input *input, const char *name,
                        struct mfd_served **out, struct mfd_error *err)
{
    struct mfd_registry *registry = mfd_app_registry(input->app);
    struct mfd_served *served = NULL;
    struct mfd_error why = MFD_ERROR_INIT;
    if (!input->pinned_model)
        return mfd_registry_acquire(registry, name, out, err);
    int status = mfd_registry_acquire(registry, input->pinned_model, &served, &why);
    if (status == MFD_OK && strcmp(mfd_served_digest(served), input->pinned_digest) == 0) {
        *out = served;
        return MFD_OK;
    }
    mfd_served_unref(served);
    if (status == MFD_OK)
        mfd_fail(&why, MFD_EMISMATCH, "Another bundle goes by that name now.");
    return mfd_fail_as(err, MFD_ENOTFOUND, "model-gone",
                       "The job was accepted for the model %s (digest %.12s...), which does not "
                       "serve any more; submit it again. %s",
                       input->pinned_model, input->pinned_digest, why.message);
}
