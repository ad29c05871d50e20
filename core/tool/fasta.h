/* FASTA records of a file, all in memory: windows to predict. */
#pragma once

#include "core/base/buffer.h"
#include "core/base/error.h"

struct fasta_record {
    const char *name;  /* the header line without '>' */
    const char *bases; /* no NUL, no line ends */
    size_t n;
};

struct fasta {
    struct fasta_record *records;
    size_t n, size;
    struct mfd_buffer text; /* the file, which records point into */
};

/* Read a whole file (up to 4 GiB). Every record needs a name and bases; letters only. */
int fasta_read(struct fasta *fasta, const char *path, struct mfd_error *err) MFD_MUST_CHECK;
void fasta_deinit(struct fasta *fasta);
