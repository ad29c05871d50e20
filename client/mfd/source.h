/* Inputs of a request, one after another, from the command line, a file or standard input. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "client/mfd/reader.h"

enum source_kind {
    SOURCE_WORDS, /* each argument as it is: an interval or a variant as text */
    SOURCE_LINES, /* the same, one a line of a file; blank lines and those with '#' are passed over
                   */
    SOURCE_BED,   /* {chrom, start, end, id} */
    SOURCE_FASTA, /* {id, sequence} */
    SOURCE_VCF,   /* {chrom, pos, ref, alt, id, chrom_length}, one an alternative allele */
};

/* A line of a VCF whose alleles have not all been answered. */
struct source_line {
    char *text; /* owned, without its end */
    size_t alleles;
    struct source_line *next;
};

struct source {
    enum source_kind kind;
    char **words; /* borrowed */
    size_t n, next;
    struct reader reader;
    struct mfd_buffer name;   /* FASTA: the record that has begun */
    json_t *contigs;          /* VCF: lengths by the names that the header declares, or NULL */
    json_t *waiting;          /* VCF: further alleles of the line, as an array taken from the end */
    bool keeps_lines;         /* VCF: set it after open to have the following */
    struct mfd_buffer header; /* lines that begin with '#', up to the first record */
    struct source_line *oldest, *newest;
};

/* `words` is borrowed. */
void source_words(struct source *s, char **words, size_t n);
int source_open(struct source *s, enum source_kind kind, const char *path,
                struct mfd_error *err) MFD_MUST_CHECK;
/* Open a file and look which of three kinds it is: `marked` where it begins with one of `marks`,
 * `tabbed` where its first line of data has a tab, else `plain`. */
int source_open_any(struct source *s, const char *path, const char *marks, enum source_kind marked,
                    enum source_kind tabbed, enum source_kind plain,
                    struct mfd_error *err) MFD_MUST_CHECK;
/* 1 and a new reference; 0 at the end; or a failure that names file and line. */
int source_next(struct source *s, json_t **item, struct mfd_error *err) MFD_MUST_CHECK;
/* Share of the input that has been read, 0..1, or -1 where it is not known. */
double source_progress(const struct source *s);

/* VCF with kept lines: the oldest line, borrowed (NULL: none); and let it go. */
struct source_line *source_line(struct source *s);
void source_line_done(struct source *s);
void source_close(struct source *s);
