/* Any table is read whole or refused; cells of what was read are text and rows are found by their
 * ids. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/table.h"
#include "core/model/tsv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the rules. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_table *t = NULL;
    if (size == 0)
        return 0;
    const struct mfd_table_rules rules = { .median_age = data[0] & 1,
                                           .none_is_missing = data[0] & 2 };
    int status = mfd_table_parse(&t, (const char *)data + 1, size - 1, &rules, &err);
    if (status) {
        if (t || err.status != status || !*err.message)
            abort();
        return 0;
    }
    size_t column = mfd_table_find_column(t, "File_accession"), row;
    for (size_t r = 0; r < mfd_table_rows(t); r++) {
        for (size_t c = 0; c < mfd_table_columns(t); c++) {
            const char *cell = mfd_table_cell(t, r, c);
            if (mfd_utf8_prefix(cell, strlen(cell)) != strlen(cell))
                abort();
        }
        status = mfd_table_find(t, mfd_table_cell(t, r, column), &row, &err);
        if (!status && row >= mfd_table_rows(t))
            abort();
    }
    mfd_table_free(t);
    return 0;
}
