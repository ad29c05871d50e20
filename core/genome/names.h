/* What people call contigs. */
#pragma once

#include <stddef.h>

/* The key under which spellings of one name meet: upper case, no leading "chr", M as MT. NULL on
 * lack of memory; release with free(). */
char *mfd_name_key(const char *name, size_t n);
