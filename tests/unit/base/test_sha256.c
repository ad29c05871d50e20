#include "tests/util/test.h"

#include "core/base/sha256.h"

/* FIPS 180-4 example "abc" */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void the_standard_example_holds_in_one_and_in_pieces(void **state)
{
    (void)state;
    char hex[MFD_SHA256_HEX];
    mfd_sha256("abc", 3, hex);
    assert_string_equal(hex, ABC);
    struct mfd_sha256 *s = mfd_sha256_new();
    assert_non_null(s);
    mfd_sha256_update(s, "a", 1);
    mfd_sha256_update(s, "bc", 2);
    mfd_sha256_finish(s, hex);
    assert_string_equal(hex, ABC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_example_holds_in_one_and_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
