/* Prints a prepared table for comparison with pandas: columns end with 0x1e, cells start with 0x1f.
 */
#include <stdio.h>

#include "core/base/file.h"
#include "core/model/table.h"
#include "core/model/tsv.h"

int main(int argc, char **argv)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_table *t = NULL;
    if (argc != 2 || mfd_file_read(argv[1], MFD_MAX_TABLE, &text, &err) ||
        mfd_table_parse(&t, text.data ? text.data : "", text.len, NULL, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (size_t c = 0; c < mfd_table_columns(t); c++) {
        printf("%s", mfd_table_column(t, c));
        for (size_t r = 0; r < mfd_table_rows(t); r++)
            printf("\x1f%s", mfd_table_cell(t, r, c));
        printf("\x1e");
    }
    mfd_table_free(t);
    mfd_buffer_deinit(&text);
    return 0;
}
