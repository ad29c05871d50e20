#include "server/flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

/* Turns of a run: with more, small tickets would wait for a second run although there is room. */
#define ROUNDS 8

struct mfd_flow {
    struct mfd_flow *next, *previous; /* a circle */
    struct mfd_ticket *tickets;       /* a circle, the next in turn */
    char client[80];
};

static struct mfd_flow *find_flow(const struct mfd_flows *flows, const char *client)
{
    struct mfd_flow *flow = flows->ring;
    if (!flow)
        return NULL;
    do {
        if (strcmp(flow->client, client) == 0)
            return flow;
        flow = flow->next;
    } while (flow != flows->ring);
    return NULL;
}

static struct mfd_flow *new_flow(struct mfd_flows *flows, const char *client)
{
    struct mfd_flow *flow = mfd_calloc(1, sizeof *flow);
    if (!flow)
        return NULL;
    snprintf(flow->client, sizeof flow->client, "%s", client);
    if (flows->ring) { /* behind all others */
        flow->next = flows->ring;
        flow->previous = flows->ring->previous;
        flow->next->previous = flow->previous->next = flow;
    } else {
        flow->next = flow->previous = flow;
        flows->ring = flow;
    }
    return flow;
}

static void drop_flow(struct mfd_flows *flows, struct mfd_flow *flow)
{
    if (flow->next == flow) {
        flows->ring = NULL;
    } else {
        flow->next->previous = flow->previous;
        flow->previous->next = flow->next;
        if (flows->ring == flow)
            flows->ring = flow->next;
    }
    free(flow);
}

static double waiting(const struct mfd_ticket *t)
{
    return t->item_passes * (double)(t->task.n - t->given);
}

int mfd_flows_add(struct mfd_flows *flows, struct mfd_ticket *t, const char *client)
{
    struct mfd_flow *flow = find_flow(flows, client);
    if (!flow && !(flow = new_flow(flows, client)))
        return MFD_ENOMEM;
    if (flow->tickets) {
        t->next = flow->tickets;
        t->previous = flow->tickets->previous;
        t->next->previous = t->previous->next = t;
    } else {
        t->next = t->previous = t;
        flow->tickets = t;
    }
    t->flow = flow;
    flows->tickets++;
    flows->passes += waiting(t);
    return MFD_OK;
}

void mfd_flows_remove(struct mfd_flows *flows, struct mfd_ticket *t)
{
    struct mfd_flow *flow = t->flow;
    if (!flow)
        return;
    flows->passes -= waiting(t);
    if (--flows->tickets == 0)
        flows->passes = 0; /* what rounding left */
    t->flow = NULL;
    if (t->next == t) {
        drop_flow(flows, flow);
    } else {
        t->next->previous = t->previous;
        t->previous->next = t->next;
        if (flow->tickets == t)
            flow->tickets = t->next;
    }
    t->next = t->previous = NULL;
}

/* The first ticket of the ring, in turn, that is (not) slack. */
static struct mfd_ticket *first_of(const struct mfd_flows *flows, bool slack)
{
    struct mfd_flow *flow = flows->ring;
    if (!flow)
        return NULL;
    do {
        struct mfd_ticket *t = flow->tickets;
        do {
            if (t->slack == slack)
                return t;
            t = t->next;
        } while (t != flow->tickets);
        flow = flow->next;
    } while (flow != flows->ring);
    return NULL;
}

struct mfd_ticket *mfd_flows_next(const struct mfd_flows *flows)
{
    struct mfd_ticket *t = first_of(flows, false);
    return t ? t : first_of(flows, true);
}

/* May the two run as one call of core/score? */
static bool together(const struct mfd_ticket *a, const struct mfd_ticket *b)
{
    const struct mfd_task *s = &a->task, *t = &b->task;
    return a->model == b->model && s->kind == t->kind && s->head == t->head &&
           s->genome == t->genome && s->pad == t->pad && s->ensemble.shifts == t->ensemble.shifts &&
           s->ensemble.strands == t->ensemble.strands;
}

static struct mfd_share *share_of(struct mfd_pick *out, struct mfd_ticket *t)
{
    for (size_t i = 0; i < out->n; i++)
        if (out->shares[i].ticket == t)
            return &out->shares[i];
    if (out->n == MFD_MAX_SHARES)
        return NULL;
    out->shares[out->n] = (struct mfd_share){ .ticket = t, .first = t->given };
    return &out->shares[out->n++];
}

/* Hand out up to `quantum` passes of a ticket, at least one item. */
static bool give(struct mfd_flows *flows, struct mfd_ticket *t, double quantum, double budget,
                 struct mfd_pick *out)
{
    double room = budget - out->passes;
    if (out->items > 0 && room < t->item_passes)
        return false;
    struct mfd_share *share = share_of(out, t);
    if (!share)
        return false;
    double want = (quantum < room ? quantum : room) / t->item_passes;
    size_t left = t->task.n - t->given;
    size_t n = want >= (double)left ? left : want < 1 ? 1 : (size_t)want;
    share->n += n;
    out->items += n;
    out->passes += (double)n * t->item_passes;
    flows->passes -= (double)n * t->item_passes;
    t->given += n;
    return true;
}

/* One ticket of this flow that fits `lead` gets its turn; the flow's circle moves on. */
static bool serve_flow(struct mfd_flows *flows, struct mfd_flow *flow,
                       const struct mfd_ticket *lead, double quantum, double budget,
                       struct mfd_pick *out)
{
    struct mfd_ticket *t = flow->tickets;
    do {
        if (t->slack == lead->slack && together(t, lead)) {
            if (!give(flows, t, quantum, budget, out))
                return false;
            flow->tickets = t->next;
            if (t->given == t->task.n)
                mfd_flows_remove(flows, t); /* may take the flow with it */
            return true;
        }
        t = t->next;
    } while (t != flow->tickets);
    return false;
}

/* One turn of every flow. */
static bool serve_round(struct mfd_flows *flows, const struct mfd_ticket *lead, double quantum,
                        double budget, struct mfd_pick *out)
{
    bool any = false;
    size_t n = 0;
    struct mfd_flow *flow = flows->ring;
    if (!flow)
        return false;
    do {
        n++;
        flow = flow->next;
    } while (flow != flows->ring);
    for (flow = flows->ring; n > 0 && flows->ring; n--) {
        struct mfd_flow *next = flow->next;
        any = serve_flow(flows, flow, lead, quantum, budget, out) || any;
        flow = next;
    }
    return any;
}

void mfd_flows_select(struct mfd_flows *flows, double budget, struct mfd_pick *out)
{
    out->n = out->items = 0;
    out->passes = 0;
    struct mfd_ticket *lead = mfd_flows_next(flows);
    if (!lead)
        return;
    flows->ring = lead->flow;
    lead->flow->tickets = lead;
    const struct mfd_flow *leading = lead->flow;
    double quantum = budget / ROUNDS;
    /* The lead's own turn comes first, also where another ticket of its flow would do. */
    while (out->passes < budget && serve_round(flows, lead, quantum, budget, out))
        continue;
    if (flows->ring == leading && leading) /* the next run begins with somebody else */
        flows->ring = flows->ring->next;
}

void mfd_flows_each(struct mfd_flows *flows, void (*fn)(struct mfd_ticket *ticket, void *arg),
                    void *arg)
{
    size_t n = flows->tickets;
    struct mfd_flow *flow = flows->ring;
    while (n > 0 && flow) {
        struct mfd_flow *next_flow = flow->next;
        size_t k = 0;
        struct mfd_ticket *t = flow->tickets;
        do {
            k++;
            t = t->next;
        } while (t != flow->tickets);
        for (n -= k; k > 0; k--) {
            struct mfd_ticket *next = t->next;
            fn(t, arg);
            t = next;
        }
        flow = next_flow;
    }
}
