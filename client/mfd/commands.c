#include <string.h>

#include "client/mfd/command.h"

const struct command *const commands[] = {
    &command_predict,  &command_score,  &command_features, &command_explain, &command_ism,
    &command_marginal, &command_whatif, &command_compare,  &command_card,    &command_models,
    &command_tracks,   &command_fields, &command_jobs,     &command_status,  NULL,
};

const struct command *command_find(const char *name)
{
    for (const struct command *const *c = commands; *c; c++)
        if (strcmp((*c)->name, name) == 0 || ((*c)->alias && strcmp((*c)->alias, name) == 0))
            return *c;
    return NULL;
}
