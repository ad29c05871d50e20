/* The inside of struct mfd_model, shared by model.c, virtual.c and resolve.c. */
#pragma once

#include <stdatomic.h>

#include "core/model/cache.h"
#include "core/model/embedding.h"
#include "core/model/model.h"

struct mfd_model {
    atomic_uint refs;
    struct mfd_safetensors *weights;
    struct mfd_config config;
    struct mfd_trunk trunk;
    struct mfd_metadata *md;
    struct mfd_embedding *embedding; /* NULL: a baseline */
    struct mfd_head *head;           /* with stn multiplied in */
    struct mfd_head *bare;           /* without; the same pointer where there is no stn */
    bool *held_out;                  /* (tracks) */
    size_t n_held_out;
    struct mfd_track_keys {
        char half[MFD_GROUPS][MFD_HALF_KEY];
    } * track_keys;          /* (tracks), digests of what each group sees; NULL: a baseline */
    struct mfd_cache *cache; /* weights of virtual tracks; locks itself */
};
