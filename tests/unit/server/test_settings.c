#include "tests/util/test.h"

#include "server/settings.h"

static int parse(struct mfd_settings *s, const char *text, struct mfd_error *err)
{
    assert_int_equal(mfd_settings_init(s, err), MFD_OK);
    return mfd_settings_parse(s, text, strlen(text), "f", "/etc/mfd", err);
}

static void values_are_taken_and_defaults_stay(void **state)
{
    (void)state;
    struct mfd_settings s;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(
        parse(&s,
              "# comment\r\n; another\n\n[server]\r\n  listen =  ::1 \nport=0\n"
              "[models]\nb@2 = b.mfd\na = /abs.mfd\n[limits]\nitems = 12\n[server]\nhosts = a # b",
              &err),
        MFD_OK);
    assert_string_equal(s.listen, "::1");
    assert_int_equal(s.port, 0);
    assert_string_equal(s.hosts, "a # b");
    assert_int_equal(s.models.n, 2);
    assert_string_equal(s.models.at[0].name, "b@2");
    assert_string_equal(s.models.at[0].path, "/etc/mfd/b.mfd");
    assert_string_equal(s.models.at[1].path, "/abs.mfd");
    assert_int_equal(s.limits.items, 12);
    assert_int_equal(s.limits.passes, 2000);
    assert_true(s.access_log);
    assert_int_equal(mfd_settings_check(&s, &err), MFD_OK);
    mfd_settings_deinit(&s);
}

static void an_assignment_of_the_command_line_wins(void **state)
{
    (void)state;
    struct mfd_settings s;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(parse(&s, "[server]\nport = 1\n", &err), MFD_OK);
    assert_int_equal(mfd_settings_set(&s, "server.port=2", &err), MFD_OK);
    assert_int_equal(s.port, 2);
    assert_int_equal(mfd_settings_set(&s, "genomes.hg19=rel.fa", &err), MFD_OK);
    assert_string_equal(s.genomes.at[0].path, "rel.fa");
    static const char *const bad[] = {
        "",         "port=1",        "server=1", "server.=1", "server.port",
        "nope.a=1", "server.nope=1", "=",        ".=",        "server.port=x"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_not_equal(mfd_settings_set(&s, bad[i], &err), MFD_OK);
    mfd_settings_deinit(&s);
}

static void mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\nx\n",
        "\n[\n",
        "\n[]\n",
        "\n[nope]\n",
        "\na=1\n",
        "[server]\n=1\n",
        "[server]\nport=-1\n",
        "[server]\nport=1e3\n",
        "[log]\naccess=2\n",
        "[limits]\nnope=1\n",
        "[models]\n=x\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mfd_settings s;
        struct mfd_error err = MFD_ERROR_INIT;
        assert_int_not_equal(parse(&s, bad[i], &err), MFD_OK);
        assert_non_null(strstr(err.message, "f, line 2: "));
        mfd_settings_deinit(&s);
    }
}

static void what_is_printed_is_read_again(void **state)
{
    (void)state;
    struct mfd_settings s, t;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer a = MFD_BUFFER_INIT, b = MFD_BUFFER_INIT;
    assert_int_equal(parse(&s, "[server]\nport=1\n[models]\na=/b\n[limits]\nqueue=3\n", &err),
                     MFD_OK);
    mfd_settings_print(&s, &a);
    assert_int_equal(parse(&t, a.data, &err), MFD_OK);
    mfd_settings_print(&t, &b);
    assert_string_equal(a.data, b.data);
    mfd_buffer_deinit(&a);
    mfd_buffer_deinit(&b);
    mfd_settings_deinit(&s);
    mfd_settings_deinit(&t);
}

static void loopback_is_what_only_this_machine_reaches(void **state)
{
    (void)state;
    static const char *const near[] = { "127.0.0.1", "127.255.0.3", "::1", "localhost" };
    static const char *const far[] = { "0.0.0.0",     "::", "10.0.0.1",         "128.0.0.1",
                                       "example.org", "",   "localhost.example" };
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        assert_true(mfd_is_loopback(near[i]));
    for (size_t i = 0; i < sizeof far / sizeof *far; i++)
        assert_false(mfd_is_loopback(far[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_taken_and_defaults_stay),
        cmocka_unit_test(an_assignment_of_the_command_line_wins),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(what_is_printed_is_read_again),
        cmocka_unit_test(loopback_is_what_only_this_machine_reaches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
