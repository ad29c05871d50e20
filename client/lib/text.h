/* Text from a server or a file, made safe to show. */
#pragma once

#include <stddef.h>

#include "core/base/buffer.h"

/* Append `n` bytes with control characters (C0, DEL, C1) and broken UTF-8 replaced by '?', so that
 * nothing a server says can drive a terminal. Newlines and tabs become blanks. */
void mfd_text_clean(struct mfd_buffer *out, const char *text, size_t n);
/* Length in bytes of the well-formed UTF-8 character at `text` (`n` bytes left), its code point in
 * *code; 0 where there is none. */
size_t mfd_text_character(const char *text, size_t n, unsigned *code);
