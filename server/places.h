/* Places for requests that need an engine, so many at a time, and who has them. Loop thread. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

struct mfd_guest;

struct mfd_places {
    struct mfd_guest *guests; /* clients with a place or more, in no order */
    size_t n_guests, guest_room;
    size_t taken, most;
};

void mfd_places_deinit(struct mfd_places *places);
/* A place for this client; MFD_EBUSY, slug "queue-full", where there is none. An eighth of them is
 * kept from any single client. Give it back. */
int mfd_places_take(struct mfd_places *places, const char *client,
                    struct mfd_error *err) MFD_MUST_CHECK;
void mfd_places_give_back(struct mfd_places *places, const char *client);
