#include "core/score/sample.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

#define TRIES 1000 /* a bin wanted: gaps are a tenth of a genome, not all of it */

/* Bins of a contig whose windows lie inside: numbers [first, first + count). */
struct span {
    int64_t first, count;
};

static struct span span_of(const struct mfd_config *c, int64_t length)
{
    int64_t bin = (int64_t)mfd_config_bin(c), before = (int64_t)c->crop * bin;
    int64_t last = length - (int64_t)mfd_config_window(c) + before; /* start of the last bin */
    struct span s = { .first = (int64_t)c->crop };
    if (last >= before)
        s.count = last / bin - s.first + 1;
    return s;
}

int mfd_sample_bins(struct mfd_genome *genome, const struct mfd_config *c, uint64_t seed,
                    size_t *contig, int64_t *start, size_t n, struct mfd_error *err)
{
    int64_t bin = (int64_t)mfd_config_bin(c), window = (int64_t)mfd_config_window(c), total = 0;
    MFD_AUTO_FREE char *bases = mfd_calloc((size_t)window + 1, 1);
    if (!bases)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < mfd_genome_contigs(genome); i++)
        total += span_of(c, mfd_genome_contig_length(genome, i)).count;
    MFD_AUTO_FREE bool *drawn = mfd_calloc((size_t)total, sizeof *drawn);
    if (!drawn)
        return mfd_fail_nomem(err);
    size_t found = 0;
    for (size_t tries = 0; total && found < n && tries / TRIES < n; tries++) {
        int64_t at = (int64_t)(mfd_random_next(&seed) % (uint64_t)total);
        size_t i = 0;
        struct span s;
        if (drawn[at])
            continue;
        drawn[at] = true;
        while (at >= (s = span_of(c, mfd_genome_contig_length(genome, i))).count) {
            at -= s.count;
            i++;
        }
        int64_t from = (s.first + at) * bin - (int64_t)c->crop * bin;
        int status = mfd_genome_fetch(genome, i, from, from + window, bases, NULL, err);
        if (status)
            return status;
        if (strspn(bases, "ACGT") < (size_t)window)
            continue;
        contig[found] = i;
        start[found++] = (s.first + at) * bin;
    }
    if (found < n)
        return mfd_fail(err, MFD_EINVAL,
                        "only %zu different bins of the %zu asked for are in '%.200s' whose "
                        "windows of %lld bases "
                        "lie inside a contig and hold no N; ask for fewer",
                        found, n, mfd_genome_path(genome), (long long)window);
    return MFD_OK;
}
