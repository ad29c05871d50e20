/* The disentanglement card on made-up features whose dependence is known. */
#include <math.h>
#include <stdlib.h>

#include "core/score/card.h"
#include "tests/util/test.h"

enum { N = 3000, BIO = 6, TECH = 4, E = BIO + TECH };

static struct mfd_config config = {
    .model_class = MFD_DISENTANGLED, .embed = E, .technical = TECH, .biological = BIO, .tracks = 1
};
static float features[N * E];
static struct mfd_head *head;

static double uniform(void)
{
    static unsigned long long seed = 88172645463325252u;
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (double)(seed >> 11) / (double)(1ull << 53);
}

static double normal(void)
{
    return sqrt(-2 * log(1 - uniform())) * cos(2 * acos(-1.0) * uniform());
}

/* Technique (first) is rho times biology, for as many features as it has, and noise. */
static void make_features(double rho)
{
    for (size_t i = 0; i < N; i++) {
        float *tech = features + i * E, *bio = tech + TECH;
        for (size_t j = 0; j < BIO; j++)
            bio[j] = (float)(5 + 2 * normal());
        for (size_t j = 0; j < TECH; j++)
            tech[j] = (float)(rho * ((double)bio[j] - 5) / 2 + sqrt(1 - rho * rho) * normal());
    }
}

static int load(void **state)
{
    (void)state;
    head = mfd_head_new(1, BIO, TECH, E);
    assert_non_null(head);
    for (size_t j = 0; j < BIO; j++)
        head->w_bio[j] = 1;
    for (size_t j = 0; j < TECH; j++)
        head->w_tech[j] = 1;
    return 0;
}

static int unload(void **state)
{
    (void)state;
    mfd_head_free(head);
    return 0;
}

static struct mfd_card *make_card(size_t windows)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_card *card;
    if (mfd_card_new(&card, &config, head, features, windows, 1, &err))
        fail_msg("%s", err.message);
    return card;
}

static void independent_subspaces_look_independent(void **state)
{
    (void)state;
    make_features(0);
    struct mfd_card *c = make_card(N);
    assert_true(c->cross_norm < 2 * sqrt((double)(BIO * TECH) / N));
    assert_true(c->canonical[0] < 0.1 && c->trivial == 0);
    assert_true(fabs(c->classifier_accuracy - 0.5) < 0.05);
    assert_int_equal(c->n_canonical, TECH);
    mfd_card_free(c);
}

static void correlated_subspaces_show_their_correlation_and_are_told(void **state)
{
    (void)state;
    make_features(0.8);
    struct mfd_card *c = make_card(N);
    assert_true(fabs(c->cross_norm - 0.8 * sqrt(TECH)) < 0.1);
    for (size_t i = 0; i < TECH; i++)
        assert_true(fabs(c->canonical[i] - 0.8) < 0.05);
    assert_true(c->classifier_accuracy > 0.8);
    assert_int_equal(c->classifier_train, N);
    assert_int_equal(c->classifier_test, N);
    mfd_card_free(c);
}

static void dependence_without_correlation_is_told_by_the_classifier_alone(void **state)
{
    (void)state;
    make_features(0);
    for (size_t i = 0; i < N; i++) { /* both large in the same windows, with signs of their own */
        float size = uniform() < 0.5 ? 0.2f : 2.0f;
        for (size_t j = 0; j < TECH; j++)
            features[i * E + j] *= size;
        for (size_t j = TECH; j < E; j++)
            features[i * E + j] = 5 + (features[i * E + j] - 5) * size;
    }
    struct mfd_card *c = make_card(N);
    assert_true(c->canonical[0] < 0.15);
    /* shuffled pairs are of one size half the time, so that 0.75 is the best there can be; chance
     * is 0.5, with a standard error of 0.009 */
    if (!(c->classifier_accuracy > 0.6))
        fail_msg("told with accuracy %g only", c->classifier_accuracy);
    mfd_card_free(c);
}

static void variances_of_parts_add_up(void **state)
{
    (void)state;
    make_features(0.8);
    struct mfd_card *c = make_card(N);
    const struct mfd_card_track *t = &c->track[0];
    /* 6 times 4; 4; twice 4 times 0.8 times 2 */
    assert_true(fabs(t->biological - 24) < 1.5 && fabs(t->technical - 4) < 0.4);
    assert_true(fabs(t->covariance - 12.8) < 1);
    assert_true(fabs(t->total - t->biological - t->technical - t->covariance) < 1e-9);
    assert_true(fabs(t->share - t->biological / (t->biological + t->technical)) < 1e-12);
    mfd_card_free(c);
}

static void few_windows_and_still_features_are_said_to_be_so(void **state)
{
    (void)state;
    make_features(0);
    for (size_t i = 0; i < N; i++)
        features[i * E] = 3;
    struct mfd_card *c = make_card(8);
    assert_int_equal(c->constant_technical, 1);
    assert_int_equal(c->rank_technical, TECH - 1);
    assert_int_equal(c->rank_biological, BIO);
    assert_int_equal(c->trivial, BIO + TECH - 1 - 7);
    for (size_t i = 0; i < c->trivial; i++)
        assert_true(c->canonical[i] > 1 - 1e-6);
    assert_true(isnan(c->classifier_accuracy));
    mfd_card_free(c);
}

static void the_same_seed_gives_the_same_card(void **state)
{
    (void)state;
    make_features(0.3);
    struct mfd_card *a = make_card(400), *b = make_card(400);
    assert_true(a->classifier_accuracy == b->classifier_accuracy);
    assert_true(a->cross_norm == b->cross_norm);
    assert_memory_equal(a->canonical, b->canonical, a->n_canonical * sizeof *a->canonical);
    mfd_card_free(a);
    mfd_card_free(b);
}

static void what_makes_no_card_is_refused(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_config baseline = config;
    struct mfd_card *card;
    make_features(0);
    baseline.model_class = MFD_BASELINE;
    assert_int_equal(mfd_card_new(&card, &baseline, head, features, N, 1, &err), MFD_EUNSUPPORTED);
    assert_int_equal(mfd_card_new(&card, &config, head, features, 7, 1, &err), MFD_EINVAL);
    features[17] = NAN;
    assert_int_equal(mfd_card_new(&card, &config, head, features, N, 1, &err), MFD_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_subspaces_look_independent),
        cmocka_unit_test(correlated_subspaces_show_their_correlation_and_are_told),
        cmocka_unit_test(dependence_without_correlation_is_told_by_the_classifier_alone),
        cmocka_unit_test(variances_of_parts_add_up),
        cmocka_unit_test(few_windows_and_still_features_are_said_to_be_so),
        cmocka_unit_test(the_same_seed_gives_the_same_card),
        cmocka_unit_test(what_makes_no_card_is_refused),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
