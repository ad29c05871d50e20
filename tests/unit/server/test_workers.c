#include "tests/util/test.h"

#include <pthread.h>
#include <stdbool.h>

#include "server/loop.h"
#include "server/workers.h"

#define MOST 16

/* Works that wait for each other: which have begun, in which order, and which may end. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int begun[MOST];
    size_t n;
    bool may_end[MOST];
} stage = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void work(void *arg)
{
    int me = *(int *)arg;
    pthread_mutex_lock(&stage.lock);
    stage.begun[stage.n++] = me;
    pthread_cond_broadcast(&stage.changed);
    while (!stage.may_end[me])
        pthread_cond_wait(&stage.changed, &stage.lock);
    pthread_mutex_unlock(&stage.lock);
}

static void let_end(int which)
{
    pthread_mutex_lock(&stage.lock);
    stage.may_end[which] = true;
    pthread_cond_broadcast(&stage.changed);
    pthread_mutex_unlock(&stage.lock);
}

/* Wait until `n` have begun; the last of them. */
static int last_begun(size_t n)
{
    pthread_mutex_lock(&stage.lock);
    while (stage.n < n)
        pthread_cond_wait(&stage.changed, &stage.lock);
    int last = stage.begun[n - 1];
    pthread_mutex_unlock(&stage.lock);
    return last;
}

struct pool {
    struct mfd_loop *loop;
    struct mfd_workers *workers;
    struct mfd_work works[MOST];
    int numbers[MOST];
};

static void open_pool(struct pool *p, unsigned threads)
{
    struct mfd_error err = MFD_ERROR_INIT;
    stage.n = 0;
    memset(stage.may_end, 0, sizeof stage.may_end);
    assert_int_equal(mfd_loop_new(&p->loop, &err), MFD_OK);
    assert_int_equal(mfd_workers_new(&p->workers, p->loop, threads, &err), MFD_OK);
}

static void submit(struct pool *p, int number, enum mfd_work_kind kind)
{
    p->numbers[number] = number;
    p->works[number] = (struct mfd_work){ .work = work, .arg = &p->numbers[number], .kind = kind };
    mfd_workers_submit(p->workers, &p->works[number]);
}

static void close_pool(struct pool *p, int works)
{
    for (int i = 0; i < works; i++)
        let_end(i);
    mfd_workers_free(p->workers);
    assert_int_equal(stage.n, works); /* what was queued is finished */
    mfd_loop_free(p->loop);
}

static void what_nobody_waits_for_comes_last(void **state)
{
    (void)state;
    struct pool p;
    open_pool(&p, 2); /* one for quick works, one for all others */
    submit(&p, 0, MFD_WORK_HEAVY);
    assert_int_equal(last_begun(1), 0);
    submit(&p, 1, MFD_WORK_SLACK);
    submit(&p, 2, MFD_WORK_HEAVY);
    let_end(0);
    assert_int_equal(last_begun(2), 2);
    let_end(2);
    assert_int_equal(last_begun(3), 1);
    close_pool(&p, 3);
}

static void what_nobody_waits_for_leaves_a_thread_to_what_somebody_does(void **state)
{
    (void)state;
    struct pool p;
    open_pool(&p, 4);
    for (int i = 0; i < 4; i++)
        submit(&p, i, MFD_WORK_SLACK);
    last_begun(2); /* of the three that are not for quick works */
    submit(&p, 4, MFD_WORK_HEAVY);
    assert_int_equal(last_begun(3), 4);
    submit(&p, 5, MFD_WORK_QUICK);
    assert_int_equal(last_begun(4), 5);
    close_pool(&p, 6);
}

static void a_quick_work_finds_a_thread_whatever_the_others_do(void **state)
{
    (void)state;
    struct pool p;
    open_pool(&p, 3);
    for (int i = 0; i < 6; i++)
        submit(&p, i, i % 2 ? MFD_WORK_SLACK : MFD_WORK_HEAVY);
    last_begun(2);
    submit(&p, 6, MFD_WORK_QUICK);
    assert_int_equal(last_begun(3), 6);
    close_pool(&p, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_waits_for_comes_last),
        cmocka_unit_test(what_nobody_waits_for_leaves_a_thread_to_what_somebody_does),
        cmocka_unit_test(a_quick_work_finds_a_thread_whatever_the_others_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
