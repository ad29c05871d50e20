#include "tests/util/test.h"

#include "server/router.h"

static void handle(struct mfd_request *rq)
{
    (void)rq;
}

static const struct mfd_route things[] = {
    { "GET", "/things", .handle = handle },
    { "POST", "/things", .handle = handle },
    { "GET", "/things/{thing}", .handle = handle },
    { "DELETE", "/things/{thing}", .handle = handle },
    { "GET", "/things/{thing}/parts/{part}", .handle = handle },
    { "GET", "/things/special", .handle = handle },
    { "GET", "/", .handle = handle },
    { 0 },
};
static const struct mfd_route *const tables[] = { things, NULL };

static int find(const char *method, const char *path, struct mfd_match *match)
{
    struct mfd_error err = MFD_ERROR_INIT;
    return mfd_router_find(tables, method, path, strlen(path), match, &err);
}

static void a_path_finds_its_route_and_its_values(void **state)
{
    (void)state;
    struct mfd_match m;
    assert_int_equal(find("GET", "/things/a%20b/parts/%C3%A9", &m), MFD_OK);
    assert_ptr_equal(m.route, &things[4]);
    assert_string_equal(mfd_params_get(&m.params, "thing"), "a b");
    assert_string_equal(mfd_params_get(&m.params, "part"), "\xc3\xa9");
    assert_null(mfd_params_get(&m.params, "other"));
    mfd_params_deinit(&m.params);
    assert_int_equal(find("GET", "/", &m), MFD_OK);
    assert_ptr_equal(m.route, &things[6]);
    mfd_params_deinit(&m.params);
}

static void the_first_route_that_fits_wins(void **state)
{
    (void)state;
    struct mfd_match m;
    assert_int_equal(find("GET", "/things/special", &m), MFD_OK);
    assert_ptr_equal(m.route, &things[2]);
    mfd_params_deinit(&m.params);
}

static void another_method_leaves_what_is_allowed(void **state)
{
    (void)state;
    struct mfd_match m;
    assert_int_equal(find("PUT", "/things/x", &m), MFD_OK);
    assert_null(m.route);
    assert_string_equal(m.allow, "GET, HEAD, DELETE, OPTIONS");
    assert_int_equal(find("PUT", "/things", &m), MFD_OK);
    assert_string_equal(m.allow, "GET, HEAD, POST, OPTIONS");
}

static void what_does_not_fit_whole_does_not_fit(void **state)
{
    (void)state;
    static const char *const paths[] = { "/thing",     "/things/",       "/things//",
                                         "//things",   "/things/a/",     "/things//parts/b",
                                         "things",     "/things/a/part", "/things/a/parts/b/c",
                                         "/things%2Fa" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mfd_match m;
        assert_int_equal(find("GET", paths[i], &m), MFD_OK);
        assert_null(m.route);
        assert_string_equal(m.allow, "");
    }
}

static void an_escaped_slash_is_part_of_a_value(void **state)
{
    (void)state;
    struct mfd_match m;
    assert_int_equal(find("GET", "/things/a%2Fb", &m), MFD_OK);
    assert_string_equal(mfd_params_get(&m.params, "thing"), "a/b");
    mfd_params_deinit(&m.params);
}

static void bad_escapes_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = { "/things/%",   "/things/%2",     "/things/%2x",
                                         "/things/%00", "/things/%0a",    "/things/%7f",
                                         "/things/%ff", "/things/%c0%af", "/%zz",
                                         "/things/\t" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mfd_match m;
        assert_int_equal(find("GET", paths[i], &m), MFD_EINVAL);
    }
}

static void a_path_need_not_end_in_a_nul(void **state)
{
    (void)state;
    struct mfd_match m;
    struct mfd_error err = MFD_ERROR_INIT;
    char *path = malloc(9); /* for the address sanitizer */
    memcpy(path, "/things/x", 9);
    assert_int_equal(mfd_router_find(tables, "GET", path, 9, &m, &err), MFD_OK);
    assert_string_equal(mfd_params_get(&m.params, "thing"), "x");
    mfd_params_deinit(&m.params);
    assert_int_equal(mfd_router_find(tables, "GET", path, 7, &m, &err), MFD_OK);
    assert_ptr_equal(m.route, &things[0]);
    free(path);
}

static void a_query_is_decoded_in_order(void **state)
{
    (void)state;
    struct mfd_params p;
    struct mfd_error err = MFD_ERROR_INIT;
    const char *query = "a=1+2&b=%2B&a=3&&c&=d&e==f";
    assert_int_equal(mfd_router_query(query, strlen(query), &p, &err), MFD_OK);
    assert_int_equal(p.n, 6);
    assert_string_equal(mfd_params_get(&p, "a"), "1 2");
    assert_string_equal(mfd_params_get(&p, "b"), "+");
    assert_string_equal(p.at[2].value, "3");
    assert_string_equal(mfd_params_get(&p, "c"), "");
    assert_string_equal(mfd_params_get(&p, ""), "d");
    assert_string_equal(mfd_params_get(&p, "e"), "=f");
    mfd_params_deinit(&p);
}

static void a_bad_query_is_refused_whole(void **state)
{
    (void)state;
    struct mfd_params p = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(mfd_router_query("a=1&b=%", 7, &p, &err), MFD_EINVAL);
    assert_int_equal(mfd_router_query("%ff=1", 5, &p, &err), MFD_EINVAL);
    char many[200];
    memset(many, '&', sizeof many);
    for (size_t i = 0; i < sizeof many; i += 2)
        many[i] = 'x';
    assert_int_equal(mfd_router_query(many, 127, &p, &err), MFD_OK);
    mfd_params_deinit(&p);
    assert_int_equal(mfd_router_query(many, 129, &p, &err), MFD_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_its_route_and_its_values),
        cmocka_unit_test(the_first_route_that_fits_wins),
        cmocka_unit_test(another_method_leaves_what_is_allowed),
        cmocka_unit_test(what_does_not_fit_whole_does_not_fit),
        cmocka_unit_test(an_escaped_slash_is_part_of_a_value),
        cmocka_unit_test(bad_escapes_are_refused),
        cmocka_unit_test(a_path_need_not_end_in_a_nul),
        cmocka_unit_test(a_query_is_decoded_in_order),
        cmocka_unit_test(a_bad_query_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
