/* Whatever the text, a number that core/base/parse accepts is in range and reads the same again. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data;
    int64_t i, again;
    if (mfd_parse_i64(s, size, -1000, INT64_MAX, &i)) {
        char text[32];
        int n = snprintf(text, sizeof text, "%" PRId64, i);
        if (i < -1000 || !mfd_parse_i64(text, (size_t)n, i, i, &again) || again != i)
            abort();
    }
    double x, same;
    if (mfd_parse_double(s, size, &x)) {
        char text[64];
        int n = snprintf(text, sizeof text, "%.17g", x);
        if (!isfinite(x) || !mfd_parse_double(text, (size_t)n, &same) || same != x)
            abort();
    }
    return 0;
}
