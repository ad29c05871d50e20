/* What a model's weights say, on the cases `order2` (numbers, several roles) and the trained model:
 * against weights of virtual tracks taken one at a time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/virtual.h"
#include "core/score/introspect.h"
#include "tests/golden/bundle.h"

static struct mfd_model *model;
static struct mfd_introspection *in;
static const char *folder;

static int load(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    model = golden_open(folder);
    if (mfd_introspection_new(&in, model, &err))
        fail_msg("%s", err.message);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    mfd_introspection_free(in);
    mfd_model_unref(model);
    return 0;
}

/* The weight of feature j for track t with one label in a column, by way of JSON. */
static double weight_with(size_t t, const struct mfd_factor *f, size_t feature)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    const struct mfd_virtual *v;
    json_t *json = json_pack("{s:s}", f->field->name, f->field->labels[f->label]);
    if (mfd_virtual_code(model, json, t, &c, NULL, &err) ||
        mfd_virtual_weights(model, &c, 1, &v, NULL, &err))
        fail_msg("%s", err.message);
    struct mfd_head *h = mfd_virtual_head(v);
    double w = feature < h->technical ? (double)h->w_tech[feature]
                                      : (double)h->w_bio[feature - h->technical];
    mfd_head_free(h);
    mfd_virtual_unref(v);
    mfd_combination_deinit(&c);
    json_decref(json);
    return w;
}

static double weight_of(size_t t, size_t feature)
{
    const struct mfd_head *h = mfd_model_bare_head(model);
    return feature < h->technical ? (double)h->w_tech[t * h->technical + feature]
                                  : (double)h->w_bio[t * h->biological + feature - h->technical];
}

static void effects_called_exact_are_the_same_for_every_track(void **state)
{
    (void)state;
    size_t checked = 0, zero = 0;
    for (size_t k = 0; k < in->n_factors; k += in->n_factors / 60 + 1) {
        const struct mfd_factor *f = &in->factor[k];
        if (f->label == MFD_NONE || strchr(f->field->labels[f->label], ','))
            continue;
        for (size_t j = 0; j < in->embed; j++) {
            double mean = 0, effect = (double)in->effect[k * in->embed + j];
            size_t trained = 0;
            if (mfd_introspection_method(in, f->field_index, j) != MFD_EFFECT_EXACT)
                continue;
            for (size_t t = 0; t < mfd_model_tracks(model); t++)
                if (!mfd_model_held_out(model, t)) {
                    mean += weight_of(t, j);
                    trained++;
                }
            mean /= (double)trained;
            for (size_t t = 0; t < mfd_model_tracks(model); t += 11) {
                double w = weight_with(t, f, j);
                /* a column without a part in the feature leaves every track's weight alone */
                double want = effect == 0 ? weight_of(t, j) : mean + effect;
                if (!(fabs(w - want) < 2e-5))
                    fail_msg("%s '%s', feature %zu, track %zu: %g, not %g", f->field->name,
                             f->field->labels[f->label], j, t, w, want);
            }
            *(effect == 0 ? &zero : &checked) += 1;
        }
    }
    if (checked <= 5 || zero <= 5)
        fail_msg("only %zu effects and %zu zeros of %zu factors", checked, zero, in->n_factors);
}

static void effects_called_differences_are_means_over_the_background(void **state)
{
    (void)state;
    size_t checked = 0, trained = mfd_model_tracks(model) - mfd_model_held_out_count(model);
    size_t *background = calloc(in->background, sizeof *background);
    assert_int_equal(in->background, trained < MFD_PANEL ? trained : MFD_PANEL);
    for (size_t t = 0, at = 0, n = 0; t < mfd_model_tracks(model); t++)
        if (!mfd_model_held_out(model, t)) {
            if (n < in->background && at == n * trained / in->background)
                background[n++] = t;
            at++;
        }
    for (size_t k = 0; k < in->n_factors && checked < 12; k += 13) {
        const struct mfd_factor *f = &in->factor[k];
        size_t j = in->embed - 1 - k % 5; /* of the biological interaction */
        double effect = 0;
        if (f->label == MFD_NONE || strchr(f->field->labels[f->label], ',') ||
            mfd_introspection_method(in, f->field_index, j) != MFD_EFFECT_DIFFERENCE)
            continue;
        for (size_t i = 0; i < in->background; i++)
            effect += (weight_with(background[i], f, j) - weight_of(background[i], j)) /
                      (double)in->background;
        assert_true(fabs(effect - (double)in->effect[k * in->embed + j]) < 2e-5);
        checked++;
    }
    assert_true(checked >= 3);
    free(background);
}

static void rankings_are_by_magnitude_and_miss_nothing(void **state)
{
    (void)state;
    struct mfd_ranked r[5];
    for (size_t j = 0; j < in->embed; j += 17) {
        double largest = 0;
        assert_int_equal(mfd_feature_tracks(model, j, r, 5), 5);
        for (size_t t = 0; t < mfd_model_tracks(model); t++)
            largest = fmax(largest, fabs(weight_of(t, j)));
        assert_true(fabs(r[0].value) == largest && weight_of(r[0].index, j) == r[0].value);
        for (size_t i = 1; i < 5; i++)
            assert_true(fabs(r[i].value) <= fabs(r[i - 1].value));
        size_t n = mfd_feature_factors(in, j, r, 5);
        assert_true(n >= 1);
        for (size_t k = 0; k < in->n_factors; k++)
            assert_true(fabs((double)in->effect[k * in->embed + j]) <= fabs(r[0].value));
    }
    assert_true(mfd_factor_features(in, 0, r, 5) > 0);
    for (size_t j = 0; j < in->embed; j++)
        assert_true(fabs((double)in->effect[j]) <= fabs(r[0].value));
}

static void shares_of_columns_add_up_to_the_track(void **state)
{
    (void)state;
    for (size_t t = 0; t < mfd_model_tracks(model); t += mfd_model_tracks(model) / 3) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_decomposition *d;
        double sum[MFD_GROUPS] = { 0 };
        bool shapley[MFD_GROUPS] = { true, true };
        if (mfd_track_decompose(model, t, &d, &err))
            fail_msg("%s", err.message);
        for (size_t i = 0; i < d->n; i++) {
            const struct mfd_field_role *role =
                &mfd_fields_at(mfd_model_metadata(model), d->part[i].field_index)
                     ->role[d->part[i].group];
            assert_true(role->direct || role->interact);
            shapley[d->part[i].group] &= d->part[i].method == MFD_EFFECT_SHAPLEY;
            sum[d->part[i].group] += d->part[i].share;
        }
        for (int g = 0; g < MFD_GROUPS; g++) {
            assert_true(d->distance[g] > 0 && shapley[g]);
            assert_true(fabs(sum[g] - 1) < 1e-6);
        }
        mfd_decomposition_free(d);
    }
}

static void the_nearest_track_is_as_near_as_any(void **state)
{
    (void)state;
    for (int g = 0; g < MFD_GROUPS; g++)
        for (int cosine = 0; cosine < 2; cosine++) {
            struct mfd_similarity near[4], one;
            assert_int_equal(mfd_tracks_nearest(model, 1, (enum mfd_group)g, cosine != 0, near, 4),
                             4);
            for (size_t t = 0; t < mfd_model_tracks(model); t++) {
                if (t == 1)
                    continue;
                mfd_tracks_compare(model, 1, t, &one);
                assert_true(cosine ? one.cosine[g] <= near[0].cosine[g]
                                   : one.distance[g] >= near[0].distance[g]);
            }
            assert_true(near[0].track != 1);
        }
    struct mfd_similarity self;
    mfd_tracks_compare(model, 1, 1, &self);
    assert_true(self.distance[0] == 0 && fabs(self.cosine[1] - 1) < 1e-12);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effects_called_exact_are_the_same_for_every_track),
        cmocka_unit_test(effects_called_differences_are_means_over_the_background),
        cmocka_unit_test(rankings_are_by_magnitude_and_miss_nothing),
        cmocka_unit_test(shares_of_columns_add_up_to_the_track),
        cmocka_unit_test(the_nearest_track_is_as_near_as_any),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
