#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/buffer.h"
#include "core/genome/assembly.h"
#include "core/genome/contigs.h"
#include "core/genome/genome.h"
#include "tests/unit/genome/scratch.h"

/* A genome by its index alone: nothing is read of contigs of such lengths. */
static void contigs_of(struct mfd_contigs *cs, const char *fai, const char *assembly)
{
    struct mfd_error err = MFD_ERROR_INIT;
    int status = mfd_contigs_parse(cs, fai, strlen(fai), "test.fai",
                                   assembly ? mfd_assembly_named(assembly) : 0, &err);
    if (status != MFD_OK)
        fail_msg("%s", err.message);
}

/* Number of the contig that a name means, or -1. */
static int find(const struct mfd_contigs *cs, const char *name)
{
    size_t contig;
    struct mfd_error err = MFD_ERROR_INIT;
    int status = mfd_contigs_resolve(cs, name, strlen(name), &contig, &err);
    if (status == MFD_OK)
        return (int)contig;
    assert_string_equal(err.slug, "contig-unknown");
    return -1;
}

static void expect_message(const struct mfd_contigs *cs, const char *name, const char *part)
{
    size_t contig;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(mfd_contigs_resolve(cs, name, strlen(name), &contig, &err), MFD_ENOTFOUND);
    if (!strstr(err.message, part))
        fail_msg("'%s' does not say '%s'", err.message, part);
}

static const char grch37[] = "1\t249250621\t52\t60\t61\n"
                             "20\t63025520\t253404903\t60\t61\n"
                             "X\t155270560\t317480570\t60\t61\n"
                             "MT\t16569\t475338954\t60\t61\n"
                             "GL000192.1\t547496\t475355900\t60\t61\n";

static void a_chromosome_answers_to_all_its_names(void **state)
{
    (void)state;
    struct mfd_contigs cs;
    contigs_of(&cs, grch37, NULL);
    static const struct {
        const char *name;
        int contig;
    } names[] = {
        { "20", 1 },
        { "chr20", 1 },
        { "CHR20", 1 },
        { "Chr20", 1 },
        { "NC_000020.10", 1 },
        { "nc_000020.10", 1 },
        { "CM000682.1", 1 },
        { "x", 2 },
        { "chrx", 2 },
        { "NC_000023.10", 2 },
        { "M", 3 },
        { "m", 3 },
        { "MT", 3 },
        { "chrM", 3 },
        { "chrMT", 3 },
        { "CHRM", 3 },
        { "NC_012920.1", 3 },
        { "J01415.2", 3 },
        { "GL000192.1", 4 },
        { "gl000192.1", 4 },
        { "chrGL000192.1", 4 },
        { "2", -1 },
        { "chr", -1 },
        { "", -1 },
        { "chr2", -1 },
        { "chrchr20", -1 },
        { " 20", -1 },
        { "020", -1 },
        { "NC_000020.11", -1 },
        { "NC_000020", -1 },
        { "NC_000020.9", -1 },
        { "NC_000020.", -1 },
        { "NC_000020.010", 1 },
        { "CM000682.2", -1 },
        { "NC_000002.11", -1 },
        { "NC_001807.4", -1 },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (find(&cs, names[i].name) != names[i].contig)
            fail_msg("%s is %d, not %d", names[i].name, find(&cs, names[i].name), names[i].contig);
    mfd_contigs_deinit(&cs);
}

static void an_accession_of_another_assembly_is_refused_with_both_named(void **state)
{
    (void)state;
    struct mfd_contigs cs;
    contigs_of(&cs, grch37, NULL);
    expect_message(&cs, "NC_000020.11", "of GRCh38, but contig '20' (63025520 bases) is GRCh37's");
    expect_message(&cs, "CM000682.2", "GRCh38");
    expect_message(&cs, "NC_000020.9", "neither GRCh37 nor GRCh38");
    expect_message(&cs, "NC_000020", "lacks the version");
    mfd_contigs_deinit(&cs);
    contigs_of(&cs, "chr20\t64444167\t7\t60\t61\n", NULL);
    assert_int_equal(find(&cs, "NC_000020.11"), 0);
    assert_int_equal(find(&cs, "CM000682.2"), 0);
    expect_message(&cs, "NC_000020.10",
                   "of GRCh37, but contig 'chr20' (64444167 bases) is GRCh38's");
    mfd_contigs_deinit(&cs);
}

static void a_length_that_tells_nothing_takes_no_accession_unless_the_assembly_is_told(void **state)
{
    (void)state;
    static const char part[] = "chrX\t69999930\t6\t60\t61\n";
    struct mfd_contigs cs;
    contigs_of(&cs, part, NULL);
    assert_int_equal(find(&cs, "X"), 0);
    expect_message(&cs, "NC_000023.10", "do not tell which assembly");
    mfd_contigs_deinit(&cs);
    contigs_of(&cs, part, "hg19");
    assert_int_equal(find(&cs, "NC_000023.10"), 0);
    expect_message(&cs, "NC_000023.11", "of GRCh38, but");
    mfd_contigs_deinit(&cs);
    /* the other contigs tell too */
    contigs_of(&cs, "chrX\t69999930\t6\t60\t61\nchr1\t249250621\t80000000\t60\t61\n", NULL);
    assert_int_equal(find(&cs, "NC_000023.10"), 0);
    assert_int_equal(find(&cs, "NC_000023.11"), -1);
    mfd_contigs_deinit(&cs);
    /* but not where they contradict one another */
    contigs_of(&cs,
               "chrX\t69999930\t6\t60\t61\nchr1\t249250621\t80000000\t60\t61\n"
               "chr2\t242193529\t900000000\t60\t61\n",
               NULL);
    assert_int_equal(find(&cs, "NC_000023.10"), -1);
    assert_int_equal(find(&cs, "NC_000001.10"), 1);
    assert_int_equal(find(&cs, "NC_000002.12"), 2);
    mfd_contigs_deinit(&cs);
}

static void a_fasta_named_by_accessions_answers_to_plain_names(void **state)
{
    (void)state;
    struct mfd_contigs cs;
    contigs_of(&cs, "NC_000020.11\t1000\t6\t60\t61\nNC_012920.1\t16569\t2000\t60\t61\n", NULL);
    assert_int_equal(find(&cs, "chr20"), 0);
    assert_int_equal(find(&cs, "20"), 0);
    assert_int_equal(find(&cs, "CM000682.2"), 0);
    assert_int_equal(find(&cs, "NC_000020.10"), -1);
    assert_int_equal(find(&cs, "chrM"), 1);
    mfd_contigs_deinit(&cs);
    contigs_of(&cs, "NC_000020.9\t62435964\t6\t60\t61\n", NULL); /* NCBI36 */
    assert_int_equal(find(&cs, "NC_000020.9"), 0);
    assert_int_equal(find(&cs, "chr20"), 0);
    assert_int_equal(find(&cs, "NC_000020.10"), -1);
    mfd_contigs_deinit(&cs);
}

static void the_mitochondrion_of_hg19_is_another_than_that_of_grch37(void **state)
{
    (void)state;
    struct mfd_contigs cs;
    contigs_of(&cs, "chrM\t16571\t6\t50\t51\nchr1\t249250621\t20000\t50\t51\n", NULL);
    assert_int_equal(find(&cs, "MT"), 0);
    assert_int_equal(find(&cs, "NC_001807.4"), 0);
    assert_int_equal(find(&cs, "NC_012920.1"), -1);
    mfd_contigs_deinit(&cs);
}

static void spellings_that_only_case_tells_apart_must_be_exact(void **state)
{
    (void)state;
    struct mfd_contigs cs;
    contigs_of(&cs, "20\t5\t4\t5\t6\nchr20\t5\t20\t5\t6\na\t5\t40\t5\t6\nA\t5\t60\t5\t6\n", NULL);
    assert_int_equal(find(&cs, "20"), 0);
    assert_int_equal(find(&cs, "chr20"), 1);
    assert_int_equal(find(&cs, "A"), 3);
    expect_message(&cs, "CHR20", "any of 2 contigs");
    expect_message(&cs, "chrA", "any of 2 contigs");
    mfd_contigs_deinit(&cs);
}

static void an_unknown_name_lists_the_closest_nearest_first(void **state)
{
    (void)state;
    struct mfd_contigs cs;
    struct mfd_buffer fai = MFD_BUFFER_INIT;
    for (int i = 1; i <= 19; i++)
        mfd_buffer_addf(&fai, "chr%d\t5\t%d\t5\t6\n", i, 10 * i);
    mfd_buffer_addf(&fai, "chrUn_KI270302v1\t5\t%d\t5\t6\n", 1000);
    contigs_of(&cs, fai.data, NULL);
    expect_message(&cs, "chr21", "closest: chr1, chr11, chr2, chr10, chr12");
    expect_message(&cs, "KI270302v1", "closest: chrUn_KI270302v1");
    expect_message(&cs, "evil\n\x1b[31m", "'evil??[31m'");
    mfd_contigs_deinit(&cs);
    contigs_of(&cs, "b\t5\t3\t5\t6\na\t5\t20\t5\t6\n", NULL);
    expect_message(&cs, "zzz", "it has: a, b");
    mfd_contigs_deinit(&cs);
    mfd_buffer_deinit(&fai);
}

/* Every accession of the table finds its own contig in its own assembly and nowhere else. */
static void both_assemblies_keep_their_accessions_apart(void **state)
{
    (void)state;
    for (unsigned assembly = MFD_GRCH37; assembly <= MFD_GRCH38; assembly++) {
        struct mfd_buffer fai = MFD_BUFFER_INIT;
        struct mfd_contigs cs;
        for (size_t row = 0; row < 24; row++)
            mfd_buffer_addf(&fai, "chr%s\t10\t%zu\t10\t11\n", mfd_chromosome_name(row),
                            100 * row + 10);
        contigs_of(&cs, fai.data, mfd_assembly_name(assembly));
        for (size_t row = 0; row < 24; row++) {
            char own[24], other[24];
            assert_true(mfd_chromosome_refseq(row, assembly, own));
            assert_true(mfd_chromosome_refseq(row, 3 - assembly, other));
            assert_int_equal(find(&cs, own), row);
            assert_int_equal(find(&cs, other), -1);
        }
        mfd_contigs_deinit(&cs);
        mfd_buffer_deinit(&fai);
    }
}

/* Intervals. */

static void intervals_are_read_as_people_write_them(void **state)
{
    (void)state;
    struct scratch dir;
    scratch_init(&dir);
    struct mfd_genome *g = scratch_genome(
        &dir, ">chr20\nACGTACGTAC\nACGTACGTAC\n>HLA-A*01:01\nACGT\n>chr1:2-3\nACGT\n");
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "chr20:2-5", "chr20:2-5" },
        { "20:2-5", "chr20:2-5" },
        { "chr20:2", "chr20:2-2" },
        { "chr20:2-", "chr20:2-20" },
        { "chr20", "chr20:1-20" },
        { "chr20:1-20", "chr20:1-20" },
        { "chr20:1,0-1,1", "chr20:10-11" },
        { "HLA-A*01:01", "HLA-A*01:01:1-4" },
        { "HLA-A*01:01:2-3", "HLA-A*01:01:2-3" },
        { "chr1:2-3", "chr1:2-3:1-4" },
        { "", "contig-unknown" },
        { "chr20:", "bad-interval" },
        { "chr20:0-5", "bad-interval" },
        { "chr20:5-2", "bad-interval" },
        { "chr20:-5", "bad-interval" },
        { "chr20:a-b", "bad-interval" },
        { "chr20:1-b", "bad-interval" },
        { "chr20:1 - 5", "bad-interval" },
        { "chr20:1-5-7", "bad-interval" },
        { "chr20:1,,0-11", "bad-interval" },
        { "chr20:,1-11", "bad-interval" },
        { "chr20:1.0-11", "bad-interval" },
        { "chr20:+1-11", "bad-interval" },
        { "chr20:1-99999999999999999999", "bad-interval" },
        { "chr20:1-21", "window-off-contig" },
        { "chr20:21-", "window-off-contig" },
        { "chr20:21", "window-off-contig" },
        { "chr9:1-2", "contig-unknown" },
        { ":1-2", "contig-unknown" },
        { "chr20 :1-2", "contig-unknown" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_interval interval;
        if (mfd_interval_parse(&interval, g, cases[i].text, strlen(cases[i].text), &err) == MFD_OK)
            mfd_interval_format(&interval, g, &b);
        else
            mfd_buffer_adds(&b, err.slug);
        if (strcmp(b.data, cases[i].expected) != 0)
            fail_msg("'%s' is '%s', not '%s'", cases[i].text, b.data, cases[i].expected);
        mfd_buffer_deinit(&b);
    }
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_interval interval;
    assert_int_equal(mfd_interval_set(&interval, g, "20", 2, 0, 20, &err), MFD_OK);
    assert_int_equal(interval.end, 20);
    assert_int_equal(mfd_interval_set(&interval, g, "20", 2, -1, 20, &err), MFD_EINVAL);
    assert_int_equal(mfd_interval_set(&interval, g, "20", 2, 5, 5, &err), MFD_EINVAL);
    mfd_genome_unref(g);
    scratch_deinit(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chromosome_answers_to_all_its_names),
        cmocka_unit_test(an_accession_of_another_assembly_is_refused_with_both_named),
        cmocka_unit_test(
            a_length_that_tells_nothing_takes_no_accession_unless_the_assembly_is_told),
        cmocka_unit_test(a_fasta_named_by_accessions_answers_to_plain_names),
        cmocka_unit_test(the_mitochondrion_of_hg19_is_another_than_that_of_grch37),
        cmocka_unit_test(spellings_that_only_case_tells_apart_must_be_exact),
        cmocka_unit_test(an_unknown_name_lists_the_closest_nearest_first),
        cmocka_unit_test(both_assemblies_keep_their_accessions_apart),
        cmocka_unit_test(intervals_are_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
