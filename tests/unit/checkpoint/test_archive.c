#define _GNU_SOURCE /* memmem */
#include "tests/util/test.h"

#include <stdio.h>

#include "core/checkpoint/archive.h"
#include "tests/util/pickler.h"

static const struct pk_entry entries[] = {
    { "model/data.pkl", "N.", 2, 0 },
    { "model/data/0", "0123456789abcdef", 16, 0 },
    { "model/data/1", "ABCDEFGH", 8, 0 },
};

static void make(struct mfd_buffer *b, const struct pk_entry *e, size_t n)
{
    mfd_buffer_clear(b);
    assert_int_equal(pk_zip(b, e, n), 0);
}

static void refused(const char *bytes, size_t n, int status, const char *says)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_archive *a = NULL;
    int got = mfd_archive_parse(&a, bytes, n, &err);
    if (got != status || !strstr(err.message, says))
        fail_msg("expected %d '%s', got %d '%s'", status, says, got, err.message);
    assert_null(a);
}

/* Offset of the k-th entry's record in the central directory. */
static char *central(struct mfd_buffer *b, int k)
{
    char *at = b->data;
    for (int i = 0; i <= k; i++) {
        at = memmem(at, (size_t)(b->data + b->len - at), "PK\1\2", 4);
        assert_non_null(at);
        at += 4;
    }
    return at - 4;
}

static void entries_are_read_by_their_names_below_the_folder(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_archive *a;
    void *bytes;
    size_t n;
    make(&b, entries, 3);
    assert_int_equal(mfd_archive_parse(&a, b.data, b.len, &err), MFD_OK);
    assert_int_equal(mfd_archive_total(a), b.len);
    assert_int_equal(mfd_archive_size(a, "data/0", &n, &err), MFD_OK);
    assert_int_equal(n, 16);
    assert_int_equal(mfd_archive_read(a, "data/1", &bytes, &n, &err), MFD_OK);
    assert_int_equal(n, 8);
    assert_memory_equal(bytes, "ABCDEFGH", 8);
    free(bytes);
    assert_int_equal(mfd_archive_read(a, "data/2", &bytes, &n, &err), MFD_ENOTFOUND);
    assert_non_null(strstr(err.message, "data/2"));
    mfd_archive_free(a);
    mfd_buffer_deinit(&b);
}

static void what_torch_did_not_write_is_refused(void **state)
{
    (void)state;
    static const struct pk_entry other[] = { { "model/readme", "x", 1, 0 } },
                                 flat[] = { { "data.pkl", "N.", 2, 0 } },
                                 twice[] = { { "a/data.pkl", "N.", 2, 0 },
                                             { "b/data.pkl", "N.", 2, 0 } };
    struct mfd_buffer b = MFD_BUFFER_INIT;
    refused("", 0, MFD_EFORMAT, "the file is empty");
    refused("\x80\x02N.", 4, MFD_EFORMAT, "before 1.6");
    make(&b, other, 1);
    refused(b.data, b.len, MFD_EFORMAT, "holds no 'data.pkl'");
    make(&b, flat, 1);
    refused(b.data, b.len, MFD_EFORMAT, "holds no 'data.pkl'");
    make(&b, twice, 2);
    refused(b.data, b.len, MFD_EFORMAT, "more than once");
    mfd_buffer_deinit(&b);
}

static void a_zip_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    make(&b, entries, 3);
    for (size_t n = 0; n < b.len; n++) {
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, b.data, n);
        refused(copy, n, MFD_EFORMAT, "");
        free(copy);
    }
    mfd_buffer_deinit(&b);
}

/* Opening a changed zip, or reading its entry data/0, fails so. */
static void read_fails(struct mfd_buffer *b, int status, const char *says)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_archive *a = NULL;
    void *bytes;
    size_t n;
    int got = mfd_archive_parse(&a, b->data, b->len, &err);
    if (!got)
        got = mfd_archive_read(a, "data/0", &bytes, &n, &err);
    mfd_archive_free(a);
    if (got != status || !strstr(err.message, says))
        fail_msg("expected %d '%s', got %d '%s'", status, says, got, err.message);
}

static void compressed_entries_are_refused_before_they_are_inflated(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *nothing = calloc(1, SIZE);
    const struct pk_entry bomb[] = { entries[0], { "model/data/0", nothing, SIZE, 1 } };
    struct mfd_buffer b = MFD_BUFFER_INIT;
    assert_non_null(nothing);
    make(&b, bomb, 2);
    assert_true(b.len < 4096);
    read_fails(&b, MFD_EUNSUPPORTED, "compressed");
    mfd_buffer_deinit(&b);
    free(nothing);
}

static void a_zip_that_lies_is_refused(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    make(&b, entries, 3);
    char *at = memmem(b.data, b.len, "0123456789", 10);
    assert_non_null(at);
    at[2] = '!';
    read_fails(&b, MFD_EFORMAT, "damaged");

    make(&b, entries, 3);
    memcpy(central(&b, 1) + 20, "\xff\xff\xff\x7f\xff\xff\xff\x7f", 8);
    read_fails(&b, MFD_EFORMAT, "claims 2147483647 bytes");

    make(&b, entries, 3);
    memcpy(central(&b, 1) + 20, "\x10\0\0\0\x20\0\0\0", 8); /* stored, yet of two sizes */
    read_fails(&b, MFD_EFORMAT, "claims 32 bytes");

    make(&b, entries, 3);
    central(&b, 1)[8] |= 1; /* encrypted, but only there */
    read_fails(&b, MFD_EUNSUPPORTED, "compressed or encrypted");

    make(&b, entries, 3);
    central(&b, 1)[10] = 99; /* a method that nobody knows */
    read_fails(&b, MFD_EFORMAT, "inconsistent");

    make(&b, entries, 3);
    memcpy(central(&b, 1) + 42, "\xff\xff\xff\x0f", 4); /* the local header lies past the end */
    read_fails(&b, MFD_EFORMAT, "");
    mfd_buffer_deinit(&b);
}

/* The quine bomb's trick: many entries over the same bytes. */
static void entries_that_overlap_cannot_give_more_than_the_file_has(void **state)
{
    (void)state;
    enum { N = 64, SIZE = 4096 };
    static char block[SIZE], names[N][32];
    struct pk_entry many[N + 1] = { entries[0] };
    struct mfd_buffer b = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_archive *a;
    void *bytes;
    size_t n, given = 0;
    int status = MFD_OK;
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "model/data/%02d", i);
        many[i + 1] = (struct pk_entry){ names[i], block, i ? 0 : SIZE, 0 };
    }
    make(&b, many, N + 1);
    for (int i = 2; i <= N; i++) { /* every entry's sizes, CRC and place are those of the first */
        memcpy(central(&b, i) + 16, central(&b, 1) + 16, 12);
        memcpy(central(&b, i) + 42, central(&b, 1) + 42, 4);
    }
    if (mfd_archive_parse(&a, b.data, b.len, &err) == MFD_OK) {
        for (int i = 0; i < N && !status; i++) {
            status = mfd_archive_read(a, names[i] + 6, &bytes, &n, &err);
            if (!status) {
                given += n;
                free(bytes);
            }
        }
        mfd_archive_free(a);
        assert_int_equal(status, MFD_EFORMAT);
    }
    assert_true(given <= b.len);
    mfd_buffer_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read_by_their_names_below_the_folder),
        cmocka_unit_test(what_torch_did_not_write_is_refused),
        cmocka_unit_test(a_zip_cut_anywhere_is_refused),
        cmocka_unit_test(compressed_entries_are_refused_before_they_are_inflated),
        cmocka_unit_test(a_zip_that_lies_is_refused),
        cmocka_unit_test(entries_that_overlap_cannot_give_more_than_the_file_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
