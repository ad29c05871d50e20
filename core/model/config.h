/* Hyper-parameters of an MFD network. Source: shared design "The model", sections 1 to 4. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mfd_model_class {
    MFD_DISENTANGLED, /* IEAquaticDilated: split features and a metadata head */
    MFD_BASELINE,     /* AquaticDilated: one convolution of width 1 as head */
};
enum mfd_activation { MFD_GELU_TANH, MFD_RELU };

#define MFD_MAX_LEVELS 12  /* tower blocks */
#define MFD_MAX_DILATED 12 /* dilated blocks */
#define MFD_MAX_ORDER 3    /* k of the k-mer input */

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
    size_t tracks;
    bool signal_to_noise;
};

/* Bases of a window (L + k - 1), and bases of a bin (2^(L1+1)). */
static inline size_t mfd_config_window(const struct mfd_config *c)
{
    return c->seq_len + c->seq_order - 1;
}
static inline size_t mfd_config_bin(const struct mfd_config *c)
{
    return (size_t)1 << (c->n_tower + 1);
}
/* Bases of the window of the published ensemble: L + 8 + k - 1. */
static inline size_t mfd_config_published_window(const struct mfd_config *c)
{
    return c->seq_len + 8 + c->seq_order - 1;
}
