/* Any text as an interval: inside its contig, and the same again from its own text. */
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "tests/fuzz/fuzz_genome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_genome *genome = fuzz_genome();
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_interval interval, again;
    int status = mfd_interval_parse(&interval, genome, (const char *)data, size, &err);
    if (status != MFD_OK) {
        if (!err.message[0] || !err.slug[0])
            abort();
        return 0;
    }
    if (interval.start < 0 || interval.start >= interval.end ||
        interval.end > mfd_genome_contig_length(genome, interval.contig))
        abort();
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_interval_format(&interval, genome, &text);
    if (mfd_interval_parse(&again, genome, text.data, text.len, &err) != MFD_OK ||
        again.contig != interval.contig || again.start != interval.start ||
        again.end != interval.end)
        abort();
    mfd_buffer_deinit(&text);
    return 0;
}
