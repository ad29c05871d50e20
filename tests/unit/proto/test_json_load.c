#include "tests/util/test.h"

#include <stdlib.h>

#include "proto/json.h"
#include "tests/util/random.h"

/* The naive twin: values of a document that has been parsed. */
static size_t count_values(const json_t *value)
{
    size_t n = 1, i;
    const char *key;
    json_t *child;
    if (json_is_array(value))
        json_array_foreach(value, i, child)
        {
            n += count_values(child);
        }
    json_object_foreach((json_t *)(size_t)value, key, child)
    {
        n += count_values(child);
    }
    return n;
}

/* Loads with room for so many values and not for one less. */
static void expect_values(const char *text, size_t values)
{
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_limits limits = MFD_LIMITS_INIT;
    limits.json_values = (int64_t)values;
    json_t *value = mfd_json_load(text, strlen(text), &limits, &problem);
    if (!value)
        fail_msg("%s: not loaded as %zu values: %s", text, values, problem.detail);
    assert_int_equal(count_values(value), values);
    json_decref(value);
    limits.json_values--;
    if (mfd_json_load(text, strlen(text), &limits, &problem))
        fail_msg("%s: loaded as %zu values", text, values - 1);
    assert_string_equal(problem.limit, "json_values");
}

static void values_are_counted_as_they_are_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t values;
    } documents[] = {
        { "1", 1 },
        { " \"a,b\" ", 1 },
        { "[]", 1 },
        { "{ }", 1 },
        { "[[],[ ],{}]", 4 },
        { "[ -1.5e+3 , true,null ]", 4 },
        { "{\"a\":1,\"b\" : \"c\"}", 3 },
        { "{\"[,\":[\"]\\\"{,:\",{\"k\":[1,2]}]}", 7 },
        { "[\n1,\n2\n]\n", 3 },
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        expect_values(documents[i].text, documents[i].values);
}

static json_t *random_value(struct test_random *r, int depth)
{
    static const char *const words[] = { "", "a", "[1,2]", "{\"x\":\\", ",,:", "\"", "\xc3\xa9\n" };
    const char *word = words[test_between(r, 0, 6)];
    json_t *value;
    switch (test_between(r, depth > 5 ? 2 : 0, 6)) {
    case 0:
        value = json_array();
        for (int64_t n = test_between(r, 0, 5); n > 0; n--)
            json_array_append_new(value, random_value(r, depth + 1));
        return value;
    case 1:
        value = json_object();
        for (int64_t n = test_between(r, 0, 5); n > 0; n--)
            json_object_set_new(value, words[n], random_value(r, depth + 1));
        return value;
    case 2:
        return json_integer(test_between(r, -100000, 100000));
    case 3:
        return json_real((double)test_between(r, -1000, 1000) * 1e-3);
    case 4:
        return json_boolean(test_chance(r, 0.5));
    case 5:
        return json_null();
    default:
        return json_string(word);
    }
}

static void random_documents_hold_the_values_they_are_said_to(void **state)
{
    (void)state;
    struct test_random r = test_random_new(11);
    for (int i = 0; i < 2000; i++) {
        json_t *value = random_value(&r, 0);
        size_t flags = JSON_ENCODE_ANY | (i % 2 ? JSON_COMPACT : JSON_INDENT(2));
        char *text = json_dumps(value, flags | (i % 3 ? 0 : JSON_ENSURE_ASCII));
        assert_non_null(text);
        expect_values(text, count_values(value));
        free(text);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_counted_as_they_are_parsed),
        cmocka_unit_test(random_documents_hold_the_values_they_are_said_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
