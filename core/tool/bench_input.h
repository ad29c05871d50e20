/* What `mfd-model bench` computes on: made-up sequence, a genome of it in a temporary file,
 * variants. */
#pragma once

#include "core/score/score.h"

#define BENCH_ROWS 1024 /* rows of outputs held at a time */

struct bench_input {
    const struct mfd_config *config;
    char *bases; /* random ACGT */
    size_t n_bases;
    struct mfd_window *windows; /* BENCH_WINDOWS separate windows on it */
    struct mfd_outputs out;     /* BENCH_ROWS rows: what the peer computes, too */
    float *swap[2];
    const char *genome, *vcf; /* paths given, or NULL */
};

int bench_input_init(struct bench_input *input, const struct mfd_config *config,
                     const struct mfd_head *head, const char *genome, const char *vcf,
                     struct mfd_error *err) MFD_MUST_CHECK;
void bench_input_deinit(struct bench_input *input);

struct bench_variants {
    struct mfd_genome *genome;
    struct mfd_variant *variants;
    size_t n;
};

/* `n` substitutions, one every `step` bases, on a genome of the made-up bases. Both functions leave
 * something that deinit takes, even where they fail. */
int bench_variants_made_up(struct bench_variants *v, const struct bench_input *input, size_t n,
                           size_t step, struct mfd_error *err) MFD_MUST_CHECK;
/* All variants of the file given, on the genome given. */
int bench_variants_read(struct bench_variants *v, const struct bench_input *input,
                        struct mfd_error *err) MFD_MUST_CHECK;
void bench_variants_deinit(struct bench_variants *v);
