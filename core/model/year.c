#include "core/model/year.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define FIRST_YEAR 1678
#define LAST_YEAR 2261

static size_t digits(const char *s)
{
    size_t n = 0;
    while (isdigit((unsigned char)s[n]))
        n++;
    return n;
}

static int number(const char *s, size_t n)
{
    int value = 0;
    while (n--)
        value = value * 10 + (*s++ - '0');
    return value;
}

static bool is_day(int year, int month, int day)
{
    static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] - (month == 2 && !leap);
}

/* What may follow a date: nothing, or 'T' or a blank and a time of day. */
static bool is_time(const char *s)
{
    if (!*s)
        return true;
    if (*s != 'T' && *s != ' ')
        return false;
    return isdigit((unsigned char)s[1]) && !s[1 + strspn(s + 1, "0123456789:.+-Z ")];
}

/* Four digits first: 2016, 2016-08, 2016-08-04, 20160804. */
static bool read_iso(const char *s, int *year)
{
    size_t n = digits(s);
    if (n == 8) {
        *year = number(s, 4);
        return is_day(*year, number(s + 4, 2), number(s + 6, 2)) && is_time(s + 8);
    }
    if (n != 4)
        return false;
    *year = number(s, 4);
    if (!s[4])
        return true;
    char mark = s[4];
    size_t month = digits(s + 5);
    if (!strchr("-/", mark) || month < 1 || month > 2)
        return false;
    const char *rest = s + 5 + month;
    if (!*rest)
        return is_day(*year, number(s + 5, month), 1);
    size_t day = digits(rest + 1);
    return *rest == mark && day >= 1 && day <= 2 &&
           is_day(*year, number(s + 5, month), number(rest + 1, day)) && is_time(rest + 1 + day);
}

static bool is_month(const char *s, size_t n)
{
    static const char *const months[] = { "january",   "february", "march",    "april",
                                          "may",       "june",     "july",     "august",
                                          "september", "october",  "november", "december" };
    for (size_t i = 0; i < 12; i++)
        if ((n == 3 || n == strlen(months[i])) && !strncasecmp(s, months[i], n))
            return true;
    return false;
}

/* A day and a month in any order before the year, which stands last. */
static bool read_words(const char *s, int *year)
{
    size_t parts = 0;
    for (;;) {
        s += strspn(s, " ,./-");
        size_t n = strcspn(s, " ,./-"), figures = digits(s);
        if (figures == 4 && n == 4) {
            *year = number(s, 4);
            return !s[4] && parts <= 2;
        }
        bool day = figures == n && n >= 1 && n <= 2 && number(s, n) >= 1 && number(s, n) <= 31;
        if (!day && !is_month(s, n))
            return false;
        s += n;
        parts++;
    }
}

bool mfd_year_of_date(const char *text, int *year)
{
    int value;
    if (!read_iso(text, &value) && !read_words(text, &value))
        return false;
    if (value < FIRST_YEAR || value > LAST_YEAR)
        return false;
    *year = value;
    return true;
}

/* Days to year in the Gregorian calendar, by whole eras of 400 years of 146,097 days. */
bool mfd_year_of_nanoseconds(double ns, int *year)
{
    if (!(fabs(ns) < 9.2233720368547e18))
        return false;
    long long days = (long long)floor(ns / 86400e9) + 719468; /* since March 1st of year 0 */
    long long era = (days >= 0 ? days : days - 146096) / 146097, day = days - era * 146097;
    long long y = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    long long in_year = day - (365 * y + y / 4 - y / 100);
    *year = (int)(era * 400 + y + (in_year >= 306)); /* January and February belong to the next */
    return true;
}
