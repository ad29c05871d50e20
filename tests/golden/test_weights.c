/* One golden case: the weights of its tracks, and of metadata that no track has. */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "core/model/virtual.h"
#include "core/tensor/npy.h"
#include "tests/golden/bundle.h"

#define TOLERANCE 1e-5f

static const char *folder;
static struct mfd_model *model;
static bool baseline;

static void must(int status, const struct mfd_error *err)
{
    if (status)
        fail_msg("%s", err->message);
}

static int load(void **state)
{
    (void)state;
    model = golden_open(folder);
    baseline = mfd_model_config(model)->model_class == MFD_BASELINE;
    return 0;
}

static int unload(void **state)
{
    (void)state;
    mfd_model_unref(model);
    return 0;
}

static void assert_close(const char *name, const float *got, size_t rows, size_t columns)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_npy npy;
    char path[1024];
    snprintf(path, sizeof path, "%s/expected/%s.npy", folder, name);
    if (access(path, R_OK))
        return; /* the trained model has none */
    must(mfd_npy_read(path, &npy, &err), &err);
    assert_int_equal(npy.tensor.shape[0], rows);
    assert_int_equal(npy.tensor.shape[1], columns);
    const float *want = npy.tensor.data;
    float worst = 0;
    for (size_t i = 0; i < rows * columns; i++)
        worst = fmaxf(worst, fabsf(got[i] - want[i]));
    print_message("%s: largest error %.1e\n", name, (double)worst);
    assert_true(worst <= TOLERANCE);
    mfd_npy_deinit(&npy);
}

static void tracks_have_the_weights_of_the_published_code(void **state)
{
    (void)state;
    if (baseline)
        skip();
    const struct mfd_head *h = mfd_model_bare_head(model);
    assert_close("weights_biological", h->w_bio, h->tracks, h->biological);
    assert_close("weights_technical", h->w_tech, h->tracks, h->technical);
}

static void the_signal_to_noise_of_a_track_scales_its_weights(void **state)
{
    (void)state;
    const struct mfd_head *head = mfd_model_head(model), *bare = mfd_model_bare_head(model);
    if (!mfd_model_config(model)->signal_to_noise) {
        assert_ptr_equal(head, bare);
        return;
    }
    const struct mfd_tensor *stn = mfd_safetensors_find(mfd_model_weights(model), "stn_bio");
    for (size_t t = 0; t < head->tracks; t++) {
        float factor = 1 / (1 + expf(-((const float *)stn->data)[t]));
        for (size_t i = 0; i < head->biological; i++) {
            size_t at = t * head->biological + i;
            assert_true(fabsf(head->w_bio[at] - factor * bare->w_bio[at]) <= 1e-6f);
        }
    }
}

/* The combinations of virtual.json, or those of the tracks where there is none. */
static struct mfd_combination *combinations;
static size_t n_combinations;

static void code_combinations(void)
{
    struct mfd_error err = MFD_ERROR_INIT;
    char path[1024];
    snprintf(path, sizeof path, "%s/virtual.json", folder);
    json_t *list = json_load_file(path, 0, NULL);
    n_combinations = list ? json_array_size(list) : mfd_model_tracks(model);
    combinations = calloc(n_combinations, sizeof *combinations);
    for (size_t i = 0; i < n_combinations; i++)
        must(list ? mfd_virtual_code(model, json_array_get(list, i), MFD_NONE, &combinations[i],
                                     NULL, &err)
                  : mfd_virtual_of_track(model, i, &combinations[i], &err),
             &err);
    json_decref(list);
}

static void forget_combinations(void)
{
    for (size_t i = 0; i < n_combinations; i++)
        mfd_combination_deinit(&combinations[i]);
    free(combinations);
}

static const struct mfd_virtual *ask(const struct mfd_combination *c, size_t n)
{
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_virtual *v;
    must(mfd_virtual_weights(model, c, n, &v, NULL, &err), &err);
    return v;
}

/* The same as a head of its own. */
static struct mfd_head *ask_head(const struct mfd_combination *c, size_t n)
{
    const struct mfd_virtual *v = ask(c, n);
    struct mfd_head *head = mfd_virtual_head(v);
    mfd_virtual_unref(v);
    assert_non_null(head);
    return head;
}

static void virtual_tracks_have_the_weights_of_the_published_code(void **state)
{
    (void)state;
    if (baseline)
        skip();
    code_combinations();
    struct mfd_head *head = ask_head(combinations, n_combinations);
    assert_close("virtual.weights_biological", head->w_bio, n_combinations, head->biological);
    assert_close("virtual.weights_technical", head->w_tech, n_combinations, head->technical);
    for (size_t i = 0; i < n_combinations; i++)
        assert_true(head->bias[i] == 0);
    mfd_head_free(head);
    forget_combinations();
}

static void a_combination_gives_the_same_bits_alone_and_in_company(void **state)
{
    (void)state;
    if (baseline)
        skip();
    code_combinations();
    struct mfd_head *together = ask_head(combinations, n_combinations);
    for (size_t i = 0; i < n_combinations; i++) {
        struct mfd_head *alone = ask_head(&combinations[i], 1);
        assert_memory_equal(alone->w_bio, together->w_bio + i * alone->biological,
                            alone->biological * sizeof(float));
        assert_memory_equal(alone->w_tech, together->w_tech + i * alone->technical,
                            alone->technical * sizeof(float));
        mfd_head_free(alone);
    }
    mfd_head_free(together);
    forget_combinations();
}

static void what_a_track_has_gives_that_track_s_weights(void **state)
{
    (void)state;
    if (baseline)
        skip();
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_head *bare = mfd_model_bare_head(model);
    for (size_t t = 0; t < bare->tracks; t++) {
        struct mfd_combination c;
        must(mfd_virtual_of_track(model, t, &c, &err), &err);
        struct mfd_head *h = ask_head(&c, 1);
        for (size_t i = 0; i < h->biological; i++)
            assert_true(fabsf(h->w_bio[i] - bare->w_bio[t * h->biological + i]) <= 1e-6f);
        for (size_t i = 0; i < h->technical; i++)
            assert_true(fabsf(h->w_tech[i] - bare->w_tech[t * h->technical + i]) <= 1e-6f);
        mfd_head_free(h);
        mfd_combination_deinit(&c);
    }
}

static void a_baseline_has_no_virtual_tracks(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    json_t *nothing = json_object();
    int status = mfd_virtual_code(model, nothing, MFD_NONE, &c, NULL, &err);
    assert_int_equal(status, baseline ? MFD_EUNSUPPORTED : MFD_EINVAL);
    assert_string_equal(err.slug, baseline ? "unsupported" : "missing-column");
    json_decref(nothing);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracks_have_the_weights_of_the_published_code),
        cmocka_unit_test(the_signal_to_noise_of_a_track_scales_its_weights),
        cmocka_unit_test(virtual_tracks_have_the_weights_of_the_published_code),
        cmocka_unit_test(a_combination_gives_the_same_bits_alone_and_in_company),
        cmocka_unit_test(what_a_track_has_gives_that_track_s_weights),
        cmocka_unit_test(a_baseline_has_no_virtual_tracks),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
