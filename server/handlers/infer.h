/* Requests of the Open Inference Protocol, version 2 (KServe), with the binary tensor extension:
 * one BYTES input named "sequence"; outputs by name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/config.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/problem.h"
#include "server/operation.h"

/* What can be asked for, by place in struct mfd_outputs. */
enum mfd_infer_output {
    MFD_INFER_PREDICTIONS,
    MFD_INFER_LOGITS,
    MFD_INFER_LOGITS_BIOLOGICAL,
    MFD_INFER_LOGITS_TECHNICAL,
    MFD_INFER_FEATURES_BIOLOGICAL,
    MFD_INFER_FEATURES_TECHNICAL,
    MFD_INFER_FEATURES,
    MFD_INFER_OUTPUTS,
};
extern const char *const mfd_infer_output_names[]; /* MFD_INFER_OUTPUTS of them, then NULL */

struct mfd_infer_bytes {
    const char *s; /* no NUL behind */
    size_t n;
};

/* A request. Borrows from the body; release with mfd_infer_deinit. */
struct mfd_infer {
    const char *id; /* NULL: none */
    struct mfd_infer_bytes *sequences;
    size_t n;
    bool column; /* the input's shape is [n, 1] */
    struct {
        enum mfd_infer_output what;
        bool binary;
    } outputs[MFD_INFER_OUTPUTS];
    size_t n_outputs;
    unsigned ensemble; /* place in mfd_ensemble_names */

    json_t *document;
    void *blocks;
};
#define MFD_INFER_INIT                                                                             \
    {                                                                                              \
        0                                                                                          \
    }

/* Read a body of `size` bytes whose first `json_bytes` are JSON and whose rest are tensors
 * (json_bytes 0: all is JSON). 0, or -1 with the problem. */
int mfd_infer_decode(struct mfd_infer *out, const char *body, size_t size, size_t json_bytes,
                     const struct mfd_limits *limits, struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_infer_deinit(struct mfd_infer *infer);

/* Numbers a row of an output; 0 where such a model does not have it. */
size_t mfd_infer_width(const struct mfd_config *config, enum mfd_infer_output what);

/* infer.c: the operation of the routes in infer_info.c. */
extern const struct mfd_operation mfd_operation_infer;
