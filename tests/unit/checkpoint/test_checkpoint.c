#include "tests/util/test.h"

#include <math.h>
#include <stdio.h>

#include "core/checkpoint/checkpoint.h"
#include "tests/util/pickler.h"

/* One tensor as the pickle describes it, and the bytes of its storage. */
struct tensor {
    const char *rebuild, *class, *key;
    int64_t numel, offset;
    size_t ndim, stride_ndim;
    int64_t shape[6], stride[6];
    int compress;
};

#define F32 "torch FloatStorage"
#define V2 "torch._utils _rebuild_tensor_v2"
static const struct tensor plain = { V2, F32, "0", 6, 0, 2, 2, { 2, 3 }, { 3, 1 }, 0 };
static const float numbers[6] = { 1, 2, 3, 4, 5, 6 };

static void put_storage(struct mfd_buffer *b, const char *class, const char *key, int64_t numel)
{
    pk_op(b, "(");
    pk_text(b, "storage");
    pk_global(b, class);
    pk_text(b, key);
    pk_text(b, "cpu");
    pk_int(b, numel);
    pk_op(b, "tQ");
}

static void put_tensor(struct mfd_buffer *b, const struct tensor *t)
{
    pk_global(b, t->rebuild);
    pk_op(b, "(");
    put_storage(b, t->class, t->key, t->numel);
    pk_int(b, t->offset);
    pk_sizes(b, t->shape, t->ndim);
    pk_sizes(b, t->stride, t->stride_ndim);
    pk_op(b, "\x89"
             "ccollections\nOrderedDict\n)RtR");
}

/* A checkpoint whose state_dict holds `value` (pickled) under "w". */
static void put_checkpoint(struct mfd_buffer *b, const struct mfd_buffer *value)
{
    pk_op(b, "\x80\x02}(");
    pk_text(b, "state_dict");
    pk_op(b, "ccollections\nOrderedDict\n)R(");
    pk_text(b, "w");
    mfd_buffer_add(b, value->data, value->len);
    pk_op(b, "u");
    pk_text(b, "hyper_parameters");
    pk_op(b, "}");
    pk_text(b, "C");
    pk_op(b, "K\x08su.");
}

static int open_pickle(const char *pickle, size_t n, const void *storage, size_t bytes,
                       int compress, struct mfd_buffer *zip, struct mfd_checkpoint **ck,
                       struct mfd_error *err)
{
    const struct pk_entry entries[] = {
        { "m/data.pkl", pickle, n, 0 },
        { "m/byteorder", "little", 6, 0 },
        { "m/data/0", storage, bytes, compress },
    };
    mfd_buffer_clear(zip);
    assert_int_equal(pk_zip(zip, entries, 3), 0);
    return mfd_checkpoint_parse(ck, zip->data, zip->len, err);
}

/* Status of reading a tensor; where it is MFD_OK, its numbers go to `out`. */
static int read_value(const struct mfd_buffer *value, const void *storage, size_t bytes,
                      int compress, struct mfd_tensor *out, float *data, struct mfd_error *err)
{
    struct mfd_buffer zip = MFD_BUFFER_INIT, pickle = MFD_BUFFER_INIT;
    struct mfd_checkpoint *ck = NULL;
    put_checkpoint(&pickle, value);
    int status = open_pickle(pickle.data, pickle.len, storage, bytes, compress, &zip, &ck, err);
    if (status)
        fail_msg("%s", err->message);
    status = mfd_checkpoint_tensor(ck, 0, out, err);
    if (!status)
        memcpy(data, out->data, out->bytes);
    mfd_checkpoint_free(ck);
    mfd_buffer_deinit(&zip);
    mfd_buffer_deinit(&pickle);
    return status;
}

static int read_tensor(const struct tensor *t, const void *storage, size_t bytes,
                       struct mfd_tensor *out, float *data, struct mfd_error *err)
{
    struct mfd_buffer value = MFD_BUFFER_INIT;
    put_tensor(&value, t);
    int status = read_value(&value, storage, bytes, t->compress, out, data, err);
    mfd_buffer_deinit(&value);
    return status;
}

static void views_of_a_storage_are_read_as_torch_sees_them(void **state)
{
    (void)state;
    static const double doubles[] = { 1, 2, 3, 4, 5, 1e-60 };
    static const struct {
        struct tensor t;
        const void *storage;
        size_t bytes, n;
        float expected[6];
    } cases[] = {
        { { V2, F32, "0", 6, 0, 2, 2, { 2, 3 }, { 3, 1 }, 0 },
          numbers,
          24,
          6,
          { 1, 2, 3, 4, 5, 6 } },
        { { V2, F32, "0", 6, 0, 2, 2, { 3, 2 }, { 1, 3 }, 0 },
          numbers,
          24,
          6,
          { 1, 4, 2, 5, 3, 6 } },
        { { V2, F32, "0", 6, 2, 1, 1, { 3 }, { 1 }, 0 }, numbers, 24, 3, { 3, 4, 5 } },
        { { V2, F32, "0", 6, 1, 1, 1, { 3 }, { 2 }, 0 }, numbers, 24, 3, { 2, 4, 6 } },
        { { V2, F32, "0", 6, 5, 0, 0, { 0 }, { 0 }, 0 }, numbers, 24, 1, { 6 } },
        { { V2, F32, "0", 6, 0, 3, 3, { 2, 1, 3 }, { 3, 99, 1 }, 0 },
          numbers,
          24,
          6,
          { 1, 2, 3, 4, 5, 6 } },
        { { V2, F32, "0", 6, 6, 2, 2, { 0, 3 }, { 3, 1 }, 0 }, numbers, 24, 0, { 0 } },
        { { "torch._utils _rebuild_tensor",
            "torch DoubleStorage",
            "0",
            6,
            3,
            1,
            1,
            { 3 },
            { 1 },
            0 },
          doubles,
          48,
          3,
          { 4, 5, 0 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_tensor t;
        float data[6];
        if (read_tensor(&cases[i].t, cases[i].storage, cases[i].bytes, &t, data, &err))
            fail_msg("case %zu: %s", i, err.message);
        assert_int_equal(t.dtype, MFD_F32);
        assert_int_equal(t.ndim, cases[i].t.ndim);
        assert_int_equal(t.bytes, 4 * cases[i].n);
        assert_memory_equal(data, cases[i].expected, t.bytes);
    }
}

static void a_parameter_is_the_tensor_within(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_tensor t;
    float data[6];
    pk_global(&b, "torch._utils _rebuild_parameter");
    pk_op(&b, "(");
    put_tensor(&b, &plain);
    pk_op(&b, "\x88NtR");
    assert_int_equal(read_value(&b, numbers, 24, 0, &t, data, &err), MFD_OK);
    assert_memory_equal(data, numbers, 24);
    mfd_buffer_deinit(&b);
}

static void every_malformed_tensor_is_refused(void **state)
{
    (void)state;
    static const float bad[6] = { 1, 2, NAN, 4, 5, 6 }, endless[6] = { 1, 2, 3, 4, 5, INFINITY };
    static const char long_key[] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    const int64_t huge = (int64_t)1 << 33, most = INT64_MAX;
    const struct {
        struct tensor t;
        const void *storage;
        size_t bytes;
        int status;
        const char *says;
    } cases[] = {
        { { V2, "torch HalfStorage", "0", 6, 0, 1, 1, { 6 }, { 1 }, 0 },
          numbers,
          12,
          MFD_EUNSUPPORTED,
          "HalfStorage" },
        { { V2, "torch LongStorage", "0", 3, 0, 1, 1, { 3 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EUNSUPPORTED,
          "LongStorage" },
        { { V2, "numpy ndarray", "0", 6, 0, 1, 1, { 6 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EUNSUPPORTED,
          "ndarray" },
        { { V2, F32, "9", 6, 0, 1, 1, { 6 }, { 1 }, 0 }, numbers, 24, MFD_ENOTFOUND, "data/9" },
        { { V2, F32, "", 6, 0, 1, 1, { 6 }, { 1 }, 0 }, numbers, 24, MFD_EFORMAT, "no storage" },
        { { V2, F32, long_key, 6, 0, 1, 1, { 6 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "no storage" },
        { { V2, F32, "../data.pkl", 6, 0, 1, 1, { 6 }, { 1 }, 0 },
          numbers,
          24,
          MFD_ENOTFOUND,
          "no entry" },
        { { V2, F32, "0", 7, 0, 1, 1, { 6 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "should have 7 elements" },
        { { V2, F32, "0", 5, 0, 1, 1, { 5 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "should have 5 elements" },
        { { V2, "torch DoubleStorage", "0", 6, 0, 1, 1, { 6 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "6 elements of 8 bytes" },
        { { V2, F32, "0", -6, 0, 1, 1, { 6 }, { 1 }, 0 }, numbers, 24, MFD_EFORMAT, "no storage" },
        { { V2, F32, "0", most, 0, 1, 1, { 6 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "should have" },
        { { V2, F32, "0", 6, -1, 1, 1, { 6 }, { 1 }, 0 }, numbers, 24, MFD_EFORMAT, "not sizes" },
        { { V2, F32, "0", 6, 1, 1, 1, { 6 }, { 1 }, 0 }, numbers, 24, MFD_EFORMAT, "beyond" },
        { { V2, F32, "0", 6, most, 1, 1, { 1 }, { 1 }, 0 }, numbers, 24, MFD_EFORMAT, "beyond" },
        { { V2, F32, "0", 6, 6, 0, 0, { 0 }, { 0 }, 0 }, numbers, 24, MFD_EFORMAT, "beyond" },
        { { V2, F32, "0", 6, 0, 1, 1, { 7 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "more elements than its storage" },
        { { V2, F32, "0", 6, 0, 2, 2, { 2, 3 }, { 4, 1 }, 0 }, numbers, 24, MFD_EFORMAT, "beyond" },
        { { V2, F32, "0", 6, 0, 2, 2, { 2, 3 }, { most, 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "beyond" },
        { { V2, F32, "0", 6, 0, 2, 2, { 2, 3 }, { most, most }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "beyond" },
        { { V2, F32, "0", 6, 0, 2, 2, { 2, 3 }, { -1, 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "not sizes" },
        { { V2, F32, "0", 6, 0, 1, 1, { 1 << 20 }, { 0 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "more elements" },
        { { V2, F32, "0", 6, 0, 2, 2, { huge, huge }, { 0, 0 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "more elements" },
        { { V2, F32, "0", 6, 0, 2, 2, { -2, -3 }, { 3, 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "not sizes" },
        { { V2, F32, "0", 6, 0, 2, 1, { 2, 3 }, { 1 }, 0 }, numbers, 24, MFD_EFORMAT, "not sizes" },
        { { V2, F32, "0", 6, 0, 5, 5, { 1, 1, 1, 1, 6 }, { 6, 6, 6, 6, 1 }, 0 },
          numbers,
          24,
          MFD_EUNSUPPORTED,
          "5 dimensions" },
        { { V2, F32, "0", 6, 0, 1, 1, { 6 }, { 1 }, 1 },
          numbers,
          24,
          MFD_EUNSUPPORTED,
          "compressed" },
        { { V2, F32, "0", 6, 0, 1, 1, { 6 }, { 1 }, 0 },
          bad,
          24,
          MFD_EFORMAT,
          "tensor 'w': element 2 is not a finite" },
        { { V2, F32, "0", 6, 0, 1, 1, { 6 }, { 1 }, 0 }, endless, 24, MFD_EFORMAT, "element 5" },
        { { "collections OrderedDict", F32, "0", 6, 0, 1, 1, { 6 }, { 1 }, 0 },
          numbers,
          24,
          MFD_EFORMAT,
          "not a tensor" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_tensor t;
        float data[6];
        int status = read_tensor(&cases[i].t, cases[i].storage, cases[i].bytes, &t, data, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].says) ||
            !strstr(err.message, "'w'"))
            fail_msg("case %zu: %d '%s', expected '%s'", i, status, err.message, cases[i].says);
    }
}

static void what_is_no_tensor_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = {
        "N",
        "]",
        "K\x01",
        "ctorch._utils\n_rebuild_tensor_v2\n",
        "ctorch\nFloatStorage\n)R",
        "ctorch._utils\n_rebuild_tensor_v2\n)R",
        "ctorch._utils\n_rebuild_parameter\n)R",
        "ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR",
        "ctorch._utils\n_rebuild_tensor_v2\n(NQNNNtR",
        "ctorch._utils\n_rebuild_tensor_v2\n()QK\x01))tR",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_buffer b = MFD_BUFFER_INIT;
        struct mfd_tensor t;
        float data[6];
        mfd_buffer_adds(&b, values[i]);
        assert_int_equal(read_value(&b, numbers, 24, 0, &t, data, &err), MFD_EFORMAT);
        assert_non_null(strstr(err.message, "tensor 'w'"));
        mfd_buffer_deinit(&b);
    }
}

static void a_storage_is_one_thing_only(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT, zip = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_checkpoint *ck;
    struct mfd_tensor t;
    struct tensor other = plain;
    other.class = "torch DoubleStorage";
    other.numel = 3;
    pk_op(&b, "}(");
    pk_text(&b, "hyper_parameters");
    pk_op(&b, "}");
    pk_text(&b, "state_dict");
    pk_op(&b, "}(");
    pk_text(&b, "a");
    put_tensor(&b, &plain);
    pk_text(&b, "b");
    put_tensor(&b, &other);
    pk_op(&b, "uu.");
    assert_int_equal(open_pickle(b.data, b.len, numbers, 24, 0, &zip, &ck, &err), MFD_OK);
    assert_int_equal(mfd_checkpoint_count(ck), 2);
    assert_int_equal(mfd_checkpoint_tensor(ck, 0, &t, &err), MFD_OK);
    assert_int_equal(mfd_checkpoint_tensor(ck, 1, &t, &err), MFD_EFORMAT);
    assert_non_null(strstr(err.message, "described in two ways"));
    mfd_checkpoint_free(ck);
    mfd_buffer_deinit(&b);
    mfd_buffer_deinit(&zip);
}

/* A thousand views of 4 KB each are 4 MB of bundle out of a file of 100 KB. */
static void views_cannot_add_up_to_more_than_the_file(void **state)
{
    (void)state;
    static float block[1024];
    struct mfd_buffer b = MFD_BUFFER_INIT, zip = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_checkpoint *ck;
    struct mfd_tensor t;
    const struct tensor all = { V2, F32, "0", 1024, 0, 1, 1, { 1024 }, { 1 }, 0 };
    int status = MFD_OK;
    pk_op(&b, "}(");
    pk_text(&b, "hyper_parameters");
    pk_op(&b, "}");
    pk_text(&b, "state_dict");
    pk_op(&b, "}(");
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        pk_text(&b, name);
        put_tensor(&b, &all);
    }
    pk_op(&b, "uu.");
    assert_int_equal(open_pickle(b.data, b.len, block, sizeof block, 0, &zip, &ck, &err), MFD_OK);
    for (size_t i = 0; i < 1000 && !status; i++)
        status = mfd_checkpoint_tensor(ck, i, &t, &err);
    assert_int_equal(status, MFD_EFORMAT);
    assert_non_null(strstr(err.message, "more bytes than the checkpoint has"));
    mfd_checkpoint_free(ck);
    mfd_buffer_deinit(&b);
    mfd_buffer_deinit(&zip);
}

#define HYPER "X\x10\0\0\0hyper_parameters"
#define STATE "X\x0a\0\0\0state_dict"

static void every_malformed_dictionary_is_refused(void **state)
{
    (void)state;
#define CASE(bytes, status, says)                                                                  \
    {                                                                                              \
        bytes, sizeof bytes - 1, status, says                                                      \
    }
    static const struct {
        const char *bytes;
        size_t n;
        int status;
        const char *says;
    } cases[] = {
        CASE("N.", MFD_EFORMAT, "no 'state_dict'"),
        CASE("].", MFD_EFORMAT, "no 'state_dict'"),
        CASE("}.", MFD_EFORMAT, "no 'state_dict'"),
        CASE("}(" HYPER "}u.", MFD_EFORMAT, "no 'state_dict'"),
        CASE("}(" STATE "]" HYPER "}u.", MFD_EFORMAT, "no 'state_dict'"),
        CASE("}(" STATE "}" HYPER "}u.", MFD_EFORMAT, "no 'state_dict'"),
        CASE("}(" STATE "}\x8c\1wNsu.", MFD_EFORMAT, "no 'hyper_parameters'"),
        CASE("}(" STATE "}\x8c\1wNs" HYPER "Nu.", MFD_EFORMAT, "None, not a dictionary"),
        CASE("}(" STATE "}\x8c\1wNs" HYPER "]u.", MFD_EFORMAT, "a list, not a dictionary"),
        CASE("}(" STATE "}(K\1Nu" HYPER "}u.", MFD_EFORMAT, "key 0 of 'state_dict' is an integer"),
        CASE("}(" STATE "}(\x8c\1wN\x8c\1wNu" HYPER "}u.", MFD_EFORMAT, "'w' occurs twice"),
        CASE("}(" STATE "}(\x8c\0Nu" HYPER "}u.", MFD_EFORMAT, "is empty"),
        CASE("}(" STATE "}(\x8c\1\xffNu" HYPER "}u.", MFD_EFORMAT, "not UTF-8"),
        CASE("}(" STATE "}(\x8c\1wNu" HYPER "}\x8c\1\xffNsu.", MFD_EFORMAT, "not UTF-8"),
        CASE("}(" STATE "}(\x8c\1wNu" HYPER "}\x8c\1w]\x94h\0"
             "asu.",
             MFD_ELIMIT, "nested"),
        CASE("cos\nsystem\nX\4\0\0\0true\x85R.", MFD_EUNSUPPORTED, "'os.system'"),
        CASE("}(" STATE "cposix\nsystem\nX\4\0\0\0true\x85Ru.", MFD_EUNSUPPORTED, "'posix.system'"),
        CASE("}(" STATE "}(\x8c\1wcbuiltins\neval\nX\1\0\0\0"
             "1\x85Ru" HYPER "}u.",
             MFD_EUNSUPPORTED, "'builtins.eval'"),
        CASE("", MFD_EFORMAT, "no bytes"),
        CASE("}(", MFD_EFORMAT, "ends without STOP"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_buffer zip = MFD_BUFFER_INIT;
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_checkpoint *ck = NULL;
        int status = open_pickle(cases[i].bytes, cases[i].n, "", 0, 0, &zip, &ck, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].says))
            fail_msg("case %zu: %d '%s', expected '%s'", i, status, err.message, cases[i].says);
        assert_null(ck);
        mfd_buffer_deinit(&zip);
    }
}

static void other_byte_orders_and_compressed_pickles_are_refused(void **state)
{
    (void)state;
    static const char pickle[] = "}.";
    const struct pk_entry big[] = { { "m/data.pkl", pickle, 2, 0 },
                                    { "m/byteorder", "big", 3, 0 } };
    static char blanks[4096];
    const struct pk_entry small[] = { { "m/data.pkl", blanks, sizeof blanks, 1 } };
    struct mfd_buffer zip = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_checkpoint *ck;
    assert_int_equal(pk_zip(&zip, big, 2), 0);
    assert_int_equal(mfd_checkpoint_parse(&ck, zip.data, zip.len, &err), MFD_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "little-endian"));
    mfd_buffer_clear(&zip);
    assert_int_equal(pk_zip(&zip, small, 1), 0);
    assert_int_equal(mfd_checkpoint_parse(&ck, zip.data, zip.len, &err), MFD_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "'data.pkl' of the zip is compressed"));
    mfd_buffer_deinit(&zip);
    assert_int_equal(mfd_checkpoint_open(&ck, "/nonexistent.ckpt", &err), MFD_ENOTFOUND);
    assert_int_equal(mfd_checkpoint_open(&ck, "/dev/null", &err), MFD_EINVAL);
}

static void hyper_parameters_become_json(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT, zip = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_checkpoint *ck;
    pk_op(&b, "}(");
    pk_text(&b, "epoch");
    pk_int(&b, 3);
    pk_text(&b, "state_dict");
    pk_op(&b, "}\x8c\1wNs");
    pk_text(&b, "hyper_parameters");
    pk_op(&b, "}(\x8c\1nN\x8c\1t\x88\x8c\1iK\x07\x8c\1s\x8c\2hi\x8c\1lK\1K\2\x86\x8c\1d}\x8c\1kNs");
    pk_op(&b, "\x8c\1f");
    pk_float(&b, 1.5);
    pk_op(&b, "\x8c\1"
              "e");
    pk_float(&b, INFINITY);
    pk_op(&b, "\x8c\1oc"
              "dataloading.metadata\nMetadataLoader\n)\x81");
    pk_op(&b, "\x8c\1pcnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n\x8c\2i8\x89\x88\x87R");
    pk_bytes(&b, "\x05\0\0\0\0\0\0\0", 8);
    pk_op(&b, "\x86Ruu.");
    if (open_pickle(b.data, b.len, "", 0, 0, &zip, &ck, &err))
        fail_msg("%s", err.message);
    char *text = json_dumps(mfd_checkpoint_hyper(ck), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text,
                        "{\"d\":{\"k\":null},\"f\":1.5,\"i\":7,\"l\":[1,2],\"n\":null,\"p\":5,"
                        "\"s\":\"hi\",\"t\":true}");
    free(text);
    assert_int_equal(json_integer_value(json_object_get(mfd_checkpoint_training(ck), "epoch")), 3);
    struct mfd_names ids = MFD_NAMES_INIT;
    assert_int_equal(mfd_checkpoint_tracks(ck, &ids, &err), MFD_ENOTFOUND);
    assert_non_null(strstr(err.message, "--tracks"));
    mfd_checkpoint_free(ck);
    mfd_buffer_deinit(&b);
    mfd_buffer_deinit(&zip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_of_a_storage_are_read_as_torch_sees_them),
        cmocka_unit_test(a_parameter_is_the_tensor_within),
        cmocka_unit_test(every_malformed_tensor_is_refused),
        cmocka_unit_test(what_is_no_tensor_is_refused),
        cmocka_unit_test(a_storage_is_one_thing_only),
        cmocka_unit_test(views_cannot_add_up_to_more_than_the_file),
        cmocka_unit_test(every_malformed_dictionary_is_refused),
        cmocka_unit_test(other_byte_orders_and_compressed_pickles_are_refused),
        cmocka_unit_test(hyper_parameters_become_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
