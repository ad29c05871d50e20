/* Readers of the members that say which settings of metadata, and with which bias. Part of
 * decode.c. */
#pragma once

#include "proto/body.h"
#include "proto/json.h"

mfd_read_fn mfd_read_distribution; /* into an enum mfd_distribution */
mfd_read_fn mfd_read_held;         /* into an enum mfd_hold */

/* An array of {"values": {column: value}, "weight": number} into a struct mfd_body. */
mfd_read_fn mfd_read_given;

/* Virtual tracks without a bias have logits and no probabilities: refuse what needs these, and let
 * the scale be that of logits where it was left unsaid. */
int mfd_body_check_bias(struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;

/* What goes with averages (distribution, settings, levels) or with contrasts (like, held) does
 * nothing without them, nor levels without effects: refuse it. */
int mfd_body_check_settings(const struct mfd_body *body,
                            struct mfd_problem *problem) MFD_MUST_CHECK;
