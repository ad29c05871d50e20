#include "tests/util/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/job_files.h"
#include "server/store_jobs.h"

/* A store in a directory of its own, and its jobs' files in the same one. */
struct place {
    char directory[64];
    struct mfd_store *store;
};

static int open_place(void **state)
{
    struct place *p = test_calloc(1, sizeof *p);
    struct mfd_error err = MFD_ERROR_INIT;
    strcpy(p->directory, "/tmp/mfd-store-XXXXXX");
    assert_non_null(mkdtemp(p->directory));
    assert_int_equal(mfd_store_open(&p->store, p->directory, true, &err), MFD_OK);
    *state = p;
    return 0;
}

static int close_place(void **state)
{
    struct place *p = *state;
    char command[128];
    mfd_store_close(p->store);
    snprintf(command, sizeof command, "rm -r %s", p->directory);
    assert_int_equal(system(command), 0);
    test_free(p);
    return 0;
}

/* The store as another process would find it. */
static void reopen(struct place *p)
{
    struct mfd_error err = MFD_ERROR_INIT;
    mfd_store_close(p->store);
    assert_int_equal(mfd_store_open(&p->store, p->directory, true, &err), MFD_OK);
    assert_int_equal(mfd_store_jobs_recover(p->store, &err), MFD_OK);
}

static const struct mfd_job_room plenty = { 100, 100, 1 << 20 };

static struct mfd_job_row sample(const char *id, const char *owner)
{
    struct mfd_job_row row = {
        .owner = (char *)(size_t)owner,
        .operation = (char *)(size_t) "predict",
        .content = MFD_MEDIA_JSON,
        .format = MFD_MEDIA_TSV,
        .params = (char *)(size_t) "[]",
        .queries = (char *)(size_t) "[]",
        .model = (char *)(size_t) "m@1",
        .digest = (char *)(size_t) "00",
        .description = (char *)(size_t) "{}",
        .server = (char *)(size_t) "1",
        .fingerprint = (char *)(size_t) "f",
        .items = 10,
        .passes = 20,
        .input_bytes = 100,
        .created = 1,
    };
    snprintf(row.id, sizeof row.id, "%s", id);
    return row;
}

static int add(struct place *p, const struct mfd_job_row *row, const struct mfd_job_room *room,
               struct mfd_error *err)
{
    struct mfd_job_row before;
    int status = mfd_store_job_add(p->store, row, room, &before, err);
    assert_false(status == MFD_OK && before.id[0]);
    return status;
}

static void add_some(struct place *p, const char *const *ids, const char *const *owners, size_t n)
{
    struct mfd_error err = MFD_ERROR_INIT;
    for (size_t i = 0; i < n; i++) {
        struct mfd_job_row row = sample(ids[i], owners[i]);
        assert_int_equal(add(p, &row, &plenty, &err), MFD_OK);
    }
}

/* The next job's id and number; "" where none waits. */
static int64_t next(struct place *p, char id[MFD_JOB_ID])
{
    struct mfd_job_row row = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    bool found = false;
    assert_int_equal(mfd_store_job_next(p->store, 5, &found, &row, &err), MFD_OK);
    snprintf(id, MFD_JOB_ID, "%s", found ? row.id : "");
    int64_t number = found ? row.number : 0;
    if (found)
        assert_int_equal(row.state, MFD_JOB_RUNNING);
    mfd_job_row_deinit(&row);
    return number;
}

static struct mfd_job_row look(struct place *p, const char *id)
{
    struct mfd_job_row row = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(mfd_store_job(p->store, id, NULL, &row, &err), MFD_OK);
    return row;
}

static void a_job_is_kept_as_it_was_given(void **state)
{
    struct place *p = *state;
    add_some(p, (const char *const[]){ "a" }, (const char *const[]){ "key:1" }, 1);
    reopen(p);
    struct mfd_job_row row = look(p, "a");
    assert_string_equal(row.owner, "key:1");
    assert_string_equal(row.operation, "predict");
    assert_string_equal(row.model, "m@1");
    assert_int_equal(row.content, MFD_MEDIA_JSON);
    assert_int_equal(row.format, MFD_MEDIA_TSV);
    assert_int_equal(row.state, MFD_JOB_QUEUED);
    assert_int_equal(row.items, 10);
    assert_int_equal(row.input_bytes, 100);
    assert_int_equal(row.created, 1);
    assert_int_equal(row.done + row.bytes + row.started + row.ended + row.expires, 0);
    assert_null(row.key);
    mfd_job_row_deinit(&row);
}

static void owners_take_turns_and_each_gets_his_oldest(void **state)
{
    struct place *p = *state;
    static const char *const ids[] = { "a1", "a2", "a3", "b1", "b2", "c1" };
    static const char *const owners[] = { "a", "a", "a", "b", "b", "c" };
    static const char *const wanted[] = { "a1", "b1", "c1", "a2", "b2", "a3", "" };
    char id[MFD_JOB_ID];
    add_some(p, ids, owners, 6);
    for (size_t i = 0; i < 7; i++) {
        next(p, id);
        assert_string_equal(id, wanted[i]);
    }
}

static bool others_wait(struct place *p)
{
    struct mfd_error err = MFD_ERROR_INIT;
    bool wait = false;
    assert_int_equal(mfd_store_jobs_others_wait(p->store, &wait, &err), MFD_OK);
    return wait;
}

static void one_that_yields_waits_behind_other_owners_and_before_its_own(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    static const char *const wanted[] = { "b1", "a1", "b2", "a2", "" };
    char id[MFD_JOB_ID];
    add_some(p, (const char *const[]){ "a1", "a2", "b1", "b2" },
             (const char *const[]){ "a", "a", "b", "b" }, 4);
    int64_t number = next(p, id);
    assert_string_equal(id, "a1");
    assert_true(others_wait(p));
    assert_int_equal(mfd_store_job_yield(p->store, number, &err), MFD_OK);
    for (size_t i = 0; i < 5; i++) {
        next(p, id);
        assert_string_equal(id, wanted[i]);
        assert_int_equal(others_wait(p), i == 0); /* b has one, a has none */
    }
    assert_int_equal(mfd_store_job_yield(p->store, 99, &err), MFD_OK);
}

static void one_that_ran_goes_first_after_a_restart(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    char id[MFD_JOB_ID];
    add_some(p, (const char *const[]){ "a1", "b1", "b2" }, (const char *const[]){ "a", "b", "b" },
             3);
    next(p, id);
    const struct mfd_job_progress some = { 4, 40, 0, { 2, 1, 1 } };
    int64_t number = next(p, id);
    assert_string_equal(id, "b1");
    assert_int_equal(mfd_store_job_progress(p->store, number, &some, 1000, &err), MFD_OK);
    reopen(p);
    next(p, id);
    assert_string_equal(id, "a1");
    next(p, id);
    assert_string_equal(id, "b1");
    struct mfd_job_row row = look(p, "b1");
    assert_int_equal(row.done, 4);
    assert_int_equal(row.bytes, 40);
    assert_int_equal(row.counts.ok, 2);
    assert_int_equal(row.counts.skipped, 1);
    assert_int_equal(row.counts.error, 1);
    assert_int_equal(row.started, 5);
    mfd_job_row_deinit(&row);
}

static void what_does_not_run_makes_no_progress(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_job_progress some = { 4, 40, 0, { 4, 0, 0 } };
    char id[MFD_JOB_ID];
    bool changed = false;
    add_some(p, (const char *const[]){ "a" }, (const char *const[]){ "a" }, 1);
    int64_t number = next(p, id);
    assert_int_equal(mfd_store_job_end(p->store, number, NULL, 7, 9, &changed, &err), MFD_OK);
    assert_true(changed);
    assert_int_equal(mfd_store_job_progress(p->store, number, &some, 1000, &err), MFD_ECANCELLED);
    assert_int_equal(mfd_store_job_done(p->store, number, &some, 8, 9, &err), MFD_ECANCELLED);
    assert_int_equal(mfd_store_job_end(p->store, number, "{}", 8, 9, &changed, &err), MFD_OK);
    assert_false(changed);
    struct mfd_job_row row = look(p, "a");
    assert_int_equal(row.state, MFD_JOB_CANCELLED);
    assert_int_equal(row.done, 0);
    assert_int_equal(row.ended, 7);
    mfd_job_row_deinit(&row);
}

static void a_key_stands_for_one_request_of_one_owner(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_job_row before = { 0 }, row = sample("a", "a");
    row.key = (char *)(size_t) "k";
    assert_int_equal(add(p, &row, &plenty, &err), MFD_OK);
    strcpy(row.id, "b");
    const struct mfd_job_room none = { 0, 0, 0 }; /* the job that is there needs none */
    assert_int_equal(mfd_store_job_add(p->store, &row, &none, &before, &err), MFD_OK);
    assert_string_equal(before.id, "a");
    mfd_job_row_deinit(&before);
    row.fingerprint = (char *)(size_t) "other";
    assert_int_equal(mfd_store_job_add(p->store, &row, &plenty, &before, &err), MFD_EEXISTS);
    assert_string_equal(err.slug, "idempotency-key-reused");
    row.owner = (char *)(size_t) "b";
    assert_int_equal(add(p, &row, &plenty, &err), MFD_OK);
}

static void room_is_bounded_by_number_owner_and_bytes(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_job_row a = sample("a", "a"), b = sample("b", "a"), c = sample("c", "c");
    const struct mfd_job_room one = { 100, 1, 1 << 20 }, two = { 2, 100, 1 << 20 },
                              tight = { 100, 100, 250 };
    assert_int_equal(add(p, &a, &one, &err), MFD_OK);
    assert_int_equal(add(p, &b, &one, &err), MFD_EBUSY);
    assert_string_equal(err.slug, "too-many-jobs");
    assert_non_null(strstr(err.message, "client_jobs"));
    assert_int_equal(add(p, &b, &two, &err), MFD_OK);
    assert_int_equal(add(p, &c, &two, &err), MFD_EBUSY);
    assert_int_equal(add(p, &c, &tight, &err), MFD_ELIMIT);
    assert_string_equal(err.slug, "disk-full");
    char id[MFD_JOB_ID];
    int64_t number = next(p, id);
    const struct mfd_job_progress large = { 1, 60, 0, { 1, 0, 0 } };
    assert_int_equal(mfd_store_job_progress(p->store, number, &large, 250, &err), MFD_ELIMIT);
    struct mfd_job_row row = look(p, id);
    assert_int_equal(row.bytes, 0); /* refused whole */
    mfd_job_row_deinit(&row);
    assert_int_equal(mfd_store_job_progress(p->store, number, &large, 260, &err), MFD_OK);
    struct mfd_job_census census;
    assert_int_equal(mfd_store_jobs_count(p->store, &census, &err), MFD_OK);
    assert_int_equal(census.bytes, 260);
    assert_int_equal(census.jobs[MFD_JOB_QUEUED], 1);
    assert_int_equal(census.jobs[MFD_JOB_RUNNING], 1);
}

static void pages_go_from_the_newest_and_show_ones_own(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_job_row *rows;
    size_t n;
    int64_t after = -1;
    add_some(p, (const char *const[]){ "1", "2", "3", "4", "5" },
             (const char *const[]){ "a", "b", "a", "a", "b" }, 5);
    struct mfd_job_query query = { "a", -1, -1, 2 };
    assert_int_equal(mfd_store_jobs(p->store, &query, &rows, &n, &after, &err), MFD_OK);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].id, "4");
    assert_string_equal(rows[1].id, "3");
    for (size_t i = 0; i < n; i++)
        mfd_job_row_deinit(&rows[i]);
    free(rows);
    query.before = after;
    assert_int_equal(mfd_store_jobs(p->store, &query, &rows, &n, &after, &err), MFD_OK);
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].id, "1");
    assert_int_equal(after, -1);
    mfd_job_row_deinit(&rows[0]);
    free(rows);
    query = (struct mfd_job_query){ NULL, MFD_JOB_DONE, -1, 10 };
    assert_int_equal(mfd_store_jobs(p->store, &query, &rows, &n, &after, &err), MFD_OK);
    assert_int_equal(n, 0);
    free(rows);
    struct mfd_job_row row;
    assert_int_equal(mfd_store_job(p->store, "2", "a", &row, &err), MFD_ENOTFOUND);
}

static void only_what_has_ended_expires(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_job_progress all = { 10, 100, 0, { 10, 0, 0 } };
    char id[MFD_JOB_ID];
    add_some(p, (const char *const[]){ "a", "b" }, (const char *const[]){ "a", "a" }, 2);
    int64_t number = next(p, id);
    assert_int_equal(mfd_store_job_delete(p->store, number, &err), MFD_OK);
    struct mfd_job_row row = look(p, "a"); /* it runs: it stays */
    mfd_job_row_deinit(&row);
    assert_int_equal(mfd_store_job_done(p->store, number, &all, 10, 20, &err), MFD_OK);
    assert_int_equal(mfd_store_job_expire(p->store, 19, id, &err), MFD_OK);
    assert_string_equal(id, "");
    assert_int_equal(mfd_store_job_expire(p->store, 20, id, &err), MFD_OK);
    assert_string_equal(id, "a");
    assert_int_equal(mfd_store_job_expire(p->store, 1000, id, &err), MFD_OK);
    assert_string_equal(id, "");
}

static void a_result_is_cut_to_what_counts(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    int fd = -1;
    char text[16] = "";
    assert_int_equal(mfd_job_result_open(p->directory, "r", 0, &fd, &err), MFD_OK);
    assert_int_equal(mfd_job_result_append(fd, 0, "counted", 7, &err), MFD_OK);
    assert_int_equal(mfd_job_result_append(fd, 7, "not", 3, &err), MFD_OK);
    close(fd);
    assert_int_equal(mfd_job_result_open(p->directory, "r", 7, &fd, &err), MFD_OK);
    assert_int_equal(mfd_job_result_append(fd, 7, "!", 1, &err), MFD_OK);
    assert_int_equal(pread(fd, text, sizeof text, 0), 8);
    assert_string_equal(text, "counted!");
    close(fd);
    assert_int_equal(mfd_job_result_open(p->directory, "r", 9, &fd, &err), MFD_EMISMATCH);
}

static void an_input_that_no_room_is_left_for_says_so(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4, before.rlim_max }), 0);
    int status = mfd_job_input_write(p->directory, "r", "12345", 5, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, old);
    assert_int_equal(status, MFD_EIO);
    assert_string_equal(err.slug, "disk-full");
    assert_null(strstr(err.message, p->directory)); /* it goes to a client */
}

static void write_file(const char *directory, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
}

static bool is_there(const char *directory, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

static void files_without_a_job_are_removed(void **state)
{
    struct place *p = *state;
    struct mfd_error err = MFD_ERROR_INIT;
    char directory[80];
    snprintf(directory, sizeof directory, "%s/jobs", p->directory);
    assert_int_equal(mkdir(directory, 0755), 0);
    add_some(p, (const char *const[]){ "0123456789abcdef" }, (const char *const[]){ "a" }, 1);
    static const char *const files[] = { "0123456789abcdef.in",   "0123456789abcdef.out",
                                         "0123456789abcdef.in.X", "fedcba9876543210.in",
                                         "fedcba9876543210.out",  "upload-abcdef" };
    for (size_t i = 0; i < 6; i++)
        write_file(directory, files[i]);
    assert_int_equal(mfd_job_files_clean(directory, p->store, &err), MFD_OK);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(is_there(directory, files[i]), i < 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_kept_as_it_was_given),
        TEST(owners_take_turns_and_each_gets_his_oldest),
        TEST(one_that_yields_waits_behind_other_owners_and_before_its_own),
        TEST(one_that_ran_goes_first_after_a_restart),
        TEST(what_does_not_run_makes_no_progress),
        TEST(a_key_stands_for_one_request_of_one_owner),
        TEST(room_is_bounded_by_number_owner_and_bytes),
        TEST(pages_go_from_the_newest_and_show_ones_own),
        TEST(only_what_has_ended_expires),
        TEST(a_result_is_cut_to_what_counts),
        TEST(an_input_that_no_room_is_left_for_says_so),
        TEST(files_without_a_job_are_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
