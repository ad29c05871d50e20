/* Who may do what: API keys, their scopes and rates. */
#pragma once

enum mfd_scope {
    MFD_SCOPE_NONE,    /* anyone, even where keys are required: health, contract */
    MFD_SCOPE_READ,    /* look at models, tracks, genomes */
    MFD_SCOPE_PREDICT, /* run models */
    MFD_SCOPE_ADMIN,   /* change models and keys */
};
