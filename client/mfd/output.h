/* Where an answer goes with --output: a file that appears whole or not at all, compressed where its
 * name ends in .gz, and that a run which was interrupted can go on with. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/error.h"

/* Writes go to PATH.part; PATH.resume says how far they are good. A file written in several runs is
 * the same to the byte as one written in one. */
struct output {
    const char *path;    /* borrowed */
    char *part, *resume; /* owned */
    FILE *stream;        /* owned; what commands write to */
    struct bgzf *bgzf;   /* behind it, where compressed */
    int fd;
    json_t *identity; /* what must be the same for a run to go on; NULL: never goes on */
    json_t *state;    /* of the run that goes on, or NULL */
};

/* Open PATH.part. Where PATH.resume is of a run with the same `identity` (borrowed, may be NULL),
 * and `fresh` is not set, the part is cut back to where it was good and out->state tells what that
 * run noted. */
int output_open(struct output *out, const char *path, json_t *identity, bool fresh,
                struct mfd_error *err) MFD_MUST_CHECK;
/* All written so far is good: note it with `state` (members of the caller; borrowed). */
int output_checkpoint(struct output *out, json_t *state, struct mfd_error *err) MFD_MUST_CHECK;
/* All is written: PATH is there. */
int output_commit(struct output *out, struct mfd_error *err) MFD_MUST_CHECK;
/* Without commit: leaves part and resume where a checkpoint was made, otherwise removes the part.
 */
void output_close(struct output *out);
