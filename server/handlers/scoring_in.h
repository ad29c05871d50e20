/* What the files behind scoring.h share. */
#pragma once

#include "server/handlers/scoring.h"

/* Choose the tracks, and lay out which numbers the answer has and what they are made of. */
int mfd_scoring_lay_out(struct mfd_scoring *s, enum mfd_call call,
                        struct mfd_problem *problem) MFD_MUST_CHECK;
