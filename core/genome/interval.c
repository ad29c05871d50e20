#include <string.h>

#include "core/base/parse.h"
#include "core/genome/genome.h"
#include "core/genome/quote.h"

#define MAX_DIGITS 19

static int bad(const char *text, size_t n, const char *why, struct mfd_error *err)
{
    return mfd_fail_as(err, MFD_EINVAL, "bad-interval",
                       "interval %s %s; write it as chr20:100-200 (1-based, both ends in it)",
                       mfd_quote(text, n).text, why);
}

int mfd_interval_set(struct mfd_interval *out, const struct mfd_genome *genome, const char *chrom,
                     size_t n, int64_t start, int64_t end, struct mfd_error *err)
{
    size_t contig;
    int status = mfd_genome_resolve(genome, chrom, n, &contig, err);
    if (status != MFD_OK)
        return status;
    if (start >= end)
        return mfd_fail_as(err, MFD_EINVAL, "bad-interval",
                           "interval [%lld, %lld) of %s is empty: its start is not before its end",
                           (long long)start, (long long)end, mfd_quote(chrom, n).text);
    int64_t length = mfd_genome_contig_length(genome, contig);
    const char *assembly = mfd_genome_assembly(genome);
    if (start < 0 || end > length)
        return mfd_fail_as(err, MFD_EINVAL, "window-off-contig",
                           "interval [%lld, %lld) leaves contig '%.40s', which has %lld bases%s%s",
                           (long long)start, (long long)end, mfd_genome_contig_name(genome, contig),
                           (long long)length, assembly ? " in " : "", assembly ? assembly : "");
    *out = (struct mfd_interval){ contig, start, end };
    return MFD_OK;
}

/* A positive number with commas between its digits. */
static bool parse_position(const char *s, size_t n, int64_t *out)
{
    char digits[MAX_DIGITS];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == ',' && i > 0 && i + 1 < n && s[i - 1] != ',')
            continue;
        if (count == MAX_DIGITS)
            return false;
        digits[count++] = s[i];
    }
    return mfd_parse_i64(digits, count, 1, INT64_MAX - 1, out);
}

int mfd_interval_parse(struct mfd_interval *out, const struct mfd_genome *genome, const char *text,
                       size_t n, struct mfd_error *err)
{
    size_t contig = mfd_genome_find_contig(genome, text, n);
    const char *colon = memrchr(text, ':', n);
    if (contig != MFD_NO_CONTIG || !colon) {
        if (contig == MFD_NO_CONTIG)
            return mfd_genome_resolve(genome, text, n, &contig, err);
        int64_t length = mfd_genome_contig_length(genome, contig);
        return mfd_interval_set(out, genome, text, n, 0, length, err);
    }
    size_t n_chrom = (size_t)(colon - text), n_range = n - n_chrom - 1;
    int status = mfd_genome_resolve(genome, text, n_chrom, &contig, err);
    if (status != MFD_OK)
        return status;
    const char *range = colon + 1, *dash = memchr(range, '-', n_range);
    size_t n_first = dash ? (size_t)(dash - range) : n_range;
    int64_t first, last;
    if (!parse_position(range, n_first, &first))
        return bad(text, n, "has no position of 1 or more behind the colon", err);
    if (!dash)
        last = first;
    else if (n_first + 1 == n_range)
        last = mfd_genome_contig_length(genome, contig);
    else if (!parse_position(dash + 1, n_range - n_first - 1, &last))
        return bad(text, n, "has no position of 1 or more behind the dash", err);
    if (last < first && (!dash || n_first + 1 < n_range))
        return bad(text, n, "ends before it begins", err);
    if (last < first) /* open end */
        last = first;
    return mfd_interval_set(out, genome, text, n_chrom, first - 1, last, err);
}

void mfd_interval_format(const struct mfd_interval *interval, const struct mfd_genome *genome,
                         struct mfd_buffer *out)
{
    mfd_buffer_addf(out, "%s:%lld-%lld", mfd_genome_contig_name(genome, interval->contig),
                    (long long)interval->start + 1, (long long)interval->end);
}
