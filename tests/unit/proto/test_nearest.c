#include "tests/util/test.h"

#include "proto/nearest.h"

static const char *const names[] = { "HepG2", "K562", "GM12878", "GM12891", "liver", "H1", "A549" };

static const char *name(const void *ctx, size_t i)
{
    return ((const char *const *)ctx)[i];
}

static size_t closest(const char *word, const char *found[MFD_NEAREST])
{
    return mfd_nearest(word, name, names, sizeof names / sizeof *names, found);
}

static void a_slip_of_the_pen_is_recognised(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "HepG", "HepG2" },  { "hepg2", "HepG2" },    { "K526", "K562" },
        { "Liver", "liver" }, { "GM1287", "GM12878" }, { "GM12892", "GM12891" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found[MFD_NEAREST];
        assert_true(closest(cases[i][0], found) > 0);
        assert_string_equal(found[0], cases[i][1]);
    }
}

static void the_nearest_comes_first(void **state)
{
    (void)state;
    const char *found[MFD_NEAREST];
    assert_int_equal(closest("GM12879", found), 2);
    assert_string_equal(found[0], "GM12878");
    assert_string_equal(found[1], "GM12891");
}

static void nothing_is_suggested_where_nothing_is_near(void **state)
{
    (void)state;
    const char *found[MFD_NEAREST];
    assert_int_equal(closest("spermatogonium", found), 0);
    static const char *const one[] = { "abc" };
    assert_int_equal(mfd_nearest("xyz", name, one, 1, found), 0);
}

static void names_of_any_length_are_safe(void **state)
{
    (void)state;
    char word[500];
    memset(word, 'a', sizeof word);
    word[499] = '\0';
    const char *const same[] = { word, "" };
    const char *found[MFD_NEAREST];
    assert_int_equal(mfd_nearest(word, name, same, 2, found), 1);
    assert_int_equal(mfd_nearest("", name, same, 2, found), 1);
    assert_string_equal(found[0], "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_of_the_pen_is_recognised),
        cmocka_unit_test(the_nearest_comes_first),
        cmocka_unit_test(nothing_is_suggested_where_nothing_is_near),
        cmocka_unit_test(names_of_any_length_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
