/* Virtual tracks scored by way of shared halves come out as they do each by itself.
 *
 *     test_shared_head FOLDER basis|weights      how the case's biological halves are kept */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static bool has_basis;

/* Every target in every tissue, of a track's experiment otherwise. */
static const struct mfd_virtual *make_grid(const struct mfd_model *model, struct mfd_combination *c,
                                           size_t n)
{
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_metadata *md = mfd_model_metadata(model);
    const struct mfd_field *target = mfd_fields_at(md, mfd_fields_find(md, "proc_target"));
    const struct mfd_field *tissue = mfd_fields_at(md, mfd_fields_find(md, "Biosample_term_name"));
    const struct mfd_virtual *v;
    for (size_t i = 0; i < n; i++) {
        json_t *json =
            json_pack("{s:s, s:s}", target->name, target->labels[i % target->n_labels],
                      tissue->name, tissue->labels[i / target->n_labels % tissue->n_labels]);
        assert_int_equal(mfd_virtual_code(model, json, i % 7, &c[i], NULL, &err), MFD_OK);
        json_decref(json);
    }
    assert_int_equal(mfd_virtual_weights(model, c, n, &v, NULL, &err), MFD_OK);
    return v;
}

/* Halves that are kept by way of a basis stand for the very weights that one alone has. */
static void a_plain_head_has_the_weights_of_each_half_to_the_bit(void **state)
{
    (void)state;
    enum { GRID = 150 }; /* two blocks and a rest */
    struct mfd_combination c[GRID];
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model = golden_open(folder);
    const struct mfd_virtual *v = make_grid(model, c, GRID);
    struct mfd_head *head = mfd_virtual_head(v);
    size_t bio = v->biological, tech = v->technical;
    float *half = malloc(GRID * (bio + tech) * sizeof *half);
    assert_true(head && half && v->n_bio > (has_basis ? 64 : 16));
    assert_int_equal(v->bio_basis != NULL, has_basis);
    if (has_basis)
        assert_true(v->bio_basis->stride < bio && v->bio_basis->direct > 0);
    assert_int_equal(mfd_virtual_half(model, c, GRID, MFD_BIOLOGICAL, half, &err), MFD_OK);
    assert_memory_equal(head->w_bio, half, GRID * bio * sizeof *half);
    assert_int_equal(mfd_virtual_half(model, c, GRID, MFD_TECHNICAL, half, &err), MFD_OK);
    assert_memory_equal(head->w_tech, half, GRID * tech * sizeof *half);
    for (size_t i = 0; i < GRID; i++)
        mfd_combination_deinit(&c[i]);
    free(half);
    mfd_head_free(head);
    mfd_virtual_unref(v);
    mfd_model_unref(model);
}

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
    if (argc != 3)
        return 2;
    folder = argv[1];
    has_basis = !strcmp(argv[2], "basis");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_heads_give_the_same),
        cmocka_unit_test(a_plain_head_has_the_weights_of_each_half_to_the_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
