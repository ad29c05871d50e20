#include "core/model/series.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void mfd_python_repr(double x, char out[MFD_REPR])
{
    if (!isfinite(x)) {
        snprintf(out, MFD_REPR, "%s", isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
        return;
    }
    char text[32];
    int digits = 1;
    do
        snprintf(text, sizeof text, "%.*e", digits - 1, x);
    while (strtod(text, NULL) != x && digits++ < 17);
    char *mantissa_end = strchr(text, 'e');
    int exponent = atoi(mantissa_end + 1);
    if (exponent < -4 || exponent >= 16) {
        *mantissa_end = '\0';
        snprintf(out, MFD_REPR, "%se%c%02d", text, exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    int decimals = digits - 1 - exponent;
    snprintf(out, MFD_REPR, "%.*f", decimals > 1 ? decimals : 1, x);
}

static bool is_missing(const char *s, bool none_is_missing)
{
    static const char *const words[] = { "",         "#N/A", "#N/A N/A", "#NA",    "-1.#IND",
                                         "-1.#QNAN", "-NaN", "-nan",     "1.#IND", "1.#QNAN",
                                         "<NA>",     "N/A",  "NA",       "NULL",   "NaN",
                                         "n/a",      "nan",  "null" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(s, words[i]))
            return true;
    return none_is_missing && !strcmp(s, "None");
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What a word is to the integer parser. */
enum integer { NO_INTEGER, TOO_LARGE, INTEGER };

static enum integer read_integer(const char *s, uint64_t limit, bool *negative, uint64_t *out)
{
    while (blank(*s))
        s++;
    *negative = *s == '-';
    s += *s == '-' || *s == '+';
    if (!isdigit((unsigned char)*s))
        return NO_INTEGER;
    uint64_t value = 0;
    limit += *negative && limit == INT64_MAX;
    for (; isdigit((unsigned char)*s); s++) {
        unsigned digit = (unsigned)(*s - '0');
        if (value > (limit - digit) / 10)
            return TOO_LARGE;
        value = value * 10 + digit;
    }
    while (blank(*s))
        s++;
    *out = value;
    return *s ? NO_INTEGER : INTEGER;
}

/* Powers of ten as the parser tabulates them: correctly rounded. */
static double power_of_ten(int e)
{
    char text[16];
    snprintf(text, sizeof text, "1e%d", e);
    return strtod(text, NULL);
}

static double scale(double number, int exponent)
{
    if (exponent > 0)
        return number * power_of_ten(exponent);
    if (exponent < -308)
        return number / power_of_ten(-308 - exponent) / power_of_ten(308);
    return number / power_of_ten(-exponent);
}

/* At most 17 digits are looked at and scaled by one power of ten, so that the last bit may differ
 * from strtod's; the labels of decimal categories depend on it. */
static bool read_decimal(const char *s, double *out)
{
    enum { DIGITS = 17 };
    double number = 0;
    int exponent = 0, digits = 0;
    while (blank(*s))
        s++;
    bool negative = *s == '-';
    s += *s == '-' || *s == '+';
    for (; isdigit((unsigned char)*s); s++) {
        if (digits < DIGITS) {
            number = number * 10 + (*s - '0');
            digits++;
        } else if (exponent < 1000)
            exponent++;
    }
    if (*s == '.') {
        for (s++; digits < DIGITS && isdigit((unsigned char)*s); s++) {
            number = number * 10 + (*s - '0');
            digits++;
            exponent--;
        }
        while (digits == DIGITS && isdigit((unsigned char)*s))
            s++;
    }
    if (digits == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        const char *e = s + 1;
        bool down = *e == '-';
        e += *e == '-' || *e == '+';
        if (isdigit((unsigned char)*e)) {
            int value = 0;
            for (; isdigit((unsigned char)*e); e++)
                value = value < 10000 ? value * 10 + (*e - '0') : value;
            exponent += down ? -value : value;
            s = e;
        }
    }
    while (blank(*s))
        s++;
    if (*s || exponent > 308 || exponent < -616)
        return false;
    number = scale(negative ? -number : number, exponent);
    *out = number;
    return isfinite(number);
}

static bool read_infinity(const char *s, double *out)
{
    bool negative = *s == '-';
    const char *word = s + (*s == '-' || *s == '+');
    if (strcasecmp(word, "inf") && strcasecmp(word, "infinity"))
        return false;
    *out = negative ? -INFINITY : INFINITY;
    return true;
}

static bool read_number(const char *s, double *out)
{
    return read_decimal(s, out) || read_infinity(s, out);
}

/* The column under inference. */
struct column {
    const char *const *fields;
    size_t stride, n;
    bool none_is_missing;
};

static const char *field(const struct column *c, size_t i)
{
    const char *s = c->fields[i * c->stride];
    return is_missing(s, c->none_is_missing) ? NULL : s;
}

/* What a column is once an integer did not fit 64 bits with a sign. Beside values that need the
 * last bit, pandas takes a negative or missing one for a conflict and leaves the words as they
 * stand, the empty one included. */
enum huge { HUGE_NO_INTEGERS, HUGE_TEXT, HUGE_WORDS, HUGE_UNSIGNED };

static enum huge judge_huge(const struct column *c)
{
    bool conflict = false;
    for (size_t i = 0; i < c->n; i++) {
        const char *s = field(c, i);
        uint64_t value;
        bool negative = false;
        enum integer what = s ? read_integer(s, UINT64_MAX, &negative, &value) : INTEGER;
        if (what != INTEGER)
            return what == NO_INTEGER ? HUGE_NO_INTEGERS : HUGE_TEXT;
        conflict |= !s || negative;
    }
    return conflict ? HUGE_WORDS : HUGE_UNSIGNED;
}

static enum mfd_series_kind infer(const struct column *c)
{
    bool all_integers = true, all_numbers = true, all_bools = true, missing = false;
    for (size_t i = 0; i < c->n; i++) {
        const char *s = field(c, i);
        uint64_t value;
        bool negative;
        double x;
        missing |= !s;
        if (!s)
            continue;
        if (all_integers) {
            static const enum mfd_series_kind kinds[] = { [HUGE_TEXT] = MFD_SERIES_TEXT,
                                                          [HUGE_WORDS] = MFD_SERIES_WORDS,
                                                          [HUGE_UNSIGNED] = MFD_SERIES_INT };
            enum integer what = read_integer(s, INT64_MAX, &negative, &value);
            enum huge huge = what == TOO_LARGE ? judge_huge(c) : HUGE_NO_INTEGERS;
            if (huge != HUGE_NO_INTEGERS)
                return kinds[huge];
            all_integers = what == INTEGER;
        }
        all_numbers = all_numbers && read_number(s, &x);
        all_bools = all_bools && (!strcasecmp(s, "true") || !strcasecmp(s, "false"));
    }
    if (all_integers && !missing)
        return MFD_SERIES_INT;
    if (all_integers || all_numbers)
        return MFD_SERIES_FLOAT;
    return all_bools ? MFD_SERIES_BOOL : MFD_SERIES_TEXT;
}

static const char *print_integer(struct mfd_arena *arena, const char *s)
{
    char text[MFD_REPR];
    uint64_t value = 0;
    bool negative;
    if (read_integer(s, UINT64_MAX, &negative, &value) != INTEGER)
        return NULL;
    snprintf(text, sizeof text, "%s%llu", negative && value ? "-" : "", (unsigned long long)value);
    return mfd_arena_strdup(arena, text);
}

/* A column of integers with a missing value goes by way of integers: 2^53 + 1 is rounded, not read.
 */
static const char *print_decimal(struct mfd_arena *arena, const char *s)
{
    char text[MFD_REPR];
    double x = 0;
    uint64_t value;
    bool negative;
    if (read_integer(s, INT64_MAX, &negative, &value) == INTEGER)
        x = negative ? -(double)value : (double)value;
    else if (!read_number(s, &x))
        return NULL;
    mfd_python_repr(x, text);
    return mfd_arena_strdup(arena, text);
}

int mfd_series_infer(struct mfd_series *out, struct mfd_arena *arena, const char *const *fields,
                     size_t stride, size_t n, bool none_is_missing, struct mfd_error *err)
{
    const struct column c = { fields, stride, n, none_is_missing };
    struct mfd_series series = { .kind = infer(&c),
                                 .cells = mfd_arena_calloc(arena, n, sizeof(char *)) };
    if (!series.cells)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const char *s = series.kind == MFD_SERIES_WORDS ? fields[i * stride] : field(&c, i);
        if (!s)
            continue;
        switch (series.kind) {
        case MFD_SERIES_INT:
            series.cells[i] = print_integer(arena, s);
            break;
        case MFD_SERIES_FLOAT:
            series.cells[i] = print_decimal(arena, s);
            break;
        case MFD_SERIES_BOOL:
            series.cells[i] = strcasecmp(s, "true") ? "False" : "True";
            break;
        case MFD_SERIES_TEXT:
        case MFD_SERIES_WORDS:
            series.cells[i] = s;
        }
        if (!series.cells[i])
            return mfd_fail_nomem(err);
    }
    *out = series;
    return MFD_OK;
}
