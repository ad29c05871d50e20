#define _GNU_SOURCE /* strcasestr */
#include "core/model/closest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LONGEST 64 /* bytes looked at */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions and replacements from a to b (Levenshtein), case aside. */
static size_t edits(const char *a, const char *b)
{
    size_t row[LONGEST + 1], n = least(strlen(a), LONGEST), m = least(strlen(b), LONGEST);
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            int same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            row[j] = least(least(above, row[j - 1]) + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[m];
}

/* Small is close; (size_t)-1 is not close at all. In thousandths of an edit, so that among names
 * that contain the word the shorter comes first; more than two edits in three letters is another
 * word. */
static size_t distance(const char *wanted, const char *name)
{
    size_t n = strlen(wanted), m = strlen(name);
    if (n && m && (strcasestr(name, wanted) || strcasestr(wanted, name)))
        return 900 + (n > m ? n - m : m - n);
    size_t count = edits(wanted, name), longer = least(n > m ? n : m, LONGEST);
    return 3 * count > 2 * longer ? (size_t)-1 : 1000 * count;
}

size_t mfd_closest_names(const char *wanted, const char *const *names, size_t n,
                         size_t out[MFD_CLOSEST])
{
    size_t found = 0, distances[MFD_CLOSEST];
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(wanted, names[i]), at = found;
        if (d == (size_t)-1)
            continue;
        while (at && distances[at - 1] > d)
            at--;
        if (at == MFD_CLOSEST)
            continue;
        found += found < MFD_CLOSEST;
        for (size_t j = found - 1; j > at; j--) {
            out[j] = out[j - 1];
            distances[j] = distances[j - 1];
        }
        out[at] = i;
        distances[at] = d;
    }
    return found;
}

void mfd_closest_text(const char *wanted, const char *const *names, size_t n, char *text,
                      size_t size)
{
    size_t close[MFD_CLOSEST], used = 0, found = mfd_closest_names(wanted, names, n, close);
    text[0] = '\0';
    for (size_t i = 0; i < found && used < size; i++) {
        int step = snprintf(text + used, size - used, "%s'%.64s'",
                            i           ? ", "
                            : found > 1 ? "; closest are "
                                        : "; closest is ",
                            names[close[i]]);
        used += step > 0 ? (size_t)step : 0;
    }
}
