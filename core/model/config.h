/* Hyper-parameters of an MFD network. Source: shared design "The model", sections 1 to 4. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

enum mfd_model_class {
    MFD_DISENTANGLED, /* IEAquaticDilated: split features and a metadata head */
    MFD_BASELINE,     /* AquaticDilated: one convolution of width 1 as head */
};
enum mfd_activation { MFD_GELU_TANH, MFD_RELU };

#define MFD_MAX_LEVELS 12           /* tower blocks */
#define MFD_MAX_DILATED 12          /* dilated blocks */
#define MFD_MAX_ORDER 3             /* k of the k-mer input */
#define MFD_MAX_SEQ_LEN (1u << 20)  /* input positions */
#define MFD_MAX_CHANNELS (1u << 16) /* channels of any layer, features */
#define MFD_MAX_TRACKS (1u << 20)   /* tracks of a model */
#define MFD_STEM_WIDTH 15           /* whatever input_kernel_size says */
#define MFD_DILATED_WIDTH 3         /* whatever dilated_residual_kernel_size says */

/* Plain values; read off tensors where they can be, else off the hyper-parameters. */
struct mfd_config {
    enum mfd_model_class model_class;
    enum mfd_activation activation;
    size_t seq_len;   /* L, input positions (k-mers) */
    size_t seq_order; /* k; a window is L + k - 1 bases */
    size_t n_tower;   /* L1 */
    size_t n_dilated; /* L2 */
    size_t crop;      /* bins dropped on either side */
    size_t tower_kernel;
    size_t dilation[MFD_MAX_DILATED]; /* in bins: int(2 * D^i) */
    size_t width[MFD_MAX_LEVELS + 1]; /* channels: stem, then after each tower block */
    size_t embed;                     /* E, features */
    size_t technical;                 /* E_tech, the first features; 0 for the baseline */
    size_t biological;                /* E_bio, the rest; E for the baseline is 0 here too */
    size_t tracks; /* n_classes; 0 where the hyper-parameters do not say, until the tensors do */
    bool signal_to_noise;
    bool mixes_direct; /* linearly_embed_direct_features: direct columns pass a square linear layer
                        */
    /* How the features are to be split, as asked: a ratio, or (where it is negative) counts of
     * which at least one is not 0. */
    double biological_ratio;
    size_t asked_biological, asked_technical;
};

/* Read the hyper-parameters of the public code's two model classes from a JSON object of its
 * argument names, absent ones taking that code's defaults (other arguments, such as `lr`, are
 * ignored). Widths are those the arguments ask for; mfd_trunk_bind replaces them by what the
 * tensors have. Learned subspaces, other classes and networks that leave more than one position are
 * MFD_EUNSUPPORTED. */
int mfd_config_from_json(struct mfd_config *config, const json_t *hyper,
                         struct mfd_error *err) MFD_MUST_CHECK;

/* Split `embed` features into technical and biological ones as asked. */
int mfd_config_split(struct mfd_config *config, struct mfd_error *err) MFD_MUST_CHECK;

/* Bases of a window (L + k - 1), and bases of a bin (2^(L1+1)). */
static inline size_t mfd_config_window(const struct mfd_config *c)
{
    return c->seq_len + c->seq_order - 1;
}
static inline size_t mfd_config_bin(const struct mfd_config *c)
{
    return (size_t)1 << (c->n_tower + 1);
}
/* Bases of the window of the published ensemble: L + 8 + k - 1, four more on either side. */
#define MFD_PUBLISHED_MARGIN 4
static inline size_t mfd_config_published_window(const struct mfd_config *c)
{
    return c->seq_len + 2 * MFD_PUBLISHED_MARGIN + c->seq_order - 1;
}
