#include "tests/util/test.h"

#include <stdio.h>

#include "core/checkpoint/pickle.h"
#include "tests/util/pickler.h"

#define ROOM ((size_t)16 << 20)

static int read_n(const char *bytes, size_t n, struct mfd_pickle **out, struct mfd_error *err)
{
    return mfd_pickle_read(out, bytes, n, ROOM, err);
}

/* The bytes are refused with that status and a message that says so. */
static void refused(const char *bytes, size_t n, int status, const char *says)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_pickle *p = NULL;
    char *copy = malloc(n ? n : 1); /* of exactly that size, for the sanitizer */
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    int got = read_n(copy, n, &p, &err);
    free(copy);
    if (got != status || !strstr(err.message, says))
        fail_msg("expected %d '%s', got %d '%s'", status, says, got, err.message);
    assert_null(p);
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    static const char bytes[] = "\x80\x02(N\x88\x89K\xffM\x01\x02J\xfe\xff\xff\xff"
                                "\x8a\x01\x80\x8a\x00\x8b\x02\x00\x00\x00\x00\x01"
                                "G\xbf\xf8\x00\x00\x00\x00\x00\x00X\x02\x00\x00\x00\xc3\xa9"
                                "\x8c\x01zU\x01sC\x01"
                                "cB\x01\x00\x00\x00"
                                "d)]}\x8f"
                                "K\x01\x85K\x01K\x02\x86K\x01K\x02K\x03\x87t.";
    struct mfd_pickle *p;
    struct mfd_error err = MFD_ERROR_INIT;
    if (read_n(bytes, sizeof bytes - 1, &p, &err))
        fail_msg("%s", err.message);
    const struct mfd_pickle_value *v = mfd_pickle_root(p);
    static const enum mfd_pickle_kind kinds[] = {
        MFD_PICKLE_NONE,  MFD_PICKLE_BOOL,  MFD_PICKLE_BOOL,  MFD_PICKLE_INT,   MFD_PICKLE_INT,
        MFD_PICKLE_INT,   MFD_PICKLE_INT,   MFD_PICKLE_INT,   MFD_PICKLE_INT,   MFD_PICKLE_FLOAT,
        MFD_PICKLE_TEXT,  MFD_PICKLE_TEXT,  MFD_PICKLE_BYTES, MFD_PICKLE_BYTES, MFD_PICKLE_BYTES,
        MFD_PICKLE_TUPLE, MFD_PICKLE_LIST,  MFD_PICKLE_DICT,  MFD_PICKLE_SET,   MFD_PICKLE_TUPLE,
        MFD_PICKLE_TUPLE, MFD_PICKLE_TUPLE,
    };
    static const int64_t integers[] = { 255, 513, -2, -128, 0, 256 };
    assert_int_equal(v->items.n, sizeof kinds / sizeof *kinds);
    for (size_t i = 0; i < v->items.n; i++)
        assert_int_equal(mfd_pickle_item(v, i)->kind, kinds[i]);
    for (size_t i = 0; i < 6; i++)
        assert_true(mfd_pickle_item(v, 3 + i)->integer == integers[i]);
    assert_true(mfd_pickle_item(v, 1)->truth && !mfd_pickle_item(v, 2)->truth);
    assert_true(mfd_pickle_item(v, 9)->real == -1.5);
    assert_true(mfd_pickle_is_text(mfd_pickle_item(v, 10), "\xc3\xa9"));
    assert_int_equal(mfd_pickle_item(mfd_pickle_item(v, 21), 2)->integer, 3);
    assert_null(mfd_pickle_item(v, 22));
    mfd_pickle_free(p);
}

static void an_object_keeps_its_call_state_and_items(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    pk_op(&b, "\x80\x02");
    pk_global(&b, "collections OrderedDict");
    pk_op(&b, ")R(");
    pk_text(&b, "a");
    pk_int(&b, 1);
    pk_text(&b, "a");
    pk_int(&b, 2);
    pk_op(&b, "u}");
    pk_text(&b, "_metadata");
    pk_text(&b, "m");
    pk_op(&b, "sb.");
    struct mfd_pickle *p;
    assert_int_equal(read_n(b.data, b.len, &p, NULL), MFD_OK);
    const struct mfd_pickle_value *v = mfd_pickle_root(p);
    assert_true(mfd_pickle_is_call(v, "OrderedDict"));
    assert_int_equal(mfd_pickle_get(v, "a")->integer, 2);
    assert_null(mfd_pickle_get(v, "b"));
    assert_true(mfd_pickle_is_text(mfd_pickle_attribute(v, "_metadata"), "m"));
    assert_null(mfd_pickle_argument(v, 0));
    assert_null(mfd_pickle_get(NULL, "a"));
    mfd_pickle_free(p);
    mfd_buffer_deinit(&b);
}

static void a_list_may_hold_itself(void **state)
{
    (void)state;
    static const char bytes[] = "\x80\x02]q\x00h\x00"
                                "a.";
    struct mfd_pickle *p;
    assert_int_equal(read_n(bytes, sizeof bytes - 1, &p, NULL), MFD_OK);
    const struct mfd_pickle_value *v = mfd_pickle_root(p);
    assert_ptr_equal(mfd_pickle_item(v, 0), v);
    mfd_pickle_free(p);
}

static void bytes_come_out_of_their_wrapping(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    pk_op(&b, "(");
    pk_global(&b, "_codecs encode");
    pk_text(&b, "\x01\xc3\xbf\xc2\x80");
    pk_text(&b, "latin1");
    pk_op(&b, "\x86R");
    pk_global(&b, "__builtin__ bytes");
    pk_op(&b, ")R");
    pk_bytes(&b, "\xff", 1);
    pk_global(&b, "_codecs encode");
    pk_text(&b, "\xc4\x80"); /* U+0100 is no byte */
    pk_text(&b, "latin1");
    pk_op(&b, "\x86RNt.");
    struct mfd_pickle *p;
    assert_int_equal(read_n(b.data, b.len, &p, NULL), MFD_OK);
    static const char *const expected[] = { "\x01\xff\x80", "", "\xff", NULL, NULL };
    for (size_t i = 0; i < 5; i++) {
        size_t n;
        char *bytes = mfd_pickle_bytes(mfd_pickle_item(mfd_pickle_root(p), i), &n);
        if (!expected[i]) {
            assert_null(bytes);
            continue;
        }
        assert_int_equal(n, strlen(expected[i]));
        assert_memory_equal(bytes, expected[i], n);
        free(bytes);
    }
    mfd_pickle_free(p);
    mfd_buffer_deinit(&b);
}

static void every_name_that_is_not_allowed_is_refused_by_its_name(void **state)
{
    (void)state;
    static const char *const names[] = {
        "os system",
        "posix system",
        "nt system",
        "subprocess Popen",
        "subprocess check_output",
        "builtins eval",
        "builtins exec",
        "builtins getattr",
        "builtins __import__",
        "builtins open",
        "__builtin__ eval",
        "__builtin__ apply",
        "importlib import_module",
        "runpy _run_code",
        "operator attrgetter",
        "functools partial",
        "pickle loads",
        "torch load",
        "torch.hub load",
        "torch.serialization load",
        "torch._utils _rebuild_qtensor",
        "numpy load",
        "numpy.core.multiarray fromfile",
        "pandas read_pickle",
        "pandas eval",
        "pandas.io.pickle read_pickle",
        "dataloading.metadata os",
        "collections namedtuple",
        "collections  OrderedDict",
        "Collections OrderedDict",
        "collections OrderedDict.fromkeys",
        "webbrowser open",
        "socket socket",
        "ctypes CDLL",
        "sys modules",
        "code interact",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mfd_buffer b = MFD_BUFFER_INIT;
        char dotted[128];
        snprintf(dotted, sizeof dotted, "'%s'", names[i]);
        *strchr(dotted, ' ') = '.';
        pk_op(&b, "\x80\x02");
        pk_global(&b, names[i]);
        pk_text(&b, "touch /tmp/pwned");
        pk_op(&b, "\x85R.");
        refused(b.data, b.len, MFD_EUNSUPPORTED, dotted);
        mfd_buffer_clear(&b);
        const char *blank = strchr(names[i], ' ');
        pk_op(&b, "\x80\x04");
        pk_text_n(&b, names[i], (size_t)(blank - names[i]));
        pk_text(&b, blank + 1);
        pk_op(&b, "\x93.");
        refused(b.data, b.len, MFD_EUNSUPPORTED, dotted);
        mfd_buffer_deinit(&b);
    }
}

static void every_byte_is_an_opcode_or_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned char op;
        const char *name;
    } forbidden[] = {
        { 'I', "INT" },          { 'L', "LONG" },
        { 'F', "FLOAT" },        { 'S', "STRING" },
        { 'V', "UNICODE" },      { 'p', "PUT" },
        { 'g', "GET" },          { 'P', "PERSID" },
        { 'i', "INST" },         { 'o', "OBJ" },
        { 0x82, "EXT1" },        { 0x83, "EXT2" },
        { 0x84, "EXT4" },        { 0x92, "NEWOBJ_EX" },
        { 0x97, "NEXT_BUFFER" }, { 0x98, "READONLY_BUFFER" },
    };
    size_t unknown = 0;
    for (int op = 0; op < 256; op++) {
        const char bytes[] = { (char)op };
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_pickle *p = NULL;
        assert_int_not_equal(read_n(bytes, 1, &p, &err), MFD_OK);
        unknown += strstr(err.message, "is no opcode") != NULL;
    }
    assert_int_equal(unknown, 256 - 68);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        char says[64];
        snprintf(says, sizeof says, "opcode %s is not allowed", forbidden[i].name);
        refused((const char *)&forbidden[i].op, 1, MFD_EUNSUPPORTED, says);
    }
}

static void every_malformed_pickle_is_refused(void **state)
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
        CASE("", MFD_EFORMAT, "no bytes"),
        CASE(".", MFD_EFORMAT, "STOP leaves"),
        CASE("NN.", MFD_EFORMAT, "STOP leaves"),
        CASE("(N.", MFD_EFORMAT, "STOP leaves"),
        CASE("N", MFD_EFORMAT, "ends without STOP"),
        CASE("N.N", MFD_EFORMAT, "1 bytes follow"),
        CASE("\x80\x06N.", MFD_EUNSUPPORTED, "protocol 6"),
        CASE("\x80", MFD_EFORMAT, "PROTO goes past the end"),
        CASE("\x95\x01", MFD_EFORMAT, "FRAME goes past"),
        CASE("J\x01\x02\x03", MFD_EFORMAT, "BININT goes past"),
        CASE("X\xff\xff\xff\xff"
             "abc",
             MFD_EFORMAT, "BINUNICODE goes past"),
        CASE("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
             "abc",
             MFD_EFORMAT, "BINUNICODE8 goes past"),
        CASE("\x8e\x00\x00\x00\x00\x00\x00\x00\x80", MFD_EFORMAT, "BINBYTES8 goes past"),
        CASE("\x8b\xff\xff\xff\xff", MFD_EFORMAT, "LONG4 goes past"),
        CASE("G\x00", MFD_EFORMAT, "BINFLOAT goes past"),
        CASE("cos\nsystem", MFD_EFORMAT, "GLOBAL goes past"),
        CASE("cos", MFD_EFORMAT, "GLOBAL goes past"),
        CASE("c\n\n", MFD_EUNSUPPORTED, "'.'"),
        CASE("NN\x93", MFD_EFORMAT, "finds no names"),
        CASE("N\x93", MFD_EFORMAT, "STACK_GLOBAL finds the stack empty"),
        CASE("0", MFD_EFORMAT, "POP finds the stack empty"),
        CASE("2", MFD_EFORMAT, "DUP finds the stack empty"),
        CASE("1", MFD_EFORMAT, "POP_MARK finds no mark"),
        CASE("t", MFD_EFORMAT, "TUPLE finds no mark"),
        CASE("N(\x85", MFD_EFORMAT, "TUPLE1 finds the stack empty"),
        CASE("NN\x87", MFD_EFORMAT, "TUPLE3 finds the stack empty"),
        CASE("(Nd", MFD_EFORMAT, "a key without a value"),
        CASE("}(Nu", MFD_EFORMAT, "a key without a value"),
        CASE("](Nu", MFD_EFORMAT, "a key without a value"),
        CASE("](NNu", MFD_EFORMAT, "takes no items"),
        CASE("}(Ne", MFD_EFORMAT, "takes no items"),
        CASE("NNa", MFD_EFORMAT, "takes no items"),
        CASE(")Na", MFD_EFORMAT, "takes no items"),
        CASE("(e", MFD_EFORMAT, "APPENDS finds the stack empty"),
        CASE("Na", MFD_EFORMAT, "APPEND finds the stack empty"),
        CASE("N}s", MFD_EFORMAT, "SETITEM finds the stack empty"),
        CASE("q\x00", MFD_EFORMAT, "BINPUT finds the stack empty"),
        CASE("h\x00", MFD_EFORMAT, "BINGET names a memo"),
        CASE("Nq\x01", MFD_EFORMAT, "leaves out memo numbers"),
        CASE("Nr\xff\xff\xff\xff", MFD_EFORMAT, "leaves out memo numbers"),
        CASE("Nq\x00j\x01\x00\x00\x00", MFD_EFORMAT, "LONG_BINGET names a memo"),
        CASE("NNR", MFD_EUNSUPPORTED, "REDUCE calls None"),
        CASE("X\x02\x00\x00\x00os)R", MFD_EUNSUPPORTED, "REDUCE calls text"),
        CASE("ccollections\nOrderedDict\nNR", MFD_EUNSUPPORTED, "not a name with a tuple"),
        CASE("ccollections\nOrderedDict\n)R)\x81", MFD_EUNSUPPORTED, "NEWOBJ calls an object"),
        CASE("]}b", MFD_EFORMAT, "BUILD sets the state"),
        CASE("ccollections\nOrderedDict\n}b", MFD_EFORMAT, "BUILD sets the state"),
        CASE("ccollections\nOrderedDict\n)RNa(NNu", MFD_EFORMAT, "takes no items"),
        CASE("Q", MFD_EFORMAT, "BINPERSID finds the stack empty"),
        CASE("\xff", MFD_EFORMAT, "byte 0xff is no opcode"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].bytes, cases[i].n, cases[i].status, cases[i].says);
}

static void nesting_and_memory_are_bounded(void **state)
{
    (void)state;
    size_t n = 4 << 20;
    char *bytes = malloc(n);
    assert_non_null(bytes);
    memset(bytes, '(', n);
    refused(bytes, n, MFD_ELIMIT, "nested");
    memset(bytes, ']', n); /* a list of 32 bytes a byte */
    refused(bytes, n, MFD_ELIMIT, "16 MiB of memory");
    for (size_t i = 0; i + 1 < n; i += 2)
        memcpy(bytes + i, ")2", 2); /* the stack alone */
    refused(bytes, n, MFD_ELIMIT, "16 MiB of memory");
    bytes[0] = ')';
    memset(bytes + 1, '\x94', n - 1); /* the memo alone */
    refused(bytes, n, MFD_ELIMIT, "16 MiB of memory");
    bytes[0] = ')';
    memset(bytes + 1, '\x85', n - 1); /* tuples within tuples are as deep as they like */
    bytes[1 << 17] = '.';
    struct mfd_pickle *p;
    assert_int_equal(read_n(bytes, (1 << 17) + 1, &p, NULL), MFD_OK);
    mfd_pickle_free(p);
    free(bytes);
}

/* Lists that hold the one before twice: 2^60 items for who walks them, 60 lists for us. */
static void sharing_costs_no_memory(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    pk_op(&b, "]q");
    pk_number(&b, 0, 1);
    for (uint64_t i = 0; i < 60; i++) {
        pk_op(&b, "(h");
        pk_number(&b, i, 1);
        pk_op(&b, "h");
        pk_number(&b, i, 1);
        pk_op(&b, "lq");
        pk_number(&b, i + 1, 1);
        pk_op(&b, "\x86");
    }
    pk_op(&b, ".");
    struct mfd_pickle *p;
    assert_int_equal(mfd_pickle_read(&p, b.data, b.len, (size_t)1 << 20, NULL), MFD_OK);
    mfd_pickle_free(p);
    mfd_buffer_deinit(&b);
}

static void a_pickle_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static const char bytes[] = "\x80\x02}q\x00(X\x01\x00\x00\x00"
                                "aq\x01"
                                "ccollections\nOrderedDict\n"
                                "q\x02)Rq\x03X\x01\x00\x00\x00"
                                "bq\x04](K\x01M\x00\x02G@\x00\x00\x00"
                                "\x00\x00\x00\x00"
                                "eu.";
    struct mfd_pickle *p;
    assert_int_equal(read_n(bytes, sizeof bytes - 1, &p, NULL), MFD_OK);
    mfd_pickle_free(p);
    for (size_t n = 0; n < sizeof bytes - 1; n++)
        refused(bytes, n, MFD_EFORMAT, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(an_object_keeps_its_call_state_and_items),
        cmocka_unit_test(a_list_may_hold_itself),
        cmocka_unit_test(bytes_come_out_of_their_wrapping),
        cmocka_unit_test(every_name_that_is_not_allowed_is_refused_by_its_name),
        cmocka_unit_test(every_byte_is_an_opcode_or_refused),
        cmocka_unit_test(every_malformed_pickle_is_refused),
        cmocka_unit_test(nesting_and_memory_are_bounded),
        cmocka_unit_test(sharing_costs_no_memory),
        cmocka_unit_test(a_pickle_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
