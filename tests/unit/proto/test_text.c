#include "tests/util/test.h"

#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "core/base/cleanup.h"
#include "proto/text.h"

static const char *print(float value)
{
    static char text[MFD_NUMBER_MAX + 1];
    text[mfd_text_f32(text, value)] = '\0';
    return text;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Significant digits of a printed number. */
static int digits(const char *text)
{
    int n = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0'))
            continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

static void numbers_are_laid_out_as_json_likes_them(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { -0.0f, "-0.0" },
        { 1, "1" },
        { -2.5f, "-2.5" },
        { 0.1f, "0.1" },
        { 0.00001f, "0.00001" },
        { 1.5e-6f, "1.5e-6" },
        { 16777216, "16777216" },
        { 123456789.0f, "123456790" },
        { 1e10f, "1e10" },
        { 3.40282347e38f, "3.4028235e38" },
        { 1e-45f, "1e-45" },
        { 9.8765e-4f, "0.00098765" },
        { 5000000, "5000000" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(print(cases[i].value), cases[i].text);
}

static void what_json_has_no_number_for_is_null(void **state)
{
    (void)state;
    assert_string_equal(print(NAN), "null");
    assert_string_equal(print(-NAN), "null");
    assert_string_equal(print(INFINITY), "null");
    assert_string_equal(print(-INFINITY), "null");
}

static void check_number(float value)
{
    const char *text = print(value);
    char *end;
    float back = strtof(text, &end);
    if (*end || memcmp(&back, &value, sizeof back))
        fail_msg("%a was printed as %s", (double)value, text);
    /* the naive twin: the fewest digits printf needs */
    char naive[64];
    int n = 1;
    do
        snprintf(naive, sizeof naive, "%.*e", n - 1, (double)value);
    while (strtof(naive, NULL) != value && n++ < 9);
    if (digits(text) > n)
        fail_msg("%s is longer than %s", text, naive);
}

static void every_number_reads_back_exactly_and_is_shortest(void **state)
{
    (void)state;
    for (uint32_t exponent = 0; exponent < 255; exponent++) /* where intervals are lopsided */
        for (uint32_t i = 0; i < 6; i++)
            if (exponent || i)
                check_number(from_bits((exponent << 23) + i));
    for (uint32_t exponent = 0; exponent < 255; exponent++)
        check_number(from_bits((exponent << 23) | 0x7fffff));
    uint32_t random = 1;
    for (int i = 0; i < 300000; i++) {
        random = random * 1664525 + 1013904223;
        float value = from_bits(random ^ random >> 15);
        if (isfinite(value) && value != 0)
            check_number(value);
    }
}

static void long_arrays_are_one_json_array(void **state)
{
    (void)state;
    enum { N = 5000 };
    float *values = test_malloc(N * sizeof *values);
    for (int i = 0; i < N; i++)
        values[i] = i % 7 == 3 ? NAN : (float)(i - 2500) / 77;
    struct mfd_buffer out = MFD_BUFFER_INIT;
    mfd_buffer_addc(&out, '[');
    mfd_text_f32s(&out, values, N);
    mfd_buffer_addc(&out, ']');
    json_t *array = json_loadb(out.data, out.len, 0, NULL);
    assert_int_equal(json_array_size(array), N);
    for (int i = 0; i < N; i++) {
        const json_t *item = json_array_get(array, (size_t)i);
        if (isnan(values[i]))
            assert_true(json_is_null(item));
        else
            assert_true((float)json_number_value(item) == values[i]);
    }
    json_decref(array);
    mfd_buffer_deinit(&out);
    test_free(values);
}

static void texts_within_a_vcf_value_keep_its_separators_apart(void **state)
{
    (void)state;
    struct mfd_buffer out = MFD_BUFFER_INIT;
    mfd_text_vcf(&out, "a b\t;c=d,e:f|50%\x7f caf\xc3\xa9-(1)");
    assert_string_equal(out.data, "a%20b%09%3Bc%3Dd%2Ce%3Af%7C50%25%7F%20caf\xc3\xa9-(1)");
    mfd_buffer_deinit(&out);
}

static void strings_of_any_bytes_become_valid_json(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *json;
    } cases[] = {
        { "plain", "\"plain\"" },
        { "", "\"\"" },
        { "a\"b\\c\n\t\x01", "\"a\\\"b\\\\c\\n\\t\\u0001\"" },
        { "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
        { "\xff"
          "a",
          "\"\xef\xbf\xbd"
          "a\"" },
        { "\xc3", "\"\xef\xbf\xbd\"" },
        { "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* a surrogate */
        { "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },                 /* an overlong slash */
        { "\xf0\x9f\xa7\xac", "\"\xf0\x9f\xa7\xac\"" },
        { "</script>", "\"</script>\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_buffer out = MFD_BUFFER_INIT;
        mfd_text_json(&out, cases[i].bytes, strlen(cases[i].bytes));
        assert_string_equal(out.data, cases[i].json);
        mfd_buffer_deinit(&out);
    }
    uint32_t random = 7;
    for (int i = 0; i < 20000; i++) {
        char bytes[12];
        for (size_t j = 0; j < sizeof bytes; j++) {
            random = random * 1664525 + 1013904223;
            bytes[j] = (char)(random >> 24);
        }
        struct mfd_buffer out = MFD_BUFFER_INIT;
        mfd_text_json(&out, bytes, sizeof bytes);
        json_t *value = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(value);
        json_decref(value);
        mfd_buffer_deinit(&out);
    }
}

static void a_cut_string_ends_with_a_whole_character(void **state)
{
    (void)state;
    static const struct {
        const char *cut, *whole;
    } cases[] = {
        { "abc", "abc" },       { "ab\xc3", "ab" }, { "ab\xc3\xa9", "ab\xc3\xa9" },
        { "\xf0\x9f\xa7", "" }, { "", "" },         { "\xe2\x82", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        snprintf(text, sizeof text, "%s", cases[i].cut);
        mfd_text_cut(text);
        assert_string_equal(text, cases[i].whole);
    }
}

static void tsv_fields_stay_on_their_line(void **state)
{
    (void)state;
    struct mfd_buffer out = MFD_BUFFER_INIT;
    mfd_text_tsv(&out, "a\tb\nc\rd");
    assert_string_equal(out.data, "a b c d");
    mfd_buffer_deinit(&out);
}

static void a_list_of_words_ends_where_its_room_does(void **state)
{
    (void)state;
    char list[12] = "";
    mfd_text_list(list, sizeof list, "json");
    assert_string_equal(list, "json");
    mfd_text_list(list, sizeof list, "tsv");
    assert_string_equal(list, "json, tsv");
    mfd_text_list(list, sizeof list, "npy");
    assert_string_equal(list, "json, tsv, ");
    mfd_text_list(list, sizeof list, "vcf");
    assert_string_equal(list, "json, tsv, ");
    char whole[4] = "";
    mfd_text_list(whole, sizeof whole, "ab\xc3\xa9"); /* of a letter of two bytes, none */
    assert_string_equal(whole, "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_laid_out_as_json_likes_them),
        cmocka_unit_test(what_json_has_no_number_for_is_null),
        cmocka_unit_test(every_number_reads_back_exactly_and_is_shortest),
        cmocka_unit_test(long_arrays_are_one_json_array),
        cmocka_unit_test(texts_within_a_vcf_value_keep_its_separators_apart),
        cmocka_unit_test(strings_of_any_bytes_become_valid_json),
        cmocka_unit_test(a_cut_string_ends_with_a_whole_character),
        cmocka_unit_test(tsv_fields_stay_on_their_line),
        cmocka_unit_test(a_list_of_words_ends_where_its_room_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
