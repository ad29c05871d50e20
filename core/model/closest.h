/* Names close to one that is not there, for messages. */
#pragma once

#include <stddef.h>

#define MFD_CLOSEST 3

/* Indices of up to MFD_CLOSEST names most like `wanted`, best first; returns how many. Case does
 * not count; a name that contains `wanted`, or is contained in it, is close; else the number of
 * edits counts, and names with which it has little in common are left out. */
size_t mfd_closest_names(const char *wanted, const char *const *names, size_t n,
                         size_t out[MFD_CLOSEST]);

/* "; closest are 'a', 'b'" into text, or "" where nothing is close. */
void mfd_closest_text(const char *wanted, const char *const *names, size_t n, char *text,
                      size_t size);
