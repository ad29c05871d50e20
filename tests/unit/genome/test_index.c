/* FASTA files and indexes that are missing, broken, cut short or of something else. */
#include "tests/util/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/genome/genome.h"
#include "tests/unit/genome/scratch.h"

#define FASTA ">chr1 first\nACGTACGTAC\nACGTACGTAC\nACG\n>chr2\nTTTTTTTTTT\nTT\n"
#define FAI "chr1\t23\t12\t10\t11\nchr2\t12\t44\t10\t11\n"

static struct scratch dir;

static int setup(void **state)
{
    (void)state;
    scratch_init(&dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_deinit(&dir);
    return 0;
}

/* Open and read every base; "ok" or the message. */
static const char *try_path(const char *path)
{
    static struct mfd_error err;
    struct mfd_genome *g;
    char bases[64];
    err = (struct mfd_error)MFD_ERROR_INIT;
    if (mfd_genome_open(&g, path, &err) != MFD_OK)
        return err.message;
    int status = MFD_OK;
    for (size_t i = 0; status == MFD_OK && i < mfd_genome_contigs(g); i++) {
        int64_t n = mfd_genome_contig_length(g, i);
        for (int64_t at = 0; status == MFD_OK && at < n && at < 64000; at += 64)
            status = mfd_genome_fetch(g, i, at, at + 64, bases, NULL, &err);
    }
    mfd_genome_unref(g);
    return status == MFD_OK ? "ok" : err.message;
}

static void expect_plain(const char *fasta, size_t n, const char *fai, const char *part)
{
    const char *path = scratch_write(&dir, "x.fa", fasta, n);
    scratch_text(&dir, "x.fa.fai", fai);
    const char *answer = try_path(path);
    if (!strstr(answer, part))
        fail_msg("with index '%s': '%s' does not say '%s'", fai, answer, part);
}

static void a_broken_index_is_told_by_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *fai, *part;
    } cases[] = {
        { FAI, "ok" },
        { "", "is empty" },
        { "\n", "line 1 has 1 columns" },
        { "chr1\t23\t12\t10\n", "line 1 has 4 columns" },
        { "chr1\t23\t12\t10\t11\t99\n", "FASTQ" },
        { "chr1\t23\t12\t10\t11\nchr2\n", "line 2 has 1 columns" },
        { "chr1\tx\t12\t10\t11\n", "'x' cannot be its length" },
        { "chr1\t-23\t12\t10\t11\n", "'-23' cannot be its length" },
        { "chr1\t23\t99999999999999999999\t10\t11\n", "cannot be its offset" },
        { "chr1\t23\t12\t0\t11\n", "bases in lines of" },
        { "chr1\t23\t12\t10\t9\n", "bases in lines of" },
        { "chr1\t23\t12\t10\t10\n", "bases in lines of" },
        { "chr1\t23\t12\t10\t13\n", "bases in lines of" },
        { "chr1\t2305843009213693951\t12\t1\t3\n", "cut short" },
        { "chr1\t2305843009213693951\t2305843009213693951\t1\t3\n", "does not belong" },
        { "\t23\t12\t10\t11\n", "is not a contig's name" },
        { "ch r\t23\t12\t10\t11\n", "is not a contig's name" },
        { "chr\x01\t23\t12\t10\t11\n", "is not a contig's name" },
        { "chr1\t23\t12\t10\t11\nchr1\t12\t44\t10\t11\n", "names contig 'chr1' twice" },
        { "{\"json\": true}", "line 1 has 1 columns" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_plain(FASTA, strlen(FASTA), cases[i].fai, cases[i].part);
}

static void an_index_of_another_fasta_is_found_out(void **state)
{
    (void)state;
    static const struct {
        const char *fai;
    } cases[] = {
        { "chr1\t23\t11\t10\t11\nchr2\t12\t44\t10\t11\n" }, /* begins a byte early */
        { "chr1\t23\t13\t10\t11\nchr2\t12\t44\t10\t11\n" }, /* or late */
        { "chr1\t24\t12\t10\t11\nchr2\t12\t44\t10\t11\n" }, /* too long */
        { "chr1\t22\t12\t10\t11\nchr2\t12\t44\t10\t11\n" }, /* too short */
        { "chr1\t20\t12\t10\t11\nchr2\t12\t44\t10\t11\n" }, /* by a line */
        { "chr1\t23\t12\t9\t10\nchr2\t12\t44\t10\t11\n" },  /* other lines */
        { "chr3\t23\t12\t10\t11\nchr2\t12\t44\t10\t11\n" }, /* other names */
        { "chr\t23\t12\t10\t11\nchr2\t12\t44\t10\t11\n" },  /* the start of the name */
        { "chr1\t23\t0\t10\t11\nchr2\t12\t44\t10\t11\n" },
        { "chr1\t23\t12\t10\t11\nchr2\t11\t44\t10\t11\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_plain(FASTA, strlen(FASTA), cases[i].fai, "does not belong to");
    /* of a contig between the first and the last it shows when that is read */
    expect_plain(">a\nAC\n>b\nGG\n>c\nTT\n", 18, "a\t2\t3\t2\t3\nb\t2\t10\t2\t3\nc\t2\t15\t2\t3\n",
                 "contig 'b' is not where it says");
}

static void a_fasta_that_is_cut_short_or_none_is_told(void **state)
{
    (void)state;
    expect_plain(FASTA, strlen(FASTA) - 8, FAI, "cut short");
    expect_plain(FASTA, 30, FAI, "cut short");
    expect_plain("", 0, FAI, "is empty");
    expect_plain("@read\nACGT\n+\nIIII\n", 18, FAI, "as a FASTQ does");
    expect_plain("{\"not\": \"fasta\"}", 16, FAI, "is not a FASTA");
    expect_plain(">chr1\nAC1T\n", 11, "chr1\t4\t6\t4\t5\n", "does not belong to");
    static const char nul[] = ">chr1\nAC\0T\n";
    expect_plain(nul, 11, "chr1\t4\t6\t4\t5\n", "does not belong to");
    expect_plain(">chr1\nACGT", 10, "chr1\t4\t6\t4\t5\n", "ok"); /* no newline at the end */
    expect_plain(">chr1\nACGT\n\n\n", 13, "chr1\t4\t6\t4\t5\n", "ok");
    expect_plain(">chr1\r\nACGT\r\nAC\r\n", 17, "chr1\t6\t7\t4\t6\n", "ok");
}

static void what_is_not_a_file_is_told(void **state)
{
    (void)state;
    assert_non_null(strstr(try_path("/nonexistent/x.fa"), "cannot open '/nonexistent/x.fa'"));
    mkdir(scratch_path(&dir, "d.fa"), 0755);
    scratch_text(&dir, "d.fa.fai", FAI);
    assert_non_null(strstr(try_path(scratch_path(&dir, "d.fa")), "not a regular file"));
    rmdir(scratch_path(&dir, "d.fa"));
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_genome *g;
    const struct mfd_genome_options options = { .assembly = "hg20" };
    assert_int_equal(mfd_genome_open_with(&g, scratch_text(&dir, "e.fa", FASTA), &options, &err),
                     MFD_EINVAL);
    assert_non_null(strstr(err.message, "'hg20' is not known"));
    const struct mfd_genome_options build = { .build_index = true };
    assert_int_equal(mfd_genome_open_with(&g, scratch_text(&dir, "f.fa", "no fasta"), &build, &err),
                     MFD_EFORMAT);
    assert_false(scratch_has(&dir, "f.fa.fai"));
}

static void little(struct mfd_buffer *b, uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        mfd_buffer_addc(b, (char)(value & 0xff));
}

static void a_broken_bgzip_index_is_told(void **state)
{
    (void)state;
    struct mfd_buffer fasta = MFD_BUFFER_INIT, good = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    mfd_buffer_adds(&fasta, ">chr1\n");
    for (int i = 0; i < 5000; i++)
        mfd_buffer_adds(&fasta, "ACGTTGCATT");
    mfd_buffer_adds(&fasta, "\n");
    char path[64];
    snprintf(path, sizeof path, "%s", scratch_bgzip(&dir, "x.fa.gz", fasta.data, fasta.len, 20000));
    const char *fai = "chr1\t50000\t6\t50000\t50001\n";
    scratch_text(&dir, "x.fa.gz.fai", fai);
    assert_string_equal(try_path(path), "ok");
    assert_int_equal(mfd_file_read(scratch_path(&dir, "x.fa.gz.gzi"), 1000, &good, &err), MFD_OK);
    assert_int_equal(good.len, 8 + 2 * 16);

    static const struct {
        uint64_t number[5];
        size_t n;
        const char *part;
    } cases[] = {
        { { 0 }, 0, "is not a bgzip index" },
        { { 3, 100, 20000 }, 3, "is not a bgzip index" },
        { { UINT64_MAX, 100, 20000 }, 3, "is not a bgzip index" },
        { { (uint64_t)1 << 60 }, 1, "is not a bgzip index" },
        { { 1, 1u << 30, 20000 }, 3, "damaged or the index of another file (block 1)" },
        { { 1, 100, 0 }, 3, "(block 1)" },
        { { 1, 100, 70000 }, 3, "(block 1)" },
        { { 2, 100, 20000, 100, 40000 }, 5, "(block 2)" },
        { { 2, 100, 20000, 120, 19999 }, 5, "(block 2)" },
        { { 1, 33, 20000 }, 3, "its .gzi belongs to another file" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_buffer gzi = MFD_BUFFER_INIT;
        mfd_buffer_adds(&gzi, "");
        for (size_t k = 0; k < cases[i].n; k++)
            little(&gzi, cases[i].number[k]);
        scratch_write(&dir, "x.fa.gz.gzi", gzi.data, gzi.len);
        const char *answer = try_path(path);
        if (!strstr(answer, cases[i].part))
            fail_msg("case %zu: '%s' does not say '%s'", i, answer, cases[i].part);
        mfd_buffer_deinit(&gzi);
    }
    unlink(scratch_path(&dir, "x.fa.gz.gzi"));
    assert_non_null(strstr(try_path(path), "there is no index"));
    assert_non_null(strstr(try_path(path), "samtools faidx"));
    mfd_buffer_deinit(&good);
    mfd_buffer_deinit(&fasta);
}

static void a_damaged_bgzip_fasta_is_told(void **state)
{
    (void)state;
    struct mfd_buffer fasta = MFD_BUFFER_INIT, file = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    uint64_t seed = 3;
    mfd_buffer_adds(&fasta, ">chr1\n");
    for (int i = 0; i < 50000; i++)
        mfd_buffer_addc(&fasta, "ACGT"[test_random(&seed) % 4]);
    mfd_buffer_adds(&fasta, "\n");
    char path[64];
    snprintf(path, sizeof path, "%s", scratch_bgzip(&dir, "y.fa.gz", fasta.data, fasta.len, 20000));
    scratch_text(&dir, "y.fa.gz.fai", "chr1\t50000\t6\t50000\t50001\n");
    assert_int_equal(mfd_file_read(path, 1 << 20, &file, &err), MFD_OK);

    scratch_write(&dir, "y.fa.gz", file.data, file.len - 28);
    assert_non_null(strstr(try_path(path), "lacks the end marker"));
    scratch_write(&dir, "y.fa.gz", file.data, file.len / 2);
    assert_string_not_equal(try_path(path), "ok");
    file.data[file.len / 2] ^= 0x55; /* a bit of a block in the middle: its checksum tells */
    scratch_write(&dir, "y.fa.gz", file.data, file.len);
    assert_non_null(strstr(try_path(path), "damaged"));
    /* plain gzip cannot be read from the middle */
    static const unsigned char gzip[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3,
                                          3,    0,    0, 0, 0, 0, 0, 0, 0, 0 };
    scratch_write(&dir, "y.fa.gz", gzip, sizeof gzip);
    assert_non_null(strstr(try_path(path), "bgzip"));
    mfd_buffer_deinit(&file);
    mfd_buffer_deinit(&fasta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_index_is_told_by_its_line),
        cmocka_unit_test(an_index_of_another_fasta_is_found_out),
        cmocka_unit_test(a_fasta_that_is_cut_short_or_none_is_told),
        cmocka_unit_test(what_is_not_a_file_is_told),
        cmocka_unit_test(a_broken_bgzip_index_is_told),
        cmocka_unit_test(a_damaged_bgzip_fasta_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
