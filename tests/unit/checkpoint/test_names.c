#include "tests/util/test.h"

#include <stdio.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/checkpoint/names.h"

static void lines_of_a_file_are_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        int status;
        const char *says;
    } cases[] = {
        { "a\nb b\n\nc", 3, MFD_OK, "" },
        { "a\r\nb\r\n", 2, MFD_OK, "" },
        { "", 0, MFD_OK, "" },
        { "\n\n", 0, MFD_OK, "" },
        { "a\nb\na\n", 0, MFD_EFORMAT, "'a' occurs twice" },
        { "a\nb\tc\n", 0, MFD_EFORMAT, "name 2" },
        { "a\n\xff\n", 0, MFD_EFORMAT, "not UTF-8" },
    };
    char dir[] = "/tmp/mfd-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/ids", dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_names names = MFD_NAMES_INIT;
        assert_int_equal(mfd_file_replace(path, cases[i].text, strlen(cases[i].text), &err),
                         MFD_OK);
        assert_int_equal(mfd_names_read(&names, path, &err), cases[i].status);
        assert_non_null(strstr(err.message, cases[i].says));
        if (cases[i].status == MFD_OK)
            assert_int_equal(names.n, cases[i].n);
        mfd_names_deinit(&names);
    }
    unlink(path);
    rmdir(dir);
    struct mfd_names names = MFD_NAMES_INIT;
    assert_int_equal(mfd_names_read(&names, path, NULL), MFD_ENOTFOUND);
}

static void a_name_is_neither_empty_nor_endless(void **state)
{
    (void)state;
    char text[MFD_NAME_MAX_BYTES + 1];
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_names names = MFD_NAMES_INIT;
    memset(text, 'x', sizeof text);
    assert_int_equal(mfd_names_add(&names, text, sizeof text, "the list", &err), MFD_EFORMAT);
    assert_string_equal(err.message, "name 1 of the list is too long");
    assert_int_equal(mfd_names_add(&names, text, 0, "the list", &err), MFD_EFORMAT);
    assert_int_equal(mfd_names_add(&names, "a\0b", 3, "the list", &err), MFD_EFORMAT);
    assert_int_equal(mfd_names_add(&names, text, sizeof text - 1, "the list", &err), MFD_OK);
    assert_int_equal(names.n, 1);
    mfd_names_deinit(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_a_file_are_names),
        cmocka_unit_test(a_name_is_neither_empty_nor_endless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
