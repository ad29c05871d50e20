#include "tests/util/test.h"

#include "core/base/parse.h"

static void integers_are_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        { "0", true, 0 },
        { "-12", true, -12 },
        { "99", true, 99 },
        { "", false, 0 },
        { "-", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "+1", false, 0 },
        { "0x1", false, 0 },
        { "101", false, 0 },
        { "-101", false, 0 },
        { "99999999999999999999", false, 0 },
        { "9223372036854775808", false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = -7;
        bool ok = mfd_parse_i64(cases[i].text, strlen(cases[i].text), -100, 100, &value);
        assert_int_equal(ok, cases[i].ok);
        assert_int_equal(value, ok ? cases[i].value : -7);
    }
}

static void numbers_must_be_finite(void **state)
{
    (void)state;
    double x = 7;
    assert_true(mfd_parse_double("-1.5e3", 6, &x));
    assert_float_equal(x, -1500, 0);
    static const char *const bad[] = { "", "nan", "inf", "1e999", "0x10", "1,5", "1 ", "--1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mfd_parse_double(bad[i], strlen(bad[i]), &x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_taken_whole_or_not_at_all),
        cmocka_unit_test(numbers_must_be_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
