/* Outputs as a folder of .npy files, written a block of rows at a time. */
#pragma once

#include <stdio.h>

#include "core/score/score.h"
#include "core/tool/alleles.h"

#define ARRAYS_ROWS ALLELES_BLOCK /* rows of a block */

struct array {
    char *name; /* "predictions", "logits.ref", ... */
    char *part; /* the file while it grows */
    char *path; /* what it is renamed to */
    FILE *file;
    size_t width, rows;
    float *block; /* (ARRAYS_ROWS, width): computed into, then appended; NULL for text */
};

/* Every array of a command. */
struct arrays {
    struct array *items;
    size_t n;
};

/* Make the folder `dir`; existing files of the same names are replaced when all is written. */
int arrays_open(struct arrays *arrays, const char *dir, struct mfd_error *err) MFD_MUST_CHECK;
/* Add the outputs that a model of this head has, each name followed by `suffix`, and point `out` at
 * their blocks. */
int arrays_add_outputs(struct arrays *arrays, const char *dir, const char *suffix,
                       const struct mfd_head *head, struct mfd_outputs *out,
                       struct mfd_error *err) MFD_MUST_CHECK;
int arrays_add(struct arrays *arrays, const char *dir, const char *name, const char *suffix,
               size_t width, float **block, struct mfd_error *err) MFD_MUST_CHECK;
/* Add a text beside them, such as "variants.tsv", and point `out` at it: borrowed, for printing to.
 */
int arrays_add_text(struct arrays *arrays, const char *dir, const char *name, FILE **out,
                    struct mfd_error *err) MFD_MUST_CHECK;
/* Append the first `rows` rows of every block. */
int arrays_append(struct arrays *arrays, size_t rows, struct mfd_error *err) MFD_MUST_CHECK;
/* Write the headers and put the files in place. */
int arrays_finish(struct arrays *arrays, struct mfd_error *err) MFD_MUST_CHECK;
/* Drops what is not in place yet. */
void arrays_deinit(struct arrays *arrays);

/* "none", "strands" or "published"; MFD_EINVAL names the choices. */
int ensemble_parse(const char *text, struct mfd_ensemble *out,
                   struct mfd_error *err) MFD_MUST_CHECK;
