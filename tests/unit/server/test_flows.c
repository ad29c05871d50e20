#include "tests/util/test.h"

#include <stdio.h>

#include "server/flows.h"

static struct mfd_served *const model_a = (void *)0x10, *const model_b = (void *)0x20;

static struct mfd_ticket ticket(size_t items, struct mfd_served *model)
{
    return (struct mfd_ticket){
        .task = { .n = items, .ensemble = MFD_ENSEMBLE_NONE },
        .model = model,
        .item_passes = 1,
    };
}

static size_t given_to(const struct mfd_pick *s, const struct mfd_ticket *t)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->shares[i].ticket == t ? s->shares[i].n : 0;
    return n;
}

static void small_tickets_ride_along_with_a_huge_one(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_pick *s = test_calloc(1, sizeof *s);
    struct mfd_ticket huge = ticket(10000, model_a), small = ticket(1, model_a);
    assert_int_equal(mfd_flows_add(&flows, &huge, "ip:1"), MFD_OK);
    assert_int_equal(mfd_flows_add(&flows, &small, "ip:2"), MFD_OK);
    mfd_flows_select(&flows, 64, s);
    assert_int_equal(given_to(s, &small), 1);
    assert_int_equal(given_to(s, &huge), 63);
    assert_int_equal(s->items, 64);
    assert_null(small.flow);
    mfd_flows_remove(&flows, &huge);
    assert_null(flows.ring);
    test_free(s);
}

static void clients_share_a_run_whatever_the_number_of_their_tickets(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_pick *s = test_calloc(1, sizeof *s);
    struct mfd_ticket many[20], one = ticket(1000, model_a);
    for (size_t i = 0; i < 20; i++) {
        many[i] = ticket(1000, model_a);
        assert_int_equal(mfd_flows_add(&flows, &many[i], "ip:greedy"), MFD_OK);
    }
    assert_int_equal(mfd_flows_add(&flows, &one, "ip:modest"), MFD_OK);
    size_t modest = 0, total = 0;
    for (int run = 0; run < 10; run++) {
        mfd_flows_select(&flows, 80, s);
        modest += given_to(s, &one);
        total += s->items;
    }
    assert_int_equal(total, 800);
    assert_in_range(modest, 360, 440);
    for (size_t i = 0; i < 20; i++)
        mfd_flows_remove(&flows, &many[i]);
    mfd_flows_remove(&flows, &one);
    test_free(s);
}

static void runs_alternate_between_models_that_cannot_merge(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_pick *s = test_calloc(1, sizeof *s);
    struct mfd_ticket a = ticket(1000, model_a), b = ticket(1000, model_b);
    assert_int_equal(mfd_flows_add(&flows, &a, "ip:1"), MFD_OK);
    assert_int_equal(mfd_flows_add(&flows, &b, "ip:2"), MFD_OK);
    for (int run = 0; run < 6; run++) {
        mfd_flows_select(&flows, 10, s);
        assert_int_equal(s->n, 1);
        assert_ptr_equal(s->shares[0].ticket, run % 2 ? &b : &a);
    }
    mfd_flows_remove(&flows, &a);
    mfd_flows_remove(&flows, &b);
    test_free(s);
}

static void tickets_of_one_client_take_turns_too(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_pick *s = test_calloc(1, sizeof *s);
    struct mfd_ticket huge = ticket(10000, model_a), other = ticket(5, model_b);
    assert_int_equal(mfd_flows_add(&flows, &huge, "ip:1"), MFD_OK);
    assert_int_equal(mfd_flows_add(&flows, &other, "ip:1"), MFD_OK);
    mfd_flows_select(&flows, 10, s);
    assert_ptr_equal(s->shares[0].ticket, &huge);
    mfd_flows_select(&flows, 10, s);
    assert_ptr_equal(s->shares[0].ticket, &other);
    assert_int_equal(s->items, 5);
    mfd_flows_remove(&flows, &huge);
    test_free(s);
}

static void what_differs_is_never_merged(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_pick *s = test_calloc(1, sizeof *s);
    struct mfd_ticket t[6];
    for (size_t i = 0; i < 6; i++)
        t[i] = ticket(1, model_a);
    t[1].task.ensemble = MFD_ENSEMBLE_STRANDS;
    t[2].task.kind = MFD_TASK_BINS;
    t[3].task.pad = true;
    t[4].task.head = (void *)0x30;
    t[5].task.genome = (void *)0x40;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(mfd_flows_add(&flows, &t[i], "ip:1"), MFD_OK);
    for (size_t i = 0; i < 6; i++) {
        mfd_flows_select(&flows, 100, s);
        assert_int_equal(s->items, 1);
    }
    assert_null(flows.ring);
    assert_int_equal(flows.tickets, 0);
    test_free(s);
}

static void jobs_wait_for_everyone_else(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_pick *s = test_calloc(1, sizeof *s);
    struct mfd_ticket job = ticket(1000, model_a), request = ticket(100, model_a);
    job.slack = true;
    assert_int_equal(mfd_flows_add(&flows, &job, "job:1"), MFD_OK);
    assert_int_equal(mfd_flows_add(&flows, &request, "ip:1"), MFD_OK);
    mfd_flows_select(&flows, 60, s);
    assert_int_equal(given_to(s, &request), 60);
    mfd_flows_select(&flows, 60, s);
    assert_int_equal(given_to(s, &request), 40);
    assert_int_equal(given_to(s, &job), 0);
    mfd_flows_select(&flows, 60, s);
    assert_int_equal(given_to(s, &job), 60);
    mfd_flows_remove(&flows, &job);
    test_free(s);
}

static void an_item_dearer_than_the_budget_still_runs(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_pick *s = test_calloc(1, sizeof *s);
    struct mfd_ticket dear = ticket(3, model_a);
    dear.item_passes = 28;
    assert_int_equal(mfd_flows_add(&flows, &dear, "ip:1"), MFD_OK);
    for (size_t run = 0; run < 3; run++) {
        mfd_flows_select(&flows, 10, s);
        assert_int_equal(s->items, 1);
        assert_int_equal(s->shares[0].first, run);
    }
    assert_null(flows.ring);
    test_free(s);
}

/* Whatever comes and goes: every item is handed out once, in order, and the sums are right. */
static void nothing_is_lost_or_done_twice(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_pick *s = test_calloc(1, sizeof *s);
    static struct mfd_ticket t[200];
    size_t seen[200] = { 0 };
    unsigned random = 1;
    for (size_t i = 0; i < 200; i++) {
        char client[16];
        random = random * 1664525 + 1013904223;
        t[i] = ticket(1 + (random >> 16) % 50, (random >> 8) & 1 ? model_a : model_b);
        t[i].item_passes = 1 + (random >> 24) % 3;
        snprintf(client, sizeof client, "ip:%u", (random >> 20) % 7);
        assert_int_equal(mfd_flows_add(&flows, &t[i], client), MFD_OK);
        if (i % 5 == 4) {
            mfd_flows_select(&flows, 40, s);
            for (size_t k = 0; k < s->n; k++) {
                size_t at = (size_t)(s->shares[k].ticket - t);
                assert_int_equal(s->shares[k].first, seen[at]);
                seen[at] += s->shares[k].n;
            }
        }
    }
    while (flows.ring) {
        mfd_flows_select(&flows, 40, s);
        assert_true(s->items > 0);
        for (size_t k = 0; k < s->n; k++) {
            size_t at = (size_t)(s->shares[k].ticket - t);
            assert_int_equal(s->shares[k].first, seen[at]);
            seen[at] += s->shares[k].n;
        }
    }
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(seen[i], t[i].task.n);
    assert_int_equal(flows.tickets, 0);
    assert_true(flows.passes == 0);
    test_free(s);
}

static void take_out(struct mfd_ticket *t, void *arg)
{
    size_t *n = arg;
    (*n)++;
    if (*n % 2)
        mfd_flows_remove(t->arg, t);
}

static void each_ticket_is_visited_once_even_when_some_leave(void **state)
{
    (void)state;
    struct mfd_flows flows = { 0 };
    struct mfd_ticket t[9];
    for (size_t i = 0; i < 9; i++) {
        char client[16];
        t[i] = ticket(1, model_a);
        t[i].arg = &flows;
        snprintf(client, sizeof client, "ip:%zu", i / 2);
        assert_int_equal(mfd_flows_add(&flows, &t[i], client), MFD_OK);
    }
    size_t n = 0;
    mfd_flows_each(&flows, take_out, &n);
    assert_int_equal(n, 9);
    assert_int_equal(flows.tickets, 4);
    while (flows.ring)
        mfd_flows_remove(&flows, mfd_flows_next(&flows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_tickets_ride_along_with_a_huge_one),
        cmocka_unit_test(clients_share_a_run_whatever_the_number_of_their_tickets),
        cmocka_unit_test(runs_alternate_between_models_that_cannot_merge),
        cmocka_unit_test(tickets_of_one_client_take_turns_too),
        cmocka_unit_test(what_differs_is_never_merged),
        cmocka_unit_test(jobs_wait_for_everyone_else),
        cmocka_unit_test(an_item_dearer_than_the_budget_still_runs),
        cmocka_unit_test(nothing_is_lost_or_done_twice),
        cmocka_unit_test(each_ticket_is_visited_once_even_when_some_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
