#include "tests/util/naive.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Channels by positions. */
struct map {
    size_t channels, length;
    double *x;
};

static struct map map_new(size_t channels, size_t length)
{
    struct map m = { channels, length, calloc(channels * length + 1, sizeof(double)) };
    if (!m.x) {
        perror("naive");
        abort();
    }
    return m;
}

static double *at(const struct map *m, size_t channel, size_t position)
{
    return &m->x[channel * m->length + position];
}

double naive_activation(enum mfd_activation activation, double x)
{
    if (activation == MFD_RELU)
        return x > 0 ? x : 0;
    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

double naive_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

void naive_reverse(const char *bases, size_t n, char *out)
{
    static const char from[] = "ACGTacgt", to[] = "TGCAtgca";
    for (size_t i = 0; i < n; i++) {
        const char *p = strchr(from, bases[n - 1 - i]);
        out[i] = p ? to[p - from] : 'N';
    }
}

static size_t letter_number(char c)
{
    switch (toupper((unsigned char)c)) {
    case 'A':
        return 0;
    case 'C':
        return 1;
    case 'G':
        return 2;
    case 'T':
        return 3;
    default:
        return 4;
    }
}

/* One-hot k-mers; a k-mer with anything but ACGT is a column of zeros. */
static struct map encode(const char *bases, size_t positions, size_t k)
{
    struct map m = map_new((size_t)1 << (2 * k), positions);
    for (size_t p = 0; p < positions; p++) {
        size_t channel = 0, unknown = 0;
        for (size_t i = 0; i < k; i++) {
            size_t letter = letter_number(bases[p + i]);
            unknown += letter == 4;
            channel = 4 * channel + letter;
        }
        if (!unknown)
            *at(&m, channel, p) = 1;
    }
    return m;
}

/* 'same': as many positions as before, zeros outside. */
static struct map convolve(const struct map *in, const struct mfd_conv *c)
{
    struct map out = map_new(c->out, in->length);
    long left = (long)(c->dilation * (c->width - 1) / 2);
    for (size_t o = 0; o < c->out; o++)
        for (size_t p = 0; p < in->length; p++) {
            double sum = c->bias ? c->bias[o] : 0;
            for (size_t t = 0; t < c->width; t++) {
                long from = (long)p + (long)(t * c->dilation) - left;
                if (from < 0 || from >= (long)in->length)
                    continue;
                for (size_t i = 0; i < c->in; i++)
                    sum += (double)c->w[(o * c->in + i) * c->width + t] * *at(in, i, (size_t)from);
            }
            *at(&out, o, p) = sum;
        }
    return out;
}

static double normed(const struct mfd_norm *n, size_t channel, double x)
{
    return (x - n->mean[channel]) / sqrt((double)n->var[channel] + 1e-5) * n->weight[channel] +
           n->bias[channel];
}

/* Norm, activation, convolution. */
static struct map block(const struct map *in, const struct mfd_block *b, enum mfd_activation a)
{
    struct map active = map_new(in->channels, in->length);
    for (size_t c = 0; c < in->channels; c++)
        for (size_t p = 0; p < in->length; p++)
            *at(&active, c, p) = naive_activation(a, normed(&b->norm, c, *at(in, c, p)));
    struct map out = convolve(&active, &b->conv);
    free(active.x);
    return out;
}

static void replace(struct map *m, struct map by)
{
    free(m->x);
    *m = by;
}

/* m += other, which is freed. */
static void add(struct map *m, struct map other)
{
    for (size_t i = 0; i < m->channels * m->length; i++)
        m->x[i] += other.x[i];
    free(other.x);
}

static struct map pool(const struct map *in)
{
    struct map out = map_new(in->channels, in->length / 2);
    for (size_t c = 0; c < out.channels; c++)
        for (size_t p = 0; p < out.length; p++)
            *at(&out, c, p) = fmax(*at(in, c, 2 * p), *at(in, c, 2 * p + 1));
    return out;
}

static struct map crop(const struct map *in, size_t bins)
{
    struct map out = map_new(in->channels, in->length - 2 * bins);
    for (size_t c = 0; c < out.channels; c++)
        for (size_t p = 0; p < out.length; p++)
            *at(&out, c, p) = *at(in, c, p + bins);
    return out;
}

void naive_features(const struct mfd_config *config, const struct mfd_trunk *t, const char *bases,
                    size_t positions, double *features)
{
    enum mfd_activation a = config->activation;
    struct map x = encode(bases, positions, config->seq_order);
    replace(&x, convolve(&x, &t->stem));
    add(&x, block(&x, &t->stem_point, a));
    replace(&x, pool(&x));
    for (size_t i = 0; i < config->n_tower; i++) {
        replace(&x, block(&x, &t->tower[i].conv, a));
        add(&x, block(&x, &t->tower[i].point, a));
        replace(&x, pool(&x));
    }
    for (size_t i = 0; i < config->n_dilated; i++) {
        struct map inner = block(&x, &t->dilated[i].conv, a);
        add(&x, block(&inner, &t->dilated[i].point, a));
        free(inner.x);
    }
    replace(&x, crop(&x, config->crop));
    replace(&x, block(&x, &t->pointwise, a));
    if (x.length != 1 || x.channels != config->embed) {
        fprintf(stderr, "naive: %zu positions of %zu channels are left\n", x.length, x.channels);
        abort();
    }
    for (size_t i = 0; i < config->embed; i++)
        features[i] = t->has_features_norm ? normed(&t->features, i, x.x[i]) : x.x[i];
    free(x.x);
}

static double dot(const double *x, const float *w, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * w[i];
    return sum;
}

void naive_logits(const struct mfd_head *h, const double *features, double *bio, double *tech,
                  double *logits)
{
    for (size_t t = 0; t < h->tracks; t++) {
        if (h->w_all) {
            bio[t] = dot(features, h->w_all + t * h->embed, h->embed);
            tech[t] = 0;
        } else {
            tech[t] = dot(features, h->w_tech + t * h->technical, h->technical);
            bio[t] = dot(features + h->technical, h->w_bio + t * h->biological, h->biological);
        }
        logits[t] = bio[t] + tech[t] + h->bias[t];
    }
}
