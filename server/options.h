/* The command line of mfdd. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

enum mfd_command {
    MFD_CMD_SERVE,
    MFD_CMD_PRINT_CONFIG,
    MFD_CMD_CHECK_CONFIG,
    MFD_CMD_HELP,
    MFD_CMD_VERSION,
    MFD_CMD_KEYS_ADD,
    MFD_CMD_KEYS_LIST,
    MFD_CMD_KEYS_REVOKE
};

#define MFD_MAX_OVERRIDES 128

struct mfd_options {
    enum mfd_command command;
    const char *config; /* NULL: none */
    bool demo;
    char *overrides[MFD_MAX_OVERRIDES]; /* "section.key=value", in the order given */
    size_t n_overrides;
    /* keys */
    const char *key_name, *key_scopes, *key_id;
    double key_rate;
    int64_t key_days; /* until the key expires; 0: never */
};

/* MFD_EINVAL names the argument. What the options point to is argv's and the options' own. */
int mfd_options_parse(struct mfd_options *o, int argc, char **argv,
                      struct mfd_error *err) MFD_MUST_CHECK;
void mfd_options_deinit(struct mfd_options *o);
extern const char mfd_options_help[];
