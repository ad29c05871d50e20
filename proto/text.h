/* Text on the wire: JSON strings, shortest decimal numbers, TSV fields. No locale anywhere. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"

#define MFD_NUMBER_MAX 32 /* bytes that mfd_text_f32 may write */

/* Append a JSON string, quotes and all. Bytes that are not UTF-8 become U+FFFD, so that the result
 * is always valid JSON. */
void mfd_text_json(struct mfd_buffer *out, const char *s, size_t n);

/* Append ,"NAME":"value" of an object, or null where there is no value. */
void mfd_text_member(struct mfd_buffer *out, const char *name, const char *value);

/* Append a TSV field: tabs, newlines and carriage returns become blanks. */
void mfd_text_tsv(struct mfd_buffer *out, const char *s);

/* Append text that stands within a value of an INFO field: what VCF 4.3 (1.2) gives a meaning, and
 * our own separators ':' and '|', percent-encoded. */
void mfd_text_vcf(struct mfd_buffer *out, const char *text);

/* Write the shortest decimal that reads back as exactly this float32 (Giulietti, "The Schubfach way
 * to render doubles", 2020, in single precision), as a JSON number; at most MFD_NUMBER_MAX bytes,
 * no NUL. Returns their count. NaN and the infinities are written "null", the only word JSON has
 * for them. */
size_t mfd_text_f32(char *at, float value);

/* Append n numbers with commas between. */
void mfd_text_f32s(struct mfd_buffer *out, const float *values, size_t n);

/* Append a word to a list, "a, b, c", that is kept in `size` bytes; the list ends where they do. */
void mfd_text_list(char *list, size_t size, const char *word);

/* Shorten a cut string to whole UTF-8 characters. */
void mfd_text_cut(char *s);
