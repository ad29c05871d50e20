#include "core/checkpoint/mapping.h"

#include <stdio.h>

#include "tests/util/test.h"

static const char *golden;

#define GROUPS                                                                                     \
    "biological_features:\n  direct:\n    variables: [a]\n  interact:\n    variables: [a, b]\n"    \
    "    out_dim: 4\n"                                                                             \
    "technical_features:\n  direct: {variables: [c]}\n  interact: {variables: [c], out_dim: 3}\n"
#define COLUMN(name) name ": {type: category, intermediate: null}\n"
#define COLUMNS COLUMN("a") COLUMN("b") COLUMN("c")

static int parse(const char *text, struct mfd_mapping **out, struct mfd_error *err)
{
    return mfd_mapping_parse(out, text, strlen(text), err);
}

static void every_key_of_a_column_is_read(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_mapping *m;
    const char *text = "a:\n  type: float\n  intermediate: embed\n  intermediate_dim: 6\n"
                       "  mean: -0.25\n  std: 1.0e-05\n"
                       "b:\n  type: category\n  intermediate: rescale_indep\n"
                       "  labels: [x, 'nan', '2016', \"quoted: yes\"]\n"
                       "c:\n  type: date.year\n  intermediate: ~\n" GROUPS;
    assert_int_equal(parse(text, &m, &err), MFD_OK);
    assert_int_equal(m->n, 3);
    assert_int_equal(m->columns[0].type, MFD_FLOAT);
    assert_int_equal(m->columns[0].intermediate, MFD_EMBED);
    assert_int_equal(m->columns[0].intermediate_dim, 6);
    assert_true(m->columns[0].has_mean && m->columns[0].mean == -0.25);
    assert_true(m->columns[0].has_std && m->columns[0].std == 1e-5);
    assert_int_equal(m->columns[1].n_labels, 4);
    assert_string_equal(m->columns[1].labels[2], "2016");
    assert_int_equal(m->columns[2].type, MFD_DATE_YEAR);
    assert_int_equal(m->columns[2].intermediate, MFD_UNCHANGED);
    assert_int_equal(m->group[MFD_BIOLOGICAL].n_interact, 2);
    assert_int_equal(m->group[MFD_BIOLOGICAL].interact[1], 1);
    assert_int_equal(m->group[MFD_BIOLOGICAL].out_dim, 4);
    assert_int_equal(m->group[MFD_TECHNICAL].direct[0], 2);
    mfd_mapping_free(m);
}

static void a_byte_order_mark_is_passed_over(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_mapping *m;
    assert_int_equal(parse("\xef\xbb\xbf"
                           "a: {type: category, intermediate: null}\n"
                           "b: {type: category, intermediate: null}\n"
                           "c: {type: category, intermediate: null}\n" GROUPS,
                           &m, &err),
                     MFD_OK);
    assert_int_equal(m->n, 3);
    mfd_mapping_free(m);
}

static void aliases_are_followed(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_mapping *m;
    assert_int_equal(
        parse("a: &all {type: category, intermediate: null}\nb: *all\nc: *all\n" GROUPS, &m, &err),
        MFD_OK);
    assert_int_equal(m->n, 3);
    mfd_mapping_free(m);
}

static void json_and_back_changes_nothing(void **state)
{
    (void)state;
    static const char *const cases[] = { "tiny", "order2", "padded", "wide", "baseline" };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_mapping *m, *again;
        char path[512];
        snprintf(path, sizeof path, "%s/%s/mapping.yaml", golden, cases[i]);
        assert_int_equal(mfd_mapping_load(&m, path, &err), MFD_OK);
        json_t *json = mfd_mapping_to_json(m);
        assert_int_equal(mfd_mapping_from_json(&again, json, &err), MFD_OK);
        json_t *twice = mfd_mapping_to_json(again);
        assert_true(json_equal(json, twice));
        json_decref(json);
        json_decref(twice);
        mfd_mapping_free(m);
        mfd_mapping_free(again);
    }
}

/* Nine levels of nine aliases each: 3.9e8 values. */
static const char bomb[] = "x: &a [l,l,l,l,l,l,l,l,l]\n"
                           "y: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                           "z: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                           "u: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                           "v: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                           "w: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";

static const struct {
    const char *text, *names;
} wrong[] = {
    { "", "empty" },
    { "# nothing\n", "empty" },
    { "[a, b]\n", "keys and values" },
    { "a: {type: category\n", "line" },
    { "a: b: c\n", "line 1" },
    { "\tx: 1\n", "line 1" },
    { "a: \xff\n", "UTF-8" },
    { COLUMNS COLUMN("b") GROUPS, "'b' is given twice" },
    { "a: {type: category, type: float, intermediate: null}\n", "'type' is given twice" },
    { bomb, "aliases" },
    { "a: &a [*a]\n", "nested" },
    { "a: *nowhere\n", "undefined alias" },
    { "d: &d {type: category}\na: {<<: *d, intermediate: null}\n", "merge keys" },
    { "a: !!python/object/apply:os.system [ls]\n", "python/object" },
    { "a: !secret {type: category}\n", "!secret" },
    { "a: {type: category, intermediate: null, colour: red}\n" GROUPS, "'colour'" },
    { "a: 7\n" GROUPS, "column 'a'" },
    { "a: {type: number, intermediate: null}\n" GROUPS, "'number'" },
    { "a: {intermediate: null}\n" GROUPS, "type is missing" },
    { "a: {type: category}\n" GROUPS, "intermediate is missing" },
    { "a: {type: category, intermediate: multihot}\n" GROUPS, "'multihot'" },
    { "a: {type: category, intermediate: 'null'}\n" GROUPS, "'null'" },
    { "a: {type: float, intermediate: rescale}\n" GROUPS, "type category" },
    { "a: {type: category, intermediate: embed, intermediate_dim: 0}\n" GROUPS,
      "intermediate_dim" },
    { "a: {type: category, intermediate: embed, intermediate_dim: 2.5}\n" GROUPS,
      "intermediate_dim" },
    { "a: {type: category, intermediate: embed, intermediate_dim: 0x10}\n" GROUPS, "decimal" },
    { "a: {type: category, intermediate: embed, intermediate_dim: 99999999}\n" GROUPS,
      "intermediate_dim" },
    { "a: {type: float, intermediate: null, std: 0}\n" GROUPS, "std" },
    { "a: {type: float, intermediate: null, mean: .nan}\n" GROUPS, ".nan" },
    { "a: {type: float, intermediate: null, mean: '1'}\n" GROUPS, "mean" },
    { "a: {type: category, intermediate: null, labels: x}\n" GROUPS, "labels" },
    { "a: {type: category, intermediate: null, labels: []}\n" GROUPS, "labels" },
    { "a: {type: category, intermediate: null, labels: [2016]}\n" GROUPS, "quotes" },
    { "a: {type: category, intermediate: null, labels: [2016-01-01]}\n" GROUPS, "quotes" },
    { "a: {type: category, intermediate: null, labels: [x, x]}\n" GROUPS, "twice" },
    { "a: {type: category, intermediate: null, labels: ['x,y']}\n" GROUPS, "comma" },
    { "a: {type: category, intermediate: null, labels: [\"x\\0y\"]}\n" GROUPS, "NUL" },
    { "yes: {type: category, intermediate: null}\n" GROUPS, "key is no text" },
    { "1: {type: category, intermediate: null}\n" GROUPS, "key is no text" },
    { "[a]: {type: category, intermediate: null}\n" GROUPS, "key is no text" },
    { COLUMN("a.b") GROUPS, "underscores" },
    { COLUMN("''") GROUPS, "name a column" },
    { COLUMNS, "biological_features is missing" },
    { COLUMN("a") COLUMN("c") GROUPS, "'b', which is defined nowhere" },
    { COLUMNS "biological_features: [a]\n", "biological_features" },
    { COLUMNS "biological_features: {direct: {variables: [a]}}\n", "interact is missing" },
    { COLUMNS "biological_features: {direct: {variables: []}}\n", "variables" },
    { COLUMNS "biological_features: {direct: {variables: [a, a]}}\n", "twice" },
    { COLUMNS "biological_features: {direct: {variables: [7]}}\n", "variable 1" },
    { COLUMNS "biological_features: {direct: {variables: [a], out_dim: 3}}\n", "'out_dim'" },
    { COLUMNS "biological_features: {direct: {variables: [a]}, interact: {variables: [b]}}\n",
      "out_dim" },
    { COLUMNS GROUPS "other_features: {direct: {variables: [a]}}\n", "other_features" },
    { COLUMNS GROUPS "---\na: b\n", "more than one" },
};

static void a_malformed_mapping_is_refused_and_the_message_names_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_mapping *m = NULL;
        int status = parse(wrong[i].text, &m, &err);
        if (!status || status != err.status || m || !strstr(err.message, wrong[i].names))
            fail_msg("case %zu: status %d, '%s' does not name '%s'\n%s", i, status, err.message,
                     wrong[i].names, wrong[i].text);
    }
}

static void a_file_too_large_is_refused_before_it_is_parsed(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_mapping *m;
    char *text = calloc(MFD_MAX_YAML + 1, 1);
    memset(text, ' ', MFD_MAX_YAML + 1);
    assert_int_equal(mfd_mapping_parse(&m, text, MFD_MAX_YAML + 1, &err), MFD_ELIMIT);
    free(text);
}

int main(int argc, char **argv)
{
    golden = argc > 1 ? argv[1] : "tests/golden/data";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_a_column_is_read),
        cmocka_unit_test(a_byte_order_mark_is_passed_over),
        cmocka_unit_test(aliases_are_followed),
        cmocka_unit_test(json_and_back_changes_nothing),
        cmocka_unit_test(a_malformed_mapping_is_refused_and_the_message_names_the_place),
        cmocka_unit_test(a_file_too_large_is_refused_before_it_is_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
