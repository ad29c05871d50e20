/* One number, or a few, of a variant's effects on all tracks: sizes, shares, agreement, the tracks
 * that move most. Inputs are rows of mfd_score_variants. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* log2(alternative / reference) of two probabilities, each kept at least 1e-6 so that the ratio of
 * two zeros is 1: SAR, the "SNP activity ratio" of Basenji. */
double mfd_summary_sar(double alternative, double reference);

/* Over the tracks of one variant; NaN where there are none. */
struct mfd_summary {
    double mean;    /* of the effect */
    double max_abs; /* largest |effect|, and its track */
    size_t max_track;
    double l2;               /* Euclidean norm of the effect */
    double biological_share; /* sum |biological| / (sum |biological| + sum |technical|); NaN where
                                both are 0 */
    double agreement; /* share of the tracks' weight |effect| that has the sign of the larger side:
                       * 0.5 no agreement, 1 all agree; NaN where all are 0 */
};

/* `effect` (n) on the logits; `biological` and `technical` (n) its parts, or both NULL. */
void mfd_summary_of(const float *effect, const float *biological, const float *technical, size_t n,
                    struct mfd_summary *out);

/* Agreement of sign across laboratories: tracks of the same `group` (equal numbers: the same
 * biology, such as target and biosample; UINT32_MAX: none) but different `lab` are compared pair by
 * pair; the share of pairs whose effects have the same sign, and the number of pairs. NaN and 0
 * where there are no pairs. n (n - 1) / 2 comparisons within a group at most. */
double mfd_summary_lab_agreement(const float *effect, const uint32_t *group, const uint32_t *lab,
                                 size_t n, size_t *pairs);

/* Indices of the k tracks with the largest |effect|, largest first, ties by index; returns how many
 * (min(k, n), fewer where there are NaN). */
size_t mfd_summary_top(const float *effect, size_t n, size_t k, size_t *index);
