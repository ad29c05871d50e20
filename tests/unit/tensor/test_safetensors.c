#include "tests/util/test.h"

#include <stdio.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/tensor/safetensors.h"

static char dir[] = "/tmp/mfd-test-XXXXXX", path[64];

static const float numbers[40] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

static struct mfd_safetensors_writer *some_writer(void)
{
    static const struct mfd_tensor tensors[] = {
        { "odd", MFD_U8, 1, { 3 }, numbers, 3 },
        { "three", MFD_F32, 2, { 1, 3 }, numbers, 12 },
        { "scalar", MFD_I64, 0, { 0 }, numbers, 8 },
        { "wide", MFD_F32, 3, { 2, 4, 2 }, numbers, 64 },
        { "empty", MFD_F32, 2, { 0, 7 }, numbers, 0 },
    };
    struct mfd_safetensors_writer *w = mfd_safetensors_writer_new();
    assert_non_null(w);
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        assert_int_equal(mfd_safetensors_writer_add(w, &tensors[i], NULL), MFD_OK);
    assert_int_equal(mfd_safetensors_writer_meta(w, "text", "quote \" and \xc3\xa9", NULL), MFD_OK);
    assert_int_equal(mfd_safetensors_writer_meta(w, "sha256", zeros, NULL), MFD_OK);
    return w;
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct mfd_safetensors_writer *w = some_writer();
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(mfd_safetensors_writer_write(w, path, NULL, NULL, &err), MFD_OK);
    mfd_safetensors_writer_free(w);
    struct mfd_safetensors *st;
    assert_int_equal(mfd_safetensors_open(&st, path, &err), MFD_OK);
    assert_int_equal(mfd_safetensors_count(st), 5);
    const struct mfd_tensor *wide = mfd_safetensors_find(st, "wide");
    assert_non_null(wide);
    assert_int_equal(wide->ndim, 3);
    assert_int_equal(wide->shape[1], 4);
    assert_int_equal((uintptr_t)wide->data % 64, 0);
    assert_memory_equal(wide->data, numbers, 64);
    assert_int_equal(mfd_safetensors_find(st, "scalar")->ndim, 0);
    assert_int_equal(mfd_safetensors_find(st, "empty")->bytes, 0);
    assert_memory_equal(mfd_safetensors_find(st, "odd")->data, numbers, 3);
    assert_null(mfd_safetensors_find(st, "wid"));
    assert_null(mfd_safetensors_find(st, "__metadata__"));
    assert_null(mfd_safetensors_at(st, 5));
    assert_string_equal(mfd_safetensors_metadata(st, "text"), "quote \" and \xc3\xa9");
    assert_null(mfd_safetensors_metadata(st, "other"));
    mfd_safetensors_free(st);
}

static void the_same_calls_give_the_same_bytes(void **state)
{
    (void)state;
    struct mfd_buffer first = MFD_BUFFER_INIT, second = MFD_BUFFER_INIT;
    for (int i = 0; i < 2; i++) {
        struct mfd_safetensors_writer *w = some_writer();
        assert_int_equal(mfd_safetensors_writer_write(w, path, "sha256", NULL, NULL), MFD_OK);
        mfd_safetensors_writer_free(w);
        assert_int_equal(mfd_file_read(path, 1 << 20, i ? &second : &first, NULL), MFD_OK);
    }
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    mfd_buffer_deinit(&first);
    mfd_buffer_deinit(&second);
}

static void the_digest_is_that_of_the_file_with_zeros_in_its_place(void **state)
{
    (void)state;
    char hex[MFD_SHA256_HEX], again[MFD_SHA256_HEX];
    struct mfd_safetensors_writer *w = some_writer();
    assert_int_equal(mfd_safetensors_writer_write(w, path, "sha256", hex, NULL), MFD_OK);
    mfd_safetensors_writer_free(w);
    struct mfd_safetensors *st;
    assert_int_equal(mfd_safetensors_open(&st, path, NULL), MFD_OK);
    assert_string_equal(mfd_safetensors_metadata(st, "sha256"), hex);
    assert_int_equal(mfd_safetensors_digest(st, "sha256", again, NULL), MFD_OK);
    assert_string_equal(hex, again);
    assert_int_equal(mfd_safetensors_digest(st, "text", again, NULL), MFD_EFORMAT);
    mfd_safetensors_free(st);

    struct mfd_buffer b = MFD_BUFFER_INIT;
    assert_int_equal(mfd_file_read(path, 1 << 20, &b, NULL), MFD_OK);
    char *at = strstr(b.data + 8, hex);
    assert_non_null(at);
    memcpy(at, zeros, 64);
    mfd_sha256(b.data, b.len, again);
    assert_string_equal(hex, again);
    memcpy(at, hex, 64);
    b.data[b.len - 1] ^= 1;
    assert_int_equal(mfd_safetensors_parse(&st, b.data, b.len, NULL), MFD_OK);
    assert_int_equal(mfd_safetensors_digest(st, "sha256", again, NULL), MFD_OK);
    assert_string_not_equal(hex, again);
    mfd_safetensors_free(st);
    mfd_buffer_deinit(&b);
}

static void the_writer_refuses_what_it_could_not_read_back(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_safetensors_writer *w = some_writer();
    struct mfd_tensor t = { "odd", MFD_U8, 1, { 3 }, numbers, 3 };
    assert_int_equal(mfd_safetensors_writer_add(w, &t, &err), MFD_EEXISTS);
    t.name = "__metadata__";
    assert_int_equal(mfd_safetensors_writer_add(w, &t, &err), MFD_EEXISTS);
    t.name = "\xff";
    assert_int_equal(mfd_safetensors_writer_add(w, &t, &err), MFD_EINVAL);
    t = (struct mfd_tensor){ "short", MFD_F32, 1, { 3 }, numbers, 3 };
    assert_int_equal(mfd_safetensors_writer_add(w, &t, &err), MFD_EINVAL);
    assert_int_equal(mfd_safetensors_writer_meta(w, "text", "again", &err), MFD_EEXISTS);
    assert_int_equal(mfd_safetensors_writer_meta(w, "bad", "\xc3(", &err), MFD_EINVAL);
    assert_int_equal(mfd_safetensors_writer_write(w, path, "text", NULL, &err), MFD_EINVAL);
    mfd_safetensors_writer_free(w);
}

/* Length, header and `n` bytes of data, in memory of exactly that size. */
static int parse(const char *header, size_t n, struct mfd_safetensors **st, struct mfd_error *err)
{
    uint64_t length = strlen(header);
    char *bytes = calloc(1, 8 + length + n);
    assert_non_null(bytes);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    int status = mfd_safetensors_parse(st, bytes, 8 + length + n, err);
    if (status == MFD_OK)
        mfd_safetensors_free(*st);
    free(bytes);
    return status;
}

static void every_malformed_header_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t bytes;
        const char *says;
        int status;
    } cases[] = {
        { "", 0, "not a JSON object", MFD_EFORMAT },
        { "[]", 0, "a list", MFD_EFORMAT },
        { "{", 0, "not a JSON object", MFD_EFORMAT },
        { "{} x", 0, "not a JSON object", MFD_EFORMAT },
        { "{}", 1, "belong to no tensor", MFD_EFORMAT },
        { "{\"a\":1}", 0, "no 'dtype'", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":4}}", 0, "no 'dtype'", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "F16",
          MFD_EUNSUPPORTED },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "no list 'shape'", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, "not a size",
          MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "not a size",
          MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
          "5 dimensions", MFD_EUNSUPPORTED },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 4, "data_offsets",
          MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "cut short",
          MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "cut short",
          MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "does not take",
          MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
          "does not take", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0,
          "does not take", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,0]}}", 0,
          "not a JSON object", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
          6, "overlaps", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[4,6]}}",
          6, "gap", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
          2, "duplicate", MFD_EFORMAT },
        { "{\"__metadata__\":[]}", 0, "not an object", MFD_EFORMAT },
        { "{\"__metadata__\":{\"a\":1}}", 0, "not a string", MFD_EFORMAT },
        { "{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, "not a JSON object", MFD_EFORMAT },
        { "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}} ", 8, "not aligned",
          MFD_EFORMAT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_safetensors *st;
        int status = parse(cases[i].header, cases[i].bytes, &st, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].says))
            fail_msg("%s: %d %s", cases[i].header, status, err.message);
    }
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct mfd_safetensors_writer *w = some_writer();
    assert_int_equal(mfd_safetensors_writer_write(w, path, "sha256", NULL, NULL), MFD_OK);
    mfd_safetensors_writer_free(w);
    struct mfd_buffer b = MFD_BUFFER_INIT;
    assert_int_equal(mfd_file_read(path, 1 << 20, &b, NULL), MFD_OK);
    for (size_t n = 0; n < b.len; n++) {
        struct mfd_safetensors *st;
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, b.data, n);
        assert_int_equal(mfd_safetensors_parse(&st, copy, n, NULL), MFD_EFORMAT);
        free(copy);
    }
    mfd_buffer_deinit(&b);
}

static void a_checkpoint_is_told_from_what_was_cut(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_safetensors *st = NULL;
    assert_int_equal(mfd_safetensors_parse(&st, "PK\3\4\0\0\0\0\0\0", 10, &err), MFD_EFORMAT);
    assert_non_null(strstr(err.message, "mfd-model import"));
    assert_int_equal(mfd_safetensors_parse(&st, "PK\5\6\0\0\0\0\0\0", 10, &err), MFD_EFORMAT);
    assert_non_null(strstr(err.message, "cut short"));
}

static void lengths_and_depths_that_would_cost_too_much_are_refused(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_safetensors *st;
    size_t n = MFD_SAFETENSORS_MAX_HEADER + 64;
    char *bytes = calloc(1, n);
    assert_non_null(bytes);
    uint64_t length = n - 8;
    memcpy(bytes, &length, 8);
    assert_int_equal(mfd_safetensors_parse(&st, bytes, n, &err), MFD_ELIMIT);
    length = UINT64_MAX;
    memcpy(bytes, &length, 8);
    assert_int_equal(mfd_safetensors_parse(&st, bytes, n, &err), MFD_EFORMAT);
    length = 100000;
    memcpy(bytes, &length, 8);
    memset(bytes + 8, '[', length);
    assert_int_equal(mfd_safetensors_parse(&st, bytes, 8 + length, &err), MFD_EFORMAT);
    free(bytes);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/a.safetensors", mkdtemp(dir));
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(the_same_calls_give_the_same_bytes),
        cmocka_unit_test(the_digest_is_that_of_the_file_with_zeros_in_its_place),
        cmocka_unit_test(the_writer_refuses_what_it_could_not_read_back),
        cmocka_unit_test(every_malformed_header_is_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_checkpoint_is_told_from_what_was_cut),
        cmocka_unit_test(lengths_and_depths_that_would_cost_too_much_are_refused),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
