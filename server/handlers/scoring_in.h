/* What the files behind scoring.h share. */
#pragma once

#include "server/handlers/scoring.h"

/* Choose the tracks, and lay out which numbers the answer has and what they are made of. */
int mfd_scoring_lay_out(struct mfd_scoring *s, enum mfd_call call,
                        struct mfd_problem *problem) MFD_MUST_CHECK;
/* Number the chosen tracks by their biology and by their laboratory: UINT32_MAX for a biology where
 * the laboratory is not known. Problem where the model's metadata tell of none. */
int mfd_scoring_labs(struct mfd_scoring *s, struct mfd_problem *problem) MFD_MUST_CHECK;
