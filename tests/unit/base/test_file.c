#include "tests/util/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"

static void a_replaced_file_maps_to_the_new_bytes(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    char dir[] = "/tmp/mfd-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a", dir);
    assert_int_equal(mfd_file_replace(path, "one", 3, &err), MFD_OK);
    assert_int_equal(mfd_file_replace(path, "second", 6, &err), MFD_OK);
    struct mfd_map map;
    assert_int_equal(mfd_map_open(&map, path, &err), MFD_OK);
    assert_int_equal(map.size, 6);
    assert_memory_equal(map.data, "second", 6);
    mfd_map_close(&map);
    struct mfd_buffer b = MFD_BUFFER_INIT;
    assert_int_equal(mfd_file_read(path, 5, &b, &err), MFD_ELIMIT);
    mfd_buffer_deinit(&b);
    unlink(path);
    rmdir(dir);
}

static void a_file_may_be_given_in_pieces(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    char dir[] = "/tmp/mfd-test-XXXXXX", path[64], one[] = "one", two[] = "-two";
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a", dir);
    const struct iovec parts[] = { { one, 3 }, { NULL, 0 }, { two, 4 } };
    assert_int_equal(mfd_file_replacev(path, parts, 3, &err), MFD_OK);
    assert_int_equal(mfd_file_read(path, 100, &b, &err), MFD_OK);
    assert_string_equal(b.data, "one-two");
    unlink(path);
    rmdir(dir);
    assert_int_equal(mfd_file_replacev(path, parts, 3, &err), MFD_ENOTFOUND);
    mfd_buffer_deinit(&b);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_map map;
    assert_int_equal(mfd_map_open(&map, "/nonexistent/file", &err), MFD_ENOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/file"));
    assert_int_equal(mfd_map_open(&map, "/tmp", &err), MFD_EINVAL);
}

static void a_pipe_is_refused_and_not_waited_for(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_map map;
    char dir[] = "/tmp/mfd-pipe-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mfd_map_open(&map, path, &err), MFD_EINVAL);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replaced_file_maps_to_the_new_bytes),
        cmocka_unit_test(a_file_may_be_given_in_pieces),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_pipe_is_refused_and_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
