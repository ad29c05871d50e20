/* Every set of kernels that this processor has, each kernel against its plain twin on random
 * shapes. */
#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/memory.h"
#include "core/engine/kernels.h"
#include "core/engine/pack.h"
#include "core/engine/product.h"
#include "tests/util/naive.h"
#include "tests/util/random.h"

/* Calls check(kernels, random) for each set, and prints the largest error that it returns. */
static void for_each_set(double (*check)(const struct mfd_kernels *, struct test_random *))
{
    static const char *const names[] = { "portable", "avx2", "avx512" };
    for (size_t i = 0; i < 3; i++) {
        const struct mfd_kernels *k = mfd_kernels_choose(names[i]);
        struct test_random r = test_random_new(i);
        if (!k) {
            assert_int_not_equal(i, 0);
            print_message("this processor has no %s\n", names[i]);
            continue;
        }
        assert_string_equal(k->name, names[i]);
        double worst = 0;
        for (int round = 0; round < 40; round++) {
            double error = check(k, &r);
            worst = error > worst ? error : worst;
        }
        if (worst > 0)
            print_message("%s: largest error %.1e\n", names[i], worst);
    }
}

static float *floats(size_t n)
{
    float *p = mfd_aligned(n, sizeof *p);
    assert_non_null(p);
    return p;
}

static float *random_floats(struct test_random *r, size_t n, double low, double high)
{
    float *p = floats(n);
    test_fill(r, p, n, low, high);
    return p;
}

static size_t random_width(struct test_random *r)
{
    return (size_t)test_between(r, 1, 12) * MFD_LANES;
}

/* A norm and activation over n channels; the last few are padding. */
struct norm {
    struct mfd_norm_act f;
    float *scale, *shift;
    size_t real;
};

static struct norm norm_new(struct test_random *r, size_t n)
{
    struct norm x = { .real = n - (size_t)test_between(r, 0, MFD_LANES - 1) };
    x.scale = random_floats(r, n, -2, 2);
    x.shift = random_floats(r, n, -1, 1);
    for (size_t i = x.real; i < n; i++)
        x.scale[i] = x.shift[i] = 0;
    x.f = (struct mfd_norm_act){ x.scale, x.shift, test_chance(r, 0.5) ? MFD_RELU : MFD_GELU_TANH };
    return x;
}

static void norm_free(struct norm *x)
{
    free(x->scale);
    free(x->shift);
}

static double twin(const struct norm *x, size_t channel, double value)
{
    double y = value * x->scale[channel] + x->shift[channel];
    return naive_activation(x->f.activation, y);
}

static double error_of(double got, double want)
{
    double error = fabs(got - want) / (1 + fabs(want));
    return isnan(error) ? INFINITY : error;
}

static double worse(double a, double b)
{
    return a > b ? a : b;
}

/* ---- elementwise ---- */

static double check_norm_act(const struct mfd_kernels *k, struct test_random *r)
{
    size_t n = random_width(r);
    struct norm f = norm_new(r, n);
    double reach = test_chance(r, 0.2) ? 60 : 4, worst = 0;
    float *x = random_floats(r, n, -reach, reach), *out = floats(n);
    k->norm_act(out, x, f.f, n);
    for (size_t i = 0; i < n; i++) {
        worst = worse(worst, error_of(out[i], twin(&f, i, x[i])));
        if (i >= f.real)
            assert_true(out[i] == 0);
    }
    k->norm_act(x, x, f.f, n);
    assert_memory_equal(x, out, n * sizeof *x);
    assert_true(worst < 1e-6);
    norm_free(&f);
    free(x);
    free(out);
    return worst;
}

static void norm_and_activation_agree_with_their_formula(void **state)
{
    (void)state;
    for_each_set(check_norm_act);
}

static double check_pool(const struct mfd_kernels *k, struct test_random *r)
{
    size_t n = random_width(r);
    struct norm f = norm_new(r, n);
    float *a = random_floats(r, n, -4, 4), *b = random_floats(r, n, -4, 4);
    float *out = floats(n), *both = floats(n), *separate = floats(n);
    double worst = 0;
    k->pool(out, a, b, n);
    k->pool_norm_act(both, a, b, f.f, n);
    k->norm_act(separate, out, f.f, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(out[i] == (a[i] > b[i] ? a[i] : b[i]));
        worst = worse(worst, error_of(both[i], twin(&f, i, out[i])));
    }
    assert_memory_equal(both, separate, n * sizeof *both);
    assert_true(worst < 1e-6);
    norm_free(&f);
    free(a);
    free(b);
    free(out);
    free(both);
    free(separate);
    return worst;
}

static void pooling_takes_the_larger_and_then_does_as_the_norm_does(void **state)
{
    (void)state;
    for_each_set(check_pool);
}

static double check_affine(const struct mfd_kernels *k, struct test_random *r)
{
    size_t n = random_width(r);
    float *x = random_floats(r, n, -4, 4), *scale = random_floats(r, n, -2, 2);
    float *shift = random_floats(r, n, -1, 1), *before = floats(n);
    double worst = 0;
    memcpy(before, x, n * sizeof *x);
    k->affine(x, scale, shift, n);
    for (size_t i = 0; i < n; i++)
        worst = worse(worst, error_of(x[i], (double)before[i] * scale[i] + shift[i]));
    assert_true(worst < 3e-7);
    free(x);
    free(scale);
    free(shift);
    free(before);
    return worst;
}

static void affine_multiplies_and_adds(void **state)
{
    (void)state;
    for_each_set(check_affine);
}

/* Every number by itself: neither its place nor how many there are may show. */
static double check_sigmoid(const struct mfd_kernels *k, struct test_random *r)
{
    size_t n = (size_t)test_between(r, 1, 150);
    double reach = test_chance(r, 0.3) ? 200 : 8, worst = 0;
    float *x = random_floats(r, n, -reach, reach), *y = floats(n);
    memcpy(y, x, n * sizeof *x);
    k->sigmoid(y, n);
    for (size_t i = 0; i < n; i++) {
        float one = x[i];
        k->sigmoid(&one, 1);
        assert_memory_equal(&one, &y[i], sizeof one);
        assert_true(y[i] >= 0 && y[i] <= 1);
        worst = worse(worst, fabs(y[i] - naive_sigmoid(x[i])));
    }
    assert_true(worst < 3e-7);
    free(x);
    free(y);
    return worst;
}

static void a_probability_is_that_of_its_logit_wherever_it_stands(void **state)
{
    (void)state;
    for_each_set(check_sigmoid);
}

/* ---- stem ---- */

static double check_stem(const struct mfd_kernels *k, struct test_random *r)
{
    size_t n = random_width(r), rows = (size_t)test_between(r, 1, 40);
    size_t letters = ((size_t)1 << (2 * test_between(r, 1, 3))) + 1;
    size_t count = rows + MFD_STEM_WIDTH - 1;
    float *table = random_floats(r, MFD_STEM_WIDTH * letters * n, -1, 1),
          *bias = random_floats(r, n, -1, 1);
    float *out = floats(rows * n), *one = floats(n);
    uint16_t *codes = mfd_calloc(count, sizeof *codes);
    double worst = 0;
    assert_non_null(codes);
    for (size_t i = 0; i < count; i++)
        codes[i] = (uint16_t)test_between(r, 0, (int64_t)letters - 1);
    k->stem(out, codes, rows, table, letters, bias, n);
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = 0; c < n; c++) {
            double sum = bias[c];
            for (size_t tap = 0; tap < MFD_STEM_WIDTH; tap++)
                sum += table[(tap * letters + codes[row + tap]) * n + c];
            worst = worse(worst, error_of(out[row * n + c], sum));
        }
        k->stem(one, codes + row, 1, table, letters, bias, n);
        assert_memory_equal(one, out + row * n, n * sizeof *one);
    }
    assert_true(worst < 1e-6);
    free(table);
    free(bias);
    free(out);
    free(one);
    free(codes);
    return worst;
}

static void the_stem_is_a_sum_of_fifteen_rows_of_its_table(void **state)
{
    (void)state;
    for_each_set(check_stem);
}

/* ---- convolutions by tiles ---- */

/* A tile through the kernels' transforms, with a weight a channel and tap in place of the products,
 * against the convolution written out. */
static double check_tile(const struct mfd_kernels *k, struct test_random *r, enum mfd_conv_way way)
{
    const size_t taps = 5, tile = way == MFD_CONV_F45 ? 4 : 2, span = tile + taps - 1,
                 points = span;
    size_t n = random_width(r), stride = n * (size_t)test_between(r, 1, 3);
    struct norm f = norm_new(r, n);
    float *x = random_floats(r, span * n, -2, 2), *w = random_floats(r, n * taps, -1, 1);
    float *y = floats(points * stride), *out = floats(tile * n), *g = floats(tile * n),
          *check = floats(n);
    double transform[8 * 5], worst = 0, scale = 0;
    mfd_conv_kernel_transform(way, taps, transform);
    k->tile_in[way](y, stride, x, n);
    for (size_t p = 0; p < points; p++)
        for (size_t c = 0; c < n; c++) {
            double kernel = 0;
            for (size_t t = 0; t < taps; t++)
                kernel += transform[p * taps + t] * w[c * taps + t];
            y[p * stride + c] *= (float)kernel;
        }
    k->tile_out[way](out, g, y, stride, f.f, n);
    for (size_t row = 0; row < tile; row++) {
        for (size_t c = 0; c < n; c++) {
            double sum = 0;
            for (size_t t = 0; t < taps; t++)
                sum += (double)x[(row + t) * n + c] * w[c * taps + t];
            worst = worse(worst, fabs(out[row * n + c] - sum));
            scale = worse(scale, fabs(sum));
        }
        k->norm_act(check, out + row * n, f.f, n);
        assert_memory_equal(check, g + row * n, n * sizeof *g);
    }
    norm_free(&f);
    free(x);
    free(w);
    free(y);
    free(out);
    free(g);
    free(check);
    assert_true(worst / scale < 1e-5);
    return worst / scale;
}

static double check_f45(const struct mfd_kernels *k, struct test_random *r)
{
    return check_tile(k, r, MFD_CONV_F45);
}

static double check_f25(const struct mfd_kernels *k, struct test_random *r)
{
    return check_tile(k, r, MFD_CONV_F25);
}

static void tiles_of_four_are_the_convolution(void **state)
{
    (void)state;
    for_each_set(check_f45);
}

static void tiles_of_two_are_the_convolution(void **state)
{
    (void)state;
    for_each_set(check_f25);
}

static double check_sum(const struct mfd_kernels *k, struct test_random *r)
{
    size_t n = random_width(r), points = (size_t)test_between(r, 1, 9);
    size_t stride = n * (size_t)test_between(r, 1, 4);
    struct norm f = norm_new(r, n);
    float *z = random_floats(r, points * stride, -2, 2), *out = floats(n), *g = floats(n),
          *check = floats(n);
    double worst = 0;
    k->sum_out(out, g, z, stride, points, f.f, n);
    for (size_t c = 0; c < n; c++) {
        double sum = 0;
        for (size_t p = 0; p < points; p++)
            sum += z[p * stride + c];
        worst = worse(worst, error_of(out[c], sum));
    }
    k->norm_act(check, out, f.f, n);
    assert_memory_equal(check, g, n * sizeof *g);
    assert_true(worst < 1e-6);
    norm_free(&f);
    free(z);
    free(out);
    free(g);
    free(check);
    return worst;
}

static void a_direct_convolution_is_the_sum_of_its_taps(void **state)
{
    (void)state;
    for_each_set(check_sum);
}

/* ---- sums of products ---- */

static double check_dots(const struct mfd_kernels *kernels, struct test_random *r)
{
    size_t rows = (size_t)test_between(r, 1, 11), tracks = (size_t)test_between(r, 1, 19);
    size_t k = (size_t)test_between(r, 1, 200), xs = k + (size_t)test_between(r, 0, 5);
    size_t ws = k + (size_t)test_between(r, 0, 5), os = tracks + (size_t)test_between(r, 0, 5);
    float *x = random_floats(r, rows * xs, -1, 1), *w = random_floats(r, tracks * ws, -1, 1);
    float *out = floats(rows * os), one;
    double worst = 0;
    for (size_t i = 0; i < rows * os; i++)
        out[i] = -77;
    kernels->dots(out, os, x, xs, rows, w, ws, tracks, k);
    for (size_t i = 0; i < rows; i++)
        for (size_t t = 0; t < os; t++) {
            if (t >= tracks) { /* what lies between rows is left alone */
                assert_true(i + 1 == rows || out[i * os + t] == -77);
                continue;
            }
            double sum = 0;
            for (size_t j = 0; j < k; j++)
                sum += (double)x[i * xs + j] * w[t * ws + j];
            kernels->dots(&one, 1, x + i * xs, xs, 1, w + t * ws, ws, 1, k);
            assert_memory_equal(&one, &out[i * os + t], sizeof one);
            worst = worse(worst, fabs(sum - one) / sqrt((double)k));
        }
    assert_true(worst < 1e-6);
    free(x);
    free(w);
    free(out);
    return worst;
}

static void a_dot_product_has_the_same_bits_in_any_block(void **state)
{
    (void)state;
    for_each_set(check_dots);
}

/* A matrix packed element by element. */
static struct mfd_matrix matrix_new(struct test_random *r, const struct mfd_products *p, size_t k,
                                    size_t n)
{
    struct mfd_matrix m = { .k = k, .n = n, .data = floats(k * n) };
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            m.data[mfd_matrix_at(p, &m, i, j)] = (float)test_uniform(r, -1, 1);
    return m;
}

static double check_product(const struct mfd_kernels *kernels, struct test_random *r)
{
    struct mfd_products p;
    assert_int_equal(mfd_products_init(&p, kernels, test_chance(r, 0.1), NULL), MFD_OK);
    size_t k = (size_t)test_between(r, 1, 150), n = random_width(r),
           lda = k + (size_t)test_between(r, 0, 3);
    size_t rows =
        mfd_round_up((size_t)test_between(r, 1, test_chance(r, 0.1) ? 260 : 40), p.quantum);
    size_t first = (size_t)test_between(r, 0, (int64_t)(n - 1) / MFD_PANEL_MOST) * MFD_PANEL_MOST;
    int add = test_chance(r, 0.5);
    struct mfd_matrix m = matrix_new(r, &p, k, n);
    float *a = random_floats(r, rows * lda, -1, 1), *c = random_floats(r, rows * n, -1, 1);
    float *before = floats(rows * n), *part = floats(p.quantum * n);
    double worst = 0, seconds = 0;
    memcpy(before, c, rows * n * sizeof *c);
    mfd_product(&p, rows, &m, 0, n, a, lda, c, n, add, &seconds);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = add ? before[i * n + j] : 0;
            for (size_t q = 0; q < k; q++)
                sum += (double)a[i * lda + q] * m.data[mfd_matrix_at(&p, &m, q, j)];
            worst = worse(worst, fabs(sum - c[i * n + j]) / sqrt((double)k));
        }
    /* some rows and columns of it by themselves */
    for (size_t i = 0; i + p.quantum <= rows; i += p.quantum) {
        memcpy(part, before + i * n, p.quantum * n * sizeof *part);
        mfd_product(&p, p.quantum, &m, first, n - first, a + i * lda, lda, part + first, n, add,
                    &seconds);
        for (size_t q = 0; q < p.quantum; q++)
            assert_memory_equal(part + q * n + first, c + (i + q) * n + first,
                                (n - first) * sizeof *c);
    }
    assert_true(worst < 1e-6);
    free(m.data);
    free(a);
    free(c);
    free(before);
    free(part);
    return worst;
}

static void a_product_of_rows_has_the_same_bits_at_any_height(void **state)
{
    (void)state;
    for_each_set(check_product);
}

static void the_best_set_is_one_of_the_three(void **state)
{
    (void)state;
    const struct mfd_kernels *best = mfd_kernels_choose(NULL);
    assert_non_null(best);
    assert_ptr_equal(best, mfd_kernels_choose(best->name));
    assert_null(mfd_kernels_choose("abacus"));
    assert_null(mfd_kernels_choose(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norm_and_activation_agree_with_their_formula),
        cmocka_unit_test(pooling_takes_the_larger_and_then_does_as_the_norm_does),
        cmocka_unit_test(affine_multiplies_and_adds),
        cmocka_unit_test(a_probability_is_that_of_its_logit_wherever_it_stands),
        cmocka_unit_test(the_stem_is_a_sum_of_fifteen_rows_of_its_table),
        cmocka_unit_test(tiles_of_four_are_the_convolution),
        cmocka_unit_test(tiles_of_two_are_the_convolution),
        cmocka_unit_test(a_direct_convolution_is_the_sum_of_its_taps),
        cmocka_unit_test(a_dot_product_has_the_same_bits_in_any_block),
        cmocka_unit_test(a_product_of_rows_has_the_same_bits_at_any_height),
        cmocka_unit_test(the_best_set_is_one_of_the_three),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
