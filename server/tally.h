/* How items of an operation came out: for the "summary" of an answer and the progress of a job. */
#pragma once

#include <stdint.h>

struct mfd_tally {
    uint64_t ok, skipped, error;
};

static inline void mfd_tally_add(struct mfd_tally *sum, const struct mfd_tally *more)
{
    sum->ok += more->ok;
    sum->skipped += more->skipped;
    sum->error += more->error;
}
