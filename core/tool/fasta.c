#include "core/tool/fasta.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/memory.h"

#define LIMIT ((size_t)4 << 30)

static int add_record(struct fasta *f, const char *name, char *bases, struct mfd_error *err)
{
    if (f->n == f->size) {
        size_t size = f->size ? 2 * f->size : 64;
        struct fasta_record *p = mfd_realloc(f->records, size, sizeof *p);
        if (!p)
            return mfd_fail_nomem(err);
        f->records = p;
        f->size = size;
    }
    f->records[f->n++] = (struct fasta_record){ .name = name, .bases = bases };
    return MFD_OK;
}

/* One line, [line, end) without its newline; sequence lines are moved up against one another. */
static int take_line(struct fasta *f, const char *path, size_t number, char *line, char *end,
                     char **fill, struct mfd_error *err)
{
    while (end > line && isspace((unsigned char)end[-1]))
        end--;
    if (end == line)
        return MFD_OK;
    if (*line == '>') {
        *end = '\0'; /* on the newline, a blank or the text's own NUL */
        *fill = end;
        return add_record(f, line + 1, end, err);
    }
    if (f->n == 0)
        return mfd_fail(err, MFD_EFORMAT, "'%s': line %zu: a FASTA file begins with '>'", path,
                        number);
    struct fasta_record *r = &f->records[f->n - 1];
    if (r->n == 0)
        r->bases = *fill = line;
    for (char *p = line; p < end; p++) {
        if (!isalpha((unsigned char)*p))
            return mfd_fail(err, MFD_EFORMAT, "'%s': line %zu: byte 0x%02x is no base", path,
                            number, (unsigned)(unsigned char)*p);
        *(*fill)++ = *p;
        r->n++;
    }
    return MFD_OK;
}

int fasta_read(struct fasta *f, const char *path, struct mfd_error *err)
{
    memset(f, 0, sizeof *f);
    int status = mfd_file_read(path, LIMIT, &f->text, err);
    char *line = f->text.data, *stop = line ? line + f->text.len : NULL, *fill = line;
    for (size_t number = 1; status == MFD_OK && line < stop; number++) {
        char *end = memchr(line, '\n', (size_t)(stop - line));
        char *next = end ? end + 1 : stop;
        status = take_line(f, path, number, line, end ? end : stop, &fill, err);
        line = next;
    }
    for (size_t i = 0; i < f->n && status == MFD_OK; i++)
        if (f->records[i].n == 0)
            status = mfd_fail(err, MFD_EFORMAT, "'%s': record %zu, '%.60s', has no bases", path,
                              i + 1, f->records[i].name);
    if (status == MFD_OK && f->n == 0)
        status = mfd_fail(err, MFD_EFORMAT, "'%s' holds no FASTA record", path);
    return status;
}

void fasta_deinit(struct fasta *f)
{
    free(f->records);
    mfd_buffer_deinit(&f->text);
    memset(f, 0, sizeof *f);
}
