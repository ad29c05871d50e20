/* The contigs of a FASTA: its .fai read and checked, and the names that people call them by. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct mfd_contig {
    char *name;
    int64_t length;                 /* bases */
    int64_t offset;                 /* of the first base in the (uncompressed) file, bytes */
    int64_t line_bases, line_width; /* a full line: bases, and bytes with the line's end */
    char *key;                      /* the name in upper case without "chr"; M is MT */
    size_t chromosome;              /* row of assembly.h, or MFD_NO_CHROMOSOME */
    unsigned assemblies;            /* that its length or its own accession tells; 0 = none */
    bool foreign;                   /* its name is an accession of yet another assembly */
    bool checked;                   /* that the FASTA has this contig where the index says */
};

struct mfd_contigs {
    struct mfd_contig *contig;
    size_t n;
    size_t *by_name, *by_key; /* numbers of contigs in the order of those */
    unsigned assemblies;      /* of the whole genome */
};

#define MFD_CONTIGS_INIT                                                                           \
    {                                                                                              \
        0                                                                                          \
    }

/* Read the n bytes of a .fai (5 columns: name, length, offset, bases a line, bytes a line). `what`
 * names the file in messages. `assembly` as in struct mfd_genome_options, already looked up, or 0.
 * MFD_EFORMAT names the line that is wrong. */
int mfd_contigs_parse(struct mfd_contigs *out, const char *text, size_t n, const char *what,
                      unsigned assembly, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_contigs_deinit(struct mfd_contigs *contigs);

/* The key under which spellings of one name meet: upper case, no leading "chr", M as MT. NULL on
 * lack of memory; release with free(). */
char *mfd_name_key(const char *name, size_t n);

/* As mfd_genome_resolve (names.c). */
int mfd_contigs_resolve(const struct mfd_contigs *contigs, const char *name, size_t n,
                        size_t *contig, struct mfd_error *err) MFD_MUST_CHECK;
/* The assembly that accessions of a contig are taken from: its own, else the genome's, else 0. */
unsigned mfd_contig_assemblies(const struct mfd_contigs *contigs, size_t contig);

/* Where base `pos` of a contig stands in the uncompressed file, bytes. */
static inline int64_t mfd_contig_place(const struct mfd_contig *c, int64_t pos)
{
    return c->offset + pos / c->line_bases * c->line_width + pos % c->line_bases;
}
