/* Any bytes as a VCF, pushed in pieces whose size the first byte chooses. Every record is scored
 * for its status and written again with fields; what was written must be a VCF of as many records.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/genome/vcf.h"
#include "tests/fuzz/fuzz_genome.h"

#define TEXT_LIMIT (1 << 15) /* bytes after decompression */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mfd_vcf_limits limits = { .line = 4096, .header = 65536, .text = TEXT_LIMIT };
static const struct mfd_vcf_field fields[] = {
    { "MFD_STATUS", "A", "String", "status" },
    { "AC", "1", "String", "a field that inputs have" },
};

static int collect(void *context, const void *bytes, size_t n, struct mfd_error *err)
{
    (void)err;
    mfd_buffer_add(context, bytes, n);
    return MFD_OK;
}

static void write_record(struct mfd_vcf_writer *writer, const struct mfd_vcf_record *r)
{
    static const char *values[2 * MFD_VCF_MAX_ALLELES];
    struct mfd_error err = MFD_ERROR_INIT, reason;
    for (size_t i = 0; i < r->alleles; i++) {
        struct mfd_variant v;
        if (mfd_vcf_record_variant(r, i, fuzz_genome(), &v, &reason, &err) != MFD_OK ||
            mfd_variant_normalize(&v, fuzz_genome(), NULL, &err) != MFD_OK)
            abort();
        values[i] = mfd_variant_status_slug(v.status);
        values[r->alleles + i] = i % 2 ? "x;y" : NULL;
        mfd_variant_deinit(&v);
    }
    if (mfd_vcf_writer_record(writer, r, values, &err) != MFD_OK)
        abort();
}

/* Well-formed records that the reader has now. */
static size_t take(struct mfd_vcf_reader *reader, struct mfd_vcf_writer **writer,
                   struct mfd_buffer *out, bool *over)
{
    const struct mfd_vcf_writer_options options = { .fields = fields,
                                                    .n_fields = 2,
                                                    .genome = fuzz_genome() };
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_vcf_record *r;
    const struct mfd_vcf_header *header;
    size_t count = 0;
    for (;;) {
        int status = mfd_vcf_reader_next(reader, &r, &err);
        *over = status != MFD_OK ? status != MFD_EBUSY : !r;
        if (status != MFD_OK || !r)
            return count;
        if (r->malformed != (r->reason.message[0] != '\0'))
            abort();
        if (!*writer && (mfd_vcf_reader_header(reader, &header, &err) != MFD_OK ||
                         mfd_vcf_writer_new(writer, (struct mfd_vcf_sink){ collect, out }, header,
                                            &options, &err) != MFD_OK))
            abort();
        write_record(*writer, r);
        count += !r->malformed;
    }
}

static size_t read_all(const char *bytes, size_t n, size_t step, struct mfd_buffer *out)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_vcf_reader *reader;
    struct mfd_vcf_writer *writer = NULL;
    size_t count = 0;
    bool over = false;
    if (mfd_vcf_reader_new(&reader, &limits, &err) != MFD_OK)
        abort();
    for (size_t at = 0; at < n && !over; at += step) {
        if (mfd_vcf_reader_push(reader, bytes + at, n - at < step ? n - at : step, &err) != MFD_OK)
            abort();
        count += take(reader, &writer, out, &over);
    }
    mfd_vcf_reader_end(reader);
    if (!over)
        count += take(reader, &writer, out, &over);
    if (!over || (writer && mfd_vcf_writer_finish(writer, &err) != MFD_OK))
        abort();
    mfd_vcf_writer_free(writer);
    mfd_vcf_reader_free(reader);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct mfd_buffer out = MFD_BUFFER_INIT, again = MFD_BUFFER_INIT;
    size_t count = read_all((const char *)data + 1, size - 1, (size_t)data[0] * 4 + 1, &out);
    /* only what is far from the limits stays below them with fields added */
    if (out.len && size < 2048 && out.len < 4096 &&
        read_all(out.data, out.len, 4096, &again) != count)
        abort();
    mfd_buffer_deinit(&out);
    mfd_buffer_deinit(&again);
    return 0;
}
