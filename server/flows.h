/* Whose turn is it? Tickets in flows (one a client), flows in a ring, and the choice of what the
 * next run computes. Not locked: the batcher's lock guards it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/loop.h"
#include "server/task.h"

struct mfd_flow;
struct mfd_served;

struct mfd_ticket {
    struct mfd_ticket *next, *previous; /* within the flow, in a circle */
    struct mfd_flow *flow;              /* NULL once every item has been handed out */
    struct mfd_task task;
    struct mfd_served *model;
    double item_passes;
    uint64_t deadline_ms;
    double queued_s; /* when */
    size_t given;    /* items handed out to runs */
    bool slack, cancelled, running;
    int status; /* first failure */
    struct mfd_error err;
    mfd_task_done *done;
    void *arg;
    struct mfd_post post;
};

struct mfd_flows {
    struct mfd_flow *ring; /* the next to be served; NULL: empty */
    size_t tickets;
    double passes; /* not yet handed out */
};

/* One contiguous stretch of a ticket's items. */
struct mfd_share {
    struct mfd_ticket *ticket;
    size_t first, n;
};

#define MFD_MAX_SHARES 256

/* What one run computes. */
struct mfd_pick {
    struct mfd_share shares[MFD_MAX_SHARES];
    size_t n;
    size_t items;
    double passes;
};

/* MFD_ENOMEM: a first ticket of a client needs a flow. */
int mfd_flows_add(struct mfd_flows *flows, struct mfd_ticket *ticket, const char *client);
/* Take a ticket out, wherever it is. */
void mfd_flows_remove(struct mfd_flows *flows, struct mfd_ticket *ticket);
/* The next in turn, or NULL; slack tickets only where there is no other. */
struct mfd_ticket *mfd_flows_next(const struct mfd_flows *flows);
/* Fill `out` beginning with mfd_flows_next, up to `budget` passes (at least one item), with all
 * that may run together with it, each flow and each ticket in its turn. Tickets handed out whole
 * leave the flows. */
void mfd_flows_select(struct mfd_flows *flows, double budget, struct mfd_pick *out);
/* Call fn for every ticket; it may remove the one it is given. */
void mfd_flows_each(struct mfd_flows *flows, void (*fn)(struct mfd_ticket *ticket, void *arg),
                    void *arg);
