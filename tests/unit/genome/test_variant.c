#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/buffer.h"
#include "core/genome/edit.h"
#include "core/genome/variant.h"
#include "tests/unit/genome/fixture.h"

/*                          1         2         3         4
 *                 1234567890123456789012345678901234567890     */
#define SEQUENCE "GATTTTACAGCACACACAGTTTAGCNNACGTRCCATGCAT"

static int setup(void **state)
{
    (void)state;
    return fixture_open(">chr20\n" SEQUENCE "\n>chr1\nAAAAAAAAAA\n>MT\nACGT\n");
}

/* "chr20-4-T-C ok", "error ref-mismatch", ...: what a text is read as. */
static void describe(const char *text, struct mfd_buffer *out, struct mfd_error *err)
{
    struct mfd_variant v = MFD_VARIANT_INIT;
    *err = (struct mfd_error)MFD_ERROR_INIT;
    if (mfd_variant_parse(&v, genome, text, strlen(text), err) != MFD_OK)
        mfd_buffer_addf(out, "error %s", err->slug);
    else if (mfd_variant_format(&v, genome, MFD_FORM_DASH, out, err) == MFD_OK)
        mfd_buffer_addf(out, " %s", mfd_variant_status_slug(v.status));
    mfd_variant_deinit(&v);
}

struct reading {
    const char *text, *expected;
};

static void expect_readings(const struct reading *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        struct mfd_error err;
        describe(r[i].text, &b, &err);
        if (strcmp(b.data, r[i].expected) != 0)
            fail_msg("%s was read as '%s', not '%s' (%s)", r[i].text, b.data, r[i].expected,
                     err.message);
        mfd_buffer_deinit(&b);
    }
}

#define EXPECT(...)                                                                                \
    do {                                                                                           \
        static const struct reading readings[] = { __VA_ARGS__ };                                  \
        expect_readings(readings, sizeof readings / sizeof *readings);                             \
    } while (0)

static void dashes_are_one_based_and_take_any_allele_of_vcf(void **state)
{
    (void)state;
    EXPECT({ "chr20-4-T-C", "chr20-4-T-C ok" }, { "20-4-t-c", "chr20-4-T-C ok" },
           { "CHR20-4-T-TAA", "chr20-4-T-TAA ok" }, { "chr20-4-A-T", "chr20-4-A-T flipped" },
           { "chr20-4-A-C", "chr20-4-A-C ref-mismatch" },
           { "chr20-4-T-<DEL>", "chr20-4-T-<DEL> symbolic-allele" },
           { "chr20-4-T-*", "chr20-4-T-* star-allele" },
           { "chr20-4-T-.", "chr20-4-T-. missing-alt" },
           { "chr20-4-T-T]chr1:5]", "chr20-4-T-T]CHR1:5] symbolic-allele" },
           { "chr20-4-T-.A", "chr20-4-T-.A symbolic-allele" },
           { "chr20-4-T-R", "chr20-4-T-R bad-allele" }, { "chr20-4-T-T", "chr20-4-T-T no-change" },
           { "chr20-26-N-A", "chr20-26-N-A ok" }, { "chr20-32-N-A", "chr20-32-N-A ok" },
           { "chr20-40-TA-T", "chr20-40-TA-T window-off-contig" },
           { "chr20-0-T-A", "chr20-0-T-A window-off-contig" },
           { "chr20-41-T-A", "chr20-41-T-A window-off-contig" },
           { "chr7-4-T-A", "chr7-4-T-A contig-unknown" });
}

static void spdi_is_zero_based_and_may_leave_out_the_deleted_bases(void **state)
{
    (void)state;
    EXPECT({ "20:3:T:C", "chr20-4-T-C ok" }, { "20:3:1:C", "chr20-4-T-C ok" },
           { "20:3:TT:", "chr20-3-TTT-T ok" }, { "20:3:2:", "chr20-3-TTT-T ok" },
           { "20:3::CA", "chr20-3-T-TCA ok" }, { "20:3:0:CA", "chr20-3-T-TCA ok" },
           { "20:0:G:", "chr20-1-GA-A ok" }, { "20:0::CC", "chr20-1-G-CCG ok" },
           { "20:40::CC", "chr20-40-T-TCC ok" }, { "20:3:A:T", "chr20-4-A-T flipped" },
           { "20:3:AA:", "error ref-mismatch" }, { "20:39:2:", "error window-off-contig" },
           { "20:41::A", "error window-off-contig" }, { "20:3::", "error malformed-variant" },
           { "20:-3:T:C", "error malformed-variant" }, { "20:3:T:X", "error bad-allele" },
           { "20:3:t:c", "chr20-4-T-C ok" }, { "20:3:1x:C", "error malformed-variant" },
           { "20:3:99999999999999999999:C", "error malformed-variant" },
           { "20:3:20000:C", "error window-off-contig" }, { "7:3:T:C", "7-4-- contig-unknown" });
}

static void spdi_that_counts_from_one_is_told_so(void **state)
{
    (void)state;
    EXPECT({ "20:2:A:C", "error ref-mismatch" }, { "20:2:A:T", "error ref-mismatch" },
           { "20:1:GA:CC", "error ref-mismatch" }, { "20:1:A:C", "chr20-2-A-C ok" },
           { "20:2:T:A", "chr20-3-T-A ok" }, { "20:3:T:A", "chr20-4-T-A ok" },
           { "20:0:A:G", "chr20-1-A-G flipped" });
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_variant v;
    assert_int_equal(mfd_variant_parse(&v, genome, "chr20:2:a:C", 11, &err), MFD_EMISMATCH);
    assert_string_equal(
        err.message, "variant 'chr20:2:a:C': SPDI counts from 0, and only counted from 1 are the "
                     "deleted bases the reference's; write chr20:1:A:C");
}

static void genomic_hgvs_is_read_with_and_without_its_bases(void **state)
{
    (void)state;
    EXPECT(
        { "chr20:g.4T>C", "chr20-4-T-C ok" }, { "chr20:g.4A>T", "chr20-4-A-T flipped" },
        { "20:g.4del", "chr20-3-TT-T ok" }, { "20:g.4delT", "chr20-3-TT-T ok" },
        { "20:g.4_6del", "chr20-3-TTTT-T ok" }, { "20:g.4_6delTTT", "chr20-3-TTTT-T ok" },
        { "20:g.4_6del3", "chr20-3-TTTT-T ok" }, { "20:g.1del", "chr20-1-GA-A ok" },
        { "20:g.4_5insCA", "chr20-4-T-TCA ok" }, { "20:g.4dup", "chr20-4-T-TT ok" },
        { "20:g.7_9dup", "chr20-9-A-AACA ok" }, { "20:g.7_9dupACA", "chr20-9-A-AACA ok" },
        { "20:g.4delinsGG", "chr20-4-T-GG ok" }, { "20:g.7_9delinsT", "chr20-7-ACA-T ok" },
        { "20:g.7_9delACAinsT", "chr20-7-ACA-T ok" }, { "20:g.7_9inv", "chr20-7-ACA-TGT ok" },
        { "20:g.4=", "chr20-4-T-T no-change" }, { "MT:m.2C>T", "MT-2-C-T ok" },
        { "20:g.4delA", "error ref-mismatch" }, { "20:g.7_9dupACC", "error ref-mismatch" },
        { "20:g.4_6delTT", "error malformed-variant" },
        { "20:g.4_6del4", "error malformed-variant" },
        { "20:g.4_6insA", "error malformed-variant" }, { "20:g.4insA", "error malformed-variant" },
        { "20:g.6_4del", "error malformed-variant" }, { "20:g.4inv", "error malformed-variant" },
        { "20:g.4_5TT>CC", "error malformed-variant" }, { "20:g.4TT>C", "error malformed-variant" },
        { "20:g.4T>", "error malformed-variant" }, { "20:g.4T>CX", "error malformed-variant" },
        { "20:g.0del", "error malformed-variant" }, { "20:g.T>C", "error malformed-variant" },
        { "20:g.", "error malformed-variant" }, { "20:g.4", "error malformed-variant" },
        { "20:g.4foo", "error malformed-variant" }, { "20:g.4_5ins", "error malformed-variant" },
        { "20:g.41T>C", "error window-off-contig" }, { "20:g.39_50del", "error window-off-contig" },
        { "20:g.4_5ins10", "error unsupported" }, { "20:g.(4_6)del", "error unsupported" },
        { "20:g.?_6del", "error unsupported" }, { "20:g.4_5insN[10]", "error unsupported" },
        { "20:g.4T[3]", "error unsupported" }, { "20:g.[4T>C;5T>C]", "error unsupported" },
        { "NM_1.2:c.4T>C", "error unsupported" }, { "NP_1.2:p.Arg4Cys", "error unsupported" },
        { "20:g.4-2T>C", "error unsupported" }, { "chr9:g.4del", "chr9-4-- contig-unknown" });
}

static void what_is_no_variant_is_refused_with_the_forms_there_are(void **state)
{
    (void)state;
    EXPECT({ "", "error malformed-variant" }, { "rs12345", "error malformed-variant" },
           { "chr20:4", "error malformed-variant" }, { "chr20-4-T", "error malformed-variant" },
           { "chr20-x-T-C", "error malformed-variant" },
           { "chr20-4--C", "error malformed-variant" }, { "chr20-4-T-", "error malformed-variant" },
           { "-4-T-C", "error malformed-variant" }, { ":::", "error malformed-variant" },
           { "---", "error malformed-variant" },
           { "chr20-99999999999999999999-T-C", "error malformed-variant" });
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_variant v;
    assert_int_equal(mfd_variant_parse(&v, genome, "chr20-4\0-T-C", 12, &err), MFD_EINVAL);
    assert_non_null(strstr(err.message, "character 8"));
    assert_int_equal(mfd_variant_parse(&v, genome, "rs1", 3, &err), MFD_EINVAL);
    assert_non_null(strstr(err.message, "SPDI"));
    assert_int_equal(mfd_variant_parse(&v, genome, "20:g.4_6delTT", 13, &err), MFD_EINVAL);
    assert_non_null(strstr(err.message, "character 12"));
}

static void a_reason_names_what_the_reference_has(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT, reason = MFD_ERROR_INIT;
    struct mfd_variant v;
    assert_int_equal(mfd_variant_set(&v, genome, "chr20", 0, "TA", "C", "rs1", &err), MFD_OK);
    assert_int_equal(mfd_variant_check(&v, genome, &reason, &err), MFD_OK);
    assert_int_equal(v.status, MFD_VARIANT_REF_MISMATCH);
    assert_string_equal(reason.slug, "ref-mismatch");
    assert_string_equal(reason.message, "the reference has 'GA' at chr20:1, not REF 'TA'");
    assert_string_equal(v.id, "rs1");
    mfd_variant_deinit(&v);
    assert_int_equal(mfd_variant_set(&v, genome, "chr21", 0, "TA", "C", NULL, &err), MFD_OK);
    assert_int_equal(mfd_variant_check(&v, genome, &reason, &err), MFD_OK);
    assert_string_equal(reason.slug, "contig-unknown");
    assert_non_null(strstr(reason.message, "chr20"));
    mfd_variant_deinit(&v);
}

static void an_allele_over_the_limit_is_told_and_may_shrink(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_variant v;
    bool changed;
    char ref[] = SEQUENCE, alt[] = SEQUENCE;
    for (char *p = ref; *p; p++) /* as the reference counts: IUPAC is N */
        *p = alt[p - ref] = *p == 'R' ? 'N' : *p;
    alt[3] = 'C';
    assert_int_equal(mfd_variant_set(&v, genome, "chr20", 0, ref, alt, NULL, &err), MFD_OK);
    assert_int_equal(v.status, MFD_VARIANT_ALLELE_TOO_LONG);
    assert_int_equal(mfd_variant_normalize(&v, genome, &changed, &err), MFD_OK);
    assert_true(changed);
    assert_int_equal(v.status, MFD_VARIANT_OK);
    assert_int_equal(v.pos, 3);
    assert_string_equal(v.ref, "T");
    assert_string_equal(v.alt, "C");
    mfd_variant_deinit(&v);
}

static void the_normal_form_is_leftmost_and_shortest(void **state)
{
    (void)state;
    static const struct reading cases[] = {
        { "20:5:T:", "chr20-2-AT-A" },     /* one of a run */
        { "20:15:AC:", "chr20-10-GCA-G" }, /* a repeat */
        { "20:16::CA", "chr20-10-G-GCA" },
        { "1:9:A:", "chr1-1-AA-A" }, /* a run up to the contig's start */
        { "1:10::AA", "chr1-1-A-AAA" },
        { "20:0:G:", "chr20-1-GA-A" },
        { "chr20-3-TTT-TCT", "chr20-4-T-C" }, /* shared on both sides */
        { "chr20-7-ACA-TGT", "chr20-7-ACA-TGT" },
        { "chr20-7-AC-TA", "chr20-7-AC-TA" },
        { "chr20-4-T-T", "chr20-4-T-T" },
        { "chr20-4-A-T", "chr20-4-A-T" }, /* swapped */
        { "chr20-4-G-C", "chr20-4-G-C" }, /* a mismatch stays as it is written */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_variant v;
        assert_int_equal(mfd_variant_parse(&v, genome, cases[i].text, strlen(cases[i].text), &err),
                         MFD_OK);
        assert_int_equal(mfd_variant_normalize(&v, genome, NULL, &err), MFD_OK);
        assert_int_equal(mfd_variant_format(&v, genome, MFD_FORM_DASH, &b, &err), MFD_OK);
        if (strcmp(b.data, cases[i].expected) != 0)
            fail_msg("%s became %s, not %s", cases[i].text, b.data, cases[i].expected);
        mfd_variant_deinit(&v);
        mfd_buffer_deinit(&b);
    }
}

static void texts_are_written_as_their_recommendations_say(void **state)
{
    (void)state;
    static const struct {
        const char *text, *spdi, *minimal, *hgvs;
    } cases[] = {
        { "20-4-T-C", "chr20:3:T:C", "chr20:3:T:C", "chr20:g.4T>C" },
        { "20-2-AT-A", "chr20:2:TTTT:TTT", "chr20:2:T:", "chr20:g.6del" },
        { "20-2-A-AT", "chr20:2:TTTT:TTTTT", "chr20:2::T", "chr20:g.6dup" },
        { "20-10-GCA-G", "chr20:10:CACACACA:CACACA", "chr20:10:CA:", "chr20:g.17_18del" },
        { "20-10-G-GCA", "chr20:10:CACACACA:CACACACACA", "chr20:10::CA", "chr20:g.17_18dup" },
        { "20-10-G-GCACA", "chr20:10:CACACACA:CACACACACACA", "chr20:10::CACA", "chr20:g.15_18dup" },
        { "20-7-A-AGG", "chr20:7::GG", "chr20:7::GG", "chr20:g.7_8insGG" },
        { "20-7-ACA-TGT", "chr20:6:ACA:TGT", "chr20:6:ACA:TGT", "chr20:g.7_9inv" },
        { "20-7-ACA-GG", "chr20:6:ACA:GG", "chr20:6:ACA:GG", "chr20:g.7_9delinsGG" },
        { "20-7-AC-TG", "chr20:6:AC:TG", "chr20:6:AC:TG", "chr20:g.7_8delinsTG" },
        { "20:0::CC", "chr20:0::CC", "chr20:0::CC", "chr20:g.1delinsCCG" },
        { "20:40::CC", "chr20:40::CC", "chr20:40::CC", "chr20:g.40delinsTCC" },
        { "20-4-T-T", "chr20:3:T:T", "chr20:3:T:T", "chr20:g.4=" },
        { "MT-2-C-T", "MT:1:C:T", "MT:1:C:T", "MT:m.2C>T" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_variant v;
        assert_int_equal(mfd_variant_parse(&v, genome, cases[i].text, strlen(cases[i].text), &err),
                         MFD_OK);
        const char *const expected[] = { cases[i].spdi, cases[i].minimal, cases[i].hgvs };
        for (int form = 0; form < 3; form++) {
            struct mfd_buffer b = MFD_BUFFER_INIT;
            assert_int_equal(mfd_variant_format(&v, genome,
                                                (enum mfd_variant_form)(MFD_FORM_SPDI + form), &b,
                                                &err),
                             MFD_OK);
            assert_string_equal(b.data, expected[form]);
            mfd_buffer_deinit(&b);
        }
        mfd_variant_deinit(&v);
    }
}

static void what_contradicts_the_reference_has_no_spdi_and_no_hgvs(void **state)
{
    (void)state;
    static const char *const texts[] = { "chr20-4-A-T", "chr20-4-A-C", "chr20-4-T-*",
                                         "chr9-4-A-T" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_variant v;
        assert_int_equal(mfd_variant_parse(&v, genome, texts[i], strlen(texts[i]), &err), MFD_OK);
        assert_int_equal(mfd_variant_format(&v, genome, MFD_FORM_SPDI, &b, &err), MFD_EINVAL);
        assert_int_equal(mfd_variant_format(&v, genome, MFD_FORM_HGVS, &b, &err), MFD_EINVAL);
        assert_int_equal(b.len, 0);
        mfd_variant_deinit(&v);
        mfd_buffer_deinit(&b);
    }
}

/* A contig of one long run, and one of a single base. */
static void limits_bound_what_is_implied_and_moved(void **state)
{
    (void)state;
    struct scratch far;
    struct mfd_buffer fasta = MFD_BUFFER_INIT;
    mfd_buffer_adds(&fasta, ">run\n");
    for (int i = 0; i < MFD_MAX_SHIFT + 2000; i++)
        mfd_buffer_addc(&fasta, 'A');
    mfd_buffer_adds(&fasta, "C\n>one\nG\n>short\n");
    for (int i = 0; i < MFD_MAX_IMPLIED + 10; i++)
        mfd_buffer_addc(&fasta, 'T');
    mfd_buffer_adds(&fasta, "\n");
    scratch_init(&far);
    struct mfd_genome *g = scratch_genome(&far, fasta.data);
    static const struct {
        const char *text;
        int parsed, normal, spdi, hgvs;
    } cases[] = {
        { "run:g.5_10004del", MFD_OK, MFD_OK, MFD_ELIMIT, MFD_OK },
        { "run:g.5_10005del", MFD_ELIMIT, 0, 0, 0 },
        { "run:4:10001:", MFD_ELIMIT, 0, 0, 0 },
        { "run:1000000:A:", MFD_OK, MFD_OK, MFD_ELIMIT, MFD_OK },
        { "run:1001999:A:", MFD_OK, MFD_ELIMIT, MFD_ELIMIT, MFD_OK },
        { "run:4:A:", MFD_OK, MFD_OK, MFD_ELIMIT, MFD_ELIMIT },
        { "short:4:T:", MFD_OK, MFD_OK, MFD_ELIMIT, MFD_OK },
        { "one:0:G:", MFD_EINVAL, 0, 0, 0 }, /* no base is left to anchor on */
        { "one:0:G:C", MFD_OK, MFD_OK, MFD_OK, MFD_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_variant v;
        int parsed = mfd_variant_parse(&v, g, cases[i].text, strlen(cases[i].text), &err);
        if (parsed != cases[i].parsed)
            fail_msg("%s: %s", cases[i].text, err.message);
        if (parsed != MFD_OK)
            continue;
        int hgvs = mfd_variant_format(&v, g, MFD_FORM_HGVS, &b, &err);
        int spdi = mfd_variant_format(&v, g, MFD_FORM_SPDI, &b, &err);
        int normal = mfd_variant_normalize(&v, g, NULL, &err);
        if (hgvs != cases[i].hgvs || spdi != cases[i].spdi || normal != cases[i].normal)
            fail_msg("%s: normal form %d, SPDI %d, HGVS %d (%s)", cases[i].text, normal, spdi, hgvs,
                     err.message);
        mfd_variant_deinit(&v);
        mfd_buffer_deinit(&b);
    }
    struct mfd_variant v;
    struct mfd_error err = MFD_ERROR_INIT;
    mfd_buffer_addf(&fasta, "%040000d-1-A-C", 0); /* more than a megabyte of text */
    assert_int_equal(mfd_variant_parse(&v, g, fasta.data, fasta.len, &err), MFD_ELIMIT);
    mfd_genome_unref(g);
    scratch_deinit(&far);
    mfd_buffer_deinit(&fasta);
}

static void an_allele_too_long_to_score_still_has_its_texts(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_variant v;
    static const char text[] = "20:g.1_36del";
    assert_int_equal(mfd_variant_parse(&v, genome, text, strlen(text), &err), MFD_OK);
    assert_int_equal(v.status, MFD_VARIANT_ALLELE_TOO_LONG);
    assert_int_equal(mfd_variant_format(&v, genome, MFD_FORM_HGVS, &b, &err), MFD_OK);
    assert_string_equal(b.data, "chr20:g.2_37del"); /* the 3' rule */
    v.ref[0] = 'A';                                 /* no longer what the reference has */
    assert_int_equal(mfd_variant_format(&v, genome, MFD_FORM_HGVS, &b, &err), MFD_EINVAL);
    mfd_variant_deinit(&v);
    mfd_buffer_deinit(&b);
}

static void a_summary_counts_each_status(void **state)
{
    (void)state;
    struct mfd_variant_summary s = { 0 };
    mfd_variant_summary_add(&s, MFD_VARIANT_OK);
    mfd_variant_summary_add(&s, MFD_VARIANT_STAR);
    mfd_variant_summary_add(&s, MFD_VARIANT_STAR);
    assert_int_equal(s.variants, 3);
    assert_int_equal(s.by_status[MFD_VARIANT_STAR], 2);
    for (int i = 0; i < MFD_VARIANT_STATUSES; i++)
        assert_string_not_equal(mfd_variant_status_slug((enum mfd_variant_status)i), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dashes_are_one_based_and_take_any_allele_of_vcf),
        cmocka_unit_test(spdi_is_zero_based_and_may_leave_out_the_deleted_bases),
        cmocka_unit_test(spdi_that_counts_from_one_is_told_so),
        cmocka_unit_test(genomic_hgvs_is_read_with_and_without_its_bases),
        cmocka_unit_test(what_is_no_variant_is_refused_with_the_forms_there_are),
        cmocka_unit_test(a_reason_names_what_the_reference_has),
        cmocka_unit_test(an_allele_over_the_limit_is_told_and_may_shrink),
        cmocka_unit_test(the_normal_form_is_leftmost_and_shortest),
        cmocka_unit_test(texts_are_written_as_their_recommendations_say),
        cmocka_unit_test(what_contradicts_the_reference_has_no_spdi_and_no_hgvs),
        cmocka_unit_test(limits_bound_what_is_implied_and_moved),
        cmocka_unit_test(an_allele_too_long_to_score_still_has_its_texts),
        cmocka_unit_test(a_summary_counts_each_status),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
