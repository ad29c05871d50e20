/* What is checked of a request before its body is read, in this order: is the request well-formed,
 * is there such a path and method, who asks and may he, does he take what we send, do we take what
 * he sends. And what a whole body is, once its coding is undone. */
#pragma once

#include <stdint.h>

#include "core/base/error.h"

struct mfd_problem;
struct mfd_request;

/* Headers are complete: everything that can be checked before the body is read. The answer is set
 * where something is wrong. Loop thread. */
void mfd_intake(struct mfd_request *rq);
/* The body turned out larger than rq->body_limit: `size` bytes, -1 where nobody knows. */
void mfd_intake_too_large(const struct mfd_request *rq, int64_t size, struct mfd_problem *problem);
/* The body is complete: decompress it. Worker. Non-zero with `problem`. */
int mfd_intake_inflate(struct mfd_request *rq, struct mfd_problem *problem) MFD_MUST_CHECK;
