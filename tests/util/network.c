#include "tests/util/network.h"

#include <stdio.h>

#include "core/base/memory.h"
#include "core/engine/geometry.h"
#include "tests/util/test.h"

#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct mfd_error err = MFD_ERROR_INIT;                                                     \
        if ((call) != MFD_OK)                                                                      \
            fail_msg("%s", err.message);                                                           \
    } while (0)

/* What geometry wants to know of the options. */
static bool is_padded(const struct mfd_synthetic_options *o)
{
    struct mfd_geometry g;
    struct mfd_config c = { .seq_len = o->seq_len,
                            .seq_order = o->order,
                            .n_tower = o->n_tower,
                            .n_dilated = o->n_dilated,
                            .crop = o->crop,
                            .tower_kernel = o->tower_kernel };
    for (size_t i = 0; i < o->n_dilated; i++)
        c.dilation[i] = (size_t)(2 * pow(o->dilation, (double)i));
    MUST(mfd_geometry_init(&g, &c, &err));
    return g.padded;
}

static void set_length(struct mfd_synthetic_options *o, size_t crop, size_t rest)
{
    o->crop = crop;
    o->seq_len = ((2 * crop + 1) << (o->n_tower + 1)) + rest;
}

struct mfd_synthetic_options network_options(struct test_random *r, enum network_kind kind)
{
    static const double dilations[] = { 0.5, 1, 1.5, 2 };
    static const size_t kernels[] = { 3, 5, 5, 5, 7 };
    struct mfd_synthetic_options o = MFD_SYNTHETIC_OPTIONS_INIT;
    o.channels = (size_t)test_between(r, 4, 22);
    o.order = (size_t)test_between(r, 1, 3);
    o.n_tower = (size_t)test_between(r, 2, 6);
    o.dilation = dilations[test_between(r, 0, 3)];
    /* a block at 1/2 has a dilation of 2, 1, then nothing */
    o.n_dilated = (size_t)test_between(r, 0, o.dilation < 1 || o.n_tower > 4 ? 2 : 4);
    o.tower_kernel = kernels[test_between(r, 0, 4)];
    o.embed = test_chance(r, 0.5) ? 0 : (size_t)test_between(r, 2, 70);
    o.tracks = (size_t)test_between(r, 1, 40);
    o.activation = test_chance(r, 0.5) ? MFD_RELU : MFD_GELU_TANH;
    o.model_class = test_chance(r, 0.2) ? MFD_BASELINE : MFD_DISENTANGLED;
    o.seed = test_bits(r);
    /* short of a bin by more than one, so that L + 1 positions leave one bin, too */
    size_t rest = test_chance(r, 0.5) ? 0 : (size_t)test_between(r, 1, (2 << o.n_tower) - 2);
    size_t enough = 1; /* bins on either side that hold the cone */
    for (set_length(&o, enough, rest); is_padded(&o); set_length(&o, enough, rest))
        enough++;
    bool padded = kind == NETWORK_PADDED || (kind == NETWORK_ANY && test_chance(r, 0.5));
    /* one bin must do for the stem's own halo */
    if (padded)
        set_length(&o, (size_t)test_between(r, 0, (int64_t)enough - 1), rest);
    else
        set_length(&o, enough + (size_t)test_between(r, 0, 1), rest);
    return o;
}

const char *network_describe(const struct mfd_synthetic_options *o)
{
    static char text[200];
    snprintf(text, sizeof text,
             "C=%zu k=%zu L=%zu L1=%zu L2=%zu D=%g crop=%zu kernel=%zu E=%zu %s %s seed=%llu",
             o->channels, o->order, o->seq_len, o->n_tower, o->n_dilated, o->dilation, o->crop,
             o->tower_kernel, o->embed, o->activation == MFD_RELU ? "relu" : "gelu",
             o->model_class == MFD_BASELINE ? "baseline" : "split", (unsigned long long)o->seed);
    return text;
}

struct mfd_synthetic *network_new(const struct mfd_synthetic_options *options)
{
    struct mfd_synthetic *s = NULL;
    MUST(mfd_synthetic_new(&s, options, &err));
    return s;
}

struct mfd_engine *network_engine(const struct mfd_synthetic *network, unsigned threads,
                                  size_t scratch_bytes, const char *kernels)
{
    const struct mfd_engine_options options = { .threads = threads,
                                                .scratch_bytes = scratch_bytes,
                                                .kernels = kernels };
    struct mfd_engine *engine = NULL;
    MUST(mfd_engine_new_bare(&engine, mfd_synthetic_config(network), mfd_synthetic_trunk(network),
                             &options, &err));
    return engine;
}

struct mfd_batch *network_batch(const struct mfd_synthetic *network)
{
    struct mfd_batch *batch = NULL;
    MUST(mfd_batch_new(&batch, mfd_synthetic_config(network), &err));
    return batch;
}

size_t network_sequence(struct mfd_batch *batch, const char *bases, size_t n, int64_t start)
{
    size_t number = 0;
    MUST(mfd_batch_sequence(batch, bases, n, start, &number, &err));
    return number;
}

size_t network_reverse(struct mfd_batch *batch, size_t sequence)
{
    size_t number = 0;
    MUST(mfd_batch_reverse(batch, sequence, &number, &err));
    return number;
}

size_t network_allele(struct mfd_batch *batch, size_t sequence, int64_t pos, size_t n_ref,
                      const char *alt, size_t n_alt)
{
    size_t number = 0;
    MUST(mfd_batch_allele(batch, sequence, pos, n_ref, alt, n_alt, &number, &err));
    return number;
}

void network_window(struct mfd_batch *batch, size_t sequence, int64_t start, size_t positions)
{
    MUST(mfd_batch_window(batch, sequence, start, positions, &err));
}

float *network_run(struct mfd_engine *engine, struct mfd_batch *batch)
{
    float *features = mfd_aligned(mfd_batch_windows(batch) * mfd_engine_config(engine)->embed + 1,
                                  sizeof *features);
    assert_non_null(features);
    MUST(mfd_engine_run(engine, batch, features, NULL, &err));
    return features;
}

double network_error(const float *got, const double *want, size_t n)
{
    double largest = 0, scale = 1e-30;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs(got[i] - want[i]);
        if (!(difference <= largest)) /* NaN counts */
            largest = isnan(difference) ? INFINITY : difference;
        scale = fabs(want[i]) > scale ? fabs(want[i]) : scale;
    }
    return largest / scale;
}

double network_distance(const float *got, const float *want, size_t n)
{
    double *exact = mfd_calloc(n, sizeof *exact);
    assert_non_null(exact);
    for (size_t i = 0; i < n; i++)
        exact[i] = want[i];
    double error = network_error(got, exact, n);
    free(exact);
    return error;
}
