/* The chromosomes of the human reference: names, lengths and accessions in GRCh37 and GRCh38, from
 * the assembly reports of GCF_000001405.25 and GCF_000001405.40 at NCBI. Assemblies are sets of
 * bits, since a sequence such as the mitochondrion's NC_012920.1 belongs to both. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MFD_GRCH37 = 1, MFD_GRCH38 = 2 };

#define MFD_NO_CHROMOSOME ((size_t)-1)

/* "GRCh37", "GRCh38"; NULL where the set is not exactly one. */
const char *mfd_assembly_name(unsigned assemblies);
/* The one of that name (GRCh37, hg19, b37, GRCh38, hg38, any case); 0 where unknown. */
unsigned mfd_assembly_named(const char *name);

/* Row of the table whose sequence a contig is, by its plain name ("20", "X", "MT") and its length;
 * the row by name alone where no length fits, with *assemblies 0. MFD_NO_CHROMOSOME where the name
 * is none. */
size_t mfd_chromosome_find(const char *name, int64_t length, unsigned *assemblies);
/* Plain name of a row: "20". */
const char *mfd_chromosome_name(size_t row);
/* Write the RefSeq accession of a row in one assembly into `out`; false where the row is not in it.
 */
bool mfd_chromosome_refseq(size_t row, unsigned assembly, char out[24]);

/* A text of the form of a human chromosome's accession, RefSeq or GenBank, with or without version.
 */
struct mfd_accession {
    size_t row;
    bool versioned;
    unsigned assemblies; /* that have this version; 0 = some other */
};
bool mfd_accession_parse(const char *text, size_t n, struct mfd_accession *out);
