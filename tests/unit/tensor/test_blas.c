#include "tests/util/test.h"

#include <stdio.h>
#include <time.h>

#include "core/base/memory.h"
#include "core/tensor/blas.h"
#include "tests/util/random.h"

/* One matrix (k, n) and tall enough rows for it. */
struct scene {
    size_t n, k, tall;
    float *a, *b, *c, *whole; /* rows, matrix, a product, the product of all rows */
};

static void scene_init(struct scene *s, size_t n, size_t k, size_t tall)
{
    struct test_random r = test_random_new(n * 1000 + k);
    *s = (struct scene){ .n = n, .k = k, .tall = tall };
    s->a = mfd_aligned(tall * k, sizeof *s->a);
    s->b = mfd_aligned(k * n, sizeof *s->b);
    s->c = mfd_aligned(tall * n, sizeof *s->c);
    s->whole = mfd_aligned(tall * n, sizeof *s->whole);
    assert_true(s->a && s->b && s->c && s->whole);
    test_fill(&r, s->a, tall * k, -1, 1);
    test_fill(&r, s->b, k * n, -1, 1);
    mfd_blas_product(tall, n, k, s->a, k, s->b, n, s->whole, n, 0, NULL);
}

static void scene_deinit(struct scene *s)
{
    free(s->a);
    free(s->b);
    free(s->c);
    free(s->whole);
}

static int init(void **state)
{
    (void)state;
    clock_t before = clock();
    int status = mfd_blas_init(NULL);
    print_message("found in %.0f ms\n", 1e3 * (double)(clock() - before) / CLOCKS_PER_SEC);
    if (status == MFD_OK)
        print_message("quantum %zu of %s\n", mfd_blas_quantum(), mfd_blas_name());
    return status;
}

/* Shapes of the published network, of small ones, and of its metadata networks. */
static const size_t shapes[][2] = { { 384, 384 }, { 432, 384 }, { 496, 432 }, { 688, 624 },
                                    { 768, 688 }, { 256, 768 }, { 16, 16 },   { 48, 80 },
                                    { 1, 96 },    { 25, 31 },   { 512, 120 } };

static void a_row_has_the_same_bits_at_every_height_and_in_every_place(void **state)
{
    (void)state;
    const size_t quantum = mfd_blas_quantum();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct scene s;
        scene_init(&s, shapes[i][0], shapes[i][1], 4 * quantum * (512 / (4 * quantum)));
        struct test_random r = test_random_new(i);
        for (size_t m = quantum; m <= s.tall; m += m < 6 * quantum ? quantum : 5 * quantum)
            for (int place = 0; place < 3; place++) {
                size_t from = (size_t)test_between(&r, 0, (int64_t)(s.tall - m));
                mfd_blas_product(m, s.n, s.k, s.a + from * s.k, s.k, s.b, s.n, s.c, s.n, 0, NULL);
                if (memcmp(s.c, s.whole + from * s.n, m * s.n * sizeof *s.c) != 0)
                    fail_msg("(%zu, %zu): other bits at height %zu from row %zu", s.k, s.n, m,
                             from);
            }
        scene_deinit(&s);
    }
}

/* What fills a product up to its quantum leaves no trace in the other rows. */
static void rows_that_fill_up_a_product_do_not_matter(void **state)
{
    (void)state;
    const size_t quantum = mfd_blas_quantum();
    struct scene s;
    scene_init(&s, 96, 112, 2 * quantum);
    for (size_t used = 1; used <= quantum; used++) {
        memset(s.a + used * s.k, 0, (s.tall - used) * s.k * sizeof *s.a);
        mfd_blas_product(quantum, s.n, s.k, s.a, s.k, s.b, s.n, s.c, s.n, 0, NULL);
        assert_memory_equal(s.c, s.whole, used * s.n * sizeof *s.c);
        scene_deinit(&s);
        scene_init(&s, 96, 112, 2 * quantum);
    }
    scene_deinit(&s);
}

static void a_product_agrees_with_sums_in_double_precision(void **state)
{
    (void)state;
    struct test_random r = test_random_new(7);
    double worst = 0;
    for (int round = 0; round < 20; round++) {
        struct scene s;
        size_t quantum = mfd_blas_quantum();
        scene_init(&s, (size_t)test_between(&r, 1, 70), (size_t)test_between(&r, 1, 300),
                   quantum * (size_t)test_between(&r, 1, 3));
        int add = round % 2;
        for (size_t i = 0; i < s.tall * s.n; i++)
            s.c[i] = 0.25f;
        mfd_blas_product(s.tall, s.n, s.k, s.a, s.k, s.b, s.n, s.c, s.n, add, NULL);
        for (size_t i = 0; i < s.tall; i++)
            for (size_t j = 0; j < s.n; j++) {
                double sum = add ? 0.25 : 0;
                for (size_t p = 0; p < s.k; p++)
                    sum += (double)s.a[i * s.k + p] * s.b[p * s.n + j];
                double error = fabs(sum - s.c[i * s.n + j]);
                worst = error > worst ? error : worst;
                assert_true(error < 1e-5 * sqrt((double)s.k));
            }
        scene_deinit(&s);
    }
    print_message("largest error %.1e\n", worst);
}

static void seconds_are_added_up(void **state)
{
    (void)state;
    struct scene s;
    double seconds = 0;
    scene_init(&s, 384, 384, 4 * mfd_blas_quantum());
    mfd_blas_product(s.tall, s.n, s.k, s.a, s.k, s.b, s.n, s.c, s.n, 0, &seconds);
    double once = seconds;
    mfd_blas_product(s.tall, s.n, s.k, s.a, s.k, s.b, s.n, s.c, s.n, 0, &seconds);
    assert_true(once > 0 && seconds > once);
    scene_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_the_same_bits_at_every_height_and_in_every_place),
        cmocka_unit_test(rows_that_fill_up_a_product_do_not_matter),
        cmocka_unit_test(a_product_agrees_with_sums_in_double_precision),
        cmocka_unit_test(seconds_are_added_up),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
