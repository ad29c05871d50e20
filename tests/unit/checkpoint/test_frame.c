#include "tests/util/test.h"

#include <stdio.h>

#include "core/checkpoint/frame.h"
#include "tests/util/pickler.h"

/* How a frame is pickled. */
enum layout { BLOCKS, STATE };
enum text { OBJECTS, STRING_ARRAY, STRING_STATE, RANGE, NUMBERS, NOTHING };

struct shape {
    enum layout layout;
    enum text index, column; /* how the index and column File_accession are stored */
    bool listed;             /* places of a block as an array, not as a slice */
    const char *const *index_ids, *const *column_ids;
};

static const char *const abc[] = { "A", "B", "C" }, *const abd[] = { "A", "B", "D" },
                         *const aba[] = { "A", "B", "A" }, *const bad[] = { "A", "B\n", "C" };

static void dtype(struct mfd_buffer *b, const char *code)
{
    pk_global(b, "numpy dtype");
    pk_text(b, code);
    pk_op(b, "\x89\x88\x87R(K\x03");
    pk_text(b, "<");
    pk_op(b, "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff");
    pk_op(b, "K\x01tb"); /* flags do not matter */
}

static void array_head(struct mfd_buffer *b, const int64_t *shape, size_t ndim, const char *code)
{
    pk_global(b, "numpy.core.multiarray _reconstruct");
    pk_global(b, "numpy ndarray");
    pk_op(b, "K\x01\x85");
    pk_bytes(b, "b", 1);
    pk_op(b, "\x87R(K\x01");
    pk_sizes(b, shape, ndim);
    dtype(b, code);
    pk_op(b, "\x89"); /* C order */
}

/* (rows, 3) objects: rows - 1 of None, then the ids. */
static void objects(struct mfd_buffer *b, const char *const *ids, int64_t rows)
{
    array_head(b, (const int64_t[]){ rows, 3 }, 2, "O8");
    pk_op(b, "](");
    for (int64_t i = 0; i < 3 * (rows - 1); i++)
        pk_op(b, "N");
    for (size_t i = 0; i < 3; i++)
        pk_text(b, ids[i]);
    pk_op(b, "etb");
}

static void texts(struct mfd_buffer *b, enum text how, const char *const *ids, int64_t rows)
{
    if (how == OBJECTS)
        objects(b, ids, rows);
    if (how == NUMBERS) {
        array_head(b, (const int64_t[]){ 3 }, 1, "i8");
        pk_bytes(b, "abcdefghijklmnopqrstuvwx", 24);
        pk_op(b, "tb");
    }
    if (how == STRING_ARRAY || how == STRING_STATE) {
        pk_global(b, "pandas.core.arrays.string_ StringArray");
        pk_op(b, ")\x81");
        pk_op(b, how == STRING_ARRAY ? "}" : "(N");
        if (how == STRING_ARRAY)
            pk_text(b, "_ndarray");
        objects(b, ids, 1);
        pk_op(b, how == STRING_ARRAY ? "sb" : "}tb");
    }
    if (how == NOTHING)
        pk_op(b, "N");
}

static void index_of(struct mfd_buffer *b, enum text how, const char *const *ids)
{
    pk_global(b, "pandas.core.indexes.base _new_Index");
    pk_global(b, how == RANGE ? "pandas.core.indexes.range RangeIndex"
                              : "pandas.core.indexes.base Index");
    pk_op(b, "}(");
    pk_text(b, how == RANGE ? "start" : "data");
    if (how == RANGE)
        pk_int(b, 0);
    else
        texts(b, how, ids, 1);
    pk_text(b, "name");
    pk_op(b, "Nu\x86R");
}

/* slice(start, stop, step); a step of 0 is written as None. */
static void slice(struct mfd_buffer *b, int start, int stop, int step)
{
    pk_global(b, "__builtin__ slice");
    pk_int(b, start);
    pk_int(b, stop);
    if (step)
        pk_int(b, step);
    else
        pk_op(b, "N");
    pk_op(b, "\x87R");
}

/* Columns: 0 File_accession, 1 x, 2 y. Blocks: 1 alone, of numbers; then 0 alone, or 2 and 0. */
static void block(struct mfd_buffer *b, const struct shape *s, bool numbers)
{
    const int64_t listed[] = { 2, 0 };
    bool old = s->layout == STATE;
    if (!old)
        pk_global(b, "pandas._libs.internals _unpickle_block");
    pk_op(b, old ? "}(" : "(");
    if (old)
        pk_text(b, "values");
    texts(b, numbers ? NUMBERS : s->column, s->column_ids, s->listed ? 2 : 1);
    if (old)
        pk_text(b, "mgr_locs");
    if (numbers)
        slice(b, 1, 2, 1);
    else if (!s->listed)
        slice(b, 0, 1, 0);
    else {
        array_head(b, (const int64_t[]){ 2 }, 1, "i8");
        pk_bytes(b, listed, sizeof listed);
        pk_op(b, "tb");
    }
    pk_op(b, old ? "u" : "K\x02tR");
}

static void axes(struct mfd_buffer *b, const struct shape *s)
{
    static const char *const columns[] = { "File_accession", "x", "y" };
    pk_op(b, "](");
    index_of(b, OBJECTS, columns);
    index_of(b, s->index, s->index_ids);
    pk_op(b, "e");
}

static void manager(struct mfd_buffer *b, const struct shape *s)
{
    pk_global(b, "pandas.core.internals.managers BlockManager");
    if (s->layout == STATE) {
        pk_op(b, ")\x81(NNN}");
        pk_text(b, "0.14.1");
        pk_op(b, "}(");
        pk_text(b, "axes");
        axes(b, s);
        pk_text(b, "blocks");
        pk_op(b, "](");
    } else
        pk_op(b, "(");
    block(b, s, true);
    block(b, s, false);
    if (s->layout == STATE)
        pk_op(b, "eustb");
    else {
        pk_op(b, "t");
        axes(b, s);
        pk_op(b, "\x86R");
    }
}

static int read_frame(const struct shape *s, struct mfd_names *ids, struct mfd_error *err)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    struct mfd_pickle *p = NULL;
    pk_op(&b, "\x80\x02");
    pk_global(&b, "pandas.core.frame DataFrame");
    pk_op(&b, ")\x81}");
    pk_text(&b, s->layout == STATE ? "_data" : "_mgr");
    manager(&b, s);
    pk_op(&b, "sb.");
    if (mfd_pickle_read(&p, b.data, b.len, MFD_PICKLE_MEMORY, err))
        fail_msg("%s", err->message);
    int status = mfd_frame_tracks(mfd_pickle_root(p), ids, err);
    mfd_pickle_free(p);
    mfd_buffer_deinit(&b);
    return status;
}

static void every_known_layout_gives_the_tracks(void **state)
{
    (void)state;
    static const struct shape shapes[] = {
        { BLOCKS, OBJECTS, OBJECTS, false, abc, abc },
        { BLOCKS, OBJECTS, OBJECTS, true, abc, abc },
        { BLOCKS, STRING_ARRAY, OBJECTS, true, abc, abc },
        { BLOCKS, STRING_STATE, STRING_STATE, false, abc, abc },
        { BLOCKS, RANGE, OBJECTS, true, abc, abc },
        { BLOCKS, NUMBERS, STRING_ARRAY, false, abc, abc },
        { BLOCKS, OBJECTS, NOTHING, false, abc, abc },
        { STATE, OBJECTS, OBJECTS, false, abc, abc },
        { STATE, OBJECTS, OBJECTS, true, abc, abc },
        { STATE, RANGE, STRING_ARRAY, false, abc, abc },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_names ids = MFD_NAMES_INIT;
        if (read_frame(&shapes[i], &ids, &err))
            fail_msg("layout %zu: %s", i, err.message);
        assert_int_equal(ids.n, 3);
        for (size_t k = 0; k < 3; k++)
            assert_string_equal(ids.at[k], abc[k]);
        mfd_names_deinit(&ids);
    }
}

static void a_frame_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct shape shape;
        int status;
        const char *says;
    } cases[] = {
        { { BLOCKS, OBJECTS, OBJECTS, true, abc, abd },
          MFD_EMISMATCH,
          "row 2 is 'C' in the index but 'D' in column 'File_accession'" },
        { { STATE, OBJECTS, OBJECTS, false, abd, abc }, MFD_EMISMATCH, "row 2" },
        { { BLOCKS, OBJECTS, OBJECTS, false, aba, aba }, MFD_EFORMAT, "'A' occurs twice" },
        { { BLOCKS, OBJECTS, NOTHING, false, bad, abc }, MFD_EFORMAT, "control character" },
        { { BLOCKS, RANGE, NOTHING, false, abc, abc }, MFD_EUNSUPPORTED, "not an index of text" },
        { { STATE, NUMBERS, NUMBERS, false, abc, abc }, MFD_EUNSUPPORTED, "holds numbers" },
        { { BLOCKS, NOTHING, NOTHING, false, abc, abc }, MFD_EUNSUPPORTED, "cannot read as text" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_names ids = MFD_NAMES_INIT;
        int status = read_frame(&cases[i].shape, &ids, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].says))
            fail_msg("case %zu: %d %s", i, status, err.message);
        assert_int_equal(ids.n, 0);
    }
}

static void what_is_no_frame_is_refused(void **state)
{
    (void)state;
    static const char *const pickles[] = { "N.", "}.", "cpandas.core.frame\nDataFrame\n)\x81.",
                                           "cpandas.core.frame\nDataFrame\n)\x81}\x8c\4_mgrNsb." };
    for (size_t i = 0; i < 4; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_names ids = MFD_NAMES_INIT;
        struct mfd_pickle *p;
        assert_int_equal(
            mfd_pickle_read(&p, pickles[i], strlen(pickles[i]), MFD_PICKLE_MEMORY, &err), MFD_OK);
        assert_int_equal(mfd_frame_tracks(mfd_pickle_root(p), &ids, &err), MFD_EUNSUPPORTED);
        mfd_pickle_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_known_layout_gives_the_tracks),
        cmocka_unit_test(a_frame_that_contradicts_itself_is_refused),
        cmocka_unit_test(what_is_no_frame_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
