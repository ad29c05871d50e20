/* Windows, bins and saturation scans against the plain way, and against themselves in other
 * company. */
#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/memory.h"
#include "tests/unit/score/plain.h"

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* A world a seed: networks with a free cone, networks without, the baseline among them. */
static enum network_kind kind_of(size_t i)
{
    return i % 3 == 2 ? NETWORK_PADDED : NETWORK_CONE;
}

static char *random_windows(struct world *w, size_t n, size_t bases)
{
    char *text = malloc(n * bases);
    assert_non_null(text);
    test_bases(&w->random, text, n * bases, 1);
    return text;
}

static void separate_windows_agree_with_the_plain_way(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < 12; i++) {
        struct world w;
        world_init(&w, 100 + i, kind_of(i), 1 + (unsigned)i % 3);
        struct mfd_ensemble e = plain_ensembles[i % 5];
        size_t bases = mfd_ensemble_window(e, w.config);
        char *text = random_windows(&w, 4, bases);
        struct mfd_window windows[4];
        for (size_t j = 0; j < 4; j++)
            windows[j] = (struct mfd_window){ text + j * bases, bases };
        struct mfd_outputs out = plain_outputs(&w, 4);
        assert_int_equal(mfd_score_sequences(w.engine, w.head, windows, 4, e, &out, NULL, NULL),
                         MFD_OK);
        for (size_t j = 0; j < 4; j++) {
            struct plain want = plain_score(&w, windows[j].bases, e);
            worst = larger(worst, plain_check(&w, &out, j, &want, NULL));
            plain_free(&want);
        }
        mfd_outputs_free(&out);
        free(text);
        world_deinit(&w);
    }
    print_message("largest error %.1e\n", worst);
}

static void a_window_scores_the_same_bits_alone_and_among_many(void **state)
{
    (void)state;
    enum { N = 160 }; /* more than are computed together */
    struct world w;
    struct mfd_ensemble e = MFD_ENSEMBLE_PUBLISHED;
    world_init(&w, 200, NETWORK_CONE, 2);
    size_t bases = mfd_ensemble_window(e, w.config);
    char *text = random_windows(&w, N, bases);
    struct mfd_window windows[N];
    for (size_t j = 0; j < N; j++)
        windows[j] = (struct mfd_window){ text + j * bases, bases };
    windows[100] = windows[3];
    struct mfd_outputs out = plain_outputs(&w, N), one = plain_outputs(&w, 1);
    assert_int_equal(mfd_score_sequences(w.engine, w.head, windows, N, e, &out, NULL, NULL),
                     MFD_OK);
    for (size_t j = 0; j < N; j += j < 70 ? 7 : 1) {
        assert_int_equal(mfd_score_sequences(w.engine, w.head, &windows[j], 1, e, &one, NULL, NULL),
                         MFD_OK);
        assert_true(plain_same_row(&w, &one, 0, &out, j));
    }
    assert_true(plain_same_row(&w, &out, 100, &out, 3));
    assert_false(plain_same_row(&w, &out, 100, &out, 4));
    mfd_outputs_free(&out);
    mfd_outputs_free(&one);
    free(text);
    world_deinit(&w);
}

static void outputs_that_nobody_wants_change_nothing(void **state)
{
    (void)state;
    struct world w;
    struct mfd_ensemble e = MFD_ENSEMBLE_STRANDS;
    world_init(&w, 210, NETWORK_CONE, 1);
    size_t bases = mfd_ensemble_window(e, w.config);
    char *text = random_windows(&w, 3, bases);
    struct mfd_window windows[3];
    for (size_t j = 0; j < 3; j++)
        windows[j] = (struct mfd_window){ text + j * bases, bases };
    struct mfd_outputs all = plain_outputs(&w, 3);
    assert_int_equal(mfd_score_sequences(w.engine, w.head, windows, 3, e, &all, NULL, NULL),
                     MFD_OK);
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++) {
        struct mfd_outputs full = plain_outputs(&w, 3), only = { 0 };
        *mfd_outputs_slot(&only, k) = *mfd_outputs_slot(&full, k);
        assert_int_equal(mfd_score_sequences(w.engine, w.head, windows, 3, e, &only, NULL, NULL),
                         MFD_OK);
        for (size_t j = 0; j < 3; j++)
            assert_true(plain_same_row(&w, &only, j, &all, j));
        mfd_outputs_free(&full);
    }
    mfd_outputs_free(&all);
    free(text);
    world_deinit(&w);
}

static void windows_of_another_length_and_impossible_ensembles_are_refused(void **state)
{
    (void)state;
    struct world w;
    struct mfd_error err = MFD_ERROR_INIT;
    world_init(&w, 220, NETWORK_CONE, 1);
    size_t bases = mfd_config_window(w.config);
    char *text = random_windows(&w, 1, bases + 20);
    struct mfd_outputs out = plain_outputs(&w, 2), untouched = plain_outputs(&w, 2);
    for (int off = -1; off <= 9; off++) {
        bool shifts = off == 0 || (off != 8 && off % 2); /* so that it is wrong */
        struct mfd_window windows[2] = { { text, bases + (shifts ? 8 : 0) },
                                         { text, bases + (size_t)off } };
        struct mfd_ensemble e = shifts ? MFD_ENSEMBLE_PUBLISHED : MFD_ENSEMBLE_NONE;
        assert_int_equal(mfd_score_sequences(w.engine, w.head, windows, 2, e, &out, NULL, &err),
                         MFD_EINVAL);
        assert_string_equal(err.slug, "length-mismatch");
        assert_non_null(strstr(err.message, "sequence 1"));
    }
    for (unsigned shifts = 0; shifts < 20; shifts += 8) {
        struct mfd_window window = { text, bases + 8 };
        assert_int_equal(mfd_score_sequences(w.engine, w.head, &window, 1,
                                             (struct mfd_ensemble){ shifts, true }, &out, NULL,
                                             &err),
                         MFD_EINVAL);
    }
    assert_true(plain_same_row(&w, &out, 0, &untouched, 0) &&
                plain_same_row(&w, &out, 1, &untouched, 1));
    mfd_outputs_free(&out);
    mfd_outputs_free(&untouched);
    free(text);
    world_deinit(&w);
}

static void a_cancelled_score_says_so(void **state)
{
    (void)state;
    struct world w;
    const volatile int cancel = 1;
    world_init(&w, 230, NETWORK_CONE, 2);
    char *text = random_windows(&w, 1, mfd_config_window(w.config));
    struct mfd_window window = { text, mfd_config_window(w.config) };
    struct mfd_outputs out = plain_outputs(&w, 1);
    size_t contig = 0;
    int64_t start = 2000;
    int status = 0;
    assert_int_equal(
        mfd_score_sequences(w.engine, w.head, &window, 1, MFD_ENSEMBLE_NONE, &out, &cancel, NULL),
        MFD_ECANCELLED);
    assert_int_equal(mfd_score_bins(w.engine, w.head, w.genome, &contig, &start, 1,
                                    MFD_ENSEMBLE_NONE, false, &out, &status, NULL, &cancel, NULL),
                     MFD_ECANCELLED);
    assert_int_equal(
        mfd_score_sequences(w.engine, w.head, &window, 0, MFD_ENSEMBLE_NONE, &out, &cancel, NULL),
        MFD_OK);
    mfd_outputs_free(&out);
    free(text);
    world_deinit(&w);
}

/* ---- bins ---- */

/* First base of the window of a bin. */
static int64_t window_of_bin(const struct world *w, int64_t start, struct mfd_ensemble e)
{
    return start - (int64_t)(w->config->crop * mfd_config_bin(w->config)) - (e.shifts > 1 ? 4 : 0);
}

/* Its bases, N outside the contig. */
static char *bin_window(const struct world *w, size_t contig, int64_t start, struct mfd_ensemble e)
{
    int64_t n = (int64_t)mfd_ensemble_window(e, w->config);
    int64_t from = window_of_bin(w, start, e);
    char *text = malloc((size_t)n);
    assert_non_null(text);
    assert_int_equal(mfd_genome_fetch(w->genome, contig, from, from + n, text, NULL, NULL), MFD_OK);
    return text;
}

static void bins_agree_with_the_plain_way(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < 9; i++) {
        struct world w;
        world_init(&w, 300 + i, kind_of(i), 1 + (unsigned)i % 3);
        struct mfd_ensemble e = plain_ensembles[i % 5];
        int64_t bin = (int64_t)mfd_config_bin(w.config);
        int64_t starts[] = { 3000, 3000 + bin, 3001,           6900,     2990, 8000,
                             3000, 0,          w.length - bin, -5 * bin, 10 };
        enum { N = sizeof starts / sizeof *starts };
        size_t contigs[N] = { 0 };
        contigs[10] = 1;
        int status[N];
        bool padded[N];
        struct mfd_outputs out = plain_outputs(&w, N);
        assert_int_equal(mfd_score_bins(w.engine, w.head, w.genome, contigs, starts, N, e, true,
                                        &out, status, padded, NULL, NULL),
                         MFD_OK);
        for (size_t j = 0; j < N; j++) {
            char *text = bin_window(&w, contigs[j], starts[j], e);
            struct plain want = plain_score(&w, text, e);
            worst = larger(worst, plain_check(&w, &out, j, &want, NULL));
            assert_int_equal(status[j], MFD_OK);
            int64_t from = window_of_bin(&w, starts[j], e),
                    n = (int64_t)mfd_ensemble_window(e, w.config);
            assert_int_equal(padded[j],
                             from < 0 || from + n > mfd_genome_contig_length(w.genome, contigs[j]));
            plain_free(&want);
            free(text);
        }
        mfd_outputs_free(&out);
        world_deinit(&w);
    }
    print_message("largest error %.1e\n", worst);
}

static void bins_that_leave_their_contig_are_told_and_blank(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 320, NETWORK_CONE, 1);
    struct mfd_ensemble e = MFD_ENSEMBLE_PUBLISHED;
    int64_t before = (int64_t)(w.config->crop * mfd_config_bin(w.config)) + 4;
    int64_t behind = (int64_t)mfd_ensemble_window(e, w.config) - before;
    int64_t starts[] = { before - 1, before, w.length - behind, w.length - behind + 1, 2000, 20 };
    size_t contigs[] = { 0, 0, 0, 0, 0, 1 };
    int status[6];
    bool padded[6];
    struct mfd_outputs out = plain_outputs(&w, 6);
    assert_int_equal(mfd_score_bins(w.engine, w.head, w.genome, contigs, starts, 6, e, false, &out,
                                    status, padded, NULL, NULL),
                     MFD_OK);
    for (size_t j = 0; j < 6; j++) {
        bool inside = j == 1 || j == 2 || j == 4;
        assert_int_equal(status[j], inside ? MFD_OK : MFD_ELIMIT);
        assert_false(padded[j]);
        assert_int_equal(plain_row_is_nan(&w, &out, j), !inside);
        struct plain want = { 0 };
        if (inside) {
            char *text = bin_window(&w, 0, starts[j], e);
            want = plain_score(&w, text, e);
            plain_check(&w, &out, j, &want, NULL);
            free(text);
        }
        plain_free(&want);
    }
    mfd_outputs_free(&out);
    world_deinit(&w);
}

/* Any order, any neighbours, on other workers: the same bits. */
static void a_bin_scores_the_same_bits_in_any_company(void **state)
{
    (void)state;
    enum { N = 260 };
    for (size_t round = 0; round < 4; round++) {
        struct world w;
        world_init(&w, 340 + round, kind_of(round), 1 + (unsigned)round);
        struct mfd_ensemble e = plain_ensembles[round + 1];
        struct mfd_engine *other = network_engine(w.network, 3, 400000, NULL);
        int64_t starts[N], shuffled[N], bin = (int64_t)mfd_config_bin(w.config);
        size_t contigs[N] = { 0 }, from[N];
        int status[N];
        for (size_t j = 0; j < N; j++) {
            from[j] = j;
            starts[j] = j < 100 ? 1500 + bin / 4 * (int64_t)j : test_between(&w.random, 1000, 6000);
        }
        for (size_t j = N; j-- > 1;) {
            size_t with = (size_t)test_between(&w.random, 0, (int64_t)j), keep = from[j];
            from[j] = from[with];
            from[with] = keep;
        }
        for (size_t j = 0; j < N; j++)
            shuffled[j] = starts[from[j]];
        struct mfd_outputs all = plain_outputs(&w, N), mixed = plain_outputs(&w, N),
                           one = plain_outputs(&w, 1);
        assert_int_equal(mfd_score_bins(w.engine, w.head, w.genome, contigs, starts, N, e, true,
                                        &all, status, NULL, NULL, NULL),
                         MFD_OK);
        assert_int_equal(mfd_score_bins(other, w.head, w.genome, contigs, shuffled, N, e, true,
                                        &mixed, status, NULL, NULL, NULL),
                         MFD_OK);
        for (size_t j = 0; j < N; j++)
            assert_true(plain_same_row(&w, &mixed, j, &all, from[j]));
        for (size_t j = 0; j < N; j += 9) {
            assert_int_equal(mfd_score_bins(other, w.head, w.genome, contigs, &starts[j], 1, e,
                                            true, &one, status, NULL, NULL, NULL),
                             MFD_OK);
            assert_true(plain_same_row(&w, &one, 0, &all, j));
        }
        mfd_engine_free(other);
        mfd_outputs_free(&all);
        mfd_outputs_free(&mixed);
        mfd_outputs_free(&one);
        world_deinit(&w);
    }
}

/* ---- saturation scans ---- */

static void a_scan_agrees_with_every_substitution_scored_plainly(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < 5; i++) {
        struct world w;
        world_init(&w, 400 + i, kind_of(i), 2);
        struct mfd_ensemble e = plain_ensembles[i];
        size_t n = mfd_ensemble_window(e, w.config), from = n / 2 - 3, to = n / 2 + 3, row = 0;
        char *text = random_windows(&w, 1, n);
        struct mfd_window window = { text, n };
        text[from + 1] = 'N';
        text[from + 2] = 'g';
        struct mfd_outputs out = plain_outputs(&w, 4 * (to - from)), own = plain_outputs(&w, 1);
        assert_int_equal(
            mfd_score_ism(w.engine, w.head, &window, from, to, e, &out, &own, NULL, NULL), MFD_OK);
        struct plain reference = plain_score(&w, text, e);
        worst = larger(worst, plain_check(&w, &own, 0, &reference, NULL));
        for (size_t x = from; x < to; x++)
            for (size_t b = 0; b < 4; b++, row++) {
                char kept = text[x];
                if (kept != 'N')
                    text[x] = "ACGT"[b];
                struct plain want = plain_score(&w, text, e);
                text[x] = kept;
                worst = larger(worst, plain_check(&w, &out, row, &want, &reference));
                bool same = kept == 'N' || (kept & ~0x20) == "ACGT"[b];
                assert_int_equal(same, out.logits[row * w.head->tracks] == 0);
                plain_free(&want);
            }
        plain_free(&reference);
        mfd_outputs_free(&out);
        mfd_outputs_free(&own);
        free(text);
        world_deinit(&w);
    }
    print_message("largest error %.1e\n", worst);
}

static void a_long_scan_has_the_same_bits_as_its_parts(void **state)
{
    (void)state;
    struct world w;
    struct mfd_ensemble e = MFD_ENSEMBLE_STRANDS;
    world_init(&w, 420, NETWORK_CONE, 2);
    size_t n = mfd_ensemble_window(e, w.config);
    char *text = random_windows(&w, 1, n);
    struct mfd_window window = { text, n };
    struct mfd_outputs all = plain_outputs(&w, 4 * n), part = plain_outputs(&w, 4);
    struct mfd_outputs own = plain_outputs(&w, 1), other = plain_outputs(&w, 1);
    assert_int_equal(mfd_score_ism(w.engine, w.head, &window, 0, n, e, &all, &own, NULL, NULL),
                     MFD_OK);
    for (size_t x = 0; x < n; x += 11) {
        assert_int_equal(
            mfd_score_ism(w.engine, w.head, &window, x, x + 1, e, &part, &other, NULL, NULL),
            MFD_OK);
        assert_true(plain_same_row(&w, &own, 0, &other, 0));
        for (size_t b = 0; b < 4; b++)
            assert_true(plain_same_row(&w, &part, b, &all, 4 * x + b));
    }
    /* a scan of nothing still has its reference */
    struct mfd_outputs empty = plain_outputs(&w, 1);
    assert_int_equal(mfd_score_ism(w.engine, w.head, &window, 5, 5, e, &part, &empty, NULL, NULL),
                     MFD_OK);
    assert_true(plain_same_row(&w, &empty, 0, &own, 0));
    assert_int_equal(mfd_score_ism(w.engine, w.head, &window, 5, n + 1, e, &part, NULL, NULL, NULL),
                     MFD_EINVAL);
    assert_int_equal(mfd_score_ism(w.engine, w.head, &window, 5, 4, e, &part, NULL, NULL, NULL),
                     MFD_EINVAL);
    mfd_outputs_free(&all);
    mfd_outputs_free(&part);
    mfd_outputs_free(&own);
    mfd_outputs_free(&other);
    mfd_outputs_free(&empty);
    free(text);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separate_windows_agree_with_the_plain_way),
        cmocka_unit_test(a_window_scores_the_same_bits_alone_and_among_many),
        cmocka_unit_test(outputs_that_nobody_wants_change_nothing),
        cmocka_unit_test(windows_of_another_length_and_impossible_ensembles_are_refused),
        cmocka_unit_test(a_cancelled_score_says_so),
        cmocka_unit_test(bins_agree_with_the_plain_way),
        cmocka_unit_test(bins_that_leave_their_contig_are_told_and_blank),
        cmocka_unit_test(a_bin_scores_the_same_bits_in_any_company),
        cmocka_unit_test(a_scan_agrees_with_every_substitution_scored_plainly),
        cmocka_unit_test(a_long_scan_has_the_same_bits_as_its_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
