#include "tests/util/test.h"

#include "core/base/memory.h"
#include "core/engine/batch_in.h"
#include "tests/util/naive.h"
#include "tests/util/network.h"

static struct mfd_batch *batch_of(size_t order)
{
    const struct mfd_config c = { .seq_len = 32, .seq_order = order };
    struct mfd_batch *batch = NULL;
    assert_int_equal(mfd_batch_new(&batch, &c, NULL), MFD_OK);
    return batch;
}

/* Bases [from, from + n) of a sequence as text. */
static const char *text(const struct mfd_batch *b, size_t sequence, int64_t from, size_t n)
{
    static char out[256];
    assert_true(n < sizeof out);
    for (size_t i = 0; i < n; i++)
        out[i] = "ACGTN"[mfd_sequence_base(b, &b->sequences[sequence], from + (int64_t)i)];
    out[n] = '\0';
    return out;
}

static void a_sequence_stands_where_it_was_put_and_n_around_it(void **state)
{
    (void)state;
    struct mfd_batch *b = batch_of(1);
    size_t s = network_sequence(b, "acGTnRC", 7, -3);
    assert_string_equal(text(b, s, -5, 11), "NNACGTNNCNN");
    mfd_batch_free(b);
}

static void codes_are_kmers_with_none_where_a_base_is_unknown(void **state)
{
    (void)state;
    uint16_t codes[8];
    struct mfd_batch *b = batch_of(2);
    size_t s = network_sequence(b, "ACGNTT", 6, 10);
    static const uint16_t pairs[] = { 16, 0 * 4 + 1, 1 * 4 + 2, 16, 16, 15, 16, 16 };
    mfd_sequence_codes(b, &b->sequences[s], 9, 8, codes);
    assert_memory_equal(codes, pairs, sizeof pairs);
    mfd_batch_free(b);
    b = batch_of(3);
    s = network_sequence(b, "ACGTNTTTA", 9, 0);
    static const uint16_t triples[] = { 6, 27, 64, 64, 64, 63, 60, 64 };
    mfd_sequence_codes(b, &b->sequences[s], 0, 8, codes);
    assert_memory_equal(codes, triples, sizeof triples);
    mfd_batch_free(b);
}

static void codes_of_random_sequences_agree_with_their_letters(void **state)
{
    (void)state;
    struct test_random r = test_random_new(1);
    for (int round = 0; round < 200; round++) {
        size_t k = (size_t)test_between(&r, 1, 3), n = (size_t)test_between(&r, 0, 40);
        struct mfd_batch *b = batch_of(k);
        char bases[40];
        uint16_t codes[60];
        test_bases(&r, bases, n, 1);
        size_t s = network_sequence(b, bases, n, 5);
        int64_t from = test_between(&r, -10, 20);
        size_t count = (size_t)test_between(&r, 0, 60);
        mfd_sequence_codes(b, &b->sequences[s], from, count, codes);
        for (size_t i = 0; i < count; i++) {
            unsigned code = 0;
            const char *t = text(b, s, from + (int64_t)i, k);
            for (size_t j = 0; j < k; j++)
                code = 4 * code + (unsigned)(strchr("ACGTN", t[j]) - strchr("ACGTN", 'A'));
            assert_int_equal(codes[i], strchr(t, 'N') ? 1u << (2 * k) : code);
        }
        mfd_batch_free(b);
    }
}

static void an_allele_replaces_bases_and_moves_what_follows(void **state)
{
    (void)state;
    struct mfd_batch *b = batch_of(1);
    size_t s = network_sequence(b, "AACCGGTT", 8, 100);
    assert_string_equal(text(b, network_allele(b, s, 103, 1, "T", 1), 100, 8), "AACTGGTT");
    assert_string_equal(text(b, network_allele(b, s, 103, 2, "", 0), 99, 8), "NAACGTTN");
    assert_string_equal(text(b, network_allele(b, s, 103, 0, "tag", 3), 100, 12), "AACTAGCGGTTN");
    assert_string_equal(text(b, network_allele(b, s, 100, 8, "", 0), 98, 4), "NNNN");
    assert_string_equal(text(b, network_allele(b, s, 108, 0, "AC", 2), 106, 5), "TTACN");
    assert_string_equal(text(b, network_allele(b, s, 100, 0, "TT", 2), 99, 5), "NTTAA");
    mfd_batch_free(b);
}

static void what_both_alleles_share_is_no_change(void **state)
{
    (void)state;
    static const struct {
        int64_t pos;
        size_t n_ref;
        const char *alt;
        int64_t want_pos;
        int64_t want_ref, want_alt;
    } cases[] = {
        { 2, 3, "CTG", 3, 1, 1 }, /* CCG -> CTG */
        { 0, 8, "AACCGGTT", 8, 0, 0 }, { 3, 1, "C", 4, 0, 0 },
        { 3, 1, "CA", 4, 0, 1 }, /* an insertion behind its anchor */
        { 3, 3, "C", 4, 2, 0 },  /* a deletion behind its anchor */
        { 2, 2, "C", 3, 1, 0 },  /* within a repeat: the last of it goes */
        { 2, 2, "CCC", 4, 0, 1 },      { 1, 4, "ATTG", 2, 2, 2 }, /* ACCG -> ATTG */
        { 4, 2, "ga", 5, 1, 1 },       { 4, 1, "N", 4, 1, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_batch *b = batch_of(1);
        size_t s = network_sequence(b, "AACCGGTT", 8, 0);
        size_t a =
            network_allele(b, s, cases[i].pos, cases[i].n_ref, cases[i].alt, strlen(cases[i].alt));
        const struct mfd_sequence *q = &b->sequences[a];
        assert_int_equal(q->pos, cases[i].want_pos);
        assert_int_equal(q->n_ref, cases[i].want_ref);
        assert_int_equal(q->n_alt, cases[i].want_alt);
        mfd_batch_free(b);
    }
}

static void alleles_of_random_sequences_read_as_written_out(void **state)
{
    (void)state;
    struct test_random r = test_random_new(2);
    for (int round = 0; round < 300; round++) {
        struct mfd_batch *b = batch_of(1);
        char bases[60], alt[12], want[256];
        test_bases(&r, bases, sizeof bases, round % 2);
        for (size_t i = 0; i < sizeof bases && round % 3 == 0; i++)
            bases[i] = "AC"[i % 2]; /* a repeat */
        test_bases(&r, alt, sizeof alt, 0);
        size_t n_ref = (size_t)test_between(&r, 0, 10), n_alt = (size_t)test_between(&r, 0, 12);
        size_t pos = (size_t)test_between(&r, 0, (int64_t)(sizeof bases - n_ref));
        if (round % 5 == 0)
            memcpy(alt, bases + (pos < 48 ? pos : 48), sizeof alt);
        size_t s = network_sequence(b, bases, sizeof bases, 7);
        size_t a = network_allele(b, s, 7 + (int64_t)pos, n_ref, alt, n_alt);
        size_t n = sizeof bases - n_ref + n_alt;
        memcpy(want, bases, pos);
        memcpy(want + pos, alt, n_alt);
        memcpy(want + pos + n_alt, bases + pos + n_ref, sizeof bases - pos - n_ref);
        for (size_t i = 0; i < n; i++)
            want[i] = strchr("acgtACGT", want[i]) ? (char)(want[i] & ~0x20) : 'N';
        want[n] = '\0';
        assert_int_equal(b->sequences[a].n, n);
        assert_string_equal(text(b, a, 7, n), want);
        mfd_batch_free(b);
    }
}

static void the_reverse_of_a_reverse_is_the_sequence_in_its_place(void **state)
{
    (void)state;
    struct test_random r = test_random_new(3);
    for (size_t k = 1; k <= 3; k++) {
        struct mfd_batch *b = batch_of(k);
        char bases[50], turned[51], forward[256];
        test_bases(&r, bases, sizeof bases, 1);
        naive_reverse(bases, sizeof bases, turned);
        size_t s = network_sequence(b, bases, sizeof bases, 30);
        size_t reverse = network_reverse(b, s), again = network_reverse(b, reverse);
        const struct mfd_sequence *q = &b->sequences[reverse];
        for (int64_t x = 30; x < 80; x++) { /* base x stands at k-2-x */
            uint8_t c = mfd_sequence_base(b, &b->sequences[s], x);
            uint8_t d = mfd_sequence_base(b, q, (int64_t)k - 2 - x);
            assert_int_equal(d, c < 4 ? 3 - c : 4);
        }
        const char *got = text(b, reverse, q->start, sizeof bases);
        for (size_t i = 0; i < sizeof bases; i++)
            assert_int_equal(got[i], turned[i] == 'N' ? 'N' : turned[i] & ~0x20);
        strcpy(forward, text(b, s, 20, 70));
        assert_string_equal(forward, text(b, again, 20, 70));
        assert_int_equal(b->sequences[again].start, 30);
        mfd_batch_free(b);
    }
}

static void windows_cut_out_hold_their_own_bases(void **state)
{
    (void)state;
    struct test_random r = test_random_new(4);
    struct mfd_batch *b = batch_of(2), *whole = NULL;
    char bases[90];
    test_bases(&r, bases, sizeof bases, 1);
    size_t s = network_sequence(b, bases, sizeof bases, -40);
    size_t a = network_allele(b, s, 0, 2, "ACGTA", 5);
    network_window(b, s, -40, 33);
    network_window(b, a, -17, 32);
    assert_int_equal(mfd_batch_whole(&whole, b, NULL), MFD_OK);
    assert_int_equal(mfd_batch_windows(whole), 2);
    char want[256];
    strcpy(want, text(b, s, -40, 34));
    assert_string_equal(text(whole, 0, 0, 34), want);
    strcpy(want, text(b, a, -17, 33));
    assert_string_equal(text(whole, 1, 0, 33), want);
    assert_string_equal(text(whole, 1, 33, 3), "NNN");
    assert_int_equal(whole->windows[0].positions, 33);
    assert_int_equal(whole->sequences[1].positions, 32);
    mfd_batch_free(whole);
    mfd_batch_free(b);
}

static void what_leaves_its_sequence_is_refused_and_nothing_changes(void **state)
{
    (void)state;
    struct mfd_batch *b = batch_of(2);
    char bases[40];
    struct test_random r = test_random_new(5);
    test_bases(&r, bases, sizeof bases, 0);
    size_t s = network_sequence(b, bases, sizeof bases, 10), number = 99;
    size_t a = network_allele(b, s, 20, 1, "", 0);
    struct mfd_error err = MFD_ERROR_INIT;
    /* windows have 32 or 33 positions, 33 or 34 bases */
    assert_int_equal(mfd_batch_window(b, s, 17, 32, NULL), MFD_OK);
    assert_int_equal(mfd_batch_window(b, s, 18, 32, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_window(b, s, 17, 33, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_window(b, s, 9, 32, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_window(b, s, INT64_MAX, 32, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_window(b, s, INT64_MIN, 32, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_window(b, a, 17, 32, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_window(b, a, 16, 32, NULL), MFD_OK);
    assert_int_equal(mfd_batch_window(b, s, 10, 31, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_window(b, s, 10, 34, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_window(b, 7, 10, 32, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_allele(b, s, 9, 1, "A", 1, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_allele(b, s, 49, 2, "A", 1, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_allele(b, s, 51, 0, "A", 1, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_allele(b, s, INT64_MAX, 1, "A", 1, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_allele(b, s, 20, SIZE_MAX, "A", 1, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_allele(b, a, 20, 1, "A", 1, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_allele(b, 9, 20, 1, "A", 1, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_reverse(b, a, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_reverse(b, 9, &number, &err), MFD_EINVAL);
    assert_int_equal(mfd_batch_sequence(b, bases, 40, INT64_MAX, &number, &err), MFD_ELIMIT);
    assert_int_equal(number, 99);
    assert_int_equal(mfd_batch_windows(b), 2);
    assert_int_equal(b->n_sequences, 2);
    mfd_batch_free(b);
}

static void a_cleared_batch_starts_again(void **state)
{
    (void)state;
    struct mfd_batch *b = batch_of(1);
    char bases[40];
    struct test_random r = test_random_new(6);
    test_bases(&r, bases, sizeof bases, 0);
    for (int round = 0; round < 3; round++) {
        size_t s = network_sequence(b, bases, sizeof bases, round);
        assert_int_equal(s, 0);
        network_window(b, network_reverse(b, s), -39 - round - 1 + 0, 32);
        network_allele(b, s, 20, 3, "ACGT", 4);
        mfd_batch_clear(b);
        assert_int_equal(mfd_batch_windows(b), 0);
    }
    mfd_batch_free(b);
    mfd_batch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequence_stands_where_it_was_put_and_n_around_it),
        cmocka_unit_test(codes_are_kmers_with_none_where_a_base_is_unknown),
        cmocka_unit_test(codes_of_random_sequences_agree_with_their_letters),
        cmocka_unit_test(an_allele_replaces_bases_and_moves_what_follows),
        cmocka_unit_test(what_both_alleles_share_is_no_change),
        cmocka_unit_test(alleles_of_random_sequences_read_as_written_out),
        cmocka_unit_test(the_reverse_of_a_reverse_is_the_sequence_in_its_place),
        cmocka_unit_test(windows_cut_out_hold_their_own_bases),
        cmocka_unit_test(what_leaves_its_sequence_is_refused_and_nothing_changes),
        cmocka_unit_test(a_cleared_batch_starts_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
