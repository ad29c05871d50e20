/* A small genome for targets that need one: made once, its files gone as soon as it is open. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/genome/genome.h"

#define FUZZ_FASTA                                                                                 \
    ">chr20\nGATTTTACAGCACACACAGTTTAGCNNACGTRCCATGCATAAAAAAAAAAAAAAAAAAAAAA\n"                     \
    ">MT\nACGT\n>HLA-A*01:01\nACGTACGT\n"
#define FUZZ_FAI "chr20\t62\t7\t62\t63\nMT\t4\t74\t4\t5\nHLA-A*01:01\t8\t92\t8\t9\n"

static inline struct mfd_genome *fuzz_genome(void)
{
    static struct mfd_genome *genome;
    if (genome)
        return genome;
    char dir[] = "/tmp/mfd-fuzz-XXXXXX", fasta[64], fai[64];
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_genome_options options = { .fai = fai, .assembly = "GRCh37" };
    if (!mkdtemp(dir))
        abort();
    snprintf(fasta, sizeof fasta, "%s/f.fa", dir);
    snprintf(fai, sizeof fai, "%s/f.fa.fai", dir);
    if (mfd_file_replace(fasta, FUZZ_FASTA, strlen(FUZZ_FASTA), &err) != MFD_OK ||
        mfd_file_replace(fai, FUZZ_FAI, strlen(FUZZ_FAI), &err) != MFD_OK ||
        mfd_genome_open_with(&genome, fasta, &options, &err) != MFD_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    unlink(fasta);
    unlink(fai);
    rmdir(dir);
    return genome;
}
