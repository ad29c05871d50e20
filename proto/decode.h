/* Requests as JSON: one strict table of members an operation (proto/openapi.yaml says what they
 * mean).
 *
 * What is wrong with the request as a whole is a problem with a pointer. What is wrong with one
 * input of a batch is kept with that input: it never takes the others down. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/body.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/problem.h"

enum mfd_call { /* whose members are read */
                MFD_CALL_PREDICT,
                MFD_CALL_FEATURES,
                MFD_CALL_VARIANTS,
                MFD_CALL_NORMALIZE,
                MFD_CALL_MARGINAL,
                MFD_CALL_CONTRAST,
                MFD_CALL_ISM,
};

/* Read a body of n bytes with at most `max_items` inputs. Returns 0, or -1 with the problem set and
 * *out left alone. Any thread. */
int mfd_body_decode(struct mfd_body *out, enum mfd_call call, const char *bytes, size_t n,
                    const struct mfd_limits *limits, int64_t max_items,
                    struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_body_deinit(struct mfd_body *body);

/* The defaults of a call, for requests whose options come from a query string. */
void mfd_body_defaults(struct mfd_body *body, enum mfd_call call);
/* The same checks as at the end of mfd_body_decode: do the members agree with one another? Fills in
 * `scale` where it was unsaid. */
int mfd_body_check(struct mfd_body *body, struct mfd_problem *problem) MFD_MUST_CHECK;

/* Set one option from text as a query string gives it: model, genome, scale, ensemble, components,
 * scores, features, aggregate, pad, strict, dry_run; the middle ones comma-separated. 1: not a name
 * known here. `value` is borrowed. -1: the problem is set, without a pointer. */
int mfd_body_option(struct mfd_body *body, const char *name, const char *value,
                    struct mfd_problem *problem) MFD_MUST_CHECK;

/* The same for options that are more than a word: where, virtual_tracks, settings, a and b in JSON,
 * over with commas between, distribution, levels, like and held. They are gathered, and read once
 * all of them are there. Problems have no pointer: they say in words where it is. */
int mfd_body_member(struct mfd_body *body, const char *name, const char *value,
                    const struct mfd_limits *limits, struct mfd_problem *problem) MFD_MUST_CHECK;
int mfd_body_members(struct mfd_body *body, const struct mfd_limits *limits,
                     struct mfd_problem *problem) MFD_MUST_CHECK;

/* Words of the enumerations above, in their order; the last is NULL. */
extern const char *const mfd_part_names[];
extern const char *const mfd_score_names[];
extern const char *const mfd_subspace_names[];
extern const char *const mfd_scale_names[];
extern const char *const mfd_aggregate_names[];
extern const char *const mfd_input_names[];
extern const char *const mfd_ensemble_names[];

/* Set the ensemble of that place in mfd_ensemble_names. */
void mfd_body_ensemble(struct mfd_body *body, unsigned ensemble);
