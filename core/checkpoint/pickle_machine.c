#include "core/checkpoint/pickle_machine.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

#define CHUNK ((size_t)1 << 18)

void *pickle_take(struct mfd_pickle *p, size_t n)
{
    if (n > p->limit)
        return NULL;
    n = (n + 15) & ~(size_t)15;
    if (!p->chunks || p->chunks->size - p->chunks->used < n) {
        size_t size = n > CHUNK ? n : CHUNK;
        if (size > p->limit - p->memory)
            return NULL;
        struct pickle_chunk *chunk = mfd_calloc(1, sizeof *chunk + size);
        if (!chunk)
            return NULL;
        chunk->size = size;
        chunk->next = p->chunks;
        p->chunks = chunk;
        p->memory += size;
    }
    void *bytes = p->chunks->bytes + p->chunks->used;
    p->chunks->used += n;
    return bytes;
}

void pickle_free_chunks(struct mfd_pickle *p)
{
    while (p->chunks) {
        struct pickle_chunk *next = p->chunks->next;
        free(p->chunks);
        p->chunks = next;
    }
}

int pickle_no_room(struct pickle_machine *m)
{
    return mfd_fail(m->err, MFD_ELIMIT, "its values take more than %zu MiB of memory",
                    m->pickle->limit >> 20);
}

int pickle_malformed(struct pickle_machine *m, const char *why)
{
    return mfd_fail(m->err, MFD_EFORMAT, "%s %s", m->opcode, why);
}

int pickle_push_pointer(struct pickle_machine *m, struct pickle_pointers *p,
                        struct mfd_pickle_value *v)
{
    if (p->n == p->size) {
        size_t size = p->size ? 2 * p->size : 256, bytes = size * sizeof *p->at;
        if (bytes > m->pickle->limit - m->pickle->memory)
            return pickle_no_room(m);
        struct mfd_pickle_value **at = mfd_realloc(p->at, size, sizeof *at);
        if (!at)
            return mfd_fail_nomem(m->err);
        p->at = at;
        p->size = size;
    }
    p->at[p->n++] = v;
    return MFD_OK;
}

int pickle_push(struct pickle_machine *m, struct mfd_pickle_value *v)
{
    return pickle_push_pointer(m, &m->stack, v);
}

struct mfd_pickle_value *pickle_new_value(struct pickle_machine *m, enum mfd_pickle_kind kind)
{
    struct mfd_pickle_value *v = pickle_take(m->pickle, sizeof *v);
    if (v)
        v->kind = kind;
    else
        (void)pickle_no_room(m);
    return v;
}

size_t pickle_floor_of(const struct pickle_machine *m)
{
    return m->n_marks ? m->marks[m->n_marks - 1] : 0;
}

struct mfd_pickle_value *pickle_pop(struct pickle_machine *m)
{
    if (m->stack.n <= pickle_floor_of(m)) {
        (void)pickle_malformed(m, "finds the stack empty");
        return NULL;
    }
    return m->stack.at[--m->stack.n];
}

struct mfd_pickle_value *pickle_top(struct pickle_machine *m)
{
    if (m->stack.n <= pickle_floor_of(m)) {
        (void)pickle_malformed(m, "finds the stack empty");
        return NULL;
    }
    return m->stack.at[m->stack.n - 1];
}

int pickle_pop_mark(struct pickle_machine *m, struct mfd_pickle_value ***at, size_t *n)
{
    if (!m->n_marks)
        return pickle_malformed(m, "finds no mark");
    size_t height = m->marks[--m->n_marks];
    *at = m->stack.at ? m->stack.at + height : NULL;
    *n = m->stack.n - height;
    m->stack.n = height;
    return MFD_OK;
}

int pickle_read_bytes(struct pickle_machine *m, size_t n, const unsigned char **out)
{
    if (n > (size_t)(m->end - m->at))
        return pickle_malformed(m, "goes past the end");
    *out = m->at;
    m->at += n;
    return MFD_OK;
}

int pickle_read_uint(struct pickle_machine *m, size_t width, uint64_t *out)
{
    const unsigned char *bytes;
    int status = pickle_read_bytes(m, width, &bytes);
    if (status)
        return status;
    *out = 0;
    for (size_t i = 0; i < width; i++)
        *out |= (uint64_t)bytes[i] << 8 * i;
    return MFD_OK;
}

int pickle_read_counted(struct pickle_machine *m, size_t width, const unsigned char **out,
                        size_t *n)
{
    uint64_t length;
    int status = pickle_read_uint(m, width, &length);
    if (status)
        return status;
    *n = (size_t)length;
    return pickle_read_bytes(m, *n, out);
}

int pickle_add_items(struct pickle_machine *m, struct mfd_pickle_items *items,
                     struct mfd_pickle_value *const *from, size_t n)
{
    if (n > items->size - items->n) {
        /* what fits exactly the first time, which is what a pickler writes; doubled afterwards */
        size_t size = items->size ? 2 * items->size : n, bytes;
        if (size - items->n < n)
            size = items->n + n;
        struct mfd_pickle_value **at =
            mfd_mul(size, sizeof *at, &bytes) ? pickle_take(m->pickle, bytes) : NULL;
        if (!at)
            return pickle_no_room(m);
        if (items->n)
            memcpy(at, items->at, items->n * sizeof *at);
        items->at = at;
        items->size = size;
    }
    if (n)
        memcpy(items->at + items->n, from, n * sizeof *from);
    items->n += n;
    return MFD_OK;
}

int pickle_push_items(struct pickle_machine *m, enum mfd_pickle_kind kind,
                      struct mfd_pickle_value *const *from, size_t n)
{
    struct mfd_pickle_value *v = pickle_new_value(m, kind);
    if (!v || pickle_add_items(m, &v->items, from, n) != MFD_OK)
        return pickle_no_room(m);
    return pickle_push(m, v);
}
