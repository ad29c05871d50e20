#include "tests/util/test.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/genome/genome.h"
#include "tests/unit/genome/scratch.h"

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

static const char two_contigs[] = ">chr1 the first\nACGTacgtNN\nRYKMACGTAC\nGG\n>chr2\nTTTT\n";

static void bases_come_back_in_upper_case_across_lines(void **state)
{
    (void)state;
    struct mfd_genome *g = scratch_genome(&dir, two_contigs);
    struct mfd_error err = MFD_ERROR_INIT;
    char bases[32];
    assert_int_equal(mfd_genome_contigs(g), 2);
    assert_string_equal(mfd_genome_contig_name(g, 0), "chr1");
    assert_int_equal(mfd_genome_contig_length(g, 0), 22);
    assert_int_equal(mfd_genome_fetch(g, 0, 0, 22, bases, NULL, &err), MFD_OK);
    assert_memory_equal(bases, "ACGTACGTNNRYKMACGTACGG", 22);
    assert_int_equal(mfd_genome_fetch(g, 0, 9, 21, bases, NULL, &err), MFD_OK);
    assert_memory_equal(bases, "NRYKMACGTACG", 12);
    assert_int_equal(mfd_genome_fetch(g, 1, 4, 4, bases, NULL, &err), MFD_OK);
    mfd_genome_unref(g);
}

static void what_lies_outside_a_contig_is_n_and_counted(void **state)
{
    (void)state;
    struct mfd_genome *g = scratch_genome(&dir, two_contigs);
    struct mfd_error err = MFD_ERROR_INIT;
    char bases[32];
    int64_t outside = -1;
    assert_int_equal(mfd_genome_fetch(g, 1, -3, 6, bases, &outside, &err), MFD_OK);
    assert_memory_equal(bases, "NNNTTTTNN", 9);
    assert_int_equal(outside, 5);
    assert_int_equal(mfd_genome_fetch(g, 1, 10, 13, bases, &outside, &err), MFD_OK);
    assert_memory_equal(bases, "NNN", 3);
    assert_int_equal(outside, 3);
    assert_int_equal(mfd_genome_fetch(g, 1, 1, 3, bases, &outside, &err), MFD_OK);
    assert_int_equal(outside, 0);
    assert_int_equal(mfd_genome_fetch(g, 2, 0, 1, bases, &outside, &err), MFD_EINVAL);
    assert_int_equal(mfd_genome_fetch(g, 1, 3, 1, bases, &outside, &err), MFD_EINVAL);
    mfd_genome_unref(g);
}

/* FASTA of random contigs in lines of `width`, and the sequence itself behind `plain`. */
static void random_fasta(struct mfd_buffer *fasta, struct mfd_buffer *plain, size_t n, size_t width,
                         const char *end)
{
    uint64_t seed = n;
    mfd_buffer_adds(fasta, ">long");
    for (size_t i = 0; i < n; i++) {
        if (i % width == 0)
            mfd_buffer_adds(fasta, end);
        char c = "ACGT"[test_random(&seed) % 4];
        mfd_buffer_addc(fasta, c);
        mfd_buffer_addc(plain, c);
    }
    mfd_buffer_addf(fasta, "%s>tail%sACGT%s", end, end, end);
}

static void expect_all_pieces(struct mfd_genome *g, const struct mfd_buffer *plain)
{
    struct mfd_error err = MFD_ERROR_INIT;
    uint64_t seed = 7;
    char *bases = malloc(plain->len);
    for (int i = 0; i < 300; i++) {
        size_t start = test_random(&seed) % plain->len;
        size_t n = test_random(&seed) % (plain->len - start);
        n = i % 5 ? n % 3000 : n;
        assert_int_equal(
            mfd_genome_fetch(g, 0, (int64_t)start, (int64_t)(start + n), bases, NULL, &err),
            MFD_OK);
        assert_memory_equal(bases, plain->data + start, n);
    }
    assert_int_equal(mfd_genome_fetch(g, 1, 0, 4, bases, NULL, &err), MFD_OK);
    assert_memory_equal(bases, "ACGT", 4);
    free(bases);
}

static void plain_and_bgzip_give_the_same_bases_with_any_line(void **state)
{
    (void)state;
    static const struct {
        size_t width, block;
        const char *end;
    } shapes[] = {
        { 60, 5000, "\n" }, { 1, 700, "\n" }, { 61, 65280, "\r\n" }, { 200000, 1000, "\n" }
    };
    const struct mfd_genome_options options = { .build_index = true };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct mfd_buffer fasta = MFD_BUFFER_INIT, plain = MFD_BUFFER_INIT;
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_genome *g;
        random_fasta(&fasta, &plain, 150000, shapes[i].width, shapes[i].end);
        unlink(scratch_path(&dir, "a.fa.fai"));
        const char *path = scratch_write(&dir, "a.fa", fasta.data, fasta.len);
        assert_int_equal(mfd_genome_open_with(&g, path, &options, &err), MFD_OK);
        expect_all_pieces(g, &plain);
        mfd_genome_unref(g);

        path = scratch_bgzip(&dir, "b.fa.gz", fasta.data, fasta.len, shapes[i].block);
        const struct mfd_genome_options same_fai = { .fai = scratch_path(&dir, "a.fa.fai") };
        assert_int_equal(mfd_genome_open_with(&g, path, &same_fai, &err), MFD_OK);
        expect_all_pieces(g, &plain);
        mfd_genome_unref(g);
        mfd_buffer_deinit(&fasta);
        mfd_buffer_deinit(&plain);
    }
}

static void an_index_is_written_only_when_asked(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_genome *g;
    const char *path = scratch_text(&dir, "c.fa", two_contigs);
    assert_int_equal(mfd_genome_open(&g, path, &err), MFD_ENOTFOUND);
    assert_non_null(strstr(err.message, "samtools faidx"));
    assert_non_null(strstr(err.message, "c.fa.fai"));
    assert_false(scratch_has(&dir, "c.fa.fai"));

    const char *elsewhere = scratch_path(&dir, "other.index");
    const struct mfd_genome_options options = { .build_index = true, .fai = elsewhere };
    assert_int_equal(mfd_genome_open_with(&g, path, &options, &err), MFD_OK);
    mfd_genome_unref(g);
    assert_false(scratch_has(&dir, "c.fa.fai"));
    assert_true(scratch_has(&dir, "other.index"));
}

static void rewrite(const char *path, const char *text, size_t n)
{
    usleep(20000); /* times of change are those of the last tick */
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void expect_changed(struct mfd_genome *g)
{
    struct mfd_error err = MFD_ERROR_INIT;
    char bases[4];
    assert_int_equal(mfd_genome_fetch(g, 0, 0, 4, bases, NULL, &err), MFD_EIO);
    assert_string_equal(err.slug, "genome-changed");
    assert_non_null(strstr(err.message, ".fa' has been written to"));
    mfd_genome_unref(g);
}

static void a_file_that_is_written_to_gives_no_more_bases(void **state)
{
    (void)state;
    static const char other[] = ">chr1 the first\nTTTT";
    struct mfd_error err = MFD_ERROR_INIT;
    char bases[4];
    for (int read_before = 0; read_before < 2; read_before++) {
        struct mfd_genome *g = scratch_genome(&dir, two_contigs);
        if (read_before) /* what is kept would still fit the index */
            assert_int_equal(mfd_genome_fetch(g, 0, 0, 4, bases, NULL, &err), MFD_OK);
        rewrite(mfd_genome_path(g), other, strlen(other));
        expect_changed(g);
    }
    struct mfd_genome *g = scratch_genome(&dir, two_contigs);
    usleep(20000);
    assert_int_equal(truncate(mfd_genome_path(g), 3), 0);
    expect_changed(g);
}

static void a_file_whose_place_another_takes_is_read_on(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    char bases[4];
    struct mfd_genome *g = scratch_genome(&dir, two_contigs);
    const char *other = scratch_text(&dir, "other.fa", ">chr1\nCCCCCCCC\n");
    assert_int_equal(rename(other, mfd_genome_path(g)), 0);
    assert_int_equal(mfd_genome_fetch(g, 0, 0, 4, bases, NULL, &err), MFD_OK);
    assert_memory_equal(bases, "ACGT", 4);
    assert_string_not_equal(mfd_genome_stamp(g).text, mfd_genome_stamp_now(g).text);
    mfd_genome_unref(g);
}

static void digests_are_those_of_refget(void **state)
{
    (void)state;
    /* computed with Python's hashlib and base64; the last is also an example of the GA4GH VRS text
     */
    struct mfd_genome *g;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_contig_digest d;
    scratch_text(&dir, "d.fa.fai", "a\t4\t3\t4\t5\nb\t4\t11\t2\t3\nnone\t0\t23\t0\t0\n");
    const char *path = scratch_text(&dir, "d.fa", ">a\nACGT\n>b\nac\ngt\n>none\n");
    assert_int_equal(mfd_genome_open(&g, path, &err), MFD_OK);
    for (size_t contig = 0; contig < 2; contig++) {
        assert_int_equal(mfd_genome_contig_digest(g, contig, &d, NULL, &err), MFD_OK);
        assert_string_equal(d.md5, "f1f8f4bf413b16ad135722aa4591043e");
        assert_string_equal(d.trunc512, "68a178f7c740c5c240aa67ba41843b119d3bf9f8b0f0ac36");
        assert_string_equal(d.ga4gh, "SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2");
    }
    assert_int_equal(mfd_genome_contig_digest(g, 2, &d, NULL, &err), MFD_OK);
    assert_string_equal(d.md5, "d41d8cd98f00b204e9800998ecf8427e");
    const volatile int stop = 1;
    assert_int_equal(mfd_genome_contig_digest(g, 0, &d, &stop, &err), MFD_ECANCELLED);
    mfd_genome_unref(g);
}

struct reading {
    struct mfd_genome *g;
    const struct mfd_buffer *plain;
    uint64_t seed;
    bool ok;
};

static void *read_pieces(void *arg)
{
    struct reading *r = arg;
    char bases[500];
    r->ok = true;
    for (int i = 0; i < 2000; i++) {
        size_t start = test_random(&r->seed) % (r->plain->len - sizeof bases);
        struct mfd_genome *g = mfd_genome_ref(r->g);
        if (mfd_genome_fetch(g, 0, (int64_t)start, (int64_t)(start + sizeof bases), bases, NULL,
                             NULL) != MFD_OK ||
            memcmp(bases, r->plain->data + start, sizeof bases) != 0)
            r->ok = false;
        mfd_genome_unref(g);
    }
    return NULL;
}

static void several_threads_read_one_genome(void **state)
{
    (void)state;
    struct mfd_buffer fasta = MFD_BUFFER_INIT, plain = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_genome *g;
    random_fasta(&fasta, &plain, 3000000, 60, "\n"); /* more than the chunks kept */
    scratch_write(&dir, "t.fa", fasta.data, fasta.len);
    const struct mfd_genome_options options = { .build_index = true };
    assert_int_equal(mfd_genome_open_with(&g, scratch_path(&dir, "t.fa"), &options, &err), MFD_OK);
    pthread_t thread[4];
    struct reading reading[4];
    for (size_t i = 0; i < 4; i++) {
        reading[i] = (struct reading){ .g = g, .plain = &plain, .seed = i };
        assert_int_equal(pthread_create(&thread[i], NULL, read_pieces, &reading[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        assert_true(reading[i].ok);
    }
    mfd_genome_unref(g);
    mfd_buffer_deinit(&fasta);
    mfd_buffer_deinit(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bases_come_back_in_upper_case_across_lines, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_lies_outside_a_contig_is_n_and_counted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(plain_and_bgzip_give_the_same_bases_with_any_line, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_index_is_written_only_when_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_written_to_gives_no_more_bases, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_whose_place_another_takes_is_read_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(digests_are_those_of_refget, setup, teardown),
        cmocka_unit_test_setup_teardown(several_threads_read_one_genome, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
