/* Metadata settings, and how many of them a track shares. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What a user writes as the value of a column: a label as a string, several between commas as an
 * array, nothing as null. A new reference; NULL where it is not UTF-8, or on lack of memory. */
json_t *likeness_labels(const char *value);

/* How many members of `settings` (labels as above, or numbers) a track's metadata agrees with;
 * several labels agree where one does. */
size_t likeness_count(json_t *settings, json_t *metadata);
