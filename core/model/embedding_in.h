/* Inside of the embedding networks: bound in embedding.c, run in embedding_run.c. */
#pragma once

#include "core/model/embedding.h"

struct linear {
    size_t in, out;
    float *w; /* (in + 1, out): the transpose of PyTorch's and, as its last row, the bias; owned */
};

/* A column in a group: scaled (one factor or one a label), or through up to three linear layers
 * with ReLU between, or as it is; then, where it is direct and mixed, one more layer for that use
 * only. */
struct column {
    const struct mfd_field *field;
    size_t offset; /* of its inputs in a row */
    const float *factors;
    size_t n_factors;
    struct linear layers[3];
    size_t n_layers;
    struct linear mix; /* out == 0: none */
};

struct group {
    struct column *columns;
    size_t n;
    struct linear interact[3];
    size_t direct, width; /* features of the direct columns; E_g */
    size_t interact_in;
    size_t widest; /* numbers a row that any intermediate result needs */
    struct mfd_basis basis;
};

struct mfd_embedding {
    const struct mfd_metadata *md;
    size_t rows; /* height of all products */
    size_t inputs;
    size_t *offsets; /* (fields) */
    struct group group[MFD_GROUPS];
};
