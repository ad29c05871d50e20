/* From windows to the outputs that people ask for: tracks, features, effects of variants.
 * Ensembles and the variant protocol follow the publication (Rakowski et al. 2024, btae403). */
#pragma once

#include "core/base/error.h"
#include "core/engine/engine.h"
#include "core/genome/genome.h"
#include "core/genome/variant.h"
#include "core/model/head.h"

/* Which inputs are averaged. */
struct mfd_ensemble {
    unsigned shifts; /* 1, or up to MFD_MAX_SHIFTS inputs at offsets 0 ... shifts - 1 of a window of
                      * L + 8 + k - 1 bases */
    bool strands;    /* both strands */
};
#define MFD_MAX_SHIFTS 7 /* the published protocol's */
#define MFD_ENSEMBLE_NONE ((struct mfd_ensemble){ 1, false })
#define MFD_ENSEMBLE_STRANDS ((struct mfd_ensemble){ 1, true })
#define MFD_ENSEMBLE_PUBLISHED ((struct mfd_ensemble){ MFD_MAX_SHIFTS, true })
/* Passes of the network a window costs: shifts * strands. */
static inline unsigned mfd_ensemble_passes(struct mfd_ensemble e)
{
    return e.shifts * (e.strands ? 2 : 1);
}

/* Bases of a window that holds all passes, and how many of them lie before the predicted bin. */
static inline size_t mfd_ensemble_window(struct mfd_ensemble e, const struct mfd_config *c)
{
    return e.shifts > 1 ? mfd_config_published_window(c) : mfd_config_window(c);
}
static inline size_t mfd_ensemble_before(struct mfd_ensemble e, const struct mfd_config *c)
{
    return c->crop * mfd_config_bin(c) + (e.shifts > 1 ? MFD_PUBLISHED_MARGIN : 0);
}

/* Where to put outputs: each NULL (not wanted) or (rows, tracks) / (rows, width). Averages over the
 * ensemble of each output by itself, so predictions are means of probabilities. */
struct mfd_outputs {
    float *predictions, *logits, *logits_biological, *logits_technical; /* (rows, tracks) */
    float *features_biological, *features_technical; /* (rows, E_bio), (rows, E_tech) */
    float *features;                                 /* (rows, E) */
};

/* One input: bases of a window. ensemble.shifts == 1: exactly L + k - 1 bases; more: L + 8 + k - 1.
 */
struct mfd_window {
    const char *bases;
    size_t n;
};

/* Score n separate windows. MFD_EINVAL names the window where a length is wrong. */
int mfd_score_sequences(struct mfd_engine *engine, const struct mfd_head *head,
                        const struct mfd_window *windows, size_t n, struct mfd_ensemble ensemble,
                        const struct mfd_outputs *out, const volatile int *cancel,
                        struct mfd_error *err) MFD_MUST_CHECK;

/* Score n bins of a genome: bin i is [start[i], start[i] + bin) of `contig[i]`, 0-based, any order,
 * neighbours shared. The window is [start - crop*bin, ...) of L + k - 1 bases (and 4 more bases on
 * either side for shifts). `status[i]` receives MFD_OK, or MFD_ELIMIT where the window leaves the
 * contig and `pad` is false (its rows are then NaN); with `pad`, N is read there and padded[i] (may
 * be NULL) is set. */
int mfd_score_bins(struct mfd_engine *engine, const struct mfd_head *head,
                   struct mfd_genome *genome, const size_t *contig, const int64_t *start, size_t n,
                   struct mfd_ensemble ensemble, bool pad, const struct mfd_outputs *out,
                   int *status, bool *padded, const volatile int *cancel,
                   struct mfd_error *err) MFD_MUST_CHECK;

/* Effects of variants by the published protocol: alternative minus reference of each output,
 * averaged over the ensemble first. Every array NULL or (variants, tracks or width). */
struct mfd_effects {
    struct mfd_outputs effect;     /* alternative - reference */
    float *logits_biological_ver2; /* bio(alt) + tech(ref) - ref, on logits */
    float *logits_technical_ver2;  /* bio(ref) + tech(alt) - ref, on logits */
    struct mfd_outputs reference;  /* the reference's averages */
    struct mfd_outputs alternative;
};

/* Score n variants. Only variants with status MFD_VARIANT_OK or MFD_VARIANT_FLIPPED are computed,
 * the rows of others are NaN. Sorted input shares most. `pad` as in mfd_score_bins: without it, a
 * variant whose window leaves the contig gets MFD_VARIANT_OFF_CONTIG. */
int mfd_score_variants(struct mfd_engine *engine, const struct mfd_head *head,
                       struct mfd_genome *genome, struct mfd_variant *variants, size_t n,
                       struct mfd_ensemble ensemble, bool pad, const struct mfd_effects *out,
                       const volatile int *cancel, struct mfd_error *err) MFD_MUST_CHECK;

/* Bases that the windows of a variant (whose contig is known) read outside its contig: what `pad`
 * reads N for. */
int64_t mfd_score_outside(const struct mfd_config *config, const struct mfd_genome *genome,
                          const struct mfd_variant *variant, struct mfd_ensemble ensemble);

/* Saturation mutagenesis: every substitution of bases [from, to) of one window, as alternative
 * minus reference. `out` has 4 * (to - from) rows, four a base in the order A, C, G, T; the row of
 * the window's own base is 0, as are all four where it is N. `reference` (may be NULL) has one row.
 * The window's length is as in mfd_score_sequences. */
int mfd_score_ism(struct mfd_engine *engine, const struct mfd_head *head,
                  const struct mfd_window *window, size_t from, size_t to,
                  struct mfd_ensemble ensemble, const struct mfd_outputs *out,
                  const struct mfd_outputs *reference, const volatile int *cancel,
                  struct mfd_error *err) MFD_MUST_CHECK;
