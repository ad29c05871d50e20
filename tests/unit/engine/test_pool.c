#include "tests/util/test.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "core/engine/pool.h"
#include "tests/util/random.h"

#define MOST 700

/* What a loop did, item by item. */
struct record {
    unsigned threads;
    const size_t *offset; /* plain memory, written before the loop */
    atomic_uint times[MOST];
    size_t result[MOST]; /* plain memory, read after the loop */
    atomic_uint wrong_worker;
    atomic_uint inside[8]; /* a worker is in one item at a time */
    atomic_uint overlaps;
};

static void note(void *context, size_t item, unsigned worker)
{
    struct record *r = context;
    if (worker >= r->threads)
        atomic_fetch_add(&r->wrong_worker, 1);
    else if (atomic_fetch_add(&r->inside[worker], 1) != 0)
        atomic_fetch_add(&r->overlaps, 1);
    atomic_fetch_add(&r->times[item], 1);
    r->result[item] = *r->offset + item;
    if (worker < r->threads)
        atomic_fetch_sub(&r->inside[worker], 1);
}

static void check_round(struct mfd_pool *pool, struct record *r, size_t n, size_t offset)
{
    memset(r, 0, sizeof *r);
    r->threads = mfd_pool_threads(pool);
    r->offset = &offset;
    mfd_pool_run(pool, note, r, n);
    for (size_t i = 0; i < MOST; i++) {
        assert_int_equal(r->times[i], i < n);
        if (i < n)
            assert_int_equal(r->result[i], offset + i);
    }
    assert_int_equal(r->wrong_worker, 0);
    assert_int_equal(r->overlaps, 0);
}

static void every_item_is_done_once_whatever_the_number_of_workers(void **state)
{
    (void)state;
    static struct record r;
    struct test_random random = test_random_new(1);
    for (unsigned threads = 1; threads <= 8; threads++) {
        struct mfd_pool *pool = NULL;
        assert_int_equal(mfd_pool_new(&pool, threads, 0, NULL), MFD_OK);
        assert_int_equal(mfd_pool_threads(pool), threads);
        for (size_t round = 0; round < 300; round++)
            check_round(pool, &r, (size_t)test_between(&random, 0, round % 9 ? 20 : MOST), round);
        mfd_pool_free(pool);
    }
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

static void workers_that_fell_asleep_wake_up(void **state)
{
    (void)state;
    static struct record r;
    struct mfd_pool *pool = NULL;
    assert_int_equal(mfd_pool_new(&pool, 4, 19, NULL), MFD_OK);
    for (size_t round = 0; round < 20; round++) {
        sleep_ms((long)(round % 5) * 4);
        check_round(pool, &r, 50, round);
    }
    mfd_pool_free(pool);
}

static void seen(void *context, size_t item, unsigned worker)
{
    atomic_uint *by = context;
    (void)item;
    atomic_fetch_or(by, 1u << worker);
    sleep_ms(2);
}

static void long_items_are_shared_among_the_workers(void **state)
{
    (void)state;
    struct mfd_pool *pool = NULL;
    atomic_uint by = 0;
    assert_int_equal(mfd_pool_new(&pool, 3, 0, NULL), MFD_OK);
    for (int round = 0; round < 50 && by != 7; round++)
        mfd_pool_run(pool, seen, &by, 12);
    assert_int_equal(by, 7);
    mfd_pool_free(pool);
}

static void pools_end_in_whatever_state_they_are(void **state)
{
    (void)state;
    static struct record r;
    for (unsigned i = 0; i < 60; i++) {
        struct mfd_pool *pool = NULL;
        assert_int_equal(mfd_pool_new(&pool, 1 + i % 8, 0, NULL), MFD_OK);
        if (i % 3)
            check_round(pool, &r, i, i);
        if (i % 7 == 0)
            sleep_ms(3);
        mfd_pool_free(pool);
    }
    mfd_pool_free(NULL);
}

static void impossible_numbers_of_workers_are_refused(void **state)
{
    (void)state;
    struct mfd_pool *pool = NULL;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(mfd_pool_new(&pool, 0, 0, &err), MFD_EINVAL);
    assert_int_equal(mfd_pool_new(&pool, 100000, 0, &err), MFD_EINVAL);
    assert_non_null(strstr(err.message, "100000"));
    assert_null(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_done_once_whatever_the_number_of_workers),
        cmocka_unit_test(workers_that_fell_asleep_wake_up),
        cmocka_unit_test(long_items_are_shared_among_the_workers),
        cmocka_unit_test(pools_end_in_whatever_state_they_are),
        cmocka_unit_test(impossible_numbers_of_workers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
