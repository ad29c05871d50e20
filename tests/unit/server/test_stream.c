#include "tests/util/test.h"

#include "server/gzip.h"
#include "server/stream.h"

static void count(void *arg)
{
    (*(int *)arg)++;
}

static void write_text(struct mfd_stream *s, const char *text, size_t n)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_add(&b, text, n);
    assert_true(mfd_stream_write(s, &b));
    assert_null(b.data);
}

static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    int drained = 0;
    char out[8];
    size_t n;
    struct mfd_stream *s = mfd_stream_new(false, count, &drained);
    assert_int_equal(mfd_stream_read(s, out, sizeof out, &n), MFD_STREAM_EMPTY);
    write_text(s, "hello world", 11);
    assert_int_equal(mfd_stream_read(s, out, sizeof out, &n), MFD_STREAM_DATA);
    assert_int_equal(n, 8);
    assert_memory_equal(out, "hello wo", 8);
    assert_int_equal(mfd_stream_read(s, out, sizeof out, &n), MFD_STREAM_DATA);
    assert_memory_equal(out, "rld", 3);
    assert_int_equal(mfd_stream_read(s, out, sizeof out, &n), MFD_STREAM_EMPTY);
    mfd_stream_end(s, false);
    assert_int_equal(mfd_stream_read(s, out, sizeof out, &n), MFD_STREAM_END);
    mfd_stream_free(s);
}

static void a_failed_stream_says_so_behind_its_last_byte(void **state)
{
    (void)state;
    int drained = 0;
    char out[8];
    size_t n;
    struct mfd_stream *s = mfd_stream_new(false, count, &drained);
    write_text(s, "a", 1);
    mfd_stream_end(s, true);
    assert_int_equal(mfd_stream_read(s, out, sizeof out, &n), MFD_STREAM_DATA);
    assert_int_equal(mfd_stream_read(s, out, sizeof out, &n), MFD_STREAM_FAILED);
    mfd_stream_free(s);
}

static void a_slow_reader_holds_the_writer_back(void **state)
{
    (void)state;
    int drained = 0;
    size_t n;
    static char block[1 << 16];
    struct mfd_stream *s = mfd_stream_new(false, count, &drained);
    for (int i = 0; i < 16; i++)
        write_text(s, block, sizeof block);
    assert_false(mfd_stream_full(s));
    write_text(s, block, sizeof block);
    assert_true(mfd_stream_full(s));
    for (int i = 0; i < 12; i++)
        assert_int_equal(mfd_stream_read(s, block, sizeof block, &n), MFD_STREAM_DATA);
    assert_int_equal(drained, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(mfd_stream_read(s, block, sizeof block, &n), MFD_STREAM_DATA);
    assert_int_equal(drained, 1);
    assert_false(mfd_stream_full(s));
    mfd_stream_free(s);
}

static void each_write_can_be_unpacked_when_it_is_there(void **state)
{
    (void)state;
    int drained = 0;
    size_t n;
    static char out[4096];
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer all = MFD_BUFFER_INIT, back = MFD_BUFFER_INIT;
    struct mfd_stream *s = mfd_stream_new(true, count, &drained);
    write_text(s, "first\n", 6);
    assert_int_equal(mfd_stream_read(s, out, sizeof out, &n), MFD_STREAM_DATA);
    mfd_buffer_add(&all, out, n);
    write_text(s, "second\n", 7);
    mfd_stream_end(s, false);
    while (mfd_stream_read(s, out, sizeof out, &n) == MFD_STREAM_DATA)
        mfd_buffer_add(&all, out, n);
    assert_int_equal(mfd_gunzip(all.data, all.len, 100, &back, &err), MFD_OK);
    assert_string_equal(back.data, "first\nsecond\n");
    mfd_buffer_deinit(&all);
    mfd_buffer_deinit(&back);
    mfd_stream_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(a_failed_stream_says_so_behind_its_last_byte),
        cmocka_unit_test(a_slow_reader_holds_the_writer_back),
        cmocka_unit_test(each_write_can_be_unpacked_when_it_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
