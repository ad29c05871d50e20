#include "tests/util/test.h"

#include <ctype.h>

#include <jansson.h>

#include "proto/limits.h"
#include "proto/problem.h"

static json_t *encode(const struct mfd_problem *p, const char *request_id)
{
    struct mfd_buffer out = MFD_BUFFER_INIT;
    mfd_problem_encode(p, request_id, "/api/v1/predict", &out);
    json_t *value = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(value);
    mfd_buffer_deinit(&out);
    return value;
}

static void every_type_has_one_slug_an_error_status_and_a_title(void **state)
{
    (void)state;
    size_t n;
    const struct mfd_problem_type *types = mfd_problem_types(&n);
    for (size_t i = 0; i < n; i++) {
        assert_in_range(types[i].status, 400, 599);
        assert_true(isupper((unsigned char)types[i].title[0]));
        assert_ptr_equal(mfd_problem_find(types[i].slug),
                         &types[i]); /* the first, so the only one */
        assert_int_equal(strspn(types[i].slug, "abcdefghijklmnopqrstuvwxyz-"),
                         strlen(types[i].slug));
    }
    assert_string_equal(mfd_problem_find("no-such-type")->slug, "internal");
}

static void a_problem_is_rfc_9457_json(void **state)
{
    (void)state;
    struct mfd_problem p;
    assert_int_equal(mfd_problem_set(&p, "ref-mismatch", "/variants/3/ref", "\"%s\" is not G", "A"),
                     -1);
    json_t *value = encode(&p, "r-1");
    assert_string_equal(json_string_value(json_object_get(value, "type")),
                        "/problems/ref-mismatch");
    assert_int_equal(json_integer_value(json_object_get(value, "status")), 422);
    assert_string_equal(json_string_value(json_object_get(value, "detail")), "\"A\" is not G");
    assert_string_equal(json_string_value(json_object_get(value, "pointer")), "/variants/3/ref");
    assert_string_equal(json_string_value(json_object_get(value, "instance")), "/api/v1/predict");
    assert_string_equal(json_string_value(json_object_get(value, "request_id")), "r-1");
    assert_null(json_object_get(value, "limit"));
    json_decref(value);
}

static void a_limit_tells_its_name_maximum_and_what_was_asked(void **state)
{
    (void)state;
    struct mfd_problem p;
    mfd_problem_limit(&p, "items", 1000, 1200, "/variants");
    json_t *value = encode(&p, NULL), *limit = json_object_get(value, "limit");
    assert_int_equal(json_integer_value(json_object_get(value, "status")), 413);
    assert_string_equal(json_string_value(json_object_get(limit, "name")), "items");
    assert_int_equal(json_integer_value(json_object_get(limit, "maximum")), 1000);
    assert_int_equal(json_integer_value(json_object_get(limit, "actual")), 1200);
    assert_null(json_object_get(value, "request_id"));
    json_decref(value);
    mfd_problem_limit(&p, "json_bytes", 16, -1, NULL);
    value = encode(&p, NULL);
    assert_null(json_object_get(json_object_get(value, "limit"), "actual"));
    assert_null(json_object_get(value, "pointer"));
    json_decref(value);
}

static void a_long_pointer_is_cut_to_an_enclosing_place(void **state)
{
    (void)state;
    char pointer[600] = "/where/";
    memset(pointer + 7, 'x', 500);
    struct mfd_problem p;
    mfd_problem_set(&p, "unknown-column", pointer, "no such column");
    assert_string_equal(p.pointer, "/where");
}

static void a_library_error_becomes_the_type_it_names_or_one_by_its_status(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_problem p;
    (void)mfd_fail_as(&err, MFD_EMISMATCH, "ref-mismatch", "x");
    mfd_problem_from_error(&p, &err, NULL);
    assert_string_equal(p.type->slug, "ref-mismatch");
    (void)mfd_fail(&err, MFD_ENOTFOUND, "x");
    mfd_problem_from_error(&p, &err, NULL);
    assert_string_equal(p.type->slug, "not-found");
    (void)mfd_fail(&err, MFD_EIO, "x");
    mfd_problem_from_error(&p, &err, NULL);
    assert_string_equal(p.type->slug, "internal");
}

static void every_limit_has_a_positive_default_and_a_place(void **state)
{
    (void)state;
    static const struct mfd_limit_info table[] = MFD_LIMIT_TABLE;
    struct mfd_limits limits = MFD_LIMITS_INIT;
    assert_int_equal(sizeof limits, sizeof table / sizeof *table * sizeof(int64_t));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(*(int64_t *)((char *)&limits + table[i].offset), table[i].value);
        assert_true(table[i].value > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_one_slug_an_error_status_and_a_title),
        cmocka_unit_test(a_problem_is_rfc_9457_json),
        cmocka_unit_test(a_limit_tells_its_name_maximum_and_what_was_asked),
        cmocka_unit_test(a_long_pointer_is_cut_to_an_enclosing_place),
        cmocka_unit_test(a_library_error_becomes_the_type_it_names_or_one_by_its_status),
        cmocka_unit_test(every_limit_has_a_positive_default_and_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
