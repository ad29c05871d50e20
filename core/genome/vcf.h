/* VCF 4.x in and out, a record at a time (https://samtools.github.io/hts-specs/VCFv4.3.pdf).
 *
 * Records are kept as text: what is read is written back byte by byte, with fields added to INFO.
 * Nothing is sorted, merged or dropped. A record that cannot be read is handed out with its line
 * number and the reason, and the next one follows; only what leaves no records to find (bad
 * compression, no header, a limit) ends the reading. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/genome/genome.h"
#include "core/genome/variant.h"

#define MFD_VCF_MAX_ALLELES 4096 /* alternative alleles of one record */

/* Bytes; a longer record is handed out as malformed, more of the others is MFD_ELIMIT. 0 = default.
 */
struct mfd_vcf_limits {
    size_t line;   /* one record: 16 MiB */
    size_t header; /* all header lines: 16 MiB */
    uint64_t text; /* everything after decompression: no limit */
};
#define MFD_VCF_LIMITS_INIT                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

/* Text that something else owns; no NUL behind. */
struct mfd_span {
    const char *s;
    size_t n;
};

enum mfd_vcf_column {
    MFD_VCF_CHROM,
    MFD_VCF_POS,
    MFD_VCF_ID,
    MFD_VCF_REF,
    MFD_VCF_ALT,
    MFD_VCF_QUAL,
    MFD_VCF_FILTER,
    MFD_VCF_INFO,
    MFD_VCF_COLUMNS,
};

/* One line. Everything in it is good until the next call on its reader. */
struct mfd_vcf_record {
    uint64_t line;                           /* 1-based in the text */
    struct mfd_span text;                    /* without its end */
    struct mfd_span column[MFD_VCF_COLUMNS]; /* "." where the line is shorter (as bcftools) */
    struct mfd_span samples;                 /* FORMAT and samples with the tab before, or empty */
    int64_t pos;                             /* 0-based */
    int64_t chrom_length;                    /* as its "##contig" line says, or 0 */
    size_t alleles;                          /* 1 or more; ALT "." counts as one */
    const struct mfd_span *allele;           /* (alleles) */
    bool malformed;          /* then only `line` and what can be seen of `text` hold */
    struct mfd_error reason; /* where malformed: slug and message with the line */
};

/* The lines above the records. */
struct mfd_vcf_header;
/* All "##" lines, each with a newline behind, carriage returns taken off. */
struct mfd_span mfd_vcf_header_text(const struct mfd_vcf_header *header);
/* Columns of the #CHROM line: 8, or 9 and the samples. */
size_t mfd_vcf_header_columns(const struct mfd_vcf_header *header);
/* Whether a "##contig" line declares that name; *length (may be NULL) is what it says, or 0. */
bool mfd_vcf_header_declares(const struct mfd_vcf_header *header, const char *name, size_t n,
                             int64_t *length);

struct mfd_vcf_reader;

/* Read a file, plain or gzip or bgzip ("-" is stdin), or a descriptor (closed at the end where
 * `own`). `limits` may be NULL. */
int mfd_vcf_reader_open(struct mfd_vcf_reader **out, const char *path,
                        const struct mfd_vcf_limits *limits, struct mfd_error *err) MFD_MUST_CHECK;
int mfd_vcf_reader_open_fd(struct mfd_vcf_reader **out, int fd, bool own,
                           const struct mfd_vcf_limits *limits,
                           struct mfd_error *err) MFD_MUST_CHECK;
/* Read what is pushed, such as the body of a request: push, take records until MFD_EBUSY, push
 * more; say when it ends. Pushed bytes are copied and kept until they are read. */
int mfd_vcf_reader_new(struct mfd_vcf_reader **out, const struct mfd_vcf_limits *limits,
                       struct mfd_error *err) MFD_MUST_CHECK;
int mfd_vcf_reader_push(struct mfd_vcf_reader *reader, const void *bytes, size_t n,
                        struct mfd_error *err) MFD_MUST_CHECK;
void mfd_vcf_reader_end(struct mfd_vcf_reader *reader);
void mfd_vcf_reader_free(struct mfd_vcf_reader *reader);

/* The next record, NULL at the end. MFD_EBUSY: push more first. Other failures are final and
 * repeat. One thread at a time. */
int mfd_vcf_reader_next(struct mfd_vcf_reader *reader, const struct mfd_vcf_record **record,
                        struct mfd_error *err) MFD_MUST_CHECK;
/* The header, read so far that all of it is known, without taking a record; MFD_EBUSY likewise. */
int mfd_vcf_reader_header(struct mfd_vcf_reader *reader, const struct mfd_vcf_header **header,
                          struct mfd_error *err) MFD_MUST_CHECK;
/* At the end: whether it was bgzip without its end marker, so maybe cut short between two blocks.
 */
bool mfd_vcf_reader_lacks_end(const struct mfd_vcf_reader *reader);

/* Allele number `allele` of a record as a variant, checked as by mfd_variant_check and
 * mfd_variant_check_length (`reason` likewise). A malformed record gives a variant of that status
 * without alleles. */
int mfd_vcf_record_variant(const struct mfd_vcf_record *record, size_t allele,
                           struct mfd_genome *genome, struct mfd_variant *out,
                           struct mfd_error *reason, struct mfd_error *err) MFD_MUST_CHECK;

/* A field that is added to INFO. */
struct mfd_vcf_field {
    const char *id;          /* [A-Za-z_][0-9A-Za-z_.]* */
    const char *number;      /* "A": one value an allele; "1"; "0" with Flag */
    const char *type;        /* Integer, Float, String, Flag */
    const char *description; /* quoted as VCF wants */
    bool encoded;            /* values come with what means something in INFO encoded */
};

struct mfd_vcf_writer_options {
    const struct mfd_vcf_field *fields;
    size_t n_fields;
    const char *const *lines; /* further header lines, "##key=value" */
    size_t n_lines;
    struct mfd_genome *genome; /* for contig lines where the header has none; may be NULL */
    bool bgzip;
};
#define MFD_VCF_WRITER_OPTIONS_INIT                                                                \
    {                                                                                              \
        0                                                                                          \
    }

/* Takes n bytes of the file; its failure is the writer's. */
struct mfd_vcf_sink {
    int (*write)(void *context, const void *bytes, size_t n, struct mfd_error *err);
    void *context;
};

struct mfd_vcf_writer;

/* Write to a sink, or to a file ("-" is stdout; an existing file is overwritten as it goes). The
 * header is that of the input with our fields declared (a declaration of the same name is replaced)
 * and the contigs that are missing: all of the genome where it declares none, spelled as the first
 * record spells its own, else that of the first record. It is written with the first record;
 * `header` and what `options` points to must last until then. */
int mfd_vcf_writer_new(struct mfd_vcf_writer **out, struct mfd_vcf_sink sink,
                       const struct mfd_vcf_header *header,
                       const struct mfd_vcf_writer_options *options,
                       struct mfd_error *err) MFD_MUST_CHECK;
int mfd_vcf_writer_open(struct mfd_vcf_writer **out, const char *path,
                        const struct mfd_vcf_header *header,
                        const struct mfd_vcf_writer_options *options,
                        struct mfd_error *err) MFD_MUST_CHECK;
/* Write a record with its fields. `values` is (n_fields, alleles), the text of each, NULL where
 * there is none; a field with Number=1 or Flag takes its first. Values are percent-encoded; a field
 * with no value at all is left out; a field of the same name in the input is replaced. A malformed
 * record has no place in a VCF: it is left out and counted. */
int mfd_vcf_writer_record(struct mfd_vcf_writer *writer, const struct mfd_vcf_record *record,
                          const char *const *values, struct mfd_error *err) MFD_MUST_CHECK;
/* Write what is left, and the header where no record came. */
int mfd_vcf_writer_finish(struct mfd_vcf_writer *writer, struct mfd_error *err) MFD_MUST_CHECK;
uint64_t mfd_vcf_writer_left_out(const struct mfd_vcf_writer *writer);
/* Without finish, what is written is a torso. */
void mfd_vcf_writer_free(struct mfd_vcf_writer *writer);
