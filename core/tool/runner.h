/* What runs a model: its bundle, its engine, and a genome where there is one. */
#pragma once

#include "core/score/score.h"

struct runner {
    struct mfd_model *model;
    struct mfd_engine *engine;
    struct mfd_genome *genome; /* NULL: none was wanted */
};

/* Open `bundle`, the FASTA file `genome` unless NULL, and an engine of as many threads as the
 * option `threads` says (NULL: one a core). On failure, close takes what there is. */
int runner_open(struct runner *r, const char *bundle, const char *genome, const char *threads,
                struct mfd_error *err) MFD_MUST_CHECK;
void runner_close(struct runner *r);
