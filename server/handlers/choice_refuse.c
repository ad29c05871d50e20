/* In place of choice_virtual.c as long as core/model has no virtual.c. */
#include "server/handlers/choice_in.h"

int mfd_choice_virtual(struct mfd_choice *choice, const struct mfd_model *model,
                       const struct mfd_body *body, struct mfd_problem *problem)
{
    (void)choice, (void)model, (void)body;
    return mfd_problem_set(problem, "unsupported", "/virtual_tracks",
                           "this build does not compute virtual tracks");
}
