/* Numbers from text, whole string or nothing: no blanks, no locale, range checked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal integer in [min, max] from the n bytes at s. */
bool mfd_parse_i64(const char *s, size_t n, int64_t min, int64_t max, int64_t *out);
/* Finite decimal number (C locale) from the n bytes at s. */
bool mfd_parse_double(const char *s, size_t n, double *out);
