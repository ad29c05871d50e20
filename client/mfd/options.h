/* The options of all commands, in one table. */
#pragma once

#include <stdio.h>

#include "client/mfd/settings.h"

/* Which commands take an option. */
enum option_group {
    FOR_ALL = 1 << 0,
    FOR_MODEL = 1 << 1,   /* commands about one model */
    FOR_TRACKS = 1 << 2,  /* choosing tracks */
    FOR_COMPUTE = 1 << 3, /* anything that runs the network */
    FOR_VALUES = 1 << 4,  /* components and scale of values by track */
    FOR_LIST = 1 << 5,    /* listings */
    FOR_INPUT = 1 << 6,   /* sequences and intervals */
    FOR_FEATURES = 1 << 7,
    FOR_SCORE = 1 << 8,
    FOR_WHERE = 1 << 9, /* filters by metadata */
    FOR_LIST_LENGTH = 1 << 10,
    FOR_COLUMNS = 1 << 11, /* metadata columns beside tracks */
    FOR_TOP = 1 << 12,
    FOR_PLOT = 1 << 14,
    FOR_VIRTUAL = 1 << 15, /* experiments that nobody ran */
    FOR_COMPARE = 1 << 16,
    FOR_NETWORK = 1 << 13, /* how the network is run, for commands of one answer */
    FOR_EXPLAIN = 1 << 18, /* what stands behind an item */
    FOR_CARD = 1 << 19,
    FOR_JOB = 1 << 21,      /* may be computed in the background */
    FOR_MARGINAL = 1 << 20, /* averages over settings */
    FOR_HELD = 1 << 22,     /* differences that one part alone is to make */
    FOR_FILE = 1 << 17,     /* may stand in the environment and the configuration file */
};

/* Read options of `groups` from argv[1..argc), moving what is no option to the end; *first is the
 * index of the first of those. With `stop`, reading ends at the first argument that is no option.
 * MFD_EINVAL with a message about the option otherwise. */
int options_read(struct settings *set, unsigned groups, int argc, char **argv, bool stop,
                 int *first, struct mfd_error *err) MFD_MUST_CHECK;
/* Does every option given so far belong to one of these groups? MFD_EINVAL names the first that
 * does not. */
int options_check(const struct settings *set, unsigned groups,
                  struct mfd_error *err) MFD_MUST_CHECK;
/* Set an option of FOR_FILE by its long name, unless it was given before; `value` is borrowed for
 * the life of `set`. MFD_EINVAL where there is no such option, or it does not take the value. */
int options_set_default(struct settings *set, const char *name, const char *value,
                        struct mfd_error *err) MFD_MUST_CHECK;

/* For people: aligned, with a line a choice. */
void options_help(FILE *out, unsigned groups);
/* For shells: "--name" or "--name=" (takes a value) a line, choices behind it. */
void options_list(FILE *out, unsigned groups);
