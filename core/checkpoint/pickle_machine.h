/* The machine behind pickle.c: memory, stack and operands. Private to the pickle reader. */
#pragma once

#include "core/checkpoint/pickle_value.h"

#define MFD_PICKLE_MAX_MARKS 1000 /* containers open at a time */

struct pickle_chunk {
    struct pickle_chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

struct mfd_pickle {
    struct pickle_chunk *chunks;
    size_t memory, limit; /* bytes taken, and how many may be */
    const struct mfd_pickle_value *root;
};

/* A growable array of value pointers outside the arena. */
struct pickle_pointers {
    struct mfd_pickle_value **at;
    size_t n, size;
};

struct pickle_machine {
    struct mfd_pickle *pickle;
    const unsigned char *start, *at, *end;
    const char *opcode; /* name of the one being run */
    struct pickle_pointers stack, memo;
    size_t marks[MFD_PICKLE_MAX_MARKS]; /* heights of the stack */
    size_t n_marks;
    struct mfd_pickle_value *small[256], *none, *no, *yes, *empty_tuple, *zero, *one;
    bool stopped;
    struct mfd_error *err;
};

/* Zeroed bytes, 16-byte aligned, that live as long as the pickle; NULL where the limit or memory is
 * exhausted. */
void *pickle_take(struct mfd_pickle *p, size_t n);
void pickle_free_chunks(struct mfd_pickle *p);

/* Set the error and return its status. */
int pickle_no_room(struct pickle_machine *m);
int pickle_malformed(struct pickle_machine *m, const char *why); /* after the opcode's name */

/* NULL (with the error set) where there is no room. */
struct mfd_pickle_value *pickle_new_value(struct pickle_machine *m, enum mfd_pickle_kind kind);
int pickle_add_items(struct pickle_machine *m, struct mfd_pickle_items *items,
                     struct mfd_pickle_value *const *from, size_t n);

int pickle_push_pointer(struct pickle_machine *m, struct pickle_pointers *p,
                        struct mfd_pickle_value *v);
int pickle_push(struct pickle_machine *m, struct mfd_pickle_value *v);
int pickle_push_items(struct pickle_machine *m, enum mfd_pickle_kind kind,
                      struct mfd_pickle_value *const *from, size_t n);
/* Height below which the stack may not fall: that of the innermost open mark. */
size_t pickle_floor_of(const struct pickle_machine *m);
/* NULL (with the error set) where nothing is above the floor. */
struct mfd_pickle_value *pickle_pop(struct pickle_machine *m);
struct mfd_pickle_value *pickle_top(struct pickle_machine *m);
/* The values above the last mark, which is taken away; they stay readable until the next push. */
int pickle_pop_mark(struct pickle_machine *m, struct mfd_pickle_value ***at, size_t *n);

/* Operands, never past the end. `counted`: `width` bytes of length, then so many bytes. */
int pickle_read_bytes(struct pickle_machine *m, size_t n, const unsigned char **out);
int pickle_read_uint(struct pickle_machine *m, size_t width, uint64_t *out);
int pickle_read_counted(struct pickle_machine *m, size_t width, const unsigned char **out,
                        size_t *n);

/* By byte. An opcode without a function is known and refused by its name; one without a name is
 * none. */
struct pickle_opcode {
    const char *name;
    int (*run)(struct pickle_machine *m, int arg);
    int arg;
};
extern const struct pickle_opcode pickle_opcodes[256];
