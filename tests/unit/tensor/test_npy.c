#include "tests/util/test.h"

#include <stdio.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/tensor/npy.h"

/* An .npy file in memory, version 1.0 unless changed afterwards. */
static void build(struct mfd_buffer *out, const char *header, const void *data, size_t n)
{
    size_t length = strlen(header);
    mfd_buffer_clear(out);
    mfd_buffer_add(out, "\x93NUMPY\1\0", 8);
    mfd_buffer_addc(out, (char)(length & 255));
    mfd_buffer_addc(out, (char)(length >> 8));
    mfd_buffer_adds(out, header);
    mfd_buffer_add(out, data, n);
}

static void a_written_matrix_reads_back(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    char dir[] = "/tmp/mfd-test-XXXXXX", path[64];
    const float m[2][3] = { { 1, 2, 3 }, { -4, 5e-30f, 6 } };
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/m.npy", dir);
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_npy_header_f32(&b, (const size_t[]){ 2, 3 }, 2);
    mfd_buffer_add(&b, m, sizeof m);
    assert_int_equal(mfd_file_replace(path, b.data, b.len, &err), MFD_OK);
    mfd_buffer_deinit(&b);
    struct mfd_npy npy;
    assert_int_equal(mfd_npy_read(path, &npy, &err), MFD_OK);
    assert_int_equal(npy.tensor.ndim, 2);
    assert_int_equal(npy.tensor.shape[0], 2);
    assert_int_equal(npy.tensor.shape[1], 3);
    assert_memory_equal(npy.tensor.data, m, sizeof m);
    mfd_npy_deinit(&npy);
    assert_int_equal(truncate(path, 140), 0);
    assert_int_equal(mfd_npy_read(path, &npy, &err), MFD_EFORMAT);
    assert_non_null(strstr(err.message, path));
    unlink(path);
    rmdir(dir);
}

static void the_data_of_a_written_array_is_aligned(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    for (size_t n = 1; n < (size_t)1 << 62; n *= 7) {
        mfd_buffer_clear(&b);
        mfd_npy_header_f32(&b, (const size_t[]){ n, 1, n }, 3);
        assert_int_equal(b.len % 64, 0);
        assert_int_equal(b.data[b.len - 1], '\n');
    }
    mfd_buffer_deinit(&b);
}

static void every_supported_header_is_understood(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t bytes, ndim, last;
        enum mfd_dtype dtype;
    } cases[] = {
        { "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 8, 0, 0, MFD_F64 },
        { "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", 24, 1, 3, MFD_I64 },
        { "{\"shape\":(2,1,2),\"descr\":\"<i4\",\"fortran_order\":False}\n", 16, 3, 2, MFD_I32 },
        { "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 0), }  \n", 0, 2, 0, MFD_U8 },
    };
    struct mfd_buffer b = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    const char data[64] = "abcdefgh";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_npy npy;
        build(&b, cases[i].header, data, cases[i].bytes);
        assert_int_equal(mfd_npy_parse(b.data, b.len, &npy, &err), MFD_OK);
        assert_int_equal(npy.tensor.dtype, cases[i].dtype);
        assert_int_equal(npy.tensor.ndim, cases[i].ndim);
        if (npy.tensor.ndim)
            assert_int_equal(npy.tensor.shape[npy.tensor.ndim - 1], cases[i].last);
        assert_memory_equal(npy.tensor.data, data, cases[i].bytes);
        mfd_npy_deinit(&npy);
    }
    mfd_buffer_deinit(&b);
}

static void every_malformed_header_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header, *says;
        int status;
    } cases[] = {
        { "", "not a dictionary", MFD_EFORMAT },
        { "{", "not a dictionary", MFD_EFORMAT },
        { "{}", "lacks", MFD_EFORMAT },
        { "{'descr'", "not a dictionary", MFD_EFORMAT },
        { "{'descr': '<f4", "element type", MFD_EUNSUPPORTED },
        { "{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", "<f2", MFD_EUNSUPPORTED },
        { "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", ">f4", MFD_EUNSUPPORTED },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "|O", MFD_EUNSUPPORTED },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "plain",
          MFD_EUNSUPPORTED },
        { "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "Fortran", MFD_EUNSUPPORTED },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "neither", MFD_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': 1, }", "tuple", MFD_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1", "tuple of sizes", MFD_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "tuple of sizes",
          MFD_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1), }", "4 dimensions",
          MFD_EUNSUPPORTED },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "does not take",
          MFD_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,4294967296), }",
          "does not take", MFD_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
          "tuple of sizes", MFD_EFORMAT },
        { "{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }", "where it should not", MFD_EFORMAT },
        { "{'descr': '<f4', 'more': 1, 'shape': (1,), }", "where it should not", MFD_EFORMAT },
    };
    struct mfd_buffer b = MFD_BUFFER_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_npy npy;
        build(&b, cases[i].header, "abcd", 4);
        assert_int_equal(mfd_npy_parse(b.data, b.len, &npy, &err), cases[i].status);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s: %s", cases[i].header, err.message);
    }
    mfd_buffer_deinit(&b);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    struct mfd_npy npy;
    mfd_npy_header_f32(&b, (const size_t[]){ 1, 2 }, 2);
    mfd_buffer_add(&b, "abcdefgh", 8);
    for (size_t n = 0; n < b.len; n++) {
        /* an own block each, so that a sanitizer sees a read past its end */
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, b.data, n);
        assert_int_equal(mfd_npy_parse(copy, n, &npy, NULL), MFD_EFORMAT);
        free(copy);
    }
    assert_int_equal(mfd_npy_parse(b.data, b.len, &npy, NULL), MFD_OK);
    mfd_npy_deinit(&npy);
    b.data[6] = 9;
    assert_int_equal(mfd_npy_parse(b.data, b.len, &npy, NULL), MFD_EUNSUPPORTED);
    mfd_buffer_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_written_matrix_reads_back),
        cmocka_unit_test(the_data_of_a_written_array_is_aligned),
        cmocka_unit_test(every_supported_header_is_understood),
        cmocka_unit_test(every_malformed_header_is_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
