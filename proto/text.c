#include "proto/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ceil(10^k * 2^(63 - floor(log2 10^k))) for k = -31 ... 45 */
#define POWER_MIN (-31)
static const uint64_t powers[] = {
    0x81ceb32c4b43fcf5, 0xa2425ff75e14fc32, 0xcad2f7f5359a3b3f, 0xfd87b5f28300ca0e,
    0x9e74d1b791e07e49, 0xc612062576589ddb, 0xf79687aed3eec552, 0x9abe14cd44753b53,
    0xc16d9a0095928a28, 0xf1c90080baf72cb2, 0x971da05074da7bef, 0xbce5086492111aeb,
    0xec1e4a7db69561a6, 0x9392ee8e921d5d08, 0xb877aa3236a4b44a, 0xe69594bec44de15c,
    0x901d7cf73ab0acda, 0xb424dc35095cd810, 0xe12e13424bb40e14, 0x8cbccc096f5088cc,
    0xafebff0bcb24aaff, 0xdbe6fecebdedd5bf, 0x89705f4136b4a598, 0xabcc77118461cefd,
    0xd6bf94d5e57a42bd, 0x8637bd05af6c69b6, 0xa7c5ac471b478424, 0xd1b71758e219652c,
    0x83126e978d4fdf3c, 0xa3d70a3d70a3d70b, 0xcccccccccccccccd, 0x8000000000000000,
    0xa000000000000000, 0xc800000000000000, 0xfa00000000000000, 0x9c40000000000000,
    0xc350000000000000, 0xf424000000000000, 0x9896800000000000, 0xbebc200000000000,
    0xee6b280000000000, 0x9502f90000000000, 0xba43b74000000000, 0xe8d4a51000000000,
    0x9184e72a00000000, 0xb5e620f480000000, 0xe35fa931a0000000, 0x8e1bc9bf04000000,
    0xb1a2bc2ec5000000, 0xde0b6b3a76400000, 0x8ac7230489e80000, 0xad78ebc5ac620000,
    0xd8d726b7177a8000, 0x878678326eac9000, 0xa968163f0a57b400, 0xd3c21bcecceda100,
    0x84595161401484a0, 0xa56fa5b99019a5c8, 0xcecb8f27f4200f3a, 0x813f3978f8940985,
    0xa18f07d736b90be6, 0xc9f2c9cd04674edf, 0xfc6f7c4045812297, 0x9dc5ada82b70b59e,
    0xc5371912364ce306, 0xf684df56c3e01bc7, 0x9a130b963a6c115d, 0xc097ce7bc90715b4,
    0xf0bdc21abb48db21, 0x96769950b50d88f5, 0xbc143fa4e250eb32, 0xeb194f8e1ae525fe,
    0x92efd1b8d0cf37bf, 0xb7abc627050305ae, 0xe596b7b0c643c71a, 0x8f7e32ce7bea5c70,
    0xb35dbf821ae4f38c,
};

static int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

/* The upper 32 bits of the 96-bit product, rounded to odd: the lowest bit remembers what was cut.
 */
static uint32_t round_to_odd(uint64_t g, uint32_t x)
{
    uint64_t high = (g >> 32) * x + (((g & 0xffffffff) * x) >> 32);
    return (uint32_t)(high >> 32) | ((uint32_t)high > 1);
}

/* value = digits * 10^exponent */
struct decimal {
    uint32_t digits;
    int exponent;
};

/* Section 9 of the paper: the shortest decimal inside the rounding interval of c * 2^q, the nearest
 * where there are several. All quantities are four times theirs, so that the boundaries are
 * integers. */
static struct decimal shortest(uint32_t c, int q, bool lower_is_closer)
{
    uint32_t odd = c & 1; /* the interval's ends round back to an even c only */
    int k = (q * 1262611 - (lower_is_closer ? 524031 : 0)) >> 22;
    int h = q + floor_log2_pow10(-k) + 1;
    uint64_t g = powers[-k - POWER_MIN];
    uint32_t lower = round_to_odd(g, (4 * c - 2 + lower_is_closer) << h) + odd;
    uint32_t v = round_to_odd(g, (4 * c) << h);
    uint32_t upper = round_to_odd(g, (4 * c + 2) << h) - odd;

    uint32_t s = v / 4;
    if (s >= 10) { /* one digit fewer? */
        uint32_t t = s / 10;
        bool down = lower <= 40 * t, up = 40 * t + 40 <= upper;
        if (down != up)
            return (struct decimal){ t + up, k + 1 };
    }
    bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down != up)
        return (struct decimal){ s + up, k };
    uint32_t middle = 4 * s + 2;
    return (struct decimal){ s + (v > middle || (v == middle && (s & 1))), k };
}

static struct decimal to_decimal(uint32_t bits)
{
    uint32_t fraction = bits & 0x7fffff, biased = bits >> 23 & 0xff;
    if (biased == 0)
        return shortest(fraction, -149, false);
    uint32_t c = fraction | 0x800000;
    int q = (int)biased - 150;
    if (q <= 0 && q > -24 && (c & ((1u << -q) - 1)) == 0)
        return (struct decimal){ c >> -q, 0 };
    return shortest(c, q, fraction == 0 && biased > 1);
}

/* Decimal digits of v, most significant first; returns their count. */
static size_t write_digits(char *at, uint32_t v)
{
    char back[10];
    size_t n = 0;
    do
        back[n++] = (char)('0' + v % 10);
    while (v /= 10);
    for (size_t i = 0; i < n; i++)
        at[i] = back[n - 1 - i];
    return n;
}

/* d.ddde-10 */
static size_t write_scientific(char *at, size_t n, int exponent)
{
    char *p = at + n;
    if (n > 1) {
        memmove(at + 2, at + 1, n - 1);
        at[1] = '.';
        p++;
    }
    *p++ = 'e';
    if (exponent < 0)
        *p++ = '-';
    p += write_digits(p, (uint32_t)(exponent < 0 ? -exponent : exponent));
    return (size_t)(p - at);
}

/* The n digits at `at`, times 10^exponent, laid out in place. */
static size_t lay_out(char *at, size_t n, int exponent)
{
    int point = (int)n + exponent; /* digits before the decimal point */
    if (point < -4 || point > 10)
        return write_scientific(at, n, point - 1);
    if (exponent >= 0) {
        memset(at + n, '0', (size_t)exponent);
        return n + (size_t)exponent;
    }
    if (point > 0) {
        memmove(at + point + 1, at + point, n - (size_t)point);
        at[point] = '.';
        return n + 1;
    }
    size_t zeros = (size_t)-point;
    memmove(at + 2 + zeros, at, n);
    memset(at, '0', 2 + zeros);
    at[1] = '.';
    return n + 2 + zeros;
}

size_t mfd_text_f32(char *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    char *p = at;
    if ((bits & 0x7f800000) == 0x7f800000) {
        memcpy(p, "null", 4);
        return 4;
    }
    if (bits & 0x80000000)
        *p++ = '-';
    if ((bits & 0x7fffffff) == 0) { /* "-0" would be read as an integer, and lose its sign */
        size_t n = bits ? 3 : 1;
        memcpy(p, "0.0", n);
        return (size_t)(p - at) + n;
    }
    struct decimal d = to_decimal(bits & 0x7fffffff);
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    size_t n = write_digits(p, d.digits);
    return (size_t)(p - at) + lay_out(p, n, d.exponent);
}

void mfd_text_f32s(struct mfd_buffer *out, const float *values, size_t n)
{
    enum { CHUNK = 512 }; /* numbers for which room is asked at once */
    for (size_t i = 0; i < n; i += CHUNK) {
        char *start = mfd_buffer_reserve(out, (size_t)CHUNK * MFD_NUMBER_MAX), *p = start;
        if (!start)
            return;
        size_t end = n - i < CHUNK ? n : i + CHUNK;
        for (size_t j = i; j < end; j++) {
            if (j)
                *p++ = ',';
            p += mfd_text_f32(p, values[j]);
        }
        out->len += (size_t)(p - start);
        *p = '\0';
    }
}

/* Length of the UTF-8 character at s (RFC 3629: no overlong forms, no surrogates), 0 where none. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    static const struct {
        unsigned char first, last, low, high; /* first byte's range, second byte's range */
        unsigned char length;
    } forms[] = {
        { 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (s[0] < forms[i].first || s[0] > forms[i].last)
            continue;
        size_t length = forms[i].length;
        if (length > n || (length > 1 && (s[1] < forms[i].low || s[1] > forms[i].high)))
            return 0;
        for (size_t j = 2; j < length; j++)
            if ((s[j] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

static void escape(struct mfd_buffer *out, unsigned char c)
{
    static const char *const names[128] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
    };
    if (names[c])
        mfd_buffer_adds(out, names[c]);
    else
        mfd_buffer_addf(out, "\\u%04x", c);
}

void mfd_text_json(struct mfd_buffer *out, const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    mfd_buffer_addc(out, '"');
    size_t plain = 0; /* start of the bytes not yet copied */
    for (size_t i = 0; i < n;) {
        size_t length = utf8_length(u + i, n - i);
        bool copied = length > 0 && u[i] >= 0x20 && u[i] != '"' && u[i] != '\\' && u[i] != 0x7f;
        if (copied) {
            i += length;
            continue;
        }
        mfd_buffer_add(out, s + plain, i - plain);
        if (length)
            escape(out, u[i]);
        else
            mfd_buffer_adds(out, "\xef\xbf\xbd");
        plain = ++i;
    }
    mfd_buffer_add(out, s + plain, n - plain);
    mfd_buffer_addc(out, '"');
}

void mfd_text_tsv(struct mfd_buffer *out, const char *s)
{
    for (;;) {
        size_t n = strcspn(s, "\t\n\r");
        mfd_buffer_add(out, s, n);
        if (!s[n])
            return;
        mfd_buffer_addc(out, ' ');
        s += n + 1;
    }
}

void mfd_text_cut(char *s)
{
    size_t n = strlen(s), back = 0;
    while (back < 3 && back < n && ((unsigned char)s[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back < n && ((unsigned char)s[n - 1 - back] & 0x80) &&
        utf8_length((const unsigned char *)s + n - 1 - back, back + 1) != back + 1)
        s[n - 1 - back] = '\0';
}

void mfd_text_list(char *list, size_t size, const char *word)
{
    size_t n = strlen(list);
    snprintf(list + n, size - n, "%s%s", n ? ", " : "", word);
    mfd_text_cut(list);
}

void mfd_text_member(struct mfd_buffer *out, const char *name, const char *value)
{
    mfd_buffer_addf(out, ",\"%s\":", name);
    if (value)
        mfd_text_json(out, value, strlen(value));
    else
        mfd_buffer_adds(out, "null");
}

void mfd_text_vcf(struct mfd_buffer *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= ' ' || c == 127 || strchr(":;=%,|", c))
            mfd_buffer_addf(out, "%%%02X", c);
        else
            mfd_buffer_addc(out, (char)c);
    }
}
