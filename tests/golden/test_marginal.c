/* Averages over columns of metadata and contrasts, on the trained model: against averages taken one
 * virtual track at a time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/score/marginal.h"
#include "core/score/score.h"
#include "tests/golden/bundle.h"

static struct mfd_model *model;
static struct mfd_engine *engine;
static const char *chr20;
static char bases[3][2176];

static int load(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_engine_options options = { .threads = 1 };
    unsigned seed = 7;
    model = golden_open(chr20);
    for (size_t i = 0; i < 3 * sizeof bases[0]; i++)
        bases[i / sizeof bases[0]][i % sizeof bases[0]] =
            "ACGT"[(seed = seed * 1664525u + 1013904223u) >> 30];
    if (mfd_engine_new(&engine, model, &options, &err))
        fail_msg("%s", err.message);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    mfd_engine_free(engine);
    mfd_model_unref(model);
    return 0;
}

static struct mfd_combination of_track(const char *id)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    if (mfd_virtual_of_track(model, mfd_model_find_track(model, id), &c, &err))
        fail_msg("%s", err.message);
    return c;
}

static size_t field(const char *name)
{
    size_t i = mfd_fields_find(mfd_model_metadata(model), name);
    assert_int_not_equal(i, MFD_NONE);
    return i;
}

/* Weights of a track's combination with laboratory and pipeline of another, by way of JSON. */
static struct mfd_head *with_technique(size_t track, size_t other)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    const struct mfd_virtual *v;
    static const char *const columns[] = { "Library_lab", "Processing_pipeline" };
    json_t *json = json_object();
    for (size_t i = 0; i < 2; i++) {
        size_t column = mfd_metadata_find_column(mfd_model_metadata(model), columns[i]);
        json_object_set_new(json, columns[i], json_string(mfd_model_cell(model, other, column)));
    }
    if (mfd_virtual_code(model, json, track, &c, NULL, &err) ||
        mfd_virtual_weights(model, &c, 1, &v, NULL, &err))
        fail_msg("%s", err.message);
    struct mfd_head *head = mfd_virtual_head(v);
    mfd_virtual_unref(v);
    mfd_combination_deinit(&c);
    json_decref(json);
    assert_non_null(head);
    return head;
}

static struct mfd_marginal *over_technique(const struct mfd_combination *c, size_t n,
                                           enum mfd_over distribution)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_marginal *m;
    const size_t over[] = { field("Library_lab"), field("Processing_pipeline") };
    if (mfd_marginal_new(&m, model, c, n, over, 2, distribution, NULL, NULL, 0, &err))
        fail_msg("%s", err.message);
    return m;
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.9g is not %.9g", a, b);
}

static void the_training_average_is_that_over_all_trained_tracks(void **state)
{
    (void)state;
    struct mfd_combination c = of_track("DREAM_HepG2_MAX");
    struct mfd_marginal *m = over_technique(&c, 1, MFD_OVER_TRAINING);
    size_t self = mfd_model_find_track(model, "DREAM_HepG2_MAX"), trained = 0;
    double bio[96] = { 0 }, tech[32] = { 0 }, weights = 0;
    for (size_t t = 0; t < mfd_model_tracks(model); t++) {
        if (mfd_model_held_out(model, t))
            continue;
        struct mfd_head *one = with_technique(self, t);
        for (size_t i = 0; i < 96; i++)
            bio[i] += (double)one->w_bio[i];
        for (size_t i = 0; i < 32; i++)
            tech[i] += (double)one->w_tech[i];
        trained++;
        mfd_head_free(one);
    }
    assert_int_equal(trained, 332);
    for (size_t i = 0; i < 96; i++)
        assert_near((double)m->mean->w_bio[i], bio[i] / 332, 1e-6);
    for (size_t i = 0; i < 32; i++)
        assert_near((double)m->mean->w_tech[i], tech[i] / 332, 1e-6);
    size_t tracks = 0;
    for (size_t s = 0; s < m->settings; s++) {
        weights += m->setting[s].weight;
        tracks += m->setting[s].tracks;
    }
    assert_near(weights, 1, 1e-12);
    assert_int_equal(tracks, 332);
    assert_int_equal(m->n_bio, 1); /* biology is embedded once, whatever the technique */
    assert_int_equal(m->n_tech, m->settings);
    mfd_marginal_free(m);
    mfd_combination_deinit(&c);
}

static void the_uniform_average_takes_every_trained_label_alike(void **state)
{
    (void)state;
    const struct mfd_metadata *md = mfd_model_metadata(model);
    struct mfd_combination c = of_track("DREAM_HepG2_MAX");
    struct mfd_marginal *m = over_technique(&c, 1, MFD_OVER_UNIFORM);
    size_t labs = mfd_fields_at(md, field("Library_lab"))->n_labels;
    size_t pipelines = mfd_fields_at(md, field("Processing_pipeline"))->n_labels, unseen = 0;
    assert_int_equal(m->settings, labs * pipelines);
    for (size_t s = 0; s < m->settings; s++) {
        assert_near(m->setting[s].weight, 1 / (double)m->settings, 1e-15);
        unseen += m->setting[s].tracks == 0;
    }
    assert_true(unseen > 0); /* not every laboratory used every pipeline */
    mfd_marginal_free(m);
    mfd_combination_deinit(&c);
}

static void averages_of_logits_are_logits_of_averages_and_of_probabilities_are_not(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c[2] = { of_track("DREAM_HepG2_MAX"), of_track("DREAM_A549_CTCF") };
    struct mfd_marginal *m = over_technique(c, 2, MFD_OVER_TRAINING);
    struct mfd_window windows[3];
    size_t n = 2 * m->settings;
    float *p = calloc(3 * n, sizeof *p), *l = calloc(3 * n, sizeof *l);
    float mean_p[6], mean_l[6], sd_l[6], sd_p[6], exact_p[6], exact_l[6];
    for (size_t i = 0; i < 3; i++)
        windows[i] = (struct mfd_window){ bases[i], sizeof bases[i] };
    const struct mfd_outputs all = { .predictions = p, .logits = l };
    const struct mfd_outputs exact = { .predictions = exact_p, .logits = exact_l };
    assert_int_equal(
        mfd_score_sequences(engine, m->all, windows, 3, MFD_ENSEMBLE_STRANDS, &all, NULL, &err),
        MFD_OK);
    assert_int_equal(
        mfd_score_sequences(engine, m->mean, windows, 3, MFD_ENSEMBLE_STRANDS, &exact, NULL, &err),
        MFD_OK);
    mfd_marginal_reduce(m, l, 3, mean_l, sd_l);
    mfd_marginal_reduce(m, p, 3, mean_p, sd_p);
    double gap = 0;
    for (size_t i = 0; i < 6; i++) {
        double sum = 0, square = 0;
        for (size_t s = 0; s < m->settings; s++) {
            double x = (double)l[i * m->settings + s], w = m->setting[s].weight;
            sum += w * x;
            square += w * x * x;
        }
        assert_near((double)mean_l[i], (double)exact_l[i], 2e-5);
        assert_near((double)mean_l[i], sum, 1e-5);
        assert_near((double)sd_l[i], sqrt(square - sum * sum), 1e-4);
        assert_true(sd_l[i] > 0.01f && sd_p[i] > 0);
        gap = fmax(gap, fabs((double)mean_p[i] - (double)exact_p[i]) / (double)mean_p[i]);
    }
    if (!(gap > 1e-4)) /* single precision would explain 1e-6 */
        fail_msg("means of probabilities differ by %g only", gap);
    free(p);
    free(l);
    mfd_marginal_free(m);
    mfd_combination_deinit(&c[0]);
    mfd_combination_deinit(&c[1]);
}

static void given_settings_are_weighted_as_asked(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_marginal *m;
    struct mfd_combination c = of_track("DREAM_HepG2_MAX");
    struct mfd_combination given[2] = { of_track("DREAM_A549_CTCF"), of_track("DREAM_HepG2_MAX") };
    const size_t over[] = { field("proc_target"), field("proc_target") };
    const double one[] = { 0, 2 }, negative[] = { 1, -1 }, none[] = { 0, 0 };
    assert_int_equal(
        mfd_marginal_new(&m, model, &c, 1, over, 1, MFD_OVER_GIVEN, given, one, 2, &err), MFD_OK);
    assert_int_equal(m->settings, 2);
    assert_true(m->setting[0].tracks > m->setting[1].tracks); /* CTCF is measured more often */
    assert_memory_equal(m->mean->w_bio, m->all->w_bio + 96, 96 * sizeof(float));
    size_t self = mfd_model_find_track(model, "DREAM_HepG2_MAX");
    for (size_t i = 0; i < 96; i++)
        assert_near((double)m->mean->w_bio[i],
                    (double)mfd_model_bare_head(model)->w_bio[self * 96 + i], 1e-5);
    mfd_marginal_free(m);
    assert_int_equal(
        mfd_marginal_new(&m, model, &c, 1, over, 1, MFD_OVER_GIVEN, given, negative, 2, &err),
        MFD_EINVAL);
    assert_int_equal(
        mfd_marginal_new(&m, model, &c, 1, over, 1, MFD_OVER_GIVEN, given, none, 2, &err),
        MFD_EINVAL);
    assert_int_equal(
        mfd_marginal_new(&m, model, &c, 1, over, 2, MFD_OVER_TRAINING, NULL, NULL, 0, &err),
        MFD_EINVAL);
    assert_non_null(strstr(err.message, "twice"));
    mfd_combination_deinit(&given[0]);
    mfd_combination_deinit(&given[1]);
    mfd_combination_deinit(&c);
}

static void too_many_settings_are_refused(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_marginal *m;
    struct mfd_combination c = of_track("DREAM_HepG2_MAX");
    size_t over[7];
    for (size_t i = 0; i < 7; i++)
        over[i] = i;
    assert_int_equal(mfd_fields_count(mfd_model_metadata(model)), 7);
    assert_int_equal(
        mfd_marginal_new(&m, model, &c, 1, over, 7, MFD_OVER_UNIFORM, NULL, NULL, 0, &err),
        MFD_ELIMIT);
    assert_string_equal(err.slug, "over-limit");
    mfd_combination_deinit(&c);
}

static void a_contrast_with_technique_held_equal_is_biology_alone(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_contrast *free_one, *held;
    struct mfd_combination a = of_track("DREAM_HepG2_MAX"), b = of_track("ENCFF005YUC");
    const struct mfd_head *h = mfd_model_bare_head(model);
    size_t ia = mfd_model_find_track(model, "DREAM_HepG2_MAX");
    size_t ib = mfd_model_find_track(model, "ENCFF005YUC");
    a.bias_policy = MFD_BIAS_NUMBER;
    a.bias = 3;
    assert_int_equal(mfd_contrast_new(&free_one, model, &a, &b, 1, MFD_HELD_NOTHING, &err), MFD_OK);
    assert_int_equal(mfd_contrast_new(&held, model, &a, &b, 1, MFD_HELD_TECHNICAL, &err), MFD_OK);
    double technical = 0;
    for (size_t i = 0; i < 96; i++) {
        double d = (double)h->w_bio[ia * 96 + i] - (double)h->w_bio[ib * 96 + i];
        assert_near((double)free_one->difference->w_bio[i], d, 1e-5);
        assert_near((double)held->difference->w_bio[i], d, 1e-5);
    }
    for (size_t i = 0; i < 32; i++) {
        double d = (double)h->w_tech[ia * 32 + i] - (double)h->w_tech[ib * 32 + i];
        assert_near((double)free_one->difference->w_tech[i], d, 1e-5);
        assert_true(held->difference->w_tech[i] == 0);
        technical += d * d;
    }
    assert_true(technical > 0.01);
    assert_true(free_one->difference->bias[0] == 3 && held->difference->bias[0] == 0);
    mfd_contrast_free(free_one);
    mfd_contrast_free(held);
    mfd_combination_deinit(&a);
    mfd_combination_deinit(&b);
}

static void a_variant_s_difference_in_differences_is_its_effect_on_the_difference(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_contrast *c;
    struct mfd_combination a[2] = { of_track("DREAM_HepG2_MAX"), of_track("DREAM_A549_CTCF") };
    struct mfd_combination b[2] = { of_track("DREAM_A549_CTCF"), of_track("DREAM_HepG2_MAX") };
    const struct mfd_window window = { bases[0], sizeof bases[0] };
    float effects[16 * 4], exact[16 * 2], reduced[16 * 2], largest = 0;
    const struct mfd_outputs all = { .logits = effects }, difference = { .logits = exact };
    assert_int_equal(mfd_contrast_new(&c, model, a, b, 2, MFD_HELD_TECHNICAL, &err), MFD_OK);
    assert_int_equal(mfd_score_ism(engine, c->all, &window, 1086, 1090, MFD_ENSEMBLE_STRANDS, &all,
                                   NULL, NULL, &err),
                     MFD_OK);
    assert_int_equal(mfd_score_ism(engine, c->difference, &window, 1086, 1090, MFD_ENSEMBLE_STRANDS,
                                   &difference, NULL, NULL, &err),
                     MFD_OK);
    mfd_contrast_reduce(c, effects, 16, reduced);
    for (size_t i = 0; i < 32; i++) {
        assert_near((double)reduced[i], (double)exact[i], 2e-5);
        largest = fmaxf(largest, fabsf(reduced[i]));
    }
    for (size_t i = 0; i < 16; i++) /* the other way round, the other sign */
        assert_near((double)reduced[2 * i], -(double)reduced[2 * i + 1], 2e-5);
    assert_true(largest > 1e-4f);
    mfd_contrast_free(c);
    for (size_t i = 0; i < 2; i++) {
        mfd_combination_deinit(&a[i]);
        mfd_combination_deinit(&b[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    chr20 = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_training_average_is_that_over_all_trained_tracks),
        cmocka_unit_test(the_uniform_average_takes_every_trained_label_alike),
        cmocka_unit_test(averages_of_logits_are_logits_of_averages_and_of_probabilities_are_not),
        cmocka_unit_test(given_settings_are_weighted_as_asked),
        cmocka_unit_test(too_many_settings_are_refused),
        cmocka_unit_test(a_contrast_with_technique_held_equal_is_biology_alone),
        cmocka_unit_test(a_variant_s_difference_in_differences_is_its_effect_on_the_difference),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
