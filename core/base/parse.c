#include "core/base/parse.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool mfd_parse_i64(const char *s, size_t n, int64_t min, int64_t max, int64_t *out)
{
    size_t i = n && s[0] == '-';
    if (i == n || n - i > 19)
        return false;
    uint64_t value = 0;
    for (size_t j = i; j < n; j++) {
        if (s[j] < '0' || s[j] > '9')
            return false;
        value = value * 10 + (uint64_t)(s[j] - '0');
    }
    if (value > (uint64_t)INT64_MAX)
        return false;
    int64_t result = i ? -(int64_t)value : (int64_t)value;
    if (result < min || result > max)
        return false;
    *out = result;
    return true;
}

bool mfd_parse_double(const char *s, size_t n, double *out)
{
    char text[64];
    if (n == 0 || n >= sizeof text)
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    if (strspn(text, "+-0123456789.eE") != n)
        return false;
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (*end || !isfinite(value))
        return false;
    *out = value;
    return true;
}
