/* The commands, one file each, in one table. */
#pragma once

#include "client/mfd/options.h"

struct app;

struct command {
    const char *name, *alias; /* alias may be NULL */
    const char *arguments;    /* as the help shows them */
    const char *summary;      /* one line */
    const char *details;      /* further lines, or NULL */
    int most;                 /* arguments at most */
    unsigned groups;          /* options it takes beside FOR_ALL */
    /* argv[0..argc) are the arguments, options taken out. MFD_OK also where items failed (they are
     * counted in `app`). */
    int (*run)(struct app *app, int argc, char **argv, struct mfd_error *err);
};

extern const struct command command_models, command_tracks, command_fields, command_predict,
    command_features, command_score, command_status, command_explain, command_ism, command_whatif,
    command_compare, command_card, command_jobs, command_marginal;

/* NULL-terminated, in the order of the help. */
extern const struct command *const commands[];
/* By name or alias; NULL where there is none. */
const struct command *command_find(const char *name);
