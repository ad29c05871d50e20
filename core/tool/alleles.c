#include "core/tool/alleles.h"

#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/tool/tool.h"

MFD_DEFINE_CLEANUP(struct mfd_vcf_reader, mfd_vcf_reader_free);

struct block {
    struct mfd_variant variants[ALLELES_BLOCK];
    size_t n;
};

static void drop(struct block *b)
{
    for (size_t i = 0; i < b->n; i++)
        mfd_variant_deinit(&b->variants[i]);
    b->n = 0;
}

static int hand_over(struct block *b, const struct alleles_sink *sink, struct mfd_error *err)
{
    int status = b->n ? sink->take(sink->context, b->variants, b->n, err) : MFD_OK;
    drop(b);
    return status;
}

static int add_record(struct block *b, const struct mfd_vcf_record *record,
                      struct mfd_genome *genome, const struct alleles_sink *sink,
                      struct mfd_error *err)
{
    int status = MFD_OK;
    for (size_t a = 0; a < alleles_of(record) && status == MFD_OK; a++) {
        if (sink->wants && !sink->wants(sink->context, record, a))
            continue;
        if (b->n == ALLELES_BLOCK && (status = hand_over(b, sink, err)))
            return status;
        status = mfd_vcf_record_variant(record, a, genome, &b->variants[b->n], NULL, err);
        b->n += status == MFD_OK;
    }
    return status;
}

int alleles_next(struct mfd_vcf_reader *reader, const char *path,
                 const struct mfd_vcf_record **record, struct mfd_error *err)
{
    int status = mfd_vcf_reader_next(reader, record, err);
    if (status)
        mfd_fail_prefix(err, status, "'%s'", path);
    return status;
}

int alleles_read(const char *path, struct mfd_genome *genome, const struct alleles_sink *sink,
                 struct mfd_error *err)
{
    MFD_CLEANUP(mfd_vcf_reader_free_p) struct mfd_vcf_reader *reader = NULL;
    MFD_CLEANUP(drop) struct block block = { .n = 0 };
    const struct mfd_vcf_record *record = NULL;
    int status = mfd_vcf_reader_open(&reader, path, NULL, err);
    while (!status && !(status = alleles_next(reader, path, &record, err)) && record)
        status = add_record(&block, record, genome, sink, err);
    if (!status && mfd_vcf_reader_lacks_end(reader))
        fprintf(stderr, TOOL_NAME ": '%s' has no bgzip end marker and may have been cut short\n",
                path);
    return status ? status : hand_over(&block, sink, err);
}
