#include "tests/util/test.h"

#include "server/ids.h"

static void good_identifiers_are_kept(void **state)
{
    (void)state;
    struct mfd_ids ids;
    char out[56];
    mfd_ids_init(&ids);
    mfd_ids_adopt(&ids, "lab-1.x:2_y", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_string_equal(ids.request, "lab-1.x:2_y");
    assert_string_equal(ids.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_string_equal(ids.flags, "01");
    mfd_ids_traceparent(&ids, out);
    assert_int_equal(strlen(out), 55);
    assert_int_equal(strncmp(out, "00-4bf92f3577b34da6a3ce929d0e0e4736-", 36), 0);
    mfd_ids_init(&ids);
    mfd_ids_adopt(&ids, NULL, "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-new");
    assert_string_equal(ids.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
}

static void bad_ones_are_replaced_by_random_ones(void **state)
{
    (void)state;
    static const char *const parents[] = {
        "",
        "00",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
    };
    struct mfd_ids a, b;
    mfd_ids_init(&a);
    mfd_ids_adopt(&a, "", NULL);
    for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
        mfd_ids_init(&b);
        mfd_ids_adopt(&b, "a\r\nb", parents[i]);
        assert_int_equal(strlen(b.request), 32);
        assert_string_not_equal(a.request, b.request);
        assert_string_not_equal(b.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_int_equal(strlen(b.trace), 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_identifiers_are_kept),
        cmocka_unit_test(bad_ones_are_replaced_by_random_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
