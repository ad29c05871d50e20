#include "core/model/metadata.h"

#include <math.h>
#include <stdio.h>

#include "core/model/year.h"
#include "tests/util/test.h"

#define MAPPING(columns, direct, interact)                                                         \
    "{" columns ",'biological_features':{'direct':{'variables':[" direct                           \
    "]},'interact':{'variables':[" interact "],'out_dim':2}},"                                     \
    "'technical_features':{'direct':{'variables':[" direct "]},'interact':{'variables':[" interact \
    "],'out_dim':2}}}"
#define ONE(description) MAPPING("'x':{" description "}", "'x'", "'x'")
#define CATEGORY ONE("'type':'category','intermediate':null")
#define FLOAT ONE("'type':'float','intermediate':null")
#define YEAR ONE("'type':'date.year','intermediate':null")

static json_t *unquote(const char *text)
{
    char quoted[2048];
    size_t n = 0;
    for (; text[n]; n++)
        quoted[n] = text[n] == '\'' ? '"' : text[n];
    json_t *json = json_loadb(quoted, n, 0, NULL);
    assert_non_null(json);
    return json;
}

/* The tracks are E0, E1, ... as many as `n`. */
static int prepare(const char *tsv, const char *mapping, size_t n, struct mfd_metadata **md,
                   struct mfd_error *err)
{
    static const char *const ids[] = { "E0", "E1", "E2", "E3", "E4", "E5" };
    struct mfd_table *table = NULL;
    struct mfd_mapping *m = NULL;
    json_t *json = unquote(mapping);
    if (mfd_mapping_from_json(&m, json, err) ||
        mfd_table_parse(&table, tsv, strlen(tsv), NULL, err))
        fail_msg("%s", err->message);
    json_decref(json);
    int status = mfd_metadata_prepare(md, table, m, ids, n, err);
    mfd_mapping_free(m);
    mfd_table_free(table);
    return status;
}

static struct mfd_metadata *must_prepare(const char *tsv, const char *mapping, size_t n)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_metadata *md;
    if (prepare(tsv, mapping, n, &md, &err))
        fail_msg("%s", err.message);
    return md;
}

/* The labels of field x, separated by '|'. */
static void assert_labels(const char *tsv, const char *mapping, size_t n, const char *expected)
{
    struct mfd_metadata *md = must_prepare(tsv, mapping, n);
    const struct mfd_field *f = mfd_fields_at(md, 0);
    char got[512] = "";
    for (size_t i = 0; i < f->n_labels; i++) {
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%s%s", i ? "|" : "", f->labels[i]);
    }
    assert_string_equal(got, expected);
    mfd_metadata_free(md);
}

static void labels_are_split_at_commas_alone_and_sorted_by_code_point(void **state)
{
    (void)state;
    assert_labels("File.accession\tx\nE0\tb, c,a\nE1\tB,b\nE2\t\xc3\xa9\n", CATEGORY, 3,
                  " c|B|a|b|\xc3\xa9");
}

static void only_the_tracks_have_a_say_in_the_labels(void **state)
{
    (void)state;
    assert_labels("File.accession\tx\nE0\tb\nE9\tz\nE1\ta\n", CATEGORY, 2, "a|b");
}

static void but_the_whole_table_decides_how_numbers_print(void **state)
{
    (void)state;
    assert_labels("File.accession\tx\nE0\t2\nE9\t\nE1\t10\n", CATEGORY, 2, "10.0|2.0");
    assert_labels("File.accession\tx\nE0\t2\nE9\tx\nE1\t010\n", CATEGORY, 2, "010|2");
    assert_labels("File.accession\tx\nE0\t2\nE9\t3\nE1\t010\n", CATEGORY, 2, "10|2");
}

static void an_empty_cell_is_the_label_nan(void **state)
{
    (void)state;
    assert_labels("File.accession\tx\nE0\t\nE1\ta,\nE2\tNA\n", CATEGORY, 3, "|a|nan");
}

static void years_are_labels_with_a_decimal_where_one_of_the_tracks_has_none(void **state)
{
    (void)state;
    assert_labels("File.accession\tx\nE0\t2016-11-17\nE1\t2010-08-04\nE9\t\n", YEAR, 2,
                  "2010|2016");
    assert_labels("File.accession\tx\nE0\t2016-11-17\nE1\t2010-08-04\nE2\t\n", YEAR, 3,
                  "2010.0|2016.0|nan");
    assert_labels("File.accession\tx\nE0\t2016\nE1\t2010\n", YEAR, 2, "1970");
    assert_labels("File.accession\tx\nE0\t2016\nE1\t2010\nE9\tnever\n", YEAR, 2, "2010|2016");
}

static void the_mapping_may_list_labels_in_its_own_order(void **state)
{
    (void)state;
    static const char listed[] =
        ONE("'type':'category','intermediate':null,'labels':['c','a','never seen']");
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_metadata *md = NULL;
    assert_labels("File.accession\tx\nE0\ta\nE1\tc\n", listed, 2, "c|a|never seen");
    assert_int_equal(prepare("File.accession\tx\nE0\ta\nE1\td\n", listed, 2, &md, &err),
                     MFD_EMISMATCH);
    assert_non_null(strstr(err.message, "'d'"));
    assert_non_null(strstr(err.message, "E1"));
    /* the public code finds years by itself, whatever the mapping lists */
    assert_labels("File.accession\tx\nE0\t2016-01-01\nE1\t2010-01-01\n",
                  ONE("'type':'date.year','intermediate':null,'labels':['1999']"), 2, "2010|2016");
}

static void cells_are_multi_hot_over_the_labels(void **state)
{
    (void)state;
    struct mfd_metadata *md =
        must_prepare("File.accession\tx\nE0\tb,a,b\nE1\tc\nE2\tc,a\n", CATEGORY, 3);
    const struct mfd_field *f = mfd_fields_at(md, 0);
    static const float expected[] = { 1, 1, 0, 0, 0, 1, 1, 0, 1 };
    float values[9];
    size_t n;
    mfd_fields_values(md, 0, values);
    assert_memory_equal(values, expected, sizeof expected);
    assert_int_equal(f->counts[0], 2);
    assert_int_equal(f->counts[1], 1);
    assert_int_equal(f->counts[2], 2);
    const uint32_t *labels = mfd_fields_labels_of(md, 0, 0, &n);
    assert_int_equal(n, 2);
    assert_true(labels[0] == 0 && labels[1] == 1);
    mfd_metadata_free(md);
}

static void numbers_are_standardised_by_the_population_of_tracks(void **state)
{
    (void)state;
    struct mfd_metadata *md =
        must_prepare("File.accession\tx\nE0\t1\nE9\t1000\nE1\t2\nE2\t6\n", FLOAT, 3);
    const struct mfd_field *f = mfd_fields_at(md, 0);
    double sd = sqrt((4.0 + 1.0 + 9.0) / 3);
    float values[3];
    mfd_fields_values(md, 0, values);
    assert_true(f->mean == 3 && fabs(f->sd - sd) < 1e-15 && f->min == 1 && f->max == 6);
    assert_true(fabsf(values[0] - (float)(-2 / sd)) < 1e-7f);
    assert_true(fabsf(values[2] - (float)(3 / sd)) < 1e-7f);
    assert_int_equal(f->inputs, 1);
    assert_int_equal(f->n_labels, 0);
    mfd_metadata_free(md);
}

static void or_as_the_mapping_says(void **state)
{
    (void)state;
    struct mfd_metadata *md =
        must_prepare("File.accession\tx\nE0\t1\nE1\t1\n",
                     ONE("'type':'int','intermediate':null,'mean':0.5,'std':0.25"), 2);
    float values[2];
    mfd_fields_values(md, 0, values);
    assert_true(values[0] == 2 && values[1] == 2);
    mfd_metadata_free(md);
}

static void a_column_may_serve_both_groups_in_both_roles(void **state)
{
    (void)state;
    struct mfd_metadata *md =
        must_prepare("File.accession\tx\ty\tz\nE0\ta\t1\tp\nE1\tb\t2\tq\nE2\tc\t3\tp\n",
                     MAPPING("'unused':{'type':'int','intermediate':null},"
                             "'x':{'type':'category','intermediate':'rescale'},"
                             "'y':{'type':'int','intermediate':'embed','intermediate_dim':4},"
                             "'z':{'type':'category','intermediate':'linear','intermediate_dim':5}",
                             "'z','x'", "'y','x'"),
                     3);
    assert_int_equal(mfd_fields_count(md), 3); /* `unused` is not even in the table */
    const struct mfd_field *x = mfd_fields_at(md, mfd_fields_find(md, "x"));
    const struct mfd_field *y = mfd_fields_at(md, mfd_fields_find(md, "y"));
    for (size_t g = 0; g < MFD_GROUPS; g++) {
        assert_true(x->role[g].direct && x->role[g].interact && !y->role[g].direct);
        assert_int_equal(x->role[g].width, 3);
        assert_int_equal(x->role[g].direct_start, 5);
        assert_int_equal(x->role[g].interact_start, 4);
        assert_int_equal(y->role[g].width, 4);
    }
    mfd_metadata_free(md);
}

static void a_direct_feature_stands_for_a_label_unless_it_is_mixed(void **state)
{
    (void)state;
    struct mfd_metadata *md =
        must_prepare("File.accession\tx\ty\tz\nE0\ta\t1\tp\nE1\tb\t2\tq\nE2\tc\t3\tp\n",
                     MAPPING("'x':{'type':'category','intermediate':'rescale_indep'},"
                             "'y':{'type':'int','intermediate':null},"
                             "'z':{'type':'category','intermediate':'linear'}",
                             "'x','y','z'", "'z'"),
                     3);
    struct mfd_config c = { .embed = 20, .technical = 8, .biological = 12 };
    struct mfd_feature f;
    assert_true(mfd_fields_feature(md, &c, 2, &f)); /* technical: x is 0..2, y 3, z 4..5 */
    assert_true(f.group == MFD_TECHNICAL && f.label == 2 && !strcmp(f.field->name, "x"));
    assert_true(mfd_fields_feature(md, &c, 3, &f) && !strcmp(f.field->name, "y"));
    assert_true(f.label == MFD_NONE);
    assert_true(mfd_fields_feature(md, &c, 5, &f) && !strcmp(f.field->name, "z"));
    assert_true(f.label == MFD_NONE);
    assert_true(mfd_fields_feature(md, &c, 7, &f) && !f.field);
    assert_true(mfd_fields_feature(md, &c, 9, &f));
    assert_true(f.group == MFD_BIOLOGICAL && f.index == 1 && f.label == 1);
    assert_false(mfd_fields_feature(md, &c, 20, &f));
    c.mixes_direct = true;
    assert_true(mfd_fields_feature(md, &c, 9, &f) && f.field && f.label == MFD_NONE);
    mfd_metadata_free(md);
}

static void a_label_is_found_as_it_stands_or_by_its_number(void **state)
{
    (void)state;
    struct mfd_metadata *md = must_prepare("File.accession\tx\nE0\t2\nE1\t10\nE2\t\n", CATEGORY, 3);
    const struct mfd_field *f = mfd_fields_at(md, 0);
    assert_int_equal(mfd_fields_label(f, "10.0", 4), 0);
    assert_int_equal(mfd_fields_label(f, "10", 2), 0);
    assert_int_equal(mfd_fields_label(f, "2e0", 3), 1);
    assert_int_equal(mfd_fields_label(f, "nan", 3), 2);
    assert_true(mfd_fields_label(f, "3", 1) == MFD_NONE);
    assert_true(mfd_fields_label(f, "na", 2) == MFD_NONE);
    mfd_metadata_free(md);
}

static const struct {
    const char *tsv, *mapping, *names;
} wrong[] = {
    { "File.accession\ty\nE0\t1\nE1\t2\n", CATEGORY, "no column 'x'" },
    { "File.accession\tx\nE0\t1\n", CATEGORY, "'E1'" },
    { "File.accession\tx\nE0\t1\nE1\t2\nE1\t3\n", CATEGORY, "lines 3 and 4" },
    { "File.accession\tx\nE0\t1\nE1\t\n", FLOAT, "'E1': the number is missing" },
    { "File.accession\tx\nE0\t1\nE1\tmany\n", FLOAT, "'many' is not a number" },
    { "File.accession\tx\nE0\t1\nE1\tinf\n", FLOAT, "not a number" },
    { "File.accession\tx\nE0\t5\nE1\t5\n", FLOAT, "cannot be standardised" },
    { "File.accession\tx\nE0\t1e300\nE1\t-1e300\n", FLOAT, NULL },
    { "File.accession\tx\nE0\t2016-01-01\nE1\tsoon\n", YEAR, "'soon' is not a date" },
    { "File.accession\tx\nE0\t2016-01-01\nE1\t2016-13-01\n", YEAR, "not a date" },
    { "File.accession\tx\nE0\t2016-01-01\nE1\t9999-01-01\n", YEAR, "not a date" },
};

static void what_cannot_be_coded_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_metadata *md = NULL;
        int status = prepare(wrong[i].tsv, wrong[i].mapping, 2, &md, &err);
        mfd_metadata_free(md);
        if (wrong[i].names ? !status || !strstr(err.message, wrong[i].names) : status != MFD_OK)
            fail_msg("case %zu: status %d, '%s'", i, status, err.message);
    }
}

/* A checkpoint of one column x, as its table prepared by some rules would have made it. */
struct checkpoint {
    struct mfd_tensor bio, tech;
    float values[64];
};

static const struct mfd_tensor *find(const void *source, const char *name)
{
    const struct checkpoint *c = source;
    return !strcmp(name, c->bio.name) ? &c->bio : !strcmp(name, c->tech.name) ? &c->tech : NULL;
}

static void train(struct checkpoint *c, const char *tsv, struct mfd_mapping *m, size_t n,
                  struct mfd_table_rules rules)
{
    static const char *const ids[] = { "E0", "E1", "E2", "E3", "E4" };
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_table *table;
    struct mfd_metadata *md;
    assert_int_equal(mfd_table_parse(&table, tsv, strlen(tsv), &rules, &err), MFD_OK);
    assert_int_equal(mfd_metadata_prepare(&md, table, m, ids, n, &err), MFD_OK);
    size_t width = mfd_fields_at(md, 0)->inputs;
    assert_true(n * width <= 64);
    mfd_fields_values(md, 0, c->values);
    c->bio = (struct mfd_tensor){
        .name =
            "metadata_embedding.embedding_biological.column_embeddings.proc_age_bin_units.var_vals",
        .dtype = MFD_F32,
        .ndim = 2,
        .shape = { n, width },
        .data = c->values,
        .bytes = n * width * sizeof(float)
    };
    c->tech = c->bio;
    c->tech.name =
        "metadata_embedding.embedding_technical.column_embeddings.proc_age_bin_units.var_vals";
    mfd_metadata_free(md);
    mfd_table_free(table);
}

static void the_rules_that_a_checkpoint_was_made_by_are_found_out(void **state)
{
    (void)state;
    static const char tsv[] = "File.accession\tBiosample.organism\tproc_Biosample_life_stage\t"
                              "proc_age_bin\tproc_age_bin_units\nE0\tHs\tadult\t40\tyear\n"
                              "E1\tHs\tadult\tunknown\t\nE2\tHs\tunknown\tunknown\tNone\n"
                              "E3\tHs\tadult\t42\tmonth\nE4\tHs\tadult\t44\tmonth\n";
    static const char *const ids[] = { "E0", "E1", "E2", "E3", "E4" };
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_mapping *m;
    json_t *json = unquote(MAPPING("'proc_age_bin_units':{'type':'category','intermediate':null}",
                                   "'proc_age_bin_units'", "'proc_age_bin_units'"));
    assert_int_equal(mfd_mapping_from_json(&m, json, &err), MFD_OK);
    json_decref(json);
    for (unsigned way = 0; way < 4; way++) {
        const struct mfd_table_rules made = { .median_age = way & 1, .none_is_missing = way & 2 };
        struct mfd_table_rules found = { false, false };
        struct checkpoint c;
        struct mfd_metadata *md = NULL;
        train(&c, tsv, m, 5, made);
        assert_int_equal(
            mfd_metadata_fit(&md, tsv, sizeof tsv - 1, m, ids, 5, find, &c, &found, &err), MFD_OK);
        assert_int_equal(found.median_age, made.median_age);
        assert_int_equal(found.none_is_missing, made.none_is_missing);
        mfd_metadata_free(md);
        c.values[0] = 1 - c.values[0]; /* no rule makes this of the table */
        md = NULL;
        assert_int_equal(
            mfd_metadata_fit(&md, tsv, sizeof tsv - 1, m, ids, 5, find, &c, &found, &err),
            MFD_EMISMATCH);
        assert_null(md);
        assert_non_null(strstr(err.message, "proc_age_bin_units"));
    }
    mfd_mapping_free(m);
}

static void dates_are_read_in_the_usual_forms(void **state)
{
    (void)state;
    static const char *const good[] = { "2016-11-17",
                                        "2016/11/17",
                                        "20161117",
                                        "2016",
                                        "2016-11",
                                        "2016-11-17T10:00:00Z",
                                        "2016-11-17 10:00:00.5+02:00",
                                        "November 17, 2016",
                                        "17 Nov 2016",
                                        "11/17/2016",
                                        "2016-02-29",
                                        "Nov 2016" };
    static const char *const bad[] = { "",           "16-11-17",    "2016-00-01", "2015-02-29",
                                       "2016-1x",    "2016-11-17x", "20161317",   "hello",
                                       "Nov 17",     "32 Nov 2016", "1 2 3 2016", "1600-01-01",
                                       "2300-01-01", "2016-11/17" };
    int year = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!mfd_year_of_date(good[i], &year) || year != 2016)
            fail_msg("'%s'", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (mfd_year_of_date(bad[i], &year))
            fail_msg("'%s' was taken for a date", bad[i]);
}

static void nanoseconds_fall_into_years(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        int year;
    } cases[] = { { 0, 1970 },           { 2016e-9, 1970 },   { 1451606400, 2016 },
                  { 1451606399, 2015 },  { 951782400, 2000 }, { -1, 1969 },
                  { -2208988800, 1900 }, { 4102444800, 2100 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int year;
        assert_true(mfd_year_of_nanoseconds(cases[i].seconds * 1e9, &year));
        assert_int_equal(year, cases[i].year);
    }
    int year;
    assert_false(mfd_year_of_nanoseconds(1e19, &year));
    assert_false(mfd_year_of_nanoseconds(NAN, &year));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_split_at_commas_alone_and_sorted_by_code_point),
        cmocka_unit_test(only_the_tracks_have_a_say_in_the_labels),
        cmocka_unit_test(but_the_whole_table_decides_how_numbers_print),
        cmocka_unit_test(an_empty_cell_is_the_label_nan),
        cmocka_unit_test(years_are_labels_with_a_decimal_where_one_of_the_tracks_has_none),
        cmocka_unit_test(the_mapping_may_list_labels_in_its_own_order),
        cmocka_unit_test(cells_are_multi_hot_over_the_labels),
        cmocka_unit_test(numbers_are_standardised_by_the_population_of_tracks),
        cmocka_unit_test(or_as_the_mapping_says),
        cmocka_unit_test(a_column_may_serve_both_groups_in_both_roles),
        cmocka_unit_test(a_direct_feature_stands_for_a_label_unless_it_is_mixed),
        cmocka_unit_test(a_label_is_found_as_it_stands_or_by_its_number),
        cmocka_unit_test(what_cannot_be_coded_is_named),
        cmocka_unit_test(the_rules_that_a_checkpoint_was_made_by_are_found_out),
        cmocka_unit_test(dates_are_read_in_the_usual_forms),
        cmocka_unit_test(nanoseconds_fall_into_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
