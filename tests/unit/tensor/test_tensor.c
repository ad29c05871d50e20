#include "tests/util/test.h"

#include <math.h>

#include "core/tensor/tensor.h"

static void shapes_print_as_python_prints_them(void **state)
{
    (void)state;
    char text[MFD_SHAPE_TEXT];
    const size_t shape[] = { 3, 4, (size_t)-1, (size_t)-1 };
    assert_string_equal(mfd_shape_text(shape, 0, text), "()");
    assert_string_equal(mfd_shape_text(shape, 1, text), "(3,)");
    assert_string_equal(mfd_shape_text(shape, 2, text), "(3, 4)");
    assert_string_equal(mfd_shape_text(shape, 4, text),
                        "(3, 4, 18446744073709551615, 18446744073709551615)");
}

static void a_shape_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    size_t n;
    assert_true(mfd_shape_elements(NULL, 0, &n));
    assert_int_equal(n, 1);
    assert_false(mfd_shape_elements((const size_t[]){ (size_t)1 << 33, (size_t)1 << 33 }, 2, &n));
    assert_false(mfd_shape_bytes(MFD_F64, (const size_t[]){ (size_t)1 << 61 }, 1, &n));
    assert_true(mfd_shape_bytes(MFD_I32, (const size_t[]){ 5, 0 }, 2, &n));
    assert_int_equal(n, 0);
}

static void the_first_number_that_is_not_finite_is_found(void **state)
{
    (void)state;
    const float f[] = { 0, -3.4e38f, INFINITY, NAN };
    const double d[] = { 1e308, -0.0, -NAN };
    const int i[] = { -1 };
    struct mfd_tensor t = { .dtype = MFD_F32, .data = f, .bytes = sizeof f };
    assert_int_equal(mfd_tensor_first_nonfinite(&t), 2);
    t.bytes = 2 * sizeof *f;
    assert_int_equal(mfd_tensor_first_nonfinite(&t), (size_t)-1);
    t = (struct mfd_tensor){ .dtype = MFD_F64, .data = d, .bytes = sizeof d };
    assert_int_equal(mfd_tensor_first_nonfinite(&t), 2);
    t = (struct mfd_tensor){ .dtype = MFD_I32, .data = i, .bytes = sizeof i };
    assert_int_equal(mfd_tensor_first_nonfinite(&t), (size_t)-1);
}

static void element_types_go_by_the_names_of_safetensors(void **state)
{
    (void)state;
    enum mfd_dtype dtype;
    assert_true(mfd_dtype_from_name("I64", 3, &dtype));
    assert_int_equal(dtype, MFD_I64);
    assert_int_equal(mfd_dtype_size(dtype), 8);
    assert_string_equal(mfd_dtype_name(dtype), "I64");
    assert_false(mfd_dtype_from_name("F16", 3, &dtype));
    assert_false(mfd_dtype_from_name("F3", 2, &dtype));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_print_as_python_prints_them),
        cmocka_unit_test(a_shape_that_does_not_fit_is_refused),
        cmocka_unit_test(the_first_number_that_is_not_finite_is_found),
        cmocka_unit_test(element_types_go_by_the_names_of_safetensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
