/* A growable byte buffer. A failed append marks the buffer; check once at the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

struct mfd_buffer {
    char *data;  /* NUL-terminated where data != NULL; the NUL is not counted */
    size_t len;  /* bytes */
    size_t size; /* bytes allocated */
    bool failed; /* an append ran out of memory; contents are then incomplete */
};

#define MFD_BUFFER_INIT                                                                            \
    {                                                                                              \
        0                                                                                          \
    }

void mfd_buffer_deinit(struct mfd_buffer *b);
void mfd_buffer_clear(struct mfd_buffer *b);
void mfd_buffer_add(struct mfd_buffer *b, const void *bytes, size_t n);
void mfd_buffer_adds(struct mfd_buffer *b, const char *s);
void mfd_buffer_addc(struct mfd_buffer *b, char c);
void mfd_buffer_addf(struct mfd_buffer *b, const char *fmt, ...) MFD_PRINTF(2, 3);
/* Room for n more bytes at data+len, or NULL (and failed); advance len yourself. */
char *mfd_buffer_reserve(struct mfd_buffer *b, size_t n);
/* Hand the bytes over to the caller (free()), leaving b empty; NULL where it failed. */
char *mfd_buffer_steal(struct mfd_buffer *b, size_t *len);
