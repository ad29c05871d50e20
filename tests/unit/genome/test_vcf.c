#include "tests/util/test.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/genome/vcf.h"
#include "tests/unit/genome/fixture.h"

static int setup(void **state)
{
    (void)state;
    return fixture_open(">chr20\nGATTACAGATTACAGATTACA\n>chrM\nACGT\n");
}

static void add_statuses(const struct mfd_vcf_record *r, struct mfd_buffer *out)
{
    for (size_t i = 0; i < r->alleles; i++) {
        struct mfd_variant v;
        struct mfd_error err = MFD_ERROR_INIT, reason = MFD_ERROR_INIT;
        assert_int_equal(mfd_vcf_record_variant(r, i, genome, &v, &reason, &err), MFD_OK);
        mfd_buffer_addf(out, " %s", mfd_variant_status_slug(v.status));
        assert_int_equal(v.status == MFD_VARIANT_OK, reason.slug[0] == '\0');
        mfd_variant_deinit(&v);
    }
}

/* All that is left in a reader: "3: ok;4: malformed-variant;end" */
static void drain(struct mfd_vcf_reader *reader, struct mfd_buffer *out)
{
    for (;;) {
        const struct mfd_vcf_record *r;
        struct mfd_error err = MFD_ERROR_INIT;
        int status = mfd_vcf_reader_next(reader, &r, &err);
        if (status == MFD_EBUSY)
            return;
        if (status != MFD_OK) {
            mfd_buffer_addf(out, "%s: %s", mfd_status_name(status), err.message);
            return;
        }
        if (!r) {
            mfd_buffer_adds(out, "end");
            return;
        }
        mfd_buffer_addf(out, "%llu:", (unsigned long long)r->line);
        if (r->malformed)
            mfd_buffer_addf(out, " %s", r->reason.slug);
        else
            add_statuses(r, out);
        mfd_buffer_addc(out, ';');
    }
}

/* Read bytes pushed `step` at a time. */
static void read_pushed(const char *bytes, size_t n, size_t step,
                        const struct mfd_vcf_limits *limits, struct mfd_buffer *out)
{
    struct mfd_vcf_reader *reader;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(mfd_vcf_reader_new(&reader, limits, &err), MFD_OK);
    for (size_t at = 0; at < n; at += step) {
        char *piece = malloc(step); /* its own block, so that a sanitizer sees what is kept of it */
        size_t take = n - at < step ? n - at : step;
        memcpy(piece, bytes + at, take);
        assert_int_equal(mfd_vcf_reader_push(reader, piece, take, &err), MFD_OK);
        free(piece);
        size_t before = out->len;
        drain(reader, out);
        if (out->len > before && out->data[out->len - 1] != ';') /* failed for good */
            break;
    }
    mfd_vcf_reader_end(reader);
    if (!out->len || out->data[out->len - 1] == ';')
        drain(reader, out);
    mfd_vcf_reader_free(reader);
}

static void expect(const char *text, size_t n, const char *expected)
{
    static const size_t steps[] = { 1, 7, 1000000 };
    for (size_t i = 0; i < 3; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        read_pushed(text, n, steps[i], NULL, &b);
        if (!strstr(b.data, expected))
            fail_msg("read in steps of %zu as '%s', without '%s'", steps[i], b.data, expected);
        mfd_buffer_deinit(&b);
    }
}

static void every_kind_of_allele_has_its_status(void **state)
{
    (void)state;
    static const char vcf[] = HEADER "chr20\t1\trs1\tG\tC,T\t.\t.\t.\n"
                                     "20\t2\t.\ta\tc,<DEL>,*\t.\t.\t.\n"
                                     "CHR20\t2\t.\tA\t.\t.\t.\t.\n"
                                     "chr20\t2\t.\tA\tA]chr20:9],.A,<*>\t.\t.\t.\n"
                                     "chr20\t2\t.\tC\tA,T\t.\t.\t.\n"
                                     "chr20\t21\t.\tAC\tA\t.\t.\t.\n"
                                     "chr20\t0\t.\tN\tA\t.\t.\t.\n"
                                     "chr9\t2\t.\tA\tC\t.\t.\t.\n"
                                     "chr20\t2\t.\tR\tC\t.\t.\t.\n"
                                     "chr20\t2\t.\tA\tC,,A\t.\t.\t.\n"
                                     "MT\t1\t.\tA\tACGTACGTACGTACGTACGTACGTACGTACGTACGT\t.\t.\t.\n";
    expect(vcf, sizeof vcf - 1,
           "3: ok ok;4: ok symbolic-allele star-allele;5: missing-alt;"
           "6: symbolic-allele symbolic-allele symbolic-allele;7: flipped ref-mismatch;"
           "8: window-off-contig;9: window-off-contig;10: contig-unknown;11: bad-allele;"
           "12: ok missing-alt no-change;13: allele-too-long;end");
}

static void records_of_a_contig_that_is_longer_elsewhere_are_of_another_assembly(void **state)
{
    (void)state;
    static const char vcf[] = "##contig=<ID=chr20,length=22>\n##contig=<length=21,ID=20>\n"
                              "##contig=<ID=chrM,length=0x4>\n##contig=<ID=MT>\n"
                              "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
                              "chr20\t1\t.\tG\tC,*\t.\t.\t.\n"
                              "20\t1\t.\tG\tC,T\t.\t.\t.\n"
                              "chrM\t1\t.\tA\tC\t.\t.\t.\n"
                              "MT\t1\t.\tA\tC\t.\t.\t.\n"
                              "Chr20\t1\t.\tG\tC\t.\t.\t.\n";
    expect(vcf, sizeof vcf - 1, "6: contig-unknown contig-unknown;7: ok ok;8: ok;9: ok;10: ok;end");
}

static void the_assembly_of_a_length_is_named(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT, reason = MFD_ERROR_INIT;
    struct mfd_variant v;
    assert_int_equal(mfd_variant_set(&v, genome, "chr20", 0, "G", "C", NULL, &err), MFD_OK);
    mfd_variant_check_length(&v, genome, 0, &reason);
    mfd_variant_check_length(&v, genome, 21, &reason);
    assert_int_equal(v.status, MFD_VARIANT_OK);
    mfd_variant_check_length(&v, genome, 64444167, &reason);
    assert_int_equal(v.status, MFD_VARIANT_CONTIG_UNKNOWN);
    assert_string_equal(
        reason.message,
        "contig 'chr20' has 64444167 bases (GRCh38's) where the variant was called, and "
        "contig 'chr20' of the genome has 21; lift the coordinates over, or use a "
        "genome of the other assembly");
    mfd_variant_deinit(&v);
}

static void a_bad_record_is_told_with_its_line_and_the_next_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } bad[] = {
        { "chr20", "1 columns" },
        { "chr20 2 . A C . . .", "separated by tabs" },
        { "chr20\t2\t.\tA", "4 columns" },
        { "chr20\tx\t.\tA\tC\t.\t.\t.", "POS 'x'" },
        { "chr20\t-1\t.\tA\tC\t.\t.\t.", "POS" },
        { "chr20\t1e3\t.\tA\tC\t.\t.\t.", "POS" },
        { "chr20\t99999999999999999999\t.\tA\tC\t.\t.\t.", "POS" },
        { "chr20\t\t.\tA\tC\t.\t.\t.", "POS" },
        { "\t2\t.\tA\tC\t.\t.\t.", "CHROM is empty" },
        { "chr20\t2\t.\t\tC\t.\t.\t.", "REF is empty" },
        { "chr20\t2\t.\tA\tC\t.\t.\t.\tGT\t0/1", "the header names 8" },
        { "#chr20\t2\t.\tA\tC\t.\t.\t.", "header line" },
        { "##INFO=<ID=late>", "header line" },
        { "\x1f\x8b", "1 columns" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_vcf_reader *reader;
        const struct mfd_vcf_record *r;
        mfd_buffer_addf(&b, HEADER "%s\nchr20\t2\t.\tA\tC\t.\t.\t.\n", bad[i].line);
        assert_int_equal(mfd_vcf_reader_new(&reader, NULL, &err), MFD_OK);
        assert_int_equal(mfd_vcf_reader_push(reader, b.data, b.len, &err), MFD_OK);
        mfd_vcf_reader_end(reader);
        assert_int_equal(mfd_vcf_reader_next(reader, &r, &err), MFD_OK);
        assert_true(r->malformed);
        assert_non_null(strstr(r->reason.message, "VCF line 3"));
        if (!strstr(r->reason.message, bad[i].message))
            fail_msg("'%s' does not say '%s'", r->reason.message, bad[i].message);
        struct mfd_variant v;
        assert_int_equal(mfd_vcf_record_variant(r, 0, genome, &v, NULL, &err), MFD_OK);
        assert_int_equal(v.status, MFD_VARIANT_MALFORMED);
        mfd_variant_deinit(&v);
        assert_int_equal(mfd_vcf_reader_next(reader, &r, &err), MFD_OK);
        assert_false(r->malformed);
        assert_int_equal(r->line, 4);
        mfd_vcf_reader_free(reader);
        mfd_buffer_deinit(&b);
    }
    static const char nul[] = HEADER "chr20\t2\t.\tA\0\tC\t.\t.\t.\n";
    expect(nul, sizeof nul - 1, "3: malformed-variant;end");
}

static void what_bcftools_forgives_is_read(void **state)
{
    (void)state;
    static const char crlf[] =
        "##fileformat=VCFv4.2\r\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
        "\r\nchr20\t1\t.\tG\tC\t.\t.\t.\r\nchr20\t2\t.\tA\tC\t.\t.\t.";
    expect(crlf, sizeof crlf - 1, "3: ok;4: ok;end");
    static const char marked[] = "\xef\xbb\xbf" HEADER "chr20\t1\t.\tG\tC\t.\t.\t.\n";
    expect(marked, sizeof marked - 1, "3: ok;end");
    static const char no_format[] = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
                                    "chr20\t1\t.\tG\tC\n\n\nchr20\t1\t.\tG\tC\t.\n";
    expect(no_format, sizeof no_format - 1, "2: ok;5: ok;end");
    static const char unsorted[] = HEADER "chr20\t2\t.\tA\tC\t.\t.\t.\nchr20\t1\t.\tG\tC\t.\t.\t.\n"
                                          "chr20\t1\t.\tG\tC\t.\t.\t.\n";
    expect(unsorted, sizeof unsorted - 1, "3: ok;4: ok;5: ok;end");
    expect(HEADER, sizeof HEADER - 1, "end");
}

static void what_is_no_vcf_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "", "the VCF is empty" },
        { "\n", "line 1 is empty" },
        { "##fileformat=VCFv4.2\n", "ends before its #CHROM line" },
        { "chr20\t1\t.\tG\tC\t.\t.\t.\n", "begins with #CHROM" },
        { "{\"variants\": []}", "begins with #CHROM" },
        { "##x\n\n#CHROM\n", "line 2" },
        { "#CHROM POS ID REF ALT QUAL FILTER INFO\n", "separated by tabs" },
        { "#CHROM\tPOS\tID\tREF\tALT\n", "of 8 at least" },
        { "#CHROM\tPOS\tREF\tID\tALT\tQUAL\tFILTER\tINFO\n", "column 3 is 'REF', not ID" },
        { "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tone\n", "column 9" },
        { "BCF\2\2", "bcftools view" },
        { "\x1f\x8b nonsense, not deflate", "gzip data is damaged" },
        { "\x1f", "begins with #CHROM" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(bad[i].text, strlen(bad[i].text), bad[i].message);
}

static void gzip_in(struct mfd_buffer *out, const char *text, size_t n)
{
    z_stream z = { 0 };
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, n) + 64;
    char *at = mfd_buffer_reserve(out, room);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)at;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += z.total_out;
    deflateEnd(&z);
}

static void long_vcf(struct mfd_buffer *out, int records)
{
    mfd_buffer_adds(out, HEADER);
    for (int i = 0; i < records; i++)
        mfd_buffer_addf(out, "chr20\t%d\trs%d\tG\tC\t.\t.\tAC=%d\n", i % 21 + 1, i, i);
}

static int count_lines(const char *path)
{
    struct mfd_vcf_reader *reader;
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_vcf_record *r;
    int n = 0, status;
    assert_int_equal(mfd_vcf_reader_open(&reader, path, NULL, &err), MFD_OK);
    while ((status = mfd_vcf_reader_next(reader, &r, &err)) == MFD_OK && r) {
        assert_false(r->malformed);
        n++;
    }
    mfd_vcf_reader_free(reader);
    return status == MFD_OK ? n : -1;
}

static void plain_gzip_and_bgzip_hold_the_same_records(void **state)
{
    (void)state;
    struct mfd_buffer text = MFD_BUFFER_INIT, gz = MFD_BUFFER_INIT, two = MFD_BUFFER_INIT;
    long_vcf(&text, 20000);
    assert_int_equal(count_lines(scratch_write(&dir, "a.vcf", text.data, text.len)), 20000);
    gzip_in(&gz, text.data, text.len);
    assert_int_equal(count_lines(scratch_write(&dir, "a.vcf.gz", gz.data, gz.len)), 20000);
    gzip_in(&two, text.data, 12345); /* as `cat a.gz b.gz` makes it */
    gzip_in(&two, text.data + 12345, text.len - 12345);
    assert_int_equal(count_lines(scratch_write(&dir, "b.vcf.gz", two.data, two.len)), 20000);
    assert_int_equal(count_lines(scratch_bgzip(&dir, "c.vcf.gz", text.data, text.len, 4000)),
                     20000);
    /* cut short: an error, not fewer records */
    assert_int_equal(count_lines(scratch_write(&dir, "a.vcf.gz", gz.data, gz.len - 3)), -1);
    assert_int_equal(count_lines(scratch_write(&dir, "a.vcf.gz", gz.data, gz.len / 2)), -1);
    mfd_buffer_addc(&gz, 'x'); /* and so is what follows */
    assert_int_equal(count_lines(scratch_write(&dir, "a.vcf.gz", gz.data, gz.len)), -1);
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_vcf_reader *reader;
    assert_int_equal(mfd_vcf_reader_open(&reader, scratch_path(&dir, "none.vcf"), NULL, &err),
                     MFD_ENOTFOUND);
    mfd_buffer_deinit(&text);
    mfd_buffer_deinit(&gz);
    mfd_buffer_deinit(&two);
}

static void bgzip_without_its_end_marker_is_told(void **state)
{
    (void)state;
    struct mfd_buffer text = MFD_BUFFER_INIT, file = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    long_vcf(&text, 100);
    const char *path = scratch_bgzip(&dir, "d.vcf.gz", text.data, text.len, 1000);
    assert_int_equal(mfd_file_read(path, 1 << 20, &file, &err), MFD_OK);
    for (int whole = 0; whole < 2; whole++) {
        struct mfd_vcf_reader *reader;
        const struct mfd_vcf_record *r;
        assert_int_equal(mfd_vcf_reader_new(&reader, NULL, &err), MFD_OK);
        assert_int_equal(mfd_vcf_reader_push(reader, file.data, file.len - (whole ? 0 : 28), &err),
                         MFD_OK);
        mfd_vcf_reader_end(reader);
        do
            assert_int_equal(mfd_vcf_reader_next(reader, &r, &err), MFD_OK);
        while (r);
        assert_int_equal(mfd_vcf_reader_lacks_end(reader), !whole);
        mfd_vcf_reader_free(reader);
    }
    mfd_buffer_deinit(&text);
    mfd_buffer_deinit(&file);
}

static void limits_bound_records_header_and_text(void **state)
{
    (void)state;
    struct mfd_buffer text = MFD_BUFFER_INIT, out = MFD_BUFFER_INIT;
    mfd_buffer_adds(&text, HEADER "chr20\t1\t.\tG\tC\t.\t.\t");
    for (int i = 0; i < 300000; i++)
        mfd_buffer_addc(&text, 'x');
    mfd_buffer_adds(&text, "\nchr20\t1\t.\tG\tC\t.\t.\t.\n");
    const struct mfd_vcf_limits line = { .line = 1000 };
    for (size_t step = 999; step < text.len * 2; step *= 10) {
        mfd_buffer_clear(&out);
        read_pushed(text.data, text.len, step, &line, &out);
        assert_string_equal(out.data, "3: over-limit;4: ok;end");
    }
    const struct mfd_vcf_limits header = { .header = sizeof HEADER - 4 };
    mfd_buffer_clear(&out);
    read_pushed(text.data, text.len, 1000, &header, &out);
    assert_non_null(strstr(out.data, "header is longer than"));
    const struct mfd_vcf_limits all = { .text = 100000 };
    mfd_buffer_clear(&out);
    read_pushed(text.data, text.len, 1000, &all, &out);
    assert_non_null(strstr(out.data, "over a limit: the VCF has more than 100000 bytes"));
    mfd_buffer_clear(&text);
    mfd_buffer_adds(&text, HEADER "chr20\t1\t.\tG\tA");
    for (int i = 0; i < MFD_VCF_MAX_ALLELES; i++)
        mfd_buffer_adds(&text, ",C");
    mfd_buffer_clear(&out);
    read_pushed(text.data, text.len, 1000, NULL, &out);
    assert_string_equal(out.data, "3: over-limit;end");
    mfd_buffer_deinit(&text);
    mfd_buffer_deinit(&out);
}

/* A pipe that gives its first byte alone: too few to tell gzip from text. */
static void a_pipe_is_read_however_it_trickles(void **state)
{
    (void)state;
    struct mfd_buffer text = MFD_BUFFER_INIT, gz = MFD_BUFFER_INIT;
    mfd_buffer_adds(&text, HEADER "chr20\t1\t.\tG\tC\t.\t.\t.\n");
    gzip_in(&gz, text.data, text.len);
    const struct mfd_buffer *const inputs[] = { &text, &gz };
    for (size_t i = 0; i < 2; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_vcf_reader *reader;
        struct mfd_buffer out = MFD_BUFFER_INIT;
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            bool ok = write(ends[1], inputs[i]->data, 1) == 1;
            usleep(20000);
            for (size_t at = 1; ok && at < inputs[i]->len; at++)
                ok = write(ends[1], inputs[i]->data + at, 1) == 1;
            _exit(!ok);
        }
        close(ends[1]);
        assert_int_equal(mfd_vcf_reader_open_fd(&reader, ends[0], true, NULL, &err), MFD_OK);
        drain(reader, &out);
        assert_string_equal(out.data, "3: ok;end");
        mfd_vcf_reader_free(reader);
        mfd_buffer_deinit(&out);
        waitpid(child, NULL, 0);
    }
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_vcf_reader *reader;
    const struct mfd_vcf_record *r;
    assert_int_equal(mfd_vcf_reader_open(&reader, "/tmp", NULL, &err), MFD_OK);
    assert_int_equal(mfd_vcf_reader_next(reader, &r, &err), MFD_EIO);
    assert_int_equal(mfd_vcf_reader_next(reader, &r, &err), MFD_EIO); /* a failure is final */
    mfd_vcf_reader_free(reader);
    mfd_buffer_deinit(&text);
    mfd_buffer_deinit(&gz);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_allele_has_its_status),
        cmocka_unit_test(records_of_a_contig_that_is_longer_elsewhere_are_of_another_assembly),
        cmocka_unit_test(the_assembly_of_a_length_is_named),
        cmocka_unit_test(a_bad_record_is_told_with_its_line_and_the_next_is_read),
        cmocka_unit_test(what_bcftools_forgives_is_read),
        cmocka_unit_test(what_is_no_vcf_is_refused),
        cmocka_unit_test(plain_gzip_and_bgzip_hold_the_same_records),
        cmocka_unit_test(bgzip_without_its_end_marker_is_told),
        cmocka_unit_test(limits_bound_records_header_and_text),
        cmocka_unit_test(a_pipe_is_read_however_it_trickles),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
