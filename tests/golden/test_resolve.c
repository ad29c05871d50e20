/* Is a combination of metadata supported? On the case `order2` and, for held-out tracks, the
 * trained model. */
#include <math.h>
#include <stdio.h>

#include "core/model/resolve.h"
#include "tests/golden/combinations.h"

static struct mfd_resolution *resolve(const struct mfd_model *m, const struct mfd_combination *c)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_resolution *r;
    if (mfd_resolve(m, c, 5, &r, &err))
        fail_msg("%s", err.message);
    return r;
}

static void a_track_s_own_combination_is_measured_and_the_track_is_nearest(void **state)
{
    (void)state;
    for (size_t t = 0; t < mfd_model_tracks(model); t++) {
        struct mfd_combination c = must_code("{}", t);
        struct mfd_resolution *r = resolve(model, &c);
        assert_int_equal(r->verdict, MFD_MEASURED);
        assert_true(r->exact >= 1 && r->trained == mfd_model_tracks(model));
        assert_int_equal(r->n_neighbours, 5);
        assert_true(r->neighbours[0].distance < 1e-5);
        for (size_t i = 1; i < 5; i++) {
            const struct mfd_neighbour *n = &r->neighbours[i];
            assert_true(n->distance >= r->neighbours[i - 1].distance);
            assert_true(fabs(n->distance - hypot(n->biological, n->technical)) < 1e-9);
        }
        mfd_resolution_free(r);
        mfd_combination_deinit(&c);
    }
}

/* Counting the plain way. */
static size_t carriers(const struct mfd_model *m, const struct mfd_label_count *a,
                       const struct mfd_label_count *b)
{
    const struct mfd_metadata *md = mfd_model_metadata(m);
    const struct mfd_label_count *both[] = { a, b };
    size_t count = 0;
    for (size_t t = 0; t < mfd_model_tracks(m); t++) {
        size_t found = 0;
        for (size_t i = 0; i < 2; i++) {
            size_t n, field = mfd_fields_find(md, both[i]->field->name);
            const uint32_t *labels = mfd_fields_labels_of(md, field, t, &n);
            for (size_t j = 0; j < n; j++)
                found += labels[j] == both[i]->label;
        }
        count += found == 2 && !mfd_model_held_out(m, t);
    }
    return count;
}

static void labels_and_pairs_are_counted_among_trained_tracks(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    assert_int_equal(
        mfd_virtual_of_track(trained, mfd_model_find_track(trained, "DREAM_HepG2_MAX"), &c, &err),
        MFD_OK);
    struct mfd_resolution *r = resolve(trained, &c);
    assert_int_equal(r->trained, mfd_model_tracks(trained) - 14);
    assert_int_equal(r->n_values, mfd_fields_count(mfd_model_metadata(trained)));
    assert_true(r->n_labels >= r->n_values && r->n_pairs > 0);
    for (size_t i = 0; i < r->n_labels; i++)
        assert_int_equal(r->labels[i].tracks, carriers(trained, &r->labels[i], &r->labels[i]));
    for (size_t i = 0; i < r->n_pairs; i++)
        assert_int_equal(r->pairs[i].tracks, carriers(trained, &r->labels[r->pairs[i].first],
                                                      &r->labels[r->pairs[i].second]));
    mfd_resolution_free(r);
    mfd_combination_deinit(&c);
}

static void a_held_out_combination_is_not_measured(void **state)
{
    (void)state;
    size_t checked = 0;
    for (size_t t = 0; t < mfd_model_tracks(trained); t++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_combination c;
        if (!mfd_model_held_out(trained, t))
            continue;
        assert_int_equal(mfd_virtual_of_track(trained, t, &c, &err), MFD_OK);
        struct mfd_resolution *r = resolve(trained, &c);
        assert_true(r->exact_held_out >= 1);
        assert_true((r->verdict == MFD_MEASURED) == (r->exact > 0));
        checked += r->verdict == MFD_INTERPOLATED && strstr(r->reason, "left out of training");
        mfd_resolution_free(r);
        mfd_combination_deinit(&c);
    }
    assert_true(checked > 0);
}

static void a_new_combination_is_interpolated_and_a_number_beyond_all_is_unseen(void **state)
{
    (void)state;
    struct mfd_combination c = must_code(WHOLE, MFD_NONE);
    struct mfd_resolution *r = resolve(model, &c);
    assert_int_equal(r->verdict, MFD_INTERPOLATED);
    assert_int_equal(r->exact, 0);
    mfd_resolution_free(r);
    mfd_combination_deinit(&c);
    c = must_code("{'reproducible_peaks':1e9}", 0);
    r = resolve(model, &c);
    assert_int_equal(r->verdict, MFD_UNSEEN);
    assert_non_null(strstr(r->reason, "reproducible_peaks"));
    mfd_resolution_free(r);
    mfd_combination_deinit(&c);
}

int main(int argc, char **argv)
{
    if (!take_cases(argc, argv))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_track_s_own_combination_is_measured_and_the_track_is_nearest),
        cmocka_unit_test(labels_and_pairs_are_counted_among_trained_tracks),
        cmocka_unit_test(a_held_out_combination_is_not_measured),
        cmocka_unit_test(a_new_combination_is_interpolated_and_a_number_beyond_all_is_unseen),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
