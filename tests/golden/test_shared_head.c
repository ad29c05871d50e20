/* Virtual tracks scored by way of shared halves come out as they do each by itself. */
#include <math.h>
#include <stdio.h>

#include "core/model/virtual.h"
#include "core/score/score.h"
#include "tests/golden/bundle.h"

enum { SETTINGS = 60 };

/* Every assay with every track's biology, round after round. */
static const struct mfd_virtual *make_tracks(const struct mfd_model *model)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c[SETTINGS];
    const struct mfd_virtual *v;
    size_t tracks = mfd_model_tracks(model), n;
    size_t assay = mfd_fields_find(mfd_model_metadata(model), "proc_Assay_lvl1");
    const struct mfd_field *f = mfd_fields_at(mfd_model_metadata(model), assay);
    for (n = 0; n < SETTINGS; n++) {
        json_t *json = json_pack("{s:s}", f->name, f->labels[n / 20 % f->n_labels]);
        assert_int_equal(mfd_virtual_code(model, json, n % 20 % tracks, &c[n], NULL, &err), MFD_OK);
        json_decref(json);
        c[n].bias_policy = MFD_BIAS_MEAN;
    }
    assert_int_equal(mfd_virtual_weights(model, c, n, &v, NULL, &err), MFD_OK);
    for (size_t i = 0; i < n; i++)
        mfd_combination_deinit(&c[i]);
    return v;
}

static const char *folder;

static void both_heads_give_the_same(void **state)
{
    (void)state;
    static char bases[1 << 13];
    static float a[6][SETTINGS], b[6][SETTINGS];
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model = golden_open(folder);
    const struct mfd_virtual *v = make_tracks(model);
    struct mfd_head *plain = mfd_virtual_head(v), *shared = mfd_virtual_shared_head(v);
    struct mfd_engine *engine;
    const struct mfd_engine_options options = MFD_ENGINE_OPTIONS_INIT;
    assert_int_equal(mfd_engine_new(&engine, model, &options, &err), MFD_OK);
    assert_true(v->n_bio <= 20); /* biology is shared between assays */
    size_t n = mfd_config_window(mfd_model_config(model));
    for (size_t i = 0; i < sizeof bases; i++)
        bases[i] = "ACGT"[(i * i / 7 + i / 3) % 4];
    const struct mfd_window windows[] = { { bases, n }, { bases + 100, n } };
    const struct mfd_outputs out_a = { .predictions = a[0],
                                       .logits = a[2],
                                       .logits_biological = a[4] };
    const struct mfd_outputs out_b = { .predictions = b[0],
                                       .logits = b[2],
                                       .logits_biological = b[4] };
    assert_int_equal(
        mfd_score_sequences(engine, plain, windows, 2, MFD_ENSEMBLE_STRANDS, &out_a, NULL, &err),
        MFD_OK);
    assert_int_equal(
        mfd_score_sequences(engine, shared, windows, 2, MFD_ENSEMBLE_STRANDS, &out_b, NULL, &err),
        MFD_OK);
    float worst = 0, most = 0;
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < SETTINGS; j++) {
            worst = fmaxf(worst, fabsf(a[i][j] - b[i][j]));
            most = fmaxf(most, fabsf(a[i][j]));
        }
    assert_true(most > 0.1f && worst < 1e-5f);
    mfd_engine_free(engine);
    mfd_head_free(plain);
    mfd_head_free(shared);
    mfd_virtual_unref(v);
    mfd_model_unref(model);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_heads_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
