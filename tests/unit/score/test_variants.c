/* Effects of variants against the published protocol computed plainly, and against themselves in
 * other company. */
#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/memory.h"
#include "tests/unit/score/plain.h"

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static struct mfd_effects effects_new(const struct world *w, size_t n)
{
    struct mfd_effects e = { .effect = plain_outputs(w, n),
                             .reference = plain_outputs(w, n),
                             .alternative = plain_outputs(w, n) };
    e.logits_biological_ver2 = mfd_calloc(n * w->head->tracks, sizeof(float));
    e.logits_technical_ver2 = mfd_calloc(n * w->head->tracks, sizeof(float));
    assert_true(e.logits_biological_ver2 && e.logits_technical_ver2);
    return e;
}

static void effects_free(struct mfd_effects *e)
{
    mfd_outputs_free(&e->effect);
    mfd_outputs_free(&e->reference);
    mfd_outputs_free(&e->alternative);
    free(e->logits_biological_ver2);
    free(e->logits_technical_ver2);
}

static bool same_effects(const struct world *w, const struct mfd_effects *a, size_t i,
                         const struct mfd_effects *b, size_t j)
{
    size_t n = w->head->tracks, bytes = n * sizeof(float);
    return plain_same_row(w, &a->effect, i, &b->effect, j) &&
           plain_same_row(w, &a->reference, i, &b->reference, j) &&
           plain_same_row(w, &a->alternative, i, &b->alternative, j) &&
           !memcmp(a->logits_biological_ver2 + i * n, b->logits_biological_ver2 + j * n, bytes) &&
           !memcmp(a->logits_technical_ver2 + i * n, b->logits_technical_ver2 + j * n, bytes);
}

static bool effects_are_nan(const struct world *w, const struct mfd_effects *e, size_t i)
{
    bool nan = plain_row_is_nan(w, &e->effect, i) && plain_row_is_nan(w, &e->reference, i) &&
               plain_row_is_nan(w, &e->alternative, i);
    for (size_t t = i * w->head->tracks; t < (i + 1) * w->head->tracks; t++)
        nan = nan && isnan(e->logits_biological_ver2[t]) && isnan(e->logits_technical_ver2[t]);
    return nan;
}

static void score(struct mfd_engine *engine, const struct world *w, struct mfd_variant *v, size_t n,
                  struct mfd_ensemble e, bool pad, const struct mfd_effects *out)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_score_variants(engine, w->head, w->genome, v, n, e, pad, out, NULL, &err) != MFD_OK)
        fail_msg("%s", err.message);
}

/* ---- the protocol, plainly ---- */

/* The window around a variant with one of its alleles in place of what the genome has there. */
static char *allele_window(const struct world *w, const struct mfd_variant *v, const char *allele,
                           struct mfd_ensemble e)
{
    int64_t n = (int64_t)mfd_config_window(w->config) + (e.shifts > 1 ? 8 : 0);
    int64_t left = n % 2 ? (n - 1) / 2 : n / 2 - 1;
    const char *here = v->status == MFD_VARIANT_FLIPPED ? v->alt : v->ref;
    int64_t behind = v->pos + (int64_t)strlen(here), size = n + 64;
    char *text = malloc((size_t)size + n);
    assert_non_null(text);
    assert_int_equal(
        mfd_genome_fetch(w->genome, v->contig, v->pos - left, v->pos, text, NULL, NULL), 0);
    memcpy(text + left, allele, strlen(allele));
    assert_int_equal(mfd_genome_fetch(w->genome, v->contig, behind, behind + n,
                                      text + left + strlen(allele), NULL, NULL),
                     0);
    return text; /* of which the first n letters count */
}

static double check_swap(const struct world *w, const float *got, const double *bio,
                         const double *tech, const double *less)
{
    double worst = 0;
    for (size_t t = 0; t < w->head->tracks; t++) {
        double want = bio[t] + tech[t] + w->head->bias[t] - less[t];
        worst = larger(worst, fabs(got[t] - want));
    }
    assert_true(worst < 4e-5);
    return worst;
}

static double check_variant(const struct world *w, const struct mfd_variant *v,
                            struct mfd_ensemble e, const struct mfd_effects *out, size_t row)
{
    char *texts[2] = { allele_window(w, v, v->ref, e), allele_window(w, v, v->alt, e) };
    struct plain ref = plain_score(w, texts[0], e), alt = plain_score(w, texts[1], e);
    size_t at = row * w->head->tracks;
    double worst = plain_check(w, &out->reference, row, &ref, NULL);
    worst = larger(worst, plain_check(w, &out->alternative, row, &alt, NULL));
    worst = larger(worst, plain_check(w, &out->effect, row, &alt, &ref));
    worst = larger(worst, check_swap(w, out->logits_biological_ver2 + at, alt.logits_biological,
                                     ref.logits_technical, ref.logits));
    worst = larger(worst, check_swap(w, out->logits_technical_ver2 + at, ref.logits_biological,
                                     alt.logits_technical, ref.logits));
    plain_free(&ref);
    plain_free(&alt);
    free(texts[0]);
    free(texts[1]);
    return worst;
}

/* ---- variants ---- */

/* A variant at `pos` whose REF is the genome's n_ref bases there; REF and ALT change places if
 * `flip`. */
static struct mfd_variant variant(const struct world *w, const char *chrom, int64_t pos,
                                  size_t n_ref, const char *alt, bool flip)
{
    struct mfd_variant v = MFD_VARIANT_INIT;
    char ref[40];
    size_t contig = mfd_genome_find_contig(w->genome, chrom, strlen(chrom));
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(
        mfd_genome_fetch(w->genome, contig, pos, pos + (int64_t)n_ref, ref, NULL, &err), 0);
    ref[n_ref] = '\0';
    if (mfd_variant_set(&v, w->genome, chrom, pos, flip ? alt : ref, flip ? ref : alt, NULL, &err))
        fail_msg("%s", err.message);
    return v;
}

/* Of any kind: mostly substitutions, then insertions, deletions, longer ones, now and then flipped.
 */
static struct mfd_variant random_variant(struct world *w, int64_t low, int64_t high)
{
    for (;;) {
        char alt[33];
        size_t n_ref = 1, n_alt = 1;
        if (test_chance(&w->random, 0.5)) {
            n_ref = (size_t)test_between(&w->random, 1, test_chance(&w->random, 0.3) ? 32 : 4);
            n_alt = (size_t)test_between(&w->random, 1, test_chance(&w->random, 0.3) ? 32 : 4);
        }
        test_bases(&w->random, alt, n_alt, 0);
        alt[n_alt] = '\0';
        bool flip = test_chance(&w->random, 0.2);
        struct mfd_variant v =
            variant(w, "chr1", test_between(&w->random, low, high), n_ref, alt, flip);
        if (mfd_variant_scored(v.status) && !mfd_variant_unknown(&v))
            return v;
        mfd_variant_deinit(&v);
    }
}

static void free_variants(struct mfd_variant *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mfd_variant_deinit(&v[i]);
}

static void variants_of_every_kind_agree_with_the_published_protocol(void **state)
{
    (void)state;
    enum { N = 14 };
    double worst = 0;
    size_t flipped = 0;
    for (size_t i = 0; i < 15; i++) {
        struct world w;
        world_init(&w, 100 + i, i % 3 == 2 ? NETWORK_PADDED : NETWORK_CONE, 1 + (unsigned)i % 3);
        struct mfd_ensemble e = plain_ensembles[i % 5];
        struct mfd_variant v[N];
        for (size_t j = 0; j < N; j++) /* the latter half one on top of another */
            v[j] = random_variant(&w, j < N / 2 ? 1000 : 3000, j < N / 2 ? 5000 : 3012);
        struct mfd_effects out = effects_new(&w, N);
        score(w.engine, &w, v, N, e, false, &out);
        for (size_t j = 0; j < N; j++) {
            worst = larger(worst, check_variant(&w, &v[j], e, &out, j));
            flipped += v[j].status == MFD_VARIANT_FLIPPED;
        }
        effects_free(&out);
        free_variants(v, N);
        world_deinit(&w);
    }
    assert_true(flipped > 5);
    print_message("largest error %.1e, %zu flipped\n", worst, flipped);
}

static void variants_near_an_end_are_scored_with_n_where_asked(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < 6; i++) {
        struct world w;
        world_init(&w, 200 + i, i % 3 == 2 ? NETWORK_PADDED : NETWORK_CONE, 2);
        struct mfd_ensemble e = plain_ensembles[i % 5];
        int64_t n = (int64_t)mfd_ensemble_window(e, w.config),
                left = n % 2 ? (n - 1) / 2 : n / 2 - 1;
        int64_t right = n - left; /* bases from the variant's first on */
        struct mfd_variant v[] = {
            variant(&w, "chr1", left, 1, "AC", false),
            variant(&w, "chr1", left - 1, 1, "TT", false),
            variant(&w, "chr1", w.length - right, 1, "GGC", false),
            variant(&w, "chr1", w.length - right + 1, 1, "CA", false),
            /* a deletion draws more from the right */
            variant(&w, "chr1", w.length - right - 1, 2, "A", false),
            variant(&w, "chr1", w.length - right, 2, "A", false),
        };
        enum { N = sizeof v / sizeof *v };
        bool inside[N] = { true, false, true, false, true, false }, scored[N];
        struct mfd_effects out = effects_new(&w, N);
        for (size_t j = 0; j < N; j++)
            scored[j] = mfd_variant_scored(v[j].status);
        score(w.engine, &w, v, N, e, false, &out);
        for (size_t j = 0; j < N; j++) {
            if (!scored[j])
                continue; /* the genome's own base by chance */
            assert_int_equal(effects_are_nan(&w, &out, j), !inside[j]);
            if (!inside[j])
                assert_int_equal(v[j].status, MFD_VARIANT_OFF_CONTIG);
            else
                worst = larger(worst, check_variant(&w, &v[j], e, &out, j));
            v[j].status = mfd_variant_scored(v[j].status) ? v[j].status : MFD_VARIANT_OK;
        }
        score(w.engine, &w, v, N, e, true, &out);
        for (size_t j = 0; j < N; j++)
            if (scored[j] && v[j].status == MFD_VARIANT_OK)
                worst = larger(worst, check_variant(&w, &v[j], e, &out, j));
        effects_free(&out);
        free_variants(v, N);
        world_deinit(&w);
    }
    print_message("largest error %.1e\n", worst);
}

static char other_than(char a, char b)
{
    const char *c = "ACGT";
    while (*c == a || *c == b)
        c++;
    return *c;
}

static void what_cannot_be_scored_keeps_its_reason_and_is_blank(void **state)
{
    (void)state;
    struct world w;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_variant v[8] = { MFD_VARIANT_INIT, MFD_VARIANT_INIT, MFD_VARIANT_INIT,
                                MFD_VARIANT_INIT, MFD_VARIANT_INIT, MFD_VARIANT_INIT,
                                MFD_VARIANT_INIT, MFD_VARIANT_INIT };
    world_init(&w, 300, NETWORK_CONE, 1);
    char base[2] = "N", other[2] = "", third[2] = "";
    int64_t pos = 2000;
    for (; !strchr("ACGT", base[0]); pos += base[0] == 'N')
        assert_int_equal(mfd_genome_fetch(w.genome, 0, pos, pos + 1, base, NULL, &err), MFD_OK);
    other[0] = other_than(base[0], base[0]);
    third[0] = other_than(base[0], other[0]);
    assert_int_equal(mfd_variant_set(&v[0], w.genome, "chr1", pos, other, third, "mismatch", &err),
                     0);
    assert_int_equal(mfd_variant_set(&v[1], w.genome, "chr7", 2000, "A", "C", NULL, &err), 0);
    assert_int_equal(mfd_variant_set(&v[2], w.genome, "chr1", pos, base, "<DEL>", NULL, &err), 0);
    assert_int_equal(mfd_variant_set(&v[3], w.genome, "chr1", pos, base, other, NULL, &err), 0);
    assert_int_equal(mfd_variant_set(&v[4], w.genome, "chr1", 7350, "N", "A", NULL, &err), 0);
    v[5] = variant(&w, "chr2", 30, 1, "ACG", false);
    assert_int_equal(mfd_variant_set(&v[6], w.genome, "chr1", 7350, "N", "NA", NULL, &err), 0);
    assert_int_equal(mfd_variant_set(&v[7], w.genome, "chr1", pos, base, "N", NULL, &err), 0);
    enum mfd_variant_status want[] = {
        v[0].status,          MFD_VARIANT_CONTIG_UNKNOWN, MFD_VARIANT_SYMBOLIC,
        MFD_VARIANT_OK,       MFD_VARIANT_UNKNOWN_BASE,   MFD_VARIANT_OFF_CONTIG,
        MFD_VARIANT_N_WINDOW, MFD_VARIANT_UNKNOWN_BASE
    };
    struct mfd_effects out = effects_new(&w, 8);
    score(w.engine, &w, v, 8, MFD_ENSEMBLE_STRANDS, false, &out);
    assert_false(mfd_variant_scored(want[0]));
    for (size_t j = 0; j < 8; j++) {
        assert_int_equal(v[j].status, want[j]);
        assert_int_equal(effects_are_nan(&w, &out, j), j != 3);
    }
    effects_free(&out);
    free_variants(v, 8);
    world_deinit(&w);
}

/* ---- company ---- */

/* More variants than are computed together: in any order, alone, on other workers, the same bits.
 */
static void a_variant_scores_the_same_bits_in_any_company(void **state)
{
    (void)state;
    enum { N = 230 };
    for (size_t round = 0; round < 3; round++) {
        struct world w;
        world_init(&w, 400 + round, round == 2 ? NETWORK_PADDED : NETWORK_CONE, 2);
        struct mfd_ensemble e = plain_ensembles[2 - round];
        struct mfd_engine *other = network_engine(w.network, 3, 300000, NULL);
        struct mfd_variant v[N], shuffled[N];
        size_t from[N];
        for (size_t j = 0; j < N; j++) {
            from[j] = j;
            v[j] = random_variant(&w, 1000, j % 4 ? 1800 : 6000);
        }
        for (size_t j = N; j-- > 1;) {
            size_t with = (size_t)test_between(&w.random, 0, (int64_t)j), keep = from[j];
            from[j] = from[with];
            from[with] = keep;
        }
        for (size_t j = 0; j < N; j++)
            shuffled[j] = v[from[j]];
        struct mfd_effects all = effects_new(&w, N), mixed = effects_new(&w, N),
                           one = effects_new(&w, 1);
        score(w.engine, &w, v, N, e, false, &all);
        score(other, &w, shuffled, N, e, false, &mixed);
        for (size_t j = 0; j < N; j++)
            assert_true(same_effects(&w, &mixed, j, &all, from[j]));
        for (size_t j = 0; j < N; j += 13) {
            score(j % 2 ? other : w.engine, &w, &v[j], 1, e, false, &one);
            assert_true(same_effects(&w, &one, 0, &all, j));
        }
        effects_free(&all);
        effects_free(&mixed);
        effects_free(&one);
        free_variants(v, N);
        mfd_engine_free(other);
        world_deinit(&w);
    }
}

static void effects_that_nobody_wants_change_nothing(void **state)
{
    (void)state;
    enum { N = 5 };
    struct world w;
    struct mfd_variant v[N];
    world_init(&w, 500, NETWORK_CONE, 1);
    for (size_t j = 0; j < N; j++)
        v[j] = random_variant(&w, 2000, 4000);
    struct mfd_effects all = effects_new(&w, N);
    score(w.engine, &w, v, N, MFD_ENSEMBLE_STRANDS, false, &all);
    for (size_t k = 0; k < MFD_N_OUTPUTS + 1; k++) {
        struct mfd_effects full = effects_new(&w, N), only = { 0 };
        if (k < MFD_N_OUTPUTS) {
            *mfd_outputs_slot(&only.effect, k) = *mfd_outputs_slot(&full.effect, k);
            size_t next = (k + 1) % MFD_N_OUTPUTS;
            *mfd_outputs_slot(&only.reference, next) = *mfd_outputs_slot(&full.reference, next);
        } else {
            only.logits_technical_ver2 = full.logits_technical_ver2;
        }
        score(w.engine, &w, v, N, MFD_ENSEMBLE_STRANDS, false, &only);
        for (size_t j = 0; j < N; j++) {
            assert_true(plain_same_row(&w, &only.effect, j, &all.effect, j));
            assert_true(plain_same_row(&w, &only.reference, j, &all.reference, j));
        }
        if (only.logits_technical_ver2)
            assert_memory_equal(only.logits_technical_ver2, all.logits_technical_ver2,
                                N * w.head->tracks * sizeof(float));
        effects_free(&full);
    }
    effects_free(&all);
    free_variants(v, N);
    world_deinit(&w);
}

static void the_reference_of_a_variant_is_that_of_the_bin_where_it_stands(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 510, NETWORK_CONE, 2);
    struct mfd_ensemble e = MFD_ENSEMBLE_PUBLISHED;
    int64_t n = (int64_t)mfd_ensemble_window(e, w.config), left = n % 2 ? (n - 1) / 2 : n / 2 - 1;
    struct mfd_variant v = variant(&w, "chr1", 3001, 1, "ACGT", false);
    struct mfd_effects out = effects_new(&w, 1);
    struct mfd_outputs bin = plain_outputs(&w, 1);
    score(w.engine, &w, &v, 1, e, false, &out);
    size_t contig = 0;
    int64_t start = 3001 - left + 4 + (int64_t)(w.config->crop * mfd_config_bin(w.config));
    int status;
    assert_int_equal(mfd_score_bins(w.engine, w.head, w.genome, &contig, &start, 1, e, false, &bin,
                                    &status, NULL, NULL, NULL),
                     MFD_OK);
    assert_true(plain_same_row(&w, &out.reference, 0, &bin, 0));
    effects_free(&out);
    mfd_outputs_free(&bin);
    mfd_variant_deinit(&v);
    world_deinit(&w);
}

static void no_variants_and_cancelled_ones_are_no_trouble(void **state)
{
    (void)state;
    struct world w;
    const volatile int cancel = 1;
    struct mfd_error err = MFD_ERROR_INIT;
    world_init(&w, 520, NETWORK_CONE, 1);
    struct mfd_variant v = random_variant(&w, 2000, 3000);
    struct mfd_effects out = effects_new(&w, 1);
    score(w.engine, &w, NULL, 0, MFD_ENSEMBLE_PUBLISHED, false, &out);
    assert_int_equal(mfd_score_variants(w.engine, w.head, w.genome, &v, 1, MFD_ENSEMBLE_PUBLISHED,
                                        false, &out, &cancel, &err),
                     MFD_ECANCELLED);
    assert_int_equal(mfd_score_variants(w.engine, w.head, w.genome, &v, 1,
                                        (struct mfd_ensemble){ 8, true }, false, &out, NULL, &err),
                     MFD_EINVAL);
    effects_free(&out);
    mfd_variant_deinit(&v);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_of_every_kind_agree_with_the_published_protocol),
        cmocka_unit_test(variants_near_an_end_are_scored_with_n_where_asked),
        cmocka_unit_test(what_cannot_be_scored_keeps_its_reason_and_is_blank),
        cmocka_unit_test(a_variant_scores_the_same_bits_in_any_company),
        cmocka_unit_test(effects_that_nobody_wants_change_nothing),
        cmocka_unit_test(the_reference_of_a_variant_is_that_of_the_bin_where_it_stands),
        cmocka_unit_test(no_variants_and_cancelled_ones_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
