#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/buffer.h"
#include "core/genome/vcf.h"
#include "tests/unit/genome/fixture.h"

static int setup(void **state)
{
    (void)state;
    return fixture_open(">chr20\nGATTACAGATTACAGATTACA\n>chrM\nACGT\n");
}

static int collect(void *context, const void *bytes, size_t n, struct mfd_error *err)
{
    (void)err;
    mfd_buffer_add(context, bytes, n);
    return MFD_OK;
}

static int refuse(void *context, const void *bytes, size_t n, struct mfd_error *err)
{
    (void)context;
    (void)bytes;
    (void)n;
    return mfd_fail(err, MFD_EIO, "no room");
}

static const struct mfd_vcf_field fields[] = {
    { "NEW", "A", "Float", "a \"new\" one, with \\" },
    { "ONE", "1", "String", "a value" },
    { "FLAG", "0", "Flag", "a flag" },
};

/* Write the records of a VCF with the same values each; `out` is then the text written. */
static void annotate(const char *vcf, const char *const *values, size_t n_fields,
                     struct mfd_buffer *out)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_vcf_reader *reader;
    struct mfd_vcf_writer *writer;
    const struct mfd_vcf_header *header;
    const struct mfd_vcf_record *r;
    static const char *const lines[] = { "##mfd=test" };
    const struct mfd_vcf_writer_options options = {
        .fields = fields, .n_fields = n_fields, .genome = genome, .lines = lines, .n_lines = 1
    };
    assert_int_equal(mfd_vcf_reader_new(&reader, NULL, &err), MFD_OK);
    assert_int_equal(mfd_vcf_reader_push(reader, vcf, strlen(vcf), &err), MFD_OK);
    mfd_vcf_reader_end(reader);
    assert_int_equal(mfd_vcf_reader_header(reader, &header, &err), MFD_OK);
    assert_int_equal(
        mfd_vcf_writer_new(&writer, (struct mfd_vcf_sink){ collect, out }, header, &options, &err),
        MFD_OK);
    while (mfd_vcf_reader_next(reader, &r, &err) == MFD_OK && r)
        assert_int_equal(mfd_vcf_writer_record(writer, r, values, &err), MFD_OK);
    assert_int_equal(mfd_vcf_writer_finish(writer, &err), MFD_OK);
    assert_int_equal(mfd_vcf_writer_left_out(writer), strstr(vcf, "\nbad\n") != NULL);
    mfd_vcf_writer_free(writer);
    mfd_vcf_reader_free(reader);
}

static void fields_are_added_an_allele_and_all_else_kept(void **state)
{
    (void)state;
    struct mfd_buffer out = MFD_BUFFER_INIT;
    static const char *const values[] = { "0.5", ".", "a;b=c%,.", NULL, "", NULL };
    annotate(
        "##fileformat=VCFv4.3\n##contig=<ID=chr20>\n##INFO=<ID=NEW,Number=1>\n"
        "##INFO=<ID=NEWER,Number=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
        "20\t1\trs1\tg\tC,<X>\t1.50\tq;r\tAC=1,2;NEW=9;DB\tGT:X\t0/1:.\n"
        "chr20\t1\t\tG\tC,T\t\t\t\tGT\t\n",
        values, 3, &out);
    assert_string_equal(
        out.data,
        "##fileformat=VCFv4.3\n##contig=<ID=chr20>\n##INFO=<ID=NEWER,Number=1>\n"
        "##contig=<ID=20,length=21>\n"
        "##INFO=<ID=NEW,Number=A,Type=Float,Description=\"a \\\"new\\\" one, with \\\\\">\n"
        "##INFO=<ID=ONE,Number=1,Type=String,Description=\"a value\">\n"
        "##INFO=<ID=FLAG,Number=0,Type=Flag,Description=\"a flag\">\n##mfd=test\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
        "20\t1\trs1\tg\tC,<X>\t1.50\tq;r\tAC=1,2;DB;NEW=0.5,%2E;ONE=a%3Bb%3Dc%25%2C.;FLAG"
        "\tGT:X\t0/1:.\n"
        "chr20\t1\t.\tG\tC,T\t.\t.\tNEW=0.5,%2E;ONE=a%3Bb%3Dc%25%2C.;FLAG\tGT\t\n");
    mfd_buffer_deinit(&out);
}

static void without_values_a_record_is_as_it_was(void **state)
{
    (void)state;
    struct mfd_buffer out = MFD_BUFFER_INIT;
    static const char *const values[] = { NULL };
    annotate("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nM\t1\t.\tA\tC\t.\t.\tX=1\n"
             "bad\nM\t1\t.\tA\tC\n",
             values, 1, &out);
    assert_string_equal(out.data, "##fileformat=VCFv4.2\n##contig=<ID=20,length=21>\n"
                                  "##contig=<ID=M,length=4>\n##INFO=<ID=NEW,Number=A,Type=Float,"
                                  "Description=\"a \\\"new\\\" one, with \\\\\">\n##mfd=test\n"
                                  "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
                                  "M\t1\t.\tA\tC\t.\t.\tX=1\nM\t1\t.\tA\tC\t.\t.\t.\n");
    mfd_buffer_deinit(&out);
    annotate(HEADER, values, 0, &out); /* no record at all */
    assert_string_equal(out.data, "##fileformat=VCFv4.2\n##contig=<ID=chr20,length=21>\n"
                                  "##contig=<ID=chrM,length=4>\n##mfd=test\n"
                                  "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n");
    mfd_buffer_deinit(&out);
}

/* The contig lines of an output, where the header has none and the first record names `chrom`. */
static void expect_contigs(const char *fasta, const char *chrom, const char *expected)
{
    struct scratch own;
    struct mfd_buffer vcf = MFD_BUFFER_INIT, out = MFD_BUFFER_INIT;
    struct mfd_genome *before = genome;
    scratch_init(&own);
    genome = scratch_genome(&own, fasta);
    mfd_buffer_addf(&vcf, HEADER "%s\t1\t.\tA\tC\t.\t.\t.\n", chrom);
    annotate(vcf.data, NULL, 0, &out);
    if (!strstr(out.data, expected))
        fail_msg("'%s' does not declare '%s'", out.data, expected);
    mfd_genome_unref(genome);
    genome = before;
    scratch_deinit(&own);
    mfd_buffer_deinit(&vcf);
    mfd_buffer_deinit(&out);
}

static void missing_contigs_are_declared_as_the_records_spell_them(void **state)
{
    (void)state;
    expect_contigs(">chr1\nAC\n>chrM\nACG\n>odd\nAC\n", "1",
                   "##contig=<ID=1,length=2>\n##contig=<ID=MT,length=3>\n##contig=<ID=odd,");
    expect_contigs(">1\nAC\n>MT\nACG\n", "Chr1",
                   "##contig=<ID=Chr1,length=2>\n##contig=<ID=chrM,length=3>\n");
    expect_contigs(">1\nAC\n>MT\nACG\n", "1",
                   "##contig=<ID=1,length=2>\n##contig=<ID=MT,length=3>\n");
    expect_contigs(">1\nAC\n>MT\nACG\n", "7",
                   "##contig=<ID=1,length=2>\n##contig=<ID=MT,length=3>\n");
    expect_contigs(">NC_000001.10\nAC\n>MT\nACG\n", "NC_000001.10",
                   "##contig=<ID=NC_000001.10,length=2,assembly=GRCh37>\n##contig=<ID=MT,");
    expect_contigs(">1\nAC\n>a,b\nACG\n>c\nA\n", "1", /* a comma cannot be declared */
                   "##contig=<ID=1,length=2>\n##contig=<ID=c,length=1>\n");
}

static void declared_contigs_are_found_wherever_their_id_stands(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_vcf_reader *reader;
    const struct mfd_vcf_header *h;
    static const char text[] = "##contig=<ID=b>\n##contig=<length=5,ID=a,x=1>\n##contig=<ID=>\n"
                               "##contig=<length=5>\n##contig=<ID=chr10>\n##contig=<ID=chr1>\n"
                               "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n";
    assert_int_equal(mfd_vcf_reader_new(&reader, NULL, &err), MFD_OK);
    assert_int_equal(mfd_vcf_reader_push(reader, text, strlen(text), &err), MFD_OK);
    assert_int_equal(mfd_vcf_reader_header(reader, &h, &err), MFD_OK);
    static const char *const names[] = { "a", "b", "chr1", "chr10" };
    static const int64_t lengths[] = { 5, 0, 0, 0 };
    for (size_t i = 0; i < 4; i++) {
        int64_t length = -1;
        assert_true(mfd_vcf_header_declares(h, names[i], strlen(names[i]), &length));
        assert_int_equal(length, lengths[i]);
    }
    static const char *const others[] = { "", "c", "chr", "chr2", "5", "chr100" };
    for (size_t i = 0; i < 6; i++)
        assert_false(mfd_vcf_header_declares(h, others[i], strlen(others[i]), NULL));
    assert_int_equal(mfd_vcf_header_columns(h), 10);
    assert_memory_equal(mfd_vcf_header_text(h).s, text, mfd_vcf_header_text(h).n);
    mfd_vcf_reader_free(reader);
}

static void a_writer_says_when_it_cannot_write(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_vcf_reader *reader;
    struct mfd_vcf_writer *writer;
    const struct mfd_vcf_header *header;
    assert_int_equal(mfd_vcf_reader_new(&reader, NULL, &err), MFD_OK);
    assert_int_equal(mfd_vcf_reader_header(reader, &header, &err), MFD_EBUSY);
    assert_int_equal(mfd_vcf_reader_push(reader, HEADER, strlen(HEADER), &err), MFD_OK);
    assert_int_equal(mfd_vcf_reader_header(reader, &header, &err), MFD_OK);
    assert_int_equal(mfd_vcf_header_columns(header), 8);
    struct mfd_vcf_writer_options options = MFD_VCF_WRITER_OPTIONS_INIT;
    assert_int_equal(
        mfd_vcf_writer_new(&writer, (struct mfd_vcf_sink){ refuse, NULL }, header, &options, &err),
        MFD_OK);
    assert_int_equal(mfd_vcf_writer_finish(writer, &err), MFD_EIO);
    assert_string_equal(err.message, "no room");
    mfd_vcf_writer_free(writer);
    assert_int_equal(mfd_vcf_writer_open(&writer, "/dev/full", header, &options, &err), MFD_OK);
    assert_int_equal(mfd_vcf_writer_finish(writer, &err), MFD_EIO);
    mfd_vcf_writer_free(writer);
    assert_int_equal(mfd_vcf_writer_open(&writer, "/nonexistent/x", header, &options, &err),
                     MFD_EIO);
    static const struct mfd_vcf_field wrong[] = { { "A B", "A", "Float", "" },
                                                  { "AB", "G", "Float", "" } };
    for (size_t i = 0; i < 2; i++) {
        options.fields = &wrong[i];
        options.n_fields = 1;
        assert_int_equal(mfd_vcf_writer_open(&writer, "-", header, &options, &err), MFD_EINVAL);
    }
    options = (struct mfd_vcf_writer_options)MFD_VCF_WRITER_OPTIONS_INIT;
    static const char *const lines[] = { "#one", "##two\nlines" };
    for (size_t i = 0; i < 2; i++) {
        options.lines = &lines[i];
        options.n_lines = 1;
        assert_int_equal(mfd_vcf_writer_open(&writer, "-", header, &options, &err), MFD_EINVAL);
    }
    mfd_vcf_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_added_an_allele_and_all_else_kept),
        cmocka_unit_test(without_values_a_record_is_as_it_was),
        cmocka_unit_test(missing_contigs_are_declared_as_the_records_spell_them),
        cmocka_unit_test(declared_contigs_are_found_wherever_their_id_stands),
        cmocka_unit_test(a_writer_says_when_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
