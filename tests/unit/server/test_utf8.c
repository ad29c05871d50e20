#include "tests/util/test.h"

#include "server/utf8.h"

static void text_is_told_from_bytes(void **state)
{
    (void)state;
    static const char *const good[] = { "",
                                        "a",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf" };
    static const char *const bad[] = { "\x80",
                                       "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xc2",
                                       "\xc2 ",
                                       "\xe0\x9f\xbf",
                                       "\xed\xa0\x80",
                                       "\xe2\x82",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xff" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(mfd_utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mfd_utf8_valid(bad[i], strlen(bad[i])));
    assert_true(mfd_utf8_valid("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(text_is_told_from_bytes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
