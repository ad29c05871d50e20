/* Readers of the members that say which tracks. Part of decode.c. */
#pragma once

#include "proto/body.h"
#include "proto/json.h"

mfd_read_fn mfd_read_tracks;   /* into a struct mfd_selection */
mfd_read_fn mfd_read_where;    /* likewise, its conditions alone */
mfd_read_fn mfd_read_setting;  /* metadata, into a const json_t * */
mfd_read_fn mfd_read_over;     /* into a struct mfd_body */
mfd_read_fn mfd_read_virtuals; /* into that, too */
