#include "tests/util/test.h"

#include <math.h>
#include <string.h>

#include "proto/vcf_info.h"

static void check_part(const char *group, const char *name, const struct mfd_vcf_level *level,
                       const char *id, const char *description)
{
    struct mfd_buffer found = MFD_BUFFER_INIT, text = MFD_BUFFER_INIT;
    mfd_vcf_part(group, name, level, &found, &text);
    assert_string_equal(found.data ? found.data : "", id);
    assert_string_equal(text.data ? text.data : "", description);
    mfd_buffer_deinit(&found);
    mfd_buffer_deinit(&text);
}

static void a_part_is_named_by_its_score_and_component(void **state)
{
    (void)state;
    check_part("effect", "total", NULL, "MFD_EFFECTS", "Effect: alternative minus reference");
    check_part("sar", "total", NULL, "MFD_SAR",
               "log2(alternative / reference) of the probabilities");
    check_part("swap", "technical", NULL, "MFD_SWAP_TECH",
               "Change of the logit if only those features were the alternative allele's, "
               "technical part");
    check_part("features", "all", NULL, "MFD_FEATURES",
               "Change of the latent features: the alternative allele's less the reference's");
    /* of the share, names are no components */
    check_part("share", "biological", NULL, "MFD_SHARE",
               "Biological share of the effects: sum |biological| / (sum |biological| + sum "
               "|technical|); mostly technical below 0.5");
    check_part("top", "total", NULL, "", "");
}

static void a_level_is_named_by_its_number_and_tells_its_setting(void **state)
{
    (void)state;
    const struct mfd_vcf_level level = { 12, 1.0 / 3, "lab=\"A, B\";year=2016" };
    check_part("levels", "biological", &level, "MFD_LEVEL_12_BIO",
               "Effect in setting 12 of the average: lab=\"A, B\";year=2016, whose weight is "
               "0.333333333, biological part");
}

static void names_between_bars_are_percent_encoded(void **state)
{
    (void)state;
    static const char *const names[] = { "a", "b|c d" };
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_vcf_format(names, 2, 0, &text);
    mfd_vcf_format(NULL, 3, 9, &text);
    assert_string_equal(text.data, ". Format: a|b%7Cc%20d. Format: 9|10|11");
    mfd_buffer_deinit(&text);
}

static void the_source_of_an_average_tells_what_it_is_over(void **state)
{
    (void)state;
    static const char *const over[] = { "lab", "a \"b\"" };
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_vcf_source_line(&(struct mfd_vcf_source){ "m", "d", "logit", NULL, 0, 0 }, &text);
    mfd_vcf_source_line(&(struct mfd_vcf_source){ "m", "d", "logit", over, 2, 7 }, &text);
    assert_string_equal(text.data, "##mfd=<Model=\"m\",Digest=\"d\",Scale=\"logit\">"
                                   "##mfd=<Model=\"m\",Digest=\"d\",Scale=\"logit\","
                                   "Over=\"lab,a \\\"b\\\"\",Settings=7>");
    mfd_buffer_deinit(&text);
}

static void a_number_has_as_many_digits_as_it_needs_and_none_is_a_point(void **state)
{
    (void)state;
    static const float values[] = { 0.1F, -16777216, NAN, INFINITY, 0 };
    struct mfd_buffer text = MFD_BUFFER_INIT;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        mfd_vcf_number(values[i], &text);
        mfd_buffer_addc(&text, ' ');
    }
    assert_string_equal(text.data, "0.1 -16777216 . . 0 ");
    mfd_buffer_deinit(&text);
}

static void ids_of_summaries_are_different_and_fit_a_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < MFD_VCF_SUMMARIES; i++) {
        const struct mfd_vcf_summary_field *field = &mfd_vcf_summaries[i];
        assert_int_equal(strncmp(field->id, "MFD_", 4), 0);
        assert_true(strcmp(field->type, "String") == 0 || strcmp(field->type, "Float") == 0);
        assert_null(strpbrk(field->description, "\"\\\n"));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(field->id, mfd_vcf_summaries[j].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_named_by_its_score_and_component),
        cmocka_unit_test(a_level_is_named_by_its_number_and_tells_its_setting),
        cmocka_unit_test(names_between_bars_are_percent_encoded),
        cmocka_unit_test(the_source_of_an_average_tells_what_it_is_over),
        cmocka_unit_test(a_number_has_as_many_digits_as_it_needs_and_none_is_a_point),
        cmocka_unit_test(ids_of_summaries_are_different_and_fit_a_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
