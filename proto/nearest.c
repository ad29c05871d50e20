#include "proto/nearest.h"

#include <ctype.h>
#include <string.h>

#define WIDTH 64 /* bytes of a name that are compared */

/* Two points for a letter that differs, is missing or is too many, one for a different case. */
static unsigned change(char a, char b)
{
    if (a == b)
        return 0;
    return tolower((unsigned char)a) == tolower((unsigned char)b) ? 1 : 2;
}

static unsigned distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    unsigned row[WIDTH + 1];
    for (size_t j = 0; j <= n_b; j++)
        row[j] = 2 * (unsigned)j;
    for (size_t i = 1; i <= n_a; i++) {
        unsigned diagonal = row[0];
        row[0] = 2 * (unsigned)i;
        for (size_t j = 1; j <= n_b; j++) {
            unsigned best = diagonal + change(a[i - 1], b[j - 1]);
            diagonal = row[j];
            if (row[j] + 2 < best)
                best = row[j] + 2;
            if (row[j - 1] + 2 < best)
                best = row[j - 1] + 2;
            row[j] = best;
        }
    }
    return row[n_b];
}

size_t mfd_nearest(const char *word, const char *(*candidate)(const void *ctx, size_t i),
                   const void *ctx, size_t n, const char *found[MFD_NEAREST])
{
    size_t n_word = strnlen(word, WIDTH), count = 0;
    unsigned near[MFD_NEAREST];
    unsigned limit = 2 + (unsigned)n_word * 2 / 3; /* a third of the letters, and one more */
    for (size_t i = 0; i < n; i++) {
        const char *name = candidate(ctx, i);
        size_t n_name = strnlen(name, WIDTH);
        size_t gap = n_name > n_word ? n_name - n_word : n_word - n_name;
        if (2 * gap > limit)
            continue;
        unsigned d = distance(word, n_word, name, n_name);
        if (d > limit || (count == MFD_NEAREST && d >= near[count - 1]))
            continue;
        size_t at = count < MFD_NEAREST ? count++ : count - 1;
        for (; at > 0 && near[at - 1] > d; at--) {
            near[at] = near[at - 1];
            found[at] = found[at - 1];
        }
        near[at] = d;
        found[at] = name;
    }
    return count;
}
