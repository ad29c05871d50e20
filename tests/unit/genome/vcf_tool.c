/* Our reading of a VCF on the command line, for tests that compare it with bcftools:
 *   vcf_tool normal GENOME VCF         chrom, pos, ref, alt, status, SPDI, HGVS of each allele in
 * its normal form vcf_tool annotate GENOME VCF OUT   the VCF with fields added; bgzip where OUT
 * ends in .gz */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/genome/vcf.h"

#define FIELDS 3

static int complain(const struct mfd_error *err)
{
    fprintf(stderr, "%s\n", err->message);
    return 1;
}

static int print_form(const struct mfd_variant *v, struct mfd_genome *genome,
                      enum mfd_variant_form form)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer b = MFD_BUFFER_INIT;
    int status = mfd_variant_format(v, genome, form, &b, NULL);
    printf("\t%s", status == MFD_OK ? b.data : ".");
    return status;
}

static int print_normal(const struct mfd_vcf_record *record, struct mfd_genome *genome,
                        struct mfd_error *err)
{
    for (size_t i = 0; i < record->alleles || (i == 0 && record->malformed); i++) {
        struct mfd_variant v;
        int status = mfd_vcf_record_variant(record, i, genome, &v, NULL, err);
        if (status == MFD_OK)
            status = mfd_variant_normalize(&v, genome, NULL, err);
        if (status != MFD_OK)
            return status;
        printf("%s\t%lld\t%s\t%s\t%s", v.chrom, (long long)v.pos + 1, v.ref, v.alt,
               mfd_variant_status_slug(v.status));
        if (mfd_variant_scored(v.status)) {
            print_form(&v, genome, MFD_FORM_SPDI);
            print_form(&v, genome, MFD_FORM_HGVS);
        }
        printf("\n");
        mfd_variant_deinit(&v);
    }
    return MFD_OK;
}

static int normal(struct mfd_vcf_reader *reader, struct mfd_genome *genome, struct mfd_error *err)
{
    for (;;) {
        const struct mfd_vcf_record *record;
        int status = mfd_vcf_reader_next(reader, &record, err);
        if (status != MFD_OK || !record)
            return status;
        if (record->malformed)
            fprintf(stderr, "%s\n", record->reason.message);
        status = print_normal(record, genome, err);
        if (status != MFD_OK)
            return status;
    }
}

/* Status and its length of every allele, and a text with all that has to be encoded. */
static int write_annotated(struct mfd_vcf_writer *writer, const struct mfd_vcf_record *record,
                           struct mfd_genome *genome, struct mfd_error *err)
{
    const char *values[FIELDS * MFD_VCF_MAX_ALLELES];
    char length[MFD_VCF_MAX_ALLELES][24];
    for (size_t i = 0; i < record->alleles; i++) {
        struct mfd_variant v;
        int status = mfd_vcf_record_variant(record, i, genome, &v, NULL, err);
        if (status != MFD_OK)
            return status;
        snprintf(length[i], sizeof length[i], "%zu", strlen(v.alt));
        values[i] = mfd_variant_status_slug(v.status);
        values[record->alleles + i] = mfd_variant_scored(v.status) ? length[i] : NULL;
        values[2 * record->alleles + i] = i == 0 ? "a=b;c,d 100%:\t" : NULL;
        mfd_variant_deinit(&v);
    }
    return mfd_vcf_writer_record(writer, record, values, err);
}

static int annotate(struct mfd_vcf_reader *reader, struct mfd_genome *genome, const char *path,
                    struct mfd_error *err)
{
    static const struct mfd_vcf_field fields[FIELDS] = {
        { "MFD_STATUS", "A", "String", "Status of the \"allele\", as \\ the daemon says" },
        { "MFD_LENGTH", "A", "Integer", "Bases of the allele" },
        { "MFD_TEXT", "1", "String", "All that has to be encoded" },
    };
    size_t n = strlen(path);
    const struct mfd_vcf_writer_options options = {
        .fields = fields,
        .n_fields = FIELDS,
        .genome = genome,
        .bgzip = n > 3 && strcmp(path + n - 3, ".gz") == 0,
    };
    const struct mfd_vcf_header *header;
    struct mfd_vcf_writer *writer = NULL;
    int status = mfd_vcf_reader_header(reader, &header, err);
    if (status == MFD_OK)
        status = mfd_vcf_writer_open(&writer, path, header, &options, err);
    for (bool more = true; status == MFD_OK && more;) {
        const struct mfd_vcf_record *record;
        status = mfd_vcf_reader_next(reader, &record, err);
        more = status == MFD_OK && record;
        if (more)
            status = write_annotated(writer, record, genome, err);
    }
    if (status == MFD_OK)
        status = mfd_vcf_writer_finish(writer, err);
    mfd_vcf_writer_free(writer);
    return status;
}

static int digest(struct mfd_genome *genome, const char *name, struct mfd_error *err)
{
    struct mfd_contig_digest d;
    size_t contig;
    int status = mfd_genome_resolve(genome, name, strlen(name), &contig, err);
    if (status == MFD_OK)
        status = mfd_genome_contig_digest(genome, contig, &d, NULL, err);
    if (status == MFD_OK)
        printf("%s %s %s\n", d.md5, d.trunc512, d.ga4gh);
    return status;
}

static int run(int argc, char **argv, struct mfd_genome *genome, struct mfd_error *err)
{
    struct mfd_vcf_reader *reader;
    if (strcmp(argv[1], "digest") == 0)
        return digest(genome, argv[3], err);
    int status = mfd_vcf_reader_open(&reader, argv[3], NULL, err);
    if (status != MFD_OK)
        return status;
    status = argc == 4 ? normal(reader, genome, err) : annotate(reader, genome, argv[4], err);
    mfd_vcf_reader_free(reader);
    return status;
}

int main(int argc, char **argv)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_genome *genome = NULL;
    if (argc != 4 && argc != 5)
        return 2;
    const struct mfd_genome_options options = { .build_index = true };
    int status = mfd_genome_open_with(&genome, argv[2], &options, &err);
    if (status == MFD_OK)
        status = run(argc, argv, genome, &err);
    mfd_genome_unref(genome);
    return status == MFD_OK ? 0 : complain(&err);
}
