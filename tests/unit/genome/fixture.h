/* What most tests of a genome have around them: a directory and one opened FASTA in it. */
#pragma once

#include "tests/unit/genome/scratch.h"

#define HEADER "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"

static struct scratch dir;
static struct mfd_genome *genome;

/* For the test's setup. */
static inline int fixture_open(const char *fasta)
{
    scratch_init(&dir);
    genome = scratch_genome(&dir, fasta);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    mfd_genome_unref(genome);
    scratch_deinit(&dir);
    return 0;
}
