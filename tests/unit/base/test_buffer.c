#include "tests/util/test.h"

#include "core/base/buffer.h"

static void appended_pieces_come_back_whole_and_terminated(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    for (int i = 0; i < 1000; i++)
        mfd_buffer_addf(&b, "%d,", i);
    mfd_buffer_adds(&b, "end");
    size_t n;
    char *s = mfd_buffer_steal(&b, &n);
    assert_non_null(s);
    assert_int_equal(n, strlen(s));
    assert_string_equal(s + n - 8, ",999,end");
    assert_null(b.data);
    free(s);
}

static void an_impossible_size_marks_the_buffer_failed(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_adds(&b, "x");
    assert_null(mfd_buffer_reserve(&b, SIZE_MAX - 1));
    assert_true(b.failed);
    mfd_buffer_adds(&b, "y");
    assert_null(mfd_buffer_steal(&b, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_pieces_come_back_whole_and_terminated),
        cmocka_unit_test(an_impossible_size_marks_the_buffer_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
