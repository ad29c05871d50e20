/* Tab-separated text as pandas' C parser splits it: fields may be quoted with '"' (doubled inside),
 * then hold tabs and newlines; a quote inside an unquoted field is itself; lines end with \n, \r\n
 * or \r; empty lines and lines of blanks are skipped; a short row is filled up with empty fields.
 */
#pragma once

#include <stddef.h>

#include "core/base/error.h"
#include "core/model/arena.h"

#define MFD_MAX_TABLE (256u << 20)      /* bytes of a table */
#define MFD_MAX_CELLS ((size_t)1 << 24) /* rows times columns */

struct mfd_tsv {
    size_t rows, columns;
    const char **names;  /* (columns), the first line */
    const char **fields; /* (rows, columns), NUL-terminated UTF-8 */
    const size_t *lines; /* (rows), the line of the file where each row starts, from 1 */
};

/* Split n bytes; everything lives in `arena`. MFD_EFORMAT for invalid UTF-8, NUL bytes, an unclosed
 * quote, no header, or a row longer than the header; MFD_ELIMIT above these limits. */
int mfd_tsv_parse(struct mfd_tsv *out, struct mfd_arena *arena, const char *text, size_t n,
                  struct mfd_error *err) MFD_MUST_CHECK;

/* Length of the longest prefix that is UTF-8 without NUL; n where all of it is. */
size_t mfd_utf8_prefix(const char *text, size_t n);
