/* What a run is asked for: a batch names sequences, alleles of them, and windows on either. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/config.h"

struct mfd_batch;
int mfd_batch_new(struct mfd_batch **out, const struct mfd_config *config,
                  struct mfd_error *err) MFD_MUST_CHECK;
void mfd_batch_free(struct mfd_batch *batch);
void mfd_batch_clear(struct mfd_batch *batch);

/* Add a stretch of one strand: `n` bases (any case; not ACGT is N), the first at position `start`
 * of the sequence's own axis. Rows of two windows on the same sequence are shared where they
 * coincide. The bases are copied. *sequence receives its number. */
int mfd_batch_sequence(struct mfd_batch *batch, const char *bases, size_t n, int64_t start,
                       size_t *sequence, struct mfd_error *err) MFD_MUST_CHECK;
/* The reverse complement of a sequence, on the axis where base b stands at k-2-b, so that windows
 * on the bin grid stay on it. Each call makes a new sequence. */
int mfd_batch_reverse(struct mfd_batch *batch, size_t sequence, size_t *reverse,
                      struct mfd_error *err) MFD_MUST_CHECK;
/* An allele: the sequence with bases [pos, pos + n_ref) replaced by `alt`; what lies right of the
 * change moves. Rows that do not see the change are the sequence's own. `sequence` may not be an
 * allele itself. */
int mfd_batch_allele(struct mfd_batch *batch, size_t sequence, int64_t pos, size_t n_ref,
                     const char *alt, size_t n_alt, size_t *allele,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* Ask for the window whose first input position is `start` on a sequence or allele, `positions`
 * input positions long (L or L+1). All its bases must lie in the sequence. Rows of the result are
 * in the order of these calls. */
int mfd_batch_window(struct mfd_batch *batch, size_t sequence, int64_t start, size_t positions,
                     struct mfd_error *err) MFD_MUST_CHECK;
size_t mfd_batch_windows(const struct mfd_batch *batch);
const struct mfd_config *mfd_batch_config(const struct mfd_batch *batch);
/* Compute every window of the batch whole, with zero padding at its ends, as networks whose cone
 * reaches the padding always are: for tests and comparisons. */
void mfd_batch_compute_whole(struct mfd_batch *batch, bool whole);
