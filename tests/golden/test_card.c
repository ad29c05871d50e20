/* The disentanglement card of a case on windows of region.fa, against numbers that NumPy gave
 * (card_twin.py --write). */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/score/card.h"
#include "core/score/score.h"
#include "tests/golden/bundle.h"

#define WINDOWS 160
#define STEP 360

static const char *folder;

static char *read_region(void)
{
    char path[1024], line[1024];
    snprintf(path, sizeof path, "%s/../region.fa", folder);
    FILE *f = fopen(path, "r");
    char *bases = calloc(1 << 17, 1);
    size_t n = 0;
    assert_true(f && bases);
    while (fgets(line, sizeof line, f))
        if (line[0] != '>') {
            size_t length = strcspn(line, "\r\n");
            memcpy(bases + n, line, length);
            n += length;
        }
    fclose(f);
    assert_true(n >= WINDOWS * STEP);
    return bases;
}

static struct mfd_card *make_card(void)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model = golden_open(folder);
    const struct mfd_config *c = mfd_model_config(model);
    const struct mfd_engine_options options = { .threads = 1 };
    struct mfd_engine *engine = NULL;
    struct mfd_window windows[WINDOWS];
    struct mfd_card *card = NULL;
    char *bases = read_region();
    float *features = calloc(WINDOWS, c->embed * sizeof *features);
    for (size_t i = 0; i < WINDOWS; i++)
        windows[i] = (struct mfd_window){ bases + i * STEP, mfd_config_window(c) };
    const struct mfd_outputs out = { .features = features };
    if (mfd_engine_new(&engine, model, &options, &err) ||
        mfd_score_sequences(engine, mfd_model_head(model), windows, WINDOWS, MFD_ENSEMBLE_NONE,
                            &out, NULL, &err) ||
        mfd_card_new(&card, c, mfd_model_head(model), features, WINDOWS, 1, &err))
        fail_msg("%s", err.message);
    mfd_engine_free(engine);
    mfd_model_unref(model);
    free(features);
    free(bases);
    return card;
}

static void check(const json_t *want, const char *name, size_t i, double got, double tolerance)
{
    double expected = json_number_value(json_array_get(json_object_get(want, name), i));
    assert_true(json_array_size(json_object_get(want, name)) > i);
    if (!(fabs(got - expected) <= tolerance * (1 + fabs(expected))))
        fail_msg("%s %zu: %.8g, not %.8g", name, i, got, expected);
}

static void every_number_is_numpy_s(void **state)
{
    (void)state;
    char path[1024];
    snprintf(path, sizeof path, "%s/expected/card.json", folder);
    json_t *want = json_load_file(path, 0, NULL);
    struct mfd_card *c = make_card();
    assert_non_null(want);
    const struct {
        const char *name;
        double value, tolerance;
    } numbers[] = {
        { "norm", c->cross_norm, 1e-4 },
        { "mean_absolute", c->cross_mean_abs, 1e-4 },
        /* where to cut, and a pair or two of the classifier's, may depend on the last bits */
        { "rank_biological", (double)c->rank_biological, 0.02 },
        { "rank_technical", (double)c->rank_technical, 0.02 },
        { "canonical_mean", c->canonical_mean, 2e-3 },
        { "accuracy", c->classifier_accuracy, 0.01 },
        { "biological", c->mean.biological, 1e-4 },
        { "technical", c->mean.technical, 1e-4 },
        { "covariance", c->mean.covariance, 1e-4 },
        { "total", c->mean.total, 1e-4 },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        check(want, numbers[i].name, 0, numbers[i].value, numbers[i].tolerance);
    assert_int_equal(json_array_size(json_object_get(want, "share")), c->tracks);
    for (size_t t = 0; t < c->tracks; t++)
        check(want, "share", t, c->track[t].share, 1e-4);
    json_decref(want);
    mfd_card_free(c);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_number_is_numpy_s) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
