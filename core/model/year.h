/* The year of a date as it stands in a metadata table. */
#pragma once

#include <stdbool.h>

/* ISO 8601 (2016, 2016-08, 2016-08-04 with or without a time behind it; also 20160804 and with
 * slashes) or a year of four digits among a day and a month, in figures or English: "August 4,
 * 2016", "04/08/2016". False for anything else, and outside 1678..2261, which pandas' dates span.
 */
bool mfd_year_of_date(const char *text, int *year);

/* A column of plain numbers is nanoseconds since 1970 to pandas, even where it holds years. */
bool mfd_year_of_nanoseconds(double ns, int *year);
