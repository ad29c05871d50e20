/* Asking for experiments that nobody ran: what may be asked and how, on the case `order2`; held-out
 * tracks, on the trained model. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "core/model/closest.h"
#include "tests/golden/combinations.h"

static void assert_same(struct mfd_combination a, struct mfd_combination b)
{
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.code, b.code, a.n * sizeof *a.code);
    assert_memory_equal(a.key, b.key, sizeof a.key);
    mfd_combination_deinit(&a);
    mfd_combination_deinit(&b);
}

static void several_labels_are_given_in_either_form_and_any_order(void **state)
{
    (void)state;
    assert_same(must_code("{'Biosample_organ_slims':'colon,intestine,large intestine'}", 0),
                must_code("{'Biosample_organ_slims':['large intestine','colon','intestine']}", 0));
    assert_same(must_code("{'Biosample_organ_slims':'colon, colon ,intestine'}", 0),
                must_code("{'Biosample.organ_slims':['colon','intestine']}", 0));
}

static void a_year_may_be_a_number_or_a_date(void **state)
{
    (void)state;
    assert_same(must_code("{'Experiment_date_released':'2016'}", 0),
                must_code("{'Experiment.date.released':2016}", 0));
    assert_same(must_code("{'Experiment_date_released':'2016'}", 0),
                must_code("{'Experiment_date_released':'2016-11-17'}", 0));
}

static void a_missing_value_is_null_or_empty_or_nan(void **state)
{
    (void)state;
    assert_same(must_code("{'Biosample_developmental_slims':null}", 0),
                must_code("{'Biosample_developmental_slims':'nan'}", 0));
    assert_same(must_code("{'Biosample_developmental_slims':''}", 0),
                must_code("{'Biosample_developmental_slims':['nan']}", 0));
}

static void what_is_left_out_comes_from_the_track_named(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    for (size_t t = 0; t < mfd_model_tracks(model); t++) {
        assert_int_equal(mfd_virtual_of_track(model, t, &c, &err), MFD_OK);
        assert_same(must_code("{}", t), c);
    }
}

static const struct {
    const char *json, *slug, *column, *names;
} wrong[] = {
    { "{'proc_target':'H3K4me2'}", "unknown-label", "proc_target", "'H3K4me1'" },
    { "{'proc_target':'h3k27AC'}", "unknown-label", "proc_target", "closest are 'H3K27ac'" },
    { "{'Biosample_term_name':'heart'}", "unknown-label", "Biosample_term_name",
      "'heart left ventricle'" },
    { "{'Library_lab':['/labs/bing-ren/','nobody']}", "unknown-label", "Library_lab", "nobody" },
    { "{'Experiment_date_released':1999}", "unknown-label", "Experiment_date_released", "1999" },
    { "{'proc_target':7}", "unknown-label", "proc_target", "'7'" },
    { "{'proc_target':true}", "unknown-label", "proc_target", "True" },
    { "{'proc_target':null}", "unknown-label", "proc_target", "nan" },
    { "{'proc_target':{}}", "wrong-type", "proc_target", "label" },
    { "{'proc_target':[['CTCF']]}", "wrong-type", "proc_target", "label" },
    { "{'proc_target':[]}", "invalid-value", "proc_target", "no label" },
    { "{'frip':'much'}", "wrong-type", "frip", "number" },
    { "{'frip':null}", "wrong-type", "frip", "number" },
    { "{'frip':[1]}", "wrong-type", "frip", "number" },
    { "{'frip':1e300}", "invalid-value", "frip", "range" },
    { "{'target':'CTCF'}", "unknown-column", "target", "'proc_target'" },
    { "{'Biosample_organism':'Homo sapiens'}", "unknown-column", "Biosample_organism",
      "does not enter" },
    { "{'Library_lab':'/labs/bing-ren/','Library.lab':'/labs/bing-ren/'}", "invalid-value",
      "Library.lab", "twice" },
};

static void what_cannot_be_asked_is_named_with_what_is_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_combination c = MFD_COMBINATION_INIT;
        char column[MFD_MAX_NAME];
        int status = code(wrong[i].json, 0, &c, column, &err);
        if (!status || c.code || strcmp(err.slug, wrong[i].slug) ||
            strcmp(column, wrong[i].column) || !strstr(err.message, wrong[i].names))
            fail_msg("%s: status %d, slug '%s', column '%s', '%s'", wrong[i].json, status, err.slug,
                     column, err.message);
    }
}

static void columns_that_are_missing_are_listed(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    char column[MFD_MAX_NAME];
    assert_int_equal(code("{" BIOLOGY "'frip':0.5}", MFD_NONE, &c, column, &err), MFD_EINVAL);
    assert_string_equal(err.slug, "missing-column");
    assert_non_null(strstr(err.message, "4 of 12 columns"));
    assert_non_null(strstr(err.message, "Library_lab"));
    assert_null(strstr(err.message, "frip"));
    assert_string_equal(column, "");
}

static const struct mfd_virtual *ask(const struct mfd_model *m, const struct mfd_combination *c,
                                     size_t n)
{
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_virtual *v;
    if (mfd_virtual_weights(m, c, n, &v, NULL, &err))
        fail_msg("%s", err.message);
    return v;
}

static void halves_that_are_shared_are_kept_once(void **state)
{
    (void)state;
    static const char *const targets[] = { "CTCF", "H3K4me1", "H3K27ac" };
    static const char *const assays[] = { "TF ChIP-seq", "Histone ChIP-seq" };
    struct mfd_combination c[6];
    for (size_t i = 0; i < 6; i++) {
        char text[256];
        snprintf(text, sizeof text, "{'proc_target':'%s','proc_Assay_lvl1':'%s'}", targets[i / 2],
                 assays[i % 2]);
        c[i] = must_code(text, 3);
    }
    const struct mfd_virtual *v = ask(model, c, 6);
    assert_int_equal(v->n_bio, 3);
    assert_int_equal(v->n_tech, 2);
    for (size_t i = 0; i < 6; i++) {
        assert_true(v->bio[i] == i / 2 && v->tech[i] == i % 2);
        mfd_combination_deinit(&c[i]);
    }
    mfd_virtual_unref(v);
}

/* Rows of weights of a shared head, expanded where they are kept by way of a basis. */
static float *weights_of(const struct mfd_virtual *v, enum mfd_group g, size_t width)
{
    struct mfd_error err = MFD_ERROR_INIT;
    bool bio = g == MFD_BIOLOGICAL;
    size_t n = bio ? v->n_bio : v->n_tech;
    float *w = malloc(n * width * sizeof *w);
    assert_non_null(w);
    if (bio ? v->bio_basis : v->tech_basis)
        assert_int_equal(
            mfd_embedding_expand(v->embedding, g, bio ? v->w_bio : v->w_tech, n, w, &err), MFD_OK);
    else
        memcpy(w, bio ? v->w_bio : v->w_tech, n * width * sizeof *w);
    return w;
}

static void a_shared_head_is_the_plain_one_without_copies(void **state)
{
    (void)state;
    struct mfd_combination c[4];
    for (size_t i = 0; i < 4; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        assert_int_equal(mfd_virtual_of_track(model, i / 2, &c[i], &err), MFD_OK);
        c[i].bias_policy = i % 2 ? MFD_BIAS_MEAN : MFD_BIAS_NONE;
    }
    const struct mfd_virtual *v = ask(model, c, 4);
    struct mfd_head *plain = mfd_virtual_head(v), *shared = mfd_virtual_shared_head(v);
    size_t bio = v->biological, tech = v->technical;
    float *w_bio = weights_of(v, MFD_BIOLOGICAL, bio), *w_tech = weights_of(v, MFD_TECHNICAL, tech);
    assert_ptr_equal(shared->w_bio, v->w_bio);
    assert_int_equal(shared->bio_rows, 2);
    mfd_virtual_unref(v); /* the head keeps it */
    for (size_t i = 0; i < 4; i++) {
        assert_memory_equal(plain->w_bio + i * bio, w_bio + shared->bio_row[i] * bio,
                            bio * sizeof *w_bio);
        assert_memory_equal(plain->w_tech + i * tech, w_tech + shared->tech_row[i] * tech,
                            tech * sizeof *w_tech);
        assert_true(plain->bias[i] == shared->bias[i]);
        mfd_combination_deinit(&c[i]);
    }
    assert_null(plain->bio_row);
    mfd_head_free(plain);
    mfd_head_free(shared);
    free(w_bio);
    free(w_tech);
}

static void the_same_question_is_answered_from_the_cache(void **state)
{
    (void)state;
    struct mfd_virtual_stats before, after;
    struct mfd_combination c = must_code(WHOLE, MFD_NONE), d = must_code(WHOLE, MFD_NONE);
    mfd_virtual_limit(model, 0);
    mfd_virtual_limit(model, MFD_VIRTUAL_CACHE);
    mfd_virtual_stats(model, &before);
    assert_int_equal(before.entries, 0);
    const struct mfd_virtual *first = ask(model, &c, 1), *second = ask(model, &d, 1);
    assert_ptr_equal(first, second);
    d.bias_policy = MFD_BIAS_MEAN;
    const struct mfd_virtual *other = ask(model, &d, 1);
    assert_ptr_not_equal(first, other);
    mfd_virtual_stats(model, &after);
    assert_int_equal(after.hits - before.hits, 1);
    assert_int_equal(after.misses - before.misses, 2);
    assert_int_equal(after.entries, 2);
    assert_true(after.bytes > 0 && after.bytes <= after.limit);
    mfd_virtual_limit(model, 0); /* what is in use lives on */
    assert_true(isfinite(first->w_bio[0]) && isfinite(other->w_tech[0]));
    mfd_virtual_stats(model, &after);
    assert_int_equal(after.entries, 0);
    assert_int_equal(after.bytes, 0);
    mfd_virtual_unref(first);
    mfd_virtual_unref(second);
    mfd_virtual_unref(other);
    mfd_virtual_limit(model, MFD_VIRTUAL_CACHE);
    mfd_combination_deinit(&c);
    mfd_combination_deinit(&d);
}

static void the_oldest_answers_are_dropped_first(void **state)
{
    (void)state;
    struct mfd_virtual_stats stats;
    mfd_virtual_limit(model, 0);
    mfd_virtual_limit(model, 4096);
    for (size_t round = 0; round < 2; round++)
        for (size_t t = 0; t < mfd_model_tracks(model); t++) {
            struct mfd_error err = MFD_ERROR_INIT;
            struct mfd_combination c;
            assert_int_equal(mfd_virtual_of_track(model, t, &c, &err), MFD_OK);
            mfd_virtual_unref(ask(model, &c, 1));
            mfd_virtual_stats(model, &stats);
            assert_true(stats.bytes <= 4096 && stats.entries >= 1);
            uint64_t hits = stats.hits;
            mfd_virtual_unref(ask(model, &c, 1)); /* the newest is always there */
            mfd_virtual_stats(model, &stats);
            assert_int_equal(stats.hits, hits + 1);
            mfd_combination_deinit(&c);
        }
    mfd_virtual_limit(model, MFD_VIRTUAL_CACHE);
}

static double bias_with(const struct mfd_model *m, struct mfd_combination *c,
                        enum mfd_bias_policy policy, double number)
{
    c->bias_policy = policy;
    c->bias = number;
    const struct mfd_virtual *v = ask(m, c, 1);
    double bias = (double)v->bias[0];
    mfd_virtual_unref(v);
    return bias;
}

/* The mean over tracks that are not held out and, where `like` is one, share its biology. */
static double mean_bias(const struct mfd_model *m, size_t like)
{
    static const char *const biology[] = { "Biosample_term_name", "Biosample_organ_slims",
                                           "Biosample_developmental_slims", "proc_target" };
    double sum = 0;
    size_t n = 0;
    for (size_t t = 0; t < mfd_model_tracks(m); t++) {
        bool same = true;
        for (size_t i = 0; like != MFD_NONE && i < 4; i++) {
            size_t column = mfd_metadata_find_column(mfd_model_metadata(m), biology[i]);
            same = same && !strcmp(mfd_model_cell(m, t, column), mfd_model_cell(m, like, column));
        }
        if (same && !mfd_model_held_out(m, t)) {
            sum += (double)mfd_model_head(m)->bias[t];
            n++;
        }
    }
    return sum / (double)n;
}

static void a_bias_is_none_mean_matched_or_given(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    size_t held_out = mfd_model_find_track(trained, "DREAM_HepG2_MAX");
    size_t like = mfd_model_find_track(trained, "DREAM_A549_CEBPB");
    assert_true(mfd_model_held_out(trained, held_out));
    assert_false(mfd_model_held_out(trained, like));
    assert_int_equal(mfd_model_held_out_count(trained), 14);
    assert_int_equal(mfd_virtual_of_track(trained, like, &c, &err), MFD_OK);
    assert_true(bias_with(trained, &c, MFD_BIAS_NONE, 5) == 0);
    assert_true(bias_with(trained, &c, MFD_BIAS_NUMBER, -1.5) == -1.5);
    assert_true(fabs(bias_with(trained, &c, MFD_BIAS_MEAN, 0) - mean_bias(trained, MFD_NONE)) <
                1e-6);
    assert_true(fabs(bias_with(trained, &c, MFD_BIAS_MATCHED, 0) - mean_bias(trained, like)) <
                1e-6);
    mfd_combination_deinit(&c);
}

static void a_bias_that_nobody_matches_is_an_error_that_says_which(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_virtual *v = NULL;
    size_t bad = 99;
    struct mfd_combination c[2] = { must_code("{}", 0), must_code(WHOLE, MFD_NONE) };
    c[0].bias_policy = c[1].bias_policy = MFD_BIAS_MATCHED;
    assert_int_equal(mfd_virtual_weights(model, c, 2, &v, &bad, &err), MFD_ENOTFOUND);
    assert_string_equal(err.slug, "no-track-matches");
    assert_int_equal(bad, 1);
    assert_null(v);
    c[1].bias_policy = MFD_BIAS_NUMBER;
    c[1].bias = 1e300;
    assert_int_equal(mfd_virtual_weights(model, c, 2, &v, &bad, &err), MFD_EINVAL);
    assert_int_equal(mfd_virtual_weights(model, c, 0, &v, &bad, &err), MFD_EINVAL);
    assert_int_equal(mfd_virtual_weights(model, c, MFD_MAX_VIRTUAL + 1, &v, &bad, &err),
                     MFD_ELIMIT);
    mfd_combination_deinit(&c[0]);
    mfd_combination_deinit(&c[1]);
}

static void *ask_again_and_again(void *seed)
{
    static char failed[] = "failed", wrong_weights[] = "wrong";
    size_t tracks = mfd_model_tracks(model), at = (size_t)seed;
    for (size_t i = 0; i < 300; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_combination c;
        const struct mfd_virtual *v;
        at = (at * 31 + 7) % tracks;
        if (mfd_virtual_of_track(model, at, &c, &err) ||
            mfd_virtual_weights(model, &c, 1, &v, NULL, &err))
            return failed;
        const float *want = mfd_model_bare_head(model)->w_bio + at * v->biological;
        for (size_t j = 0; j < v->biological; j++)
            if (fabsf(v->w_bio[j] - want[j]) > 1e-6f)
                return wrong_weights;
        mfd_virtual_unref(v);
        mfd_combination_deinit(&c);
    }
    return NULL;
}

static void threads_may_ask_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    mfd_virtual_limit(model, 8192); /* so that answers are dropped while others use them */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again, (void *)(i + 1)),
                         0);
    for (size_t i = 0; i < 4; i++) {
        void *problem;
        pthread_join(threads[i], &problem);
        assert_null(problem);
    }
    mfd_virtual_limit(model, MFD_VIRTUAL_CACHE);
}

static void the_names_closest_to_a_word_come_in_order(void **state)
{
    (void)state;
    static const char *const names[] = { "H3K4me1", "H3K4me3", "liver", "left lobe of liver",
                                         "CTCF" };
    size_t close[MFD_CLOSEST];
    assert_int_equal(mfd_closest_names("h3k4me", names, 5, close), 2);
    assert_int_equal(close[0], 0);
    assert_int_equal(close[1], 1);
    assert_int_equal(mfd_closest_names("Liver", names, 5, close), 2);
    assert_int_equal(close[0], 2);
    assert_int_equal(close[1], 3);
    assert_int_equal(mfd_closest_names("CTFC", names, 5, close), 1);
    assert_int_equal(close[0], 4);
    assert_int_equal(mfd_closest_names("", names, 5, close), 0);
}

int main(int argc, char **argv)
{
    if (!take_cases(argc, argv))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_labels_are_given_in_either_form_and_any_order),
        cmocka_unit_test(a_year_may_be_a_number_or_a_date),
        cmocka_unit_test(a_missing_value_is_null_or_empty_or_nan),
        cmocka_unit_test(what_is_left_out_comes_from_the_track_named),
        cmocka_unit_test(what_cannot_be_asked_is_named_with_what_is_close),
        cmocka_unit_test(columns_that_are_missing_are_listed),
        cmocka_unit_test(halves_that_are_shared_are_kept_once),
        cmocka_unit_test(a_shared_head_is_the_plain_one_without_copies),
        cmocka_unit_test(the_same_question_is_answered_from_the_cache),
        cmocka_unit_test(the_oldest_answers_are_dropped_first),
        cmocka_unit_test(a_bias_is_none_mean_matched_or_given),
        cmocka_unit_test(a_bias_that_nobody_matches_is_an_error_that_says_which),
        cmocka_unit_test(threads_may_ask_at_once),
        cmocka_unit_test(the_names_closest_to_a_word_come_in_order),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
