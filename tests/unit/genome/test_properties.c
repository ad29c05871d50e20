/* What holds of every variant, on random changes of random sequences that are full of repeats. */
#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/genome/variant.h"
#include "tests/unit/genome/fixture.h"

#define CONTIGS 24
#define LENGTH 90
#define ROUNDS 4000

static char sequence[CONTIGS][LENGTH + 1];

/* Repeats of a short unit with a wrong base here and there: more of them, the later the contig. */
static void make_sequence(size_t contig, uint64_t *seed)
{
    size_t unit = contig % 4 + 1;
    for (size_t i = 0; i < LENGTH; i++) {
        bool free = i < unit || test_random(seed) % 40 <= contig / 4;
        sequence[contig][i] =
            free ? "ACGT"[test_random(seed) % (contig % 3 + 2)] : sequence[contig][i - unit];
    }
    if (contig % 5 == 0)
        sequence[contig][LENGTH / 2] = 'N';
}

static int setup(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct mfd_buffer fasta = MFD_BUFFER_INIT;
    for (size_t i = 0; i < CONTIGS; i++) {
        make_sequence(i, &seed);
        mfd_buffer_addf(&fasta, ">c%zu\n%s\n", i, sequence[i]);
    }
    fixture_open(fasta.data);
    mfd_buffer_deinit(&fasta);
    return 0;
}

/* A change of a contig: [pos, pos + deleted) becomes `inserted`. */
struct change {
    size_t contig, pos, deleted;
    char inserted[16];
};

static struct change random_change(uint64_t *seed)
{
    struct change c = { .contig = test_random(seed) % CONTIGS, .deleted = test_random(seed) % 6 };
    c.pos = test_random(seed) % (LENGTH - c.deleted + 1);
    size_t n = test_random(seed) % 6;
    if (c.deleted && test_random(seed) % 2)
        n = 0;
    size_t from = test_random(seed) % (LENGTH - n);
    bool copy = test_random(seed) % 2; /* of what stands there, so that it repeats */
    if (copy && c.pos + n <= LENGTH)
        from = c.pos;
    for (size_t i = 0; i < n; i++)
        c.inserted[i] = copy ? sequence[c.contig][from + i] : "ACGT"[test_random(seed) % 4];
    return c;
}

/* The contig with [pos, pos + deleted) replaced, to free. */
static char *apply(size_t contig, size_t pos, size_t deleted, const char *inserted)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%.*s%s%s", (int)pos, sequence[contig], inserted,
                    sequence[contig] + pos + deleted);
    return mfd_buffer_steal(&b, NULL);
}

static char *apply_variant(const struct mfd_variant *v)
{
    return apply(v->contig, (size_t)v->pos, strlen(v->ref), v->alt);
}

/* The change as a VCF would have it, with `pad` more shared bases than needed on either side where
 * there are so many. False where nothing changes. */
static bool make_variant(struct mfd_variant *v, const struct change *c, size_t left, size_t right)
{
    struct mfd_error err = MFD_ERROR_INIT;
    size_t from = c->pos > left ? c->pos - left : 0, to = c->pos + c->deleted + right;
    if (from == c->pos && (c->deleted == 0 || !*c->inserted)) /* an anchor is needed */
        from -= from > 0;
    if (to > LENGTH)
        to = LENGTH;
    if (from == c->pos && to == c->pos + c->deleted && (c->deleted == 0 || !*c->inserted))
        to++;
    char chrom[8], ref[LENGTH + 1], alt[LENGTH + 32];
    const char *s = sequence[c->contig];
    snprintf(chrom, sizeof chrom, "c%zu", c->contig);
    snprintf(ref, sizeof ref, "%.*s", (int)(to - from), s + from);
    snprintf(alt, sizeof alt, "%.*s%s%.*s", (int)(c->pos - from), s + from, c->inserted,
             (int)(to - c->pos - c->deleted), s + c->pos + c->deleted);
    assert_int_equal(mfd_variant_set(v, genome, chrom, (int64_t)from, ref, alt, NULL, &err),
                     MFD_OK);
    if (v->status == MFD_VARIANT_OK || v->status == MFD_VARIANT_ALLELE_TOO_LONG)
        return true;
    assert_int_equal(v->status, MFD_VARIANT_NO_CHANGE);
    mfd_variant_deinit(v);
    return false;
}

static void normalize(struct mfd_variant *v)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_variant_normalize(v, genome, NULL, &err) != MFD_OK)
        fail_msg("%s", err.message);
}

static char *form_of(const struct mfd_variant *v, enum mfd_variant_form form)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_variant_format(v, genome, form, &b, &err) != MFD_OK)
        fail_msg("%s", err.message);
    return mfd_buffer_steal(&b, NULL);
}

static void the_normal_form_changes_the_same_and_is_its_own(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < ROUNDS; i++) {
        struct change c = random_change(&seed);
        struct mfd_variant v;
        struct mfd_error err = MFD_ERROR_INIT;
        bool changed;
        if (!make_variant(&v, &c, test_random(&seed) % 5, test_random(&seed) % 5))
            continue;
        MFD_AUTO_FREE char *before = apply_variant(&v);
        normalize(&v);
        MFD_AUTO_FREE char *after = apply_variant(&v);
        assert_string_equal(before, after);
        assert_int_equal(mfd_variant_normalize(&v, genome, &changed, &err), MFD_OK);
        assert_false(changed);
        mfd_variant_deinit(&v);
    }
}

/* Tan, Abecasis and Kang 2015, algorithm 1, as it stands there. */
static void naive_normal(size_t contig, size_t *pos, char *ref, char *alt)
{
    for (bool again = true; again;) {
        size_t n = strlen(ref), m = strlen(alt);
        again = false;
        if (n && m && ref[n - 1] == alt[m - 1] && !(n == 1 && *pos == 0) &&
            !(m == 1 && *pos == 0)) {
            ref[n - 1] = alt[m - 1] = '\0';
            again = true;
        }
        if (!*ref || !*alt) {
            memmove(ref + 1, ref, strlen(ref) + 1);
            memmove(alt + 1, alt, strlen(alt) + 1);
            *ref = *alt = sequence[contig][--*pos];
            again = true;
        }
    }
    while (ref[0] == alt[0] && ref[1] && alt[1]) {
        memmove(ref, ref + 1, strlen(ref));
        memmove(alt, alt + 1, strlen(alt));
        ++*pos;
    }
}

static void the_normal_form_is_that_of_the_published_algorithm(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < ROUNDS; i++) {
        struct change c = random_change(&seed);
        struct mfd_variant v;
        if (!make_variant(&v, &c, test_random(&seed) % 5, test_random(&seed) % 5))
            continue;
        char ref[LENGTH + 8], alt[LENGTH + 40];
        size_t pos = (size_t)v.pos;
        snprintf(ref, sizeof ref, "%s", v.ref);
        snprintf(alt, sizeof alt, "%s", v.alt);
        naive_normal(c.contig, &pos, ref, alt);
        normalize(&v);
        assert_int_equal(v.pos, pos);
        assert_string_equal(v.ref, ref);
        assert_string_equal(v.alt, alt);
        mfd_variant_deinit(&v);
    }
}

/* All places and bases that give the same sequence as c does, from the first on; the number there
 * are. */
static size_t equivalents(const struct change *c, struct change *out, size_t max)
{
    MFD_AUTO_FREE char *target = apply(c->contig, c->pos, c->deleted, c->inserted);
    size_t n = strlen(c->inserted), count = 0;
    for (size_t pos = 0; pos + c->deleted <= LENGTH && count < max; pos++) {
        struct change d = { .contig = c->contig, .pos = pos, .deleted = c->deleted };
        memcpy(d.inserted, target + pos, n);
        MFD_AUTO_FREE char *result = apply(d.contig, d.pos, d.deleted, d.inserted);
        if (strcmp(result, target) == 0)
            out[count++] = d;
    }
    return count;
}

static void equal_insertions_and_deletions_have_equal_forms(void **state)
{
    (void)state;
    uint64_t seed = 4;
    size_t compared = 0;
    for (int i = 0; i < ROUNDS / 10; i++) {
        struct change c = random_change(&seed), same[LENGTH];
        struct mfd_variant first;
        if ((c.deleted == 0) == (*c.inserted == '\0'))
            continue;
        size_t n = equivalents(&c, same, LENGTH);
        assert_true(n >= 1);
        if (!make_variant(&first, &same[0], 0, 0))
            continue;
        normalize(&first);
        for (size_t k = 1; k < n; k++, compared++) {
            struct mfd_variant other;
            assert_true(
                make_variant(&other, &same[k], test_random(&seed) % 4, test_random(&seed) % 4));
            for (int form = MFD_FORM_SPDI; form <= MFD_FORM_HGVS; form++) {
                MFD_AUTO_FREE char *a = form_of(&first, (enum mfd_variant_form)form);
                MFD_AUTO_FREE char *b = form_of(&other, (enum mfd_variant_form)form);
                assert_string_equal(a, b);
            }
            normalize(&other);
            assert_int_equal(first.pos, other.pos);
            assert_string_equal(first.ref, other.ref);
            assert_string_equal(first.alt, other.alt);
            mfd_variant_deinit(&other);
        }
        mfd_variant_deinit(&first);
    }
    assert_true(compared > 500); /* there were repeats indeed */
}

static void every_text_is_read_back_as_the_same_variant(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < ROUNDS; i++) {
        struct change c = random_change(&seed);
        struct mfd_variant v;
        if (!make_variant(&v, &c, test_random(&seed) % 5, test_random(&seed) % 5))
            continue;
        MFD_AUTO_FREE char *result = apply_variant(&v);
        for (int form = MFD_FORM_DASH; form <= MFD_FORM_HGVS; form++) {
            MFD_AUTO_FREE char *text = form_of(&v, (enum mfd_variant_form)form);
            struct mfd_variant back;
            struct mfd_error err = MFD_ERROR_INIT;
            if (mfd_variant_parse(&back, genome, text, strlen(text), &err) != MFD_OK)
                fail_msg("%s: %s", text, err.message);
            assert_true(back.status == MFD_VARIANT_OK ||
                        back.status == MFD_VARIANT_ALLELE_TOO_LONG);
            MFD_AUTO_FREE char *again = apply_variant(&back);
            if (strcmp(result, again) != 0)
                fail_msg("%s is another variant", text);
            mfd_variant_deinit(&back);
        }
        mfd_variant_deinit(&v);
    }
}

static void an_hgvs_text_is_shifted_as_far_right_as_it_goes(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (int i = 0; i < ROUNDS / 10; i++) {
        struct change c = random_change(&seed), same[LENGTH];
        struct mfd_variant v;
        if (*c.inserted || !c.deleted || !make_variant(&v, &c, 0, 0))
            continue;
        size_t n = equivalents(&c, same, LENGTH);
        MFD_AUTO_FREE char *text = form_of(&v, MFD_FORM_HGVS);
        char expected[64];
        size_t start = same[n - 1].pos + 1;
        if (c.deleted == 1)
            snprintf(expected, sizeof expected, "c%zu:g.%zudel", c.contig, start);
        else
            snprintf(expected, sizeof expected, "c%zu:g.%zu_%zudel", c.contig, start,
                     start + c.deleted - 1);
        assert_string_equal(text, expected);
        mfd_variant_deinit(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_normal_form_changes_the_same_and_is_its_own),
        cmocka_unit_test(the_normal_form_is_that_of_the_published_algorithm),
        cmocka_unit_test(equal_insertions_and_deletions_have_equal_forms),
        cmocka_unit_test(every_text_is_read_back_as_the_same_variant),
        cmocka_unit_test(an_hgvs_text_is_shifted_as_far_right_as_it_goes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
