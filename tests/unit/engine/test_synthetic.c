#include "tests/util/test.h"

#include <math.h>

#include "core/engine/engine.h"
#include "core/engine/synthetic.h"

#define SMALL                                                                                      \
    {                                                                                              \
        .channels = 20, .order = 1, .seq_len = 272, .n_tower = 3, .n_dilated = 1, .crop = 8,       \
        .tower_kernel = 5, .tracks = 7, .dilation = 1.5, .seed = 5                                 \
    }

static void a_network_has_the_widths_of_the_published_code(void **state)
{
    (void)state;
    const struct mfd_synthetic_options options = MFD_SYNTHETIC_OPTIONS_INIT;
    struct mfd_synthetic *s = NULL;
    assert_int_equal(mfd_synthetic_new(&s, &options, NULL), MFD_OK);
    const struct mfd_config *c = mfd_synthetic_config(s);
    const size_t widths[] = { 384, 431, 483, 543, 609, 684, 768 };
    assert_memory_equal(c->width, widths, sizeof widths);
    assert_int_equal(c->dilation[0], 2);
    assert_int_equal(c->dilation[1], 3);
    assert_int_equal(c->embed, 1536);
    assert_int_equal(c->technical, 768);
    assert_int_equal(c->biological, 768);
    const struct mfd_trunk *t = mfd_synthetic_trunk(s);
    assert_int_equal(t->stem.in, 16);
    assert_int_equal(t->tower[2].conv.conv.in, 483);
    assert_int_equal(t->tower[2].conv.conv.out, 543);
    assert_int_equal(t->dilated[1].conv.conv.dilation, 3);
    assert_int_equal(mfd_synthetic_head(s)->tracks, 2106);
    mfd_synthetic_free(s);
}

static void the_same_seed_gives_the_same_bits_and_another_does_not(void **state)
{
    (void)state;
    struct mfd_synthetic_options options = SMALL;
    struct mfd_synthetic *s[3];
    for (size_t i = 0; i < 3; i++) {
        options.seed = i < 2 ? 5 : 6;
        assert_int_equal(mfd_synthetic_new(&s[i], &options, NULL), MFD_OK);
    }
    const struct mfd_conv *a = &mfd_synthetic_trunk(s[0])->pointwise.conv;
    const struct mfd_conv *b = &mfd_synthetic_trunk(s[1])->pointwise.conv;
    const struct mfd_conv *c = &mfd_synthetic_trunk(s[2])->pointwise.conv;
    size_t bytes = a->in * a->out * sizeof *a->w;
    assert_memory_equal(a->w, b->w, bytes);
    assert_memory_not_equal(a->w, c->w, bytes);
    for (size_t i = 0; i < 3; i++)
        mfd_synthetic_free(s[i]);
}

static void weights_have_the_spread_that_their_width_asks_for(void **state)
{
    (void)state;
    const struct mfd_synthetic_options options = SMALL;
    struct mfd_synthetic *s = NULL;
    assert_int_equal(mfd_synthetic_new(&s, &options, NULL), MFD_OK);
    const struct mfd_conv *c = &mfd_synthetic_trunk(s)->tower[2].conv.conv;
    size_t n = c->in * c->out * c->width;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += c->w[i];
        squares += (double)c->w[i] * c->w[i];
    }
    double variance = squares / (double)n * (double)(c->in * c->width);
    assert_true(variance > 0.9 && variance < 1.1);
    assert_true(fabs(sum / (double)n) < 0.01);
    mfd_synthetic_free(s);
}

static void the_baseline_has_one_head_and_no_norm_of_features(void **state)
{
    (void)state;
    struct mfd_synthetic_options options = SMALL;
    options.model_class = MFD_BASELINE;
    struct mfd_synthetic *s = NULL;
    assert_int_equal(mfd_synthetic_new(&s, &options, NULL), MFD_OK);
    assert_false(mfd_synthetic_trunk(s)->has_features_norm);
    assert_non_null(mfd_synthetic_head(s)->w_all);
    assert_null(mfd_synthetic_head(s)->w_bio);
    assert_int_equal(mfd_synthetic_head(s)->embed, 40);
    mfd_synthetic_free(s);
}

static void technical_features_can_be_counted(void **state)
{
    (void)state;
    struct mfd_synthetic_options options = SMALL;
    options.technical = 13;
    struct mfd_synthetic *s = NULL;
    assert_int_equal(mfd_synthetic_new(&s, &options, NULL), MFD_OK);
    assert_int_equal(mfd_synthetic_config(s)->technical, 13);
    assert_int_equal(mfd_synthetic_config(s)->biological, 27);
    assert_int_equal(mfd_synthetic_head(s)->biological, 27);
    mfd_synthetic_free(s);
}

static void what_no_engine_computes_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t channels, order, seq_len, n_tower, kernel, technical, tracks;
        double dilation;
    } bad[] = {
        { 1, 1, 272, 3, 5, 0, 7, 1.5 },   { 20, 0, 272, 3, 5, 0, 7, 1.5 },
        { 20, 4, 272, 3, 5, 0, 7, 1.5 },  { 20, 1, 256, 3, 5, 0, 7, 1.5 },
        { 20, 1, 272, 0, 5, 0, 7, 1.5 },  { 20, 1, 272, 3, 4, 0, 7, 1.5 },
        { 20, 1, 272, 3, 5, 40, 7, 1.5 }, { 20, 1, 272, 3, 5, 0, 0, 1.5 },
        { 20, 1, 272, 3, 5, 0, 7, 0.4 },  { 20, 1, 272, 3, 5, 0, 7, 1e300 },
        { 20, 1, 272, 3, 5, 0, 7, NAN },  { SIZE_MAX, 1, 272, 3, 5, 0, 7, 1.5 },
        { 20, 1, 272, 99, 5, 0, 7, 1.5 }, { 20, 1, SIZE_MAX, 3, 5, 0, 7, 1.5 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mfd_synthetic_options options = SMALL;
        options.channels = bad[i].channels;
        options.order = bad[i].order;
        options.seq_len = bad[i].seq_len;
        options.n_tower = bad[i].n_tower;
        options.n_dilated = 2;
        options.tower_kernel = bad[i].kernel;
        options.technical = bad[i].technical;
        options.tracks = bad[i].tracks;
        options.dilation = bad[i].dilation;
        struct mfd_synthetic *s = NULL;
        struct mfd_error err = MFD_ERROR_INIT;
        assert_int_not_equal(mfd_synthetic_new(&s, &options, &err), MFD_OK);
        assert_null(s);
        assert_true(err.message[0] != '\0');
    }
}

static void features_of_a_random_window_neither_vanish_nor_explode(void **state)
{
    (void)state;
    struct mfd_synthetic_options options = MFD_SYNTHETIC_OPTIONS_INIT;
    options.channels = 48;
    struct mfd_synthetic *s = NULL;
    struct mfd_engine *engine = NULL;
    struct mfd_batch *batch = NULL;
    assert_int_equal(mfd_synthetic_new(&s, &options, NULL), MFD_OK);
    const struct mfd_config *c = mfd_synthetic_config(s);
    struct mfd_engine_options engine_options = { .threads = 1 };
    assert_int_equal(mfd_engine_new_bare(&engine, c, mfd_synthetic_trunk(s), &engine_options, NULL),
                     MFD_OK);
    char bases[2177];
    unsigned random = 1;
    for (size_t i = 0; i < sizeof bases; i++)
        bases[i] = "ACGT"[(random = random * 1664525u + 1013904223u) >> 30];
    size_t sequence;
    float features[96];
    assert_int_equal(mfd_batch_new(&batch, c, NULL), MFD_OK);
    assert_int_equal(mfd_batch_sequence(batch, bases, sizeof bases, 0, &sequence, NULL), MFD_OK);
    assert_int_equal(mfd_batch_window(batch, sequence, 0, 2176, NULL), MFD_OK);
    assert_int_equal(mfd_engine_run(engine, batch, features, NULL, NULL), MFD_OK);
    double squares = 0;
    for (size_t i = 0; i < 96; i++)
        squares += (double)features[i] * features[i] / 96;
    assert_true(squares > 0.01 && squares < 10);
    mfd_batch_free(batch);
    mfd_engine_free(engine);
    mfd_synthetic_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_has_the_widths_of_the_published_code),
        cmocka_unit_test(the_same_seed_gives_the_same_bits_and_another_does_not),
        cmocka_unit_test(weights_have_the_spread_that_their_width_asks_for),
        cmocka_unit_test(the_baseline_has_one_head_and_no_norm_of_features),
        cmocka_unit_test(technical_features_can_be_counted),
        cmocka_unit_test(what_no_engine_computes_is_refused),
        cmocka_unit_test(features_of_a_random_window_neither_vanish_nor_explode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
