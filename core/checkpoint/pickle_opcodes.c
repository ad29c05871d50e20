/* The opcodes of a pickle, without their calls: one table and the functions in it. */
#include "core/checkpoint/pickle.h"

#include <string.h>

#include "core/checkpoint/pickle_machine.h"

#define MAX_PROTOCOL 5

/* The functions of the table; `arg` is the table's number. */

static int run_proto(struct pickle_machine *m, int arg)
{
    uint64_t version;
    int status = pickle_read_uint(m, (size_t)arg, &version);
    if (!status && version > MAX_PROTOCOL)
        return mfd_fail(m->err, MFD_EUNSUPPORTED, "protocol %d; up to %d is supported",
                        (int)version, MAX_PROTOCOL);
    return status;
}

static int run_frame(struct pickle_machine *m, int arg)
{
    uint64_t length;
    return pickle_read_uint(m, (size_t)arg, &length);
}

static int run_stop(struct pickle_machine *m, int arg)
{
    (void)arg;
    if (m->n_marks || m->stack.n != 1)
        return pickle_malformed(m, "leaves more or less than one value");
    m->pickle->root = m->stack.at[0];
    m->stopped = true;
    return MFD_OK;
}

static int run_mark(struct pickle_machine *m, int arg)
{
    (void)arg;
    if (m->n_marks == MFD_PICKLE_MAX_MARKS)
        return mfd_fail(m->err, MFD_ELIMIT, "more than %d values nested in one another",
                        MFD_PICKLE_MAX_MARKS);
    m->marks[m->n_marks++] = m->stack.n;
    return MFD_OK;
}

static int run_pop(struct pickle_machine *m, int arg)
{
    (void)arg;
    if (m->n_marks && m->stack.n == pickle_floor_of(m)) {
        m->n_marks--; /* POP takes a mark too */
        return MFD_OK;
    }
    return pickle_pop(m) ? MFD_OK : MFD_EFORMAT;
}

static int run_pop_mark(struct pickle_machine *m, int arg)
{
    struct mfd_pickle_value **at;
    size_t n;
    (void)arg;
    return pickle_pop_mark(m, &at, &n);
}

static int run_dup(struct pickle_machine *m, int arg)
{
    (void)arg;
    struct mfd_pickle_value *v = pickle_top(m);
    return v ? pickle_push(m, v) : MFD_EFORMAT;
}

static int run_none(struct pickle_machine *m, int arg)
{
    (void)arg;
    return pickle_push(m, m->none);
}

static int run_bool(struct pickle_machine *m, int arg)
{
    return pickle_push(m, arg ? m->yes : m->no);
}

static int push_integer(struct pickle_machine *m, int64_t x)
{
    bool is_small = x >= 0 && x < 256;
    struct mfd_pickle_value *v = is_small ? m->small[x] : NULL;
    if (!v) {
        v = pickle_new_value(m, MFD_PICKLE_INT);
        if (!v)
            return MFD_ELIMIT;
        v->integer = x;
        if (is_small)
            m->small[x] = v; /* integers are never changed, so one of each will do */
    }
    return pickle_push(m, v);
}

static int run_uint(struct pickle_machine *m, int arg)
{
    uint64_t x;
    int status = pickle_read_uint(m, (size_t)arg, &x);
    return status ? status : push_integer(m, (int64_t)x);
}

static int run_int32(struct pickle_machine *m, int arg)
{
    uint64_t x;
    int status = pickle_read_uint(m, (size_t)arg, &x);
    return status ? status : push_integer(m, (int32_t)(uint32_t)x);
}

/* Two's complement, little-endian, any length. */
static int run_long(struct pickle_machine *m, int arg)
{
    const unsigned char *bytes;
    size_t n;
    int status = pickle_read_counted(m, (size_t)arg, &bytes, &n);
    if (status)
        return status;
    if (n > 8) {
        struct mfd_pickle_value *v = pickle_new_value(m, MFD_PICKLE_LONG);
        if (!v)
            return MFD_ELIMIT;
        v->text.s = (const char *)bytes;
        v->text.n = n;
        return pickle_push(m, v);
    }
    uint64_t x = n && bytes[n - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = n; i-- > 0;)
        x = x << 8 | bytes[i];
    return push_integer(m, (int64_t)x);
}

static int run_float(struct pickle_machine *m, int arg)
{
    const unsigned char *bytes;
    int status = pickle_read_bytes(m, (size_t)arg, &bytes);
    if (status)
        return status;
    uint64_t bits = 0;
    for (int i = 0; i < arg; i++)
        bits = bits << 8 | bytes[i];
    double x;
    memcpy(&x, &bits, sizeof x);
    /* a table coded as ones and zeros is most of a large pickle */
    if (bits == 0)
        return pickle_push(m, m->zero);
    if (bits == 0x3ff0000000000000)
        return pickle_push(m, m->one);
    struct mfd_pickle_value *v = pickle_new_value(m, MFD_PICKLE_FLOAT);
    if (!v)
        return MFD_ELIMIT;
    v->real = x;
    return pickle_push(m, v);
}

static int push_text(struct pickle_machine *m, enum mfd_pickle_kind kind, int width)
{
    const unsigned char *bytes;
    size_t n;
    int status = pickle_read_counted(m, (size_t)width, &bytes, &n);
    if (status)
        return status;
    struct mfd_pickle_value *v = pickle_new_value(m, kind);
    if (!v)
        return MFD_ELIMIT;
    v->text.s = (const char *)bytes;
    v->text.n = n;
    return pickle_push(m, v);
}

static int run_text(struct pickle_machine *m, int arg)
{
    return push_text(m, MFD_PICKLE_TEXT, arg);
}

static int run_bytes(struct pickle_machine *m, int arg)
{
    return push_text(m, MFD_PICKLE_BYTES, arg);
}

static int run_empty(struct pickle_machine *m, int arg)
{
    struct mfd_pickle_value *v =
        arg == MFD_PICKLE_TUPLE ? m->empty_tuple : pickle_new_value(m, (enum mfd_pickle_kind)arg);
    return v ? pickle_push(m, v) : MFD_ELIMIT;
}

static int run_tuple_of(struct pickle_machine *m, int arg)
{
    if (m->stack.n - pickle_floor_of(m) < (size_t)arg)
        return pickle_malformed(m, "finds the stack empty");
    m->stack.n -= (size_t)arg;
    return pickle_push_items(m, MFD_PICKLE_TUPLE, m->stack.at + m->stack.n, (size_t)arg);
}

static int run_collect(struct pickle_machine *m, int arg)
{
    struct mfd_pickle_value **at;
    size_t n;
    int status = pickle_pop_mark(m, &at, &n);
    if (status)
        return status;
    if (arg == MFD_PICKLE_DICT && n % 2)
        return pickle_malformed(m, "finds a key without a value");
    return pickle_push_items(m, (enum mfd_pickle_kind)arg, at, n);
}

/* Where items of that kind may be added to the value: itself, or an object. */
static struct mfd_pickle_items *growing(struct pickle_machine *m, struct mfd_pickle_value *v,
                                        int kind)
{
    bool keyed = kind == MFD_PICKLE_DICT;
    if (v->kind == (enum mfd_pickle_kind)kind)
        return &v->items;
    if (v->kind == MFD_PICKLE_OBJECT && (!v->object->items.n || v->object->keyed == keyed)) {
        v->object->keyed = keyed;
        return &v->object->items;
    }
    (void)pickle_malformed(m, "is given something that takes no items");
    return NULL;
}

static int run_add_one(struct pickle_machine *m, int arg)
{
    size_t n = arg == MFD_PICKLE_DICT ? 2 : 1;
    if (m->stack.n - pickle_floor_of(m) < n + 1)
        return pickle_malformed(m, "finds the stack empty");
    m->stack.n -= n;
    struct mfd_pickle_items *items = growing(m, m->stack.at[m->stack.n - 1], arg);
    return items ? pickle_add_items(m, items, m->stack.at + m->stack.n, n) : MFD_EFORMAT;
}

static int run_add_all(struct pickle_machine *m, int arg)
{
    struct mfd_pickle_value **at;
    size_t n;
    int status = pickle_pop_mark(m, &at, &n);
    if (status)
        return status;
    if (arg == MFD_PICKLE_DICT && n % 2)
        return pickle_malformed(m, "finds a key without a value");
    struct mfd_pickle_value *v = pickle_top(m);
    struct mfd_pickle_items *items = v ? growing(m, v, arg) : NULL;
    return items ? pickle_add_items(m, items, at, n) : MFD_EFORMAT;
}

static int run_put(struct pickle_machine *m, int arg)
{
    uint64_t index = m->memo.n;
    int status = arg ? pickle_read_uint(m, (size_t)arg, &index) : MFD_OK;
    struct mfd_pickle_value *v = status ? NULL : pickle_top(m);
    if (!v)
        return MFD_EFORMAT;
    if (index < m->memo.n) {
        m->memo.at[index] = v;
        return MFD_OK;
    }
    /* picklers number from 0 on; a table with holes would cost more memory than its pickle */
    if (index > m->memo.n)
        return pickle_malformed(m, "leaves out memo numbers");
    return pickle_push_pointer(m, &m->memo, v);
}

static int run_get(struct pickle_machine *m, int arg)
{
    uint64_t index;
    int status = pickle_read_uint(m, (size_t)arg, &index);
    if (status)
        return status;
    if (index >= m->memo.n)
        return pickle_malformed(m, "names a memo that was not set");
    return pickle_push(m, m->memo.at[index]);
}

static int push_global(struct pickle_machine *m, const char *module, size_t module_n,
                       const char *name, size_t name_n)
{
    struct mfd_pickle_value *v = pickle_new_value(m, MFD_PICKLE_GLOBAL);
    if (!v)
        return MFD_ELIMIT;
    if (!mfd_pickle_allowed(module, module_n, name, name_n, &v->global.module, &v->global.name))
        return mfd_fail_as(m->err, MFD_EUNSUPPORTED, "forbidden-name",
                           "it names '%.*s.%.*s', which is not among the names that a checkpoint "
                           "may hold; nothing was executed",
                           module_n > 100 ? 100 : (int)module_n, module,
                           name_n > 100 ? 100 : (int)name_n, name);
    return pickle_push(m, v);
}

static int read_line(struct pickle_machine *m, const char **s, size_t *n)
{
    const unsigned char *newline = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (!newline)
        return pickle_malformed(m, "goes past the end");
    *s = (const char *)m->at;
    *n = (size_t)(newline - m->at);
    m->at = newline + 1;
    return MFD_OK;
}

static int run_global(struct pickle_machine *m, int arg)
{
    const char *module = NULL, *name = NULL;
    size_t module_n = 0, name_n = 0;
    (void)arg;
    int status = read_line(m, &module, &module_n);
    if (!status)
        status = read_line(m, &name, &name_n);
    return status ? status : push_global(m, module, module_n, name, name_n);
}

static int run_stack_global(struct pickle_machine *m, int arg)
{
    (void)arg;
    struct mfd_pickle_value *name = pickle_pop(m), *module = name ? pickle_pop(m) : NULL;
    if (!module)
        return MFD_EFORMAT;
    if (name->kind != MFD_PICKLE_TEXT || module->kind != MFD_PICKLE_TEXT)
        return pickle_malformed(m, "finds no names");
    return push_global(m, module->text.s, module->text.n, name->text.s, name->text.n);
}

/* REDUCE and NEWOBJ: keep the call, do not make it. */
static int run_call(struct pickle_machine *m, int arg)
{
    (void)arg;
    struct mfd_pickle_value *args = pickle_pop(m), *callee = args ? pickle_pop(m) : NULL;
    if (!callee)
        return MFD_EFORMAT;
    if (callee->kind != MFD_PICKLE_GLOBAL || args->kind != MFD_PICKLE_TUPLE)
        return mfd_fail(m->err, MFD_EUNSUPPORTED, "%s calls %s, not a name with a tuple", m->opcode,
                        mfd_pickle_kind_name(callee));
    struct mfd_pickle_value *v = pickle_new_value(m, MFD_PICKLE_OBJECT);
    struct mfd_pickle_object *object = pickle_take(m->pickle, sizeof *object);
    if (!v || !object)
        return pickle_no_room(m);
    object->callee = callee;
    object->args = args;
    v->object = object;
    return pickle_push(m, v);
}

static int run_build(struct pickle_machine *m, int arg)
{
    (void)arg;
    struct mfd_pickle_value *state = pickle_pop(m), *v = state ? pickle_top(m) : NULL;
    if (!v)
        return MFD_EFORMAT;
    if (v->kind != MFD_PICKLE_OBJECT)
        return pickle_malformed(m, "sets the state of something that is no object");
    v->object->state = state;
    return MFD_OK;
}

static int run_persistent(struct pickle_machine *m, int arg)
{
    (void)arg;
    struct mfd_pickle_value *id = pickle_pop(m),
                            *v = id ? pickle_new_value(m, MFD_PICKLE_PERSISTENT) : NULL;
    if (!v)
        return MFD_EFORMAT;
    v->reference = id;
    return pickle_push(m, v);
}

const struct pickle_opcode pickle_opcodes[256] = {
    [0x80] = { "PROTO", run_proto, 1 },
    [0x95] = { "FRAME", run_frame, 8 },
    ['.'] = { "STOP", run_stop, 0 },
    ['('] = { "MARK", run_mark, 0 },
    ['0'] = { "POP", run_pop, 0 },
    ['1'] = { "POP_MARK", run_pop_mark, 0 },
    ['2'] = { "DUP", run_dup, 0 },
    ['N'] = { "NONE", run_none, 0 },
    [0x88] = { "NEWTRUE", run_bool, 1 },
    [0x89] = { "NEWFALSE", run_bool, 0 },
    ['K'] = { "BININT1", run_uint, 1 },
    ['M'] = { "BININT2", run_uint, 2 },
    ['J'] = { "BININT", run_int32, 4 },
    [0x8a] = { "LONG1", run_long, 1 },
    [0x8b] = { "LONG4", run_long, 4 },
    ['G'] = { "BINFLOAT", run_float, 8 },
    [0x8c] = { "SHORT_BINUNICODE", run_text, 1 },
    ['X'] = { "BINUNICODE", run_text, 4 },
    [0x8d] = { "BINUNICODE8", run_text, 8 },
    ['U'] = { "SHORT_BINSTRING", run_bytes, 1 },
    ['T'] = { "BINSTRING", run_bytes, 4 },
    ['C'] = { "SHORT_BINBYTES", run_bytes, 1 },
    ['B'] = { "BINBYTES", run_bytes, 4 },
    [0x8e] = { "BINBYTES8", run_bytes, 8 },
    [0x96] = { "BYTEARRAY8", run_bytes, 8 },
    [')'] = { "EMPTY_TUPLE", run_empty, MFD_PICKLE_TUPLE },
    [']'] = { "EMPTY_LIST", run_empty, MFD_PICKLE_LIST },
    ['}'] = { "EMPTY_DICT", run_empty, MFD_PICKLE_DICT },
    [0x8f] = { "EMPTY_SET", run_empty, MFD_PICKLE_SET },
    [0x85] = { "TUPLE1", run_tuple_of, 1 },
    [0x86] = { "TUPLE2", run_tuple_of, 2 },
    [0x87] = { "TUPLE3", run_tuple_of, 3 },
    ['t'] = { "TUPLE", run_collect, MFD_PICKLE_TUPLE },
    ['l'] = { "LIST", run_collect, MFD_PICKLE_LIST },
    ['d'] = { "DICT", run_collect, MFD_PICKLE_DICT },
    [0x91] = { "FROZENSET", run_collect, MFD_PICKLE_SET },
    ['a'] = { "APPEND", run_add_one, MFD_PICKLE_LIST },
    ['e'] = { "APPENDS", run_add_all, MFD_PICKLE_LIST },
    ['s'] = { "SETITEM", run_add_one, MFD_PICKLE_DICT },
    ['u'] = { "SETITEMS", run_add_all, MFD_PICKLE_DICT },
    [0x90] = { "ADDITEMS", run_add_all, MFD_PICKLE_SET },
    ['q'] = { "BINPUT", run_put, 1 },
    ['r'] = { "LONG_BINPUT", run_put, 4 },
    [0x94] = { "MEMOIZE", run_put, 0 },
    ['h'] = { "BINGET", run_get, 1 },
    ['j'] = { "LONG_BINGET", run_get, 4 },
    ['c'] = { "GLOBAL", run_global, 0 },
    [0x93] = { "STACK_GLOBAL", run_stack_global, 0 },
    ['R'] = { "REDUCE", run_call, 0 },
    [0x81] = { "NEWOBJ", run_call, 0 },
    ['b'] = { "BUILD", run_build, 0 },
    ['Q'] = { "BINPERSID", run_persistent, 0 },

    ['I'] = { "INT", NULL, 0 },
    ['L'] = { "LONG", NULL, 0 },
    ['F'] = { "FLOAT", NULL, 0 },
    ['S'] = { "STRING", NULL, 0 },
    ['V'] = { "UNICODE", NULL, 0 },
    ['p'] = { "PUT", NULL, 0 },
    ['g'] = { "GET", NULL, 0 },
    ['P'] = { "PERSID", NULL, 0 },
    ['i'] = { "INST", NULL, 0 },
    ['o'] = { "OBJ", NULL, 0 },
    [0x82] = { "EXT1", NULL, 0 },
    [0x83] = { "EXT2", NULL, 0 },
    [0x84] = { "EXT4", NULL, 0 },
    [0x92] = { "NEWOBJ_EX", NULL, 0 },
    [0x97] = { "NEXT_BUFFER", NULL, 0 },
    [0x98] = { "READONLY_BUFFER", NULL, 0 },
};
