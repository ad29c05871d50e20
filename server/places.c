#include "server/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

#define GROW 16

struct mfd_guest {
    char client[80];
    size_t places;
};

void mfd_places_deinit(struct mfd_places *p)
{
    free(p->guests);
    *p = (struct mfd_places){ 0 };
}

static struct mfd_guest *find(const struct mfd_places *p, const char *client)
{
    for (size_t i = 0; i < p->n_guests; i++)
        if (strcmp(p->guests[i].client, client) == 0)
            return &p->guests[i];
    return NULL;
}

/* One more guest, without a place; NULL on lack of memory. */
static struct mfd_guest *add(struct mfd_places *p, const char *client)
{
    if (p->n_guests == p->guest_room) {
        struct mfd_guest *more = mfd_realloc(p->guests, p->guest_room + GROW, sizeof *more);
        if (!more)
            return NULL;
        p->guests = more;
        p->guest_room += GROW;
    }
    struct mfd_guest *guest = &p->guests[p->n_guests++];
    snprintf(guest->client, sizeof guest->client, "%s", client);
    guest->places = 0;
    return guest;
}

int mfd_places_take(struct mfd_places *p, const char *client, struct mfd_error *err)
{
    struct mfd_guest *guest = find(p, client);
    if (p->taken >= p->most || (guest && guest->places >= p->most - p->most / 8))
        return mfd_fail_as(err, MFD_EBUSY, "queue-full",
                           "%zu requests are waiting already; try again later.", p->taken);
    if (!guest && !(guest = add(p, client)))
        return mfd_fail_nomem(err);
    guest->places++;
    p->taken++;
    return MFD_OK;
}

void mfd_places_give_back(struct mfd_places *p, const char *client)
{
    struct mfd_guest *guest = find(p, client);
    if (!guest)
        return;
    p->taken--;
    if (--guest->places == 0)
        *guest = p->guests[--p->n_guests];
}
