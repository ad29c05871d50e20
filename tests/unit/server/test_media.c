#include "tests/util/test.h"

#include "proto/media.h"

static const unsigned offers =
    MFD_MEDIA_JSON | MFD_MEDIA_NDJSON | MFD_MEDIA_TSV | MFD_MEDIA_NPY | MFD_MEDIA_VCF;

static void the_best_accepted_type_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        enum mfd_media wanted;
    } cases[] = {
        { NULL, MFD_MEDIA_JSON },
        { "", MFD_MEDIA_JSON },
        { "*/*", MFD_MEDIA_JSON },
        { "text/*", MFD_MEDIA_TSV },
        { "TEXT/VCF", MFD_MEDIA_VCF },
        { "application/json;q=0.5, text/vcf;q=0.6", MFD_MEDIA_VCF },
        { "application/json;q=0.50001, text/vcf;q=0.5", MFD_MEDIA_JSON },
        { "*/*, application/json;q=0", MFD_MEDIA_NDJSON },
        { "application/*;q=0.1, application/x-npy;q=0, */*;q=0.05", MFD_MEDIA_JSON },
        { "application/ndjson", MFD_MEDIA_NDJSON },
        { "text/html, image/png", MFD_MEDIA_NONE },
        { "application/json;q=0", MFD_MEDIA_NONE },
        { "application/jsonx", MFD_MEDIA_NONE },
        { "application", MFD_MEDIA_NONE },
        { ",,, ;q=1, text/vcf", MFD_MEDIA_VCF },
        { "text/vcf;a=\"x,application/json;q=1\";q=0.2, application/x-npy;q=0.1", MFD_MEDIA_VCF },
        { "text/vcf;a=\"never closed", MFD_MEDIA_VCF },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(mfd_media_negotiate(offers, cases[i].accept, NULL), cases[i].wanted);
}

static void the_format_parameter_wins_over_accept(void **state)
{
    (void)state;
    assert_int_equal(mfd_media_negotiate(offers, "application/json", "tsv"), MFD_MEDIA_TSV);
    assert_int_equal(mfd_media_negotiate(offers, "application/json", "bedgraph"), MFD_MEDIA_NONE);
    assert_int_equal(mfd_media_negotiate(offers, NULL, "TSV"), MFD_MEDIA_NONE);
    assert_int_equal(mfd_media_negotiate(offers, NULL, ""), MFD_MEDIA_NONE);
}

static void the_type_of_a_body_must_be_one_that_is_read(void **state)
{
    (void)state;
    const unsigned both = MFD_MEDIA_JSON | MFD_MEDIA_VCF;
    assert_int_equal(mfd_media_of_body(both, "application/json; charset=utf-8"), MFD_MEDIA_JSON);
    assert_int_equal(mfd_media_of_body(both, NULL), MFD_MEDIA_JSON);
    assert_int_equal(mfd_media_of_body(both, "text/plain"), MFD_MEDIA_VCF);
    assert_int_equal(mfd_media_of_body(MFD_MEDIA_JSON, "text/plain"), MFD_MEDIA_NONE);
    assert_int_equal(mfd_media_of_body(both, "*/*"), MFD_MEDIA_NONE);
    assert_int_equal(mfd_media_of_body(MFD_MEDIA_VCF, NULL), MFD_MEDIA_NONE);
    assert_int_equal(mfd_media_of_body(both, "application/problem+json"), MFD_MEDIA_NONE);
}

static void a_coding_has_a_quality(void **state)
{
    (void)state;
    assert_int_equal(mfd_media_coding_quality(NULL, "gzip"), 0);
    assert_int_equal(mfd_media_coding_quality("br, gzip", "gzip"), 1000);
    assert_int_equal(mfd_media_coding_quality("gzip;q=0", "gzip"), 0);
    assert_int_equal(mfd_media_coding_quality("*;q=0.3", "gzip"), 300);
    assert_int_equal(mfd_media_coding_quality("*, gzip;q=0", "gzip"), 0);
    assert_int_equal(mfd_media_coding_quality("xgzip", "gzip"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_accepted_type_is_chosen),
        cmocka_unit_test(the_format_parameter_wins_over_accept),
        cmocka_unit_test(the_type_of_a_body_must_be_one_that_is_read),
        cmocka_unit_test(a_coding_has_a_quality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
