/* Features of a golden case's windows along every way that the engine can take, and by the plain
 * network that other tests judge the engine by, against those of the published code.
 *
 *     test_paths FOLDER */
#include "tests/golden/bundle.h"

#include <math.h>

#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/engine/engine.h"
#include "core/tensor/npy.h"
#include "tests/util/naive.h"

#define TOLERANCE 1e-4 /* absolute and relative */
#define WINDOWS 64

static const char *folder;

static struct {
    struct mfd_model *model;
    const struct mfd_config *config;
    struct mfd_batch *batch;
    char *bases[WINDOWS];
    size_t n;
    float *want; /* (n, embed), technical first */
} golden;

/* One array of the case into columns [first, ...) of what is wanted. */
static void read_features(const char *name, size_t first)
{
    char path[1024];
    struct mfd_npy npy = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    snprintf(path, sizeof path, "%s/expected/windows.%s.npy", folder, name);
    if (mfd_npy_read(path, &npy, &err))
        fail_msg("%s", err.message);
    size_t width = npy.tensor.shape[1], embed = golden.config->embed;
    assert_int_equal(npy.tensor.shape[0], golden.n);
    assert_true(first + width <= embed);
    for (size_t i = 0; i < golden.n; i++)
        memcpy(golden.want + i * embed + first, (const float *)npy.tensor.data + i * width,
               width * sizeof(float));
    mfd_npy_deinit(&npy);
}

static void read_windows(void)
{
    char path[1024];
    struct mfd_buffer text = MFD_BUFFER_INIT;
    size_t window = mfd_config_window(golden.config);
    snprintf(path, sizeof path, "%s/windows.fa", folder);
    assert_int_equal(mfd_file_read(path, 1 << 24, &text, NULL), MFD_OK);
    for (const char *at = text.data, *end = text.data + text.len; at < end;) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        size_t n = line ? (size_t)(line - at) : (size_t)(end - at);
        if (*at == '>') {
            assert_true(golden.n < WINDOWS);
            golden.bases[golden.n] = mfd_calloc(window + 1, 1);
            assert_non_null(golden.bases[golden.n++]);
        } else {
            char *to = golden.bases[golden.n - 1];
            assert_true(strlen(to) + n <= window);
            strncat(to, at, n);
        }
        at += n + 1;
    }
    mfd_buffer_deinit(&text);
    for (size_t i = 0; i < golden.n; i++) {
        size_t sequence;
        assert_int_equal(strlen(golden.bases[i]), window);
        assert_int_equal(
            mfd_batch_sequence(golden.batch, golden.bases[i], window, 0, &sequence, NULL), 0);
        assert_int_equal(mfd_batch_window(golden.batch, sequence, 0, golden.config->seq_len, NULL),
                         0);
    }
}

static int open_case(void **state)
{
    (void)state;
    golden.model = golden_open(folder);
    golden.config = mfd_model_config(golden.model);
    assert_int_equal(mfd_batch_new(&golden.batch, golden.config, NULL), MFD_OK);
    read_windows();
    golden.want = mfd_calloc(golden.n * golden.config->embed, sizeof *golden.want);
    assert_non_null(golden.want);
    if (golden.config->model_class == MFD_BASELINE) {
        read_features("features", 0);
    } else {
        read_features("features_technical", 0);
        read_features("features_biological", golden.config->technical);
    }
    return 0;
}

static int close_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden.n; i++)
        free(golden.bases[i]);
    free(golden.want);
    mfd_batch_free(golden.batch);
    mfd_model_unref(golden.model);
    return 0;
}

/* Fails above the tolerance; the largest difference. */
static double compare(double got, float want, size_t window)
{
    double error = fabs(got - want);
    if (!(error <= TOLERANCE + TOLERANCE * fabs(want)))
        fail_msg("window %zu: %.7g where the published code has %.7g", window, got, (double)want);
    return error;
}

static void check_way(const char *name, struct mfd_engine_options options, bool whole)
{
    struct mfd_engine *engine = NULL;
    struct mfd_error err = MFD_ERROR_INIT;
    size_t embed = golden.config->embed;
    double worst = 0;
    int status = mfd_engine_new(&engine, golden.model, &options, &err);
    if (status == MFD_EUNSUPPORTED && options.kernels) {
        print_message("%-26s not on this processor\n", name);
        return;
    }
    if (status)
        fail_msg("%s", err.message);
    float *got = mfd_aligned(golden.n * embed, sizeof *got);
    assert_non_null(got);
    mfd_batch_compute_whole(golden.batch, whole);
    assert_int_equal(mfd_engine_run(engine, golden.batch, got, NULL, NULL), MFD_OK);
    for (size_t i = 0; i < golden.n * embed; i++)
        worst = fmax(worst, compare(got[i], golden.want[i], i / embed));
    print_message("%-26s largest error %.1e\n", name, worst);
    free(got);
    mfd_engine_free(engine);
}

static void every_way_through_the_engine_gives_the_published_features(void **state)
{
    (void)state;
    check_way("avx512", (struct mfd_engine_options){ .threads = 1, .kernels = "avx512" }, false);
    check_way("avx2", (struct mfd_engine_options){ .threads = 1, .kernels = "avx2" }, false);
    check_way("portable", (struct mfd_engine_options){ .threads = 1, .kernels = "portable" },
              false);
    check_way("products of OpenBLAS", (struct mfd_engine_options){ .threads = 1, .openblas = true },
              false);
    check_way("three workers", (struct mfd_engine_options){ .threads = 3 }, false);
    check_way("a window at a time", (struct mfd_engine_options){ .threads = 2, .scratch_bytes = 1 },
              false);
    check_way("whole windows", (struct mfd_engine_options){ .threads = 2 }, true);
}

static void the_plain_network_of_the_tests_gives_the_published_features(void **state)
{
    (void)state;
    size_t embed = golden.config->embed;
    double *got = mfd_calloc(embed, sizeof *got), worst = 0;
    assert_non_null(got);
    for (size_t i = 0; i < golden.n && i < 4; i++) {
        naive_features(golden.config, mfd_model_trunk(golden.model), golden.bases[i],
                       golden.config->seq_len, got);
        for (size_t j = 0; j < embed; j++)
            worst = fmax(worst, compare(got[j], golden.want[i * embed + j], i));
    }
    print_message("largest error %.1e\n", worst);
    free(got);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_paths FOLDER\n");
        return 2;
    }
    folder = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_through_the_engine_gives_the_published_features),
        cmocka_unit_test(the_plain_network_of_the_tests_gives_the_published_features),
    };
    return cmocka_run_group_tests(tests, open_case, close_case);
}
