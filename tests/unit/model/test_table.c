#include "core/model/table.h"

#include <stdio.h>

#include "core/model/mapping.h"
#include "core/model/series.h"
#include "tests/util/test.h"

static struct mfd_table *read_with(const char *text, struct mfd_table_rules rules)
{
    struct mfd_table *t = NULL;
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_table_parse(&t, text, strlen(text), &rules, &err))
        fail_msg("%s", err.message);
    return t;
}

static struct mfd_table *read(const char *text)
{
    return read_with(text, (struct mfd_table_rules){ 0 });
}

/* The cells of a column, separated by '|'. */
static void assert_column(const char *text, const char *column, const char *expected)
{
    struct mfd_table *t = read(text);
    char got[512] = "";
    size_t c = mfd_table_find_column(t, column);
    for (size_t i = 0; i < mfd_table_rows(t); i++) {
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%s%s", i ? "|" : "", mfd_table_cell(t, i, c));
    }
    assert_string_equal(got, expected);
    mfd_table_free(t);
}

static void dots_in_column_names_become_underscores(void **state)
{
    (void)state;
    struct mfd_table *t = read("File.accession\tA.b.c\t\nE1\tx\ty\n");
    assert_string_equal(mfd_table_column(t, 0), "File_accession");
    assert_string_equal(mfd_table_column(t, 1), "A_b_c");
    assert_string_equal(mfd_table_column(t, 2), "Unnamed: 2");
    assert_true(mfd_table_find_column(t, "A.b.c") == (size_t)-1);
    mfd_table_free(t);
}

static void the_usual_spellings_of_a_missing_value_are_nan(void **state)
{
    (void)state;
    assert_column("File.accession\tx\nE1\tNA\nE2\tn/a\nE3\t<NA>\nE4\t#N/A N/A\nE5\tnull\nE6\tNone\n"
                  "E7\t\nE8\tna\nE9\t-nan\nE10\n",
                  "x", "nan|nan|nan|nan|nan|None|nan|na|nan|nan");
}

static void none_is_missing_where_the_rules_say_so(void **state)
{
    (void)state;
    struct mfd_table *t = read_with("File.accession\tx\nE1\tNone\nE2\ty\n",
                                    (struct mfd_table_rules){ .none_is_missing = true });
    assert_true(mfd_table_is_missing(t, 0, 1));
    assert_string_equal(mfd_table_cell(t, 0, 1), "nan");
    mfd_table_free(t);
}

static void a_column_of_integers_prints_integers(void **state)
{
    (void)state;
    assert_column("File.accession\tx\nE1\t007\nE2\t+5\nE3\t -3 \n", "x", "7|5|-3");
}

static void a_missing_value_turns_integers_into_decimals(void **state)
{
    (void)state;
    assert_column("File.accession\tx\nE1\t13\nE2\t\nE3\t-4\n", "x", "13.0|nan|-4.0");
}

static void one_word_keeps_a_column_text(void **state)
{
    (void)state;
    assert_column("File.accession\tx\nE1\t007\nE2\tfew\nE3\t1.50\n", "x", "007|few|1.50");
}

static void decimals_print_as_python_prints_them(void **state)
{
    (void)state;
    assert_column(
        "File.accession\tx\nE1\t0.10\nE2\t1e22\nE3\t12345678901234567\nE4\t0.00001\nE5\t1E2"
        "\nE6\tinf\nE7\t0.0001\nE8\t1e15\n",
        "x", "0.1|1e+22|1.2345678901234568e+16|1e-05|100.0|inf|0.0001|1000000000000000.0");
}

static void truth_values_print_as_python_prints_them(void **state)
{
    (void)state;
    assert_column("File.accession\tx\nE1\tTRUE\nE2\tfalse\nE3\t\n", "x", "True|False|nan");
}

static void quotes_may_hold_tabs_newlines_and_quotes(void **state)
{
    (void)state;
    assert_column("File.accession\tx\nE1\t\"a\tb\"\nE2\t\"c\nd\"\nE3\t\"e\"\"f\"g\nE4\th\"i\n", "x",
                  "a\tb|c\nd|e\"fg|h\"i");
}

static void empty_lines_and_any_line_ending_are_fine(void **state)
{
    (void)state;
    assert_column("\xef\xbb\xbf\n  \nFile.accession\tx\r\n\r\nE1\ta\rE2\tb\n   \nE3\tc", "x",
                  "a|b|c");
}

#define AGES                                                                                       \
    "File.accession\tBiosample.organism\tproc_Biosample_life_stage\tproc_age_bin\t"                \
    "proc_age_bin_units\n"
static const char ages[] = AGES "E1\tHs\tadult\t90 or above\tyear\n"
                                "E2\tHs\tadult\t50\tyear\n"
                                "E3\tHs\tadult\tunknown\t\n"
                                "E4\tMm\tadult\t8\tweek\n"
                                "E5\tHs\tunknown\tunknown\t\n"
                                "E6\tHs\tadult\t51\tmonth\n"
                                "E7\tHs\tchild\tunknown\t\n"
                                "E8\tHs\tadult\t\tyear\n";

static void an_age_without_a_unit_is_minus_one_as_published(void **state)
{
    (void)state;
    assert_column(ages, "proc_age_bin", "90|50|-1|8|-1|51|-1|-1");
    assert_column(ages, "proc_age_bin_units", "year|year|nan|week|nan|month|nan|year");
}

static void or_the_median_of_its_kin_where_the_rules_say_so(void **state)
{
    (void)state;
    struct mfd_table *t = read_with(ages, (struct mfd_table_rules){ .median_age = true });
    size_t age = mfd_table_find_column(t, "proc_age_bin");
    assert_string_equal(mfd_table_cell(t, 2, age), "51.0"); /* of 90, 50 and 51 */
    assert_string_equal(mfd_table_cell(t, 2, age + 1), "year");
    assert_string_equal(mfd_table_cell(t, 4, age), "-1.0"); /* its stage is unknown */
    assert_string_equal(mfd_table_cell(t, 4, age + 1), "unknown");
    assert_string_equal(mfd_table_cell(t, 6, age), "-1"); /* nobody of its kind has an age */
    assert_true(mfd_table_is_missing(t, 6, age + 1));
    assert_string_equal(mfd_table_cell(t, 7, age), "-1");
    mfd_table_free(t);
}

static void ages_of_whole_numbers_turn_decimal_beside_a_missing_unit(void **state)
{
    (void)state;
    assert_column(AGES "E1\tHs\tadult\t5\tyear\nE2\tHs\tadult\t7\t\n", "proc_age_bin", "5.0|-1.0");
}

static void a_row_is_found_by_its_accession(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_table *t = read("x\tFile.accession\na\tE10\nb\tE9\nc\t007\nd\tE9\n");
    size_t row;
    assert_int_equal(mfd_table_find(t, "E10", &row, &err), MFD_OK);
    assert_int_equal(row, 0);
    assert_int_equal(mfd_table_find(t, "007", &row, &err), MFD_OK);
    assert_int_equal(row, 2);
    assert_int_equal(mfd_table_find(t, "E1", &row, &err), MFD_ENOTFOUND);
    assert_int_equal(mfd_table_find(t, "E9", &row, &err), MFD_EFORMAT);
    assert_non_null(strstr(err.message, "lines 3 and 5"));
    mfd_table_free(t);
}

static void every_double_reads_back_from_its_repr(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        char text[MFD_REPR];
        double x;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&x, &bits, sizeof x);
        if (x != x || x - x != 0)
            continue;
        mfd_python_repr(x, text);
        assert_true(strtod(text, NULL) == x);
    }
}

static const struct {
    const char *text, *names;
} wrong[] = {
    { "", "empty" },
    { "\n \n\r\n", "empty" },
    { "\xef\xbb\xbf", "empty" },
    { "a\tb\nc\td\n", "no column File_accession" },
    { "File,accession,x\nE1,2,3\n", "line 1 has ',' between names, and no tab" },
    { "File.accession;x\nE1;2\n", "line 1 has ';'" },
    { "File accession\nE1\n", "no column File_accession" },
    { "\x1f\x8b", "gunzip" },
    { "File.accession\tx\tx\nE1\t1\t2\n", "columns 2 and 3 of the table are both 'x'" },
    { "File.accession\tA.b\tA_b\nE1\t1\t2\n", "both 'A_b'" },
    { "File.accession\tx\nE1\t1\t2\n", "line 2 has more fields" },
    { "File.accession\tx\nE1\t1\nE2\t1\t2\t3\n", "line 3 has more fields" },
    { "File.accession\tx\nE1\t1\t\n", "line 2 has more fields" },
    { "File.accession\tx\nE1\t\"never closed\n", "line 2: a quoted field is never closed" },
    { "\"File.accession", "line 1: a quoted field" },
    { "File.accession\tx\n\t1\n", "line 2 of the table has no File_accession" },
    { "File.accession\tx\nE1\t\xff\n", "line 2: byte 0xff" },
    { "File.accession\tx\nE1\t\xc3\n", "0xc3" },
    { "File.accession\tx\nE1\t\xc0\xaf\n", "0xc0" },
    { "File.accession\tx\nE1\t\xed\xa0\x80\n", "0xed" },
    { "File.accession\tx\nE1\t\xf4\x90\x80\x80\n", "0xf4" },
    { "File.accession\tx\nE1\t\xe2\x82", "0xe2" },
    { "File.accession\tx\nE1\t\xf5\x80\x80\x80\n", "0xf5" },
    { "File.accession\tx\nE1\t\x80\n", "0x80" },
};

static void a_malformed_table_is_refused_and_the_message_names_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_table *t = NULL;
        int status = mfd_table_parse(&t, wrong[i].text, strlen(wrong[i].text), NULL, &err);
        if (!status || status != err.status || t || !strstr(err.message, wrong[i].names))
            fail_msg("case %zu: status %d, '%s' does not name '%s'", i, status, err.message,
                     wrong[i].names);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_table *t;
    char text[4 * MFD_MAX_NAME] = "File.accession\t";
    memset(text + strlen(text), 'x', MFD_MAX_NAME);
    assert_int_equal(mfd_table_parse(&t, text, strlen(text), NULL, &err), MFD_ELIMIT);
    char *tabs = calloc(2000, 1);
    memset(tabs, '\t', 1999);
    assert_int_equal(mfd_table_parse(&t, tabs, 1999, NULL, &err), MFD_ELIMIT);
    free(tabs);
    assert_int_equal(mfd_table_parse(&t, "File.accession\0x", 16, NULL, &err), MFD_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_in_column_names_become_underscores),
        cmocka_unit_test(the_usual_spellings_of_a_missing_value_are_nan),
        cmocka_unit_test(none_is_missing_where_the_rules_say_so),
        cmocka_unit_test(a_column_of_integers_prints_integers),
        cmocka_unit_test(a_missing_value_turns_integers_into_decimals),
        cmocka_unit_test(one_word_keeps_a_column_text),
        cmocka_unit_test(decimals_print_as_python_prints_them),
        cmocka_unit_test(truth_values_print_as_python_prints_them),
        cmocka_unit_test(quotes_may_hold_tabs_newlines_and_quotes),
        cmocka_unit_test(empty_lines_and_any_line_ending_are_fine),
        cmocka_unit_test(an_age_without_a_unit_is_minus_one_as_published),
        cmocka_unit_test(or_the_median_of_its_kin_where_the_rules_say_so),
        cmocka_unit_test(ages_of_whole_numbers_turn_decimal_beside_a_missing_unit),
        cmocka_unit_test(a_row_is_found_by_its_accession),
        cmocka_unit_test(every_double_reads_back_from_its_repr),
        cmocka_unit_test(a_malformed_table_is_refused_and_the_message_names_the_place),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
