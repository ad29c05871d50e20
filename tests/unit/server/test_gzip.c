#include "tests/util/test.h"

#include "server/gzip.h"

static void what_is_packed_comes_back(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer packed = MFD_BUFFER_INIT, back = MFD_BUFFER_INIT;
    char *text = test_malloc(1000000);
    for (size_t i = 0; i < 1000000; i++)
        text[i] = "ACGT"[(i * i / 7) & 3];
    assert_true(mfd_gzip(text, 1000000, &packed));
    assert_true(packed.len < 500000);
    assert_int_equal(mfd_gunzip(packed.data, packed.len, 1000000, &back, &err), MFD_OK);
    assert_int_equal(back.len, 1000000);
    assert_memory_equal(back.data, text, 1000000);
    mfd_buffer_clear(&back);
    assert_int_equal(mfd_gunzip(packed.data, packed.len, 999999, &back, &err), MFD_ELIMIT);
    mfd_buffer_deinit(&packed);
    mfd_buffer_deinit(&back);
    test_free(text);
}

static void several_members_are_one_file(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer packed = MFD_BUFFER_INIT, back = MFD_BUFFER_INIT;
    assert_true(mfd_gzip("one,", 4, &packed));
    assert_true(mfd_gzip("", 0, &packed));
    assert_true(mfd_gzip("two", 3, &packed));
    assert_int_equal(mfd_gunzip(packed.data, packed.len, 7, &back, &err), MFD_OK);
    assert_string_equal(back.data, "one,two");
    mfd_buffer_deinit(&packed);
    mfd_buffer_deinit(&back);
}

static void anything_cut_or_changed_is_refused(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer packed = MFD_BUFFER_INIT, back = MFD_BUFFER_INIT;
    assert_true(mfd_gzip("some text, some text, some text", 31, &packed));
    for (size_t n = 0; n < packed.len; n++) {
        mfd_buffer_clear(&back);
        assert_int_equal(mfd_gunzip(packed.data, n, 1000, &back, &err), MFD_EFORMAT);
    }
    mfd_buffer_adds(&packed, "x");
    assert_int_equal(mfd_gunzip(packed.data, packed.len, 1000, &back, &err), MFD_EFORMAT);
    packed.data[packed.len - 6] ^= 1; /* the checksum */
    assert_int_equal(mfd_gunzip(packed.data, packed.len - 1, 1000, &back, &err), MFD_EFORMAT);
    mfd_buffer_deinit(&packed);
    mfd_buffer_deinit(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back),
        cmocka_unit_test(several_members_are_one_file),
        cmocka_unit_test(anything_cut_or_changed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
