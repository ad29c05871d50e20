#include "core/model/tsv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/memory.h"
#include "core/model/config.h"
#include "core/model/mapping.h"

/* Bytes that follow a first byte; SIZE_MAX where none can be first. */
static size_t utf8_tail(unsigned char c)
{
    if (c < 0x80)
        return 0;
    if (c < 0xc2 || c > 0xf4)
        return SIZE_MAX;
    return c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

size_t mfd_utf8_prefix(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t i = 0;
    while (i < n) {
        unsigned char c = s[i];
        if (c == 0)
            return i;
        size_t more = utf8_tail(c);
        if (more >= n - i)
            return i;
        for (size_t j = 1; j <= more; j++)
            if ((s[i + j] & 0xc0) != 0x80)
                return i;
        /* overlong forms, surrogates, beyond U+10FFFF */
        if ((c == 0xe0 && s[i + 1] < 0xa0) || (c == 0xed && s[i + 1] > 0x9f) ||
            (c == 0xf0 && s[i + 1] < 0x90) || (c == 0xf4 && s[i + 1] > 0x8f))
            return i;
        i += more + 1;
    }
    return n;
}

/* The splitter's place in the text, and the row under way. */
struct reader {
    const char *text;
    size_t n, at, line;
    struct mfd_arena *arena;
    struct mfd_buffer field;
    const char **row; /* `columns` long once the header is known */
    size_t width;
    struct mfd_error *err;
};

static bool at_end_of_line(const struct reader *r)
{
    return r->at == r->n || r->text[r->at] == '\n' || r->text[r->at] == '\r';
}

static void skip_end_of_line(struct reader *r)
{
    if (r->at < r->n && r->text[r->at] == '\r')
        r->at++;
    if (r->at < r->n && r->text[r->at] == '\n')
        r->at++;
    r->line++;
}

/* Past lines that are empty or all blanks; a line of blanks may still hold a field. */
static void skip_blank_lines(struct reader *r)
{
    while (r->at < r->n) {
        size_t start = r->at;
        while (r->at < r->n && r->text[r->at] == ' ')
            r->at++;
        if (!at_end_of_line(r)) {
            r->at = start;
            return;
        }
        skip_end_of_line(r);
    }
}

static int read_quoted(struct reader *r)
{
    size_t opened = r->line;
    for (r->at++;;) {
        if (r->at == r->n)
            return mfd_fail(r->err, MFD_EFORMAT, "line %zu: a quoted field is never closed",
                            opened);
        char c = r->text[r->at++];
        if (c == '"' && (r->at == r->n || r->text[r->at] != '"'))
            return MFD_OK;
        r->at += c == '"';
        r->line += c == '\n';
        mfd_buffer_addc(&r->field, c);
    }
}

/* One field, up to the tab or end of line that closes it. */
static int read_field(struct reader *r)
{
    mfd_buffer_clear(&r->field);
    if (r->at < r->n && r->text[r->at] == '"') {
        int status = read_quoted(r);
        if (status)
            return status;
    }
    size_t start = r->at;
    while (!at_end_of_line(r) && r->text[r->at] != '\t')
        r->at++;
    mfd_buffer_add(&r->field, r->text + start, r->at - start);
    return r->field.failed ? mfd_fail_nomem(r->err) : MFD_OK;
}

/* One line into r->row; `limit` fields at most (the header's number, or what a table may have). */
static int read_row(struct reader *r, size_t limit, bool header)
{
    for (r->width = 0;;) {
        size_t line = r->line;
        int status = read_field(r);
        if (status)
            return status;
        if (r->width == limit)
            return header
                       ? mfd_fail(r->err, MFD_ELIMIT, "the table has more than %zu columns", limit)
                       : mfd_fail(r->err, MFD_EFORMAT,
                                  "line %zu has more fields than the header's %zu", line, limit);
        if (!(r->row[r->width++] =
                  mfd_arena_strndup(r->arena, r->field.data ? r->field.data : "", r->field.len)))
            return mfd_fail_nomem(r->err);
        if (at_end_of_line(r))
            break;
        r->at++; /* the tab */
    }
    skip_end_of_line(r);
    return MFD_OK;
}

/* Rows as they come, in blocks that double. */
struct rows {
    const char **fields;
    size_t *lines;
    size_t n, room;
};

static int add_row(struct rows *rows, const struct reader *r, size_t columns, size_t line)
{
    if (rows->n == rows->room) {
        size_t room = rows->room ? 2 * rows->room : 64, cells;
        if (!mfd_mul(room, columns, &cells))
            return mfd_fail_nomem(r->err);
        const char **fields = mfd_realloc(rows->fields, cells, sizeof *fields);
        if (fields)
            rows->fields = fields;
        size_t *lines = mfd_realloc(rows->lines, room, sizeof *lines);
        if (lines)
            rows->lines = lines;
        if (!fields || !lines)
            return mfd_fail_nomem(r->err);
        rows->room = room;
    }
    const char **to = rows->fields + rows->n * columns;
    for (size_t i = 0; i < columns; i++)
        to[i] = i < r->width ? r->row[i] : "";
    rows->lines[rows->n++] = line;
    return MFD_OK;
}

static int read_rows(struct reader *r, struct rows *rows, size_t columns)
{
    for (;;) {
        skip_blank_lines(r);
        if (r->at == r->n)
            return MFD_OK;
        if (rows->n == MFD_MAX_TRACKS || (rows->n + 1) * columns > MFD_MAX_CELLS)
            return mfd_fail(
                r->err, MFD_ELIMIT,
                "line %zu: the table is too large; at most %u rows and %zu cells are read", r->line,
                MFD_MAX_TRACKS, MFD_MAX_CELLS);
        size_t line = r->line;
        int status = read_row(r, columns, false);
        if (status || (status = add_row(rows, r, columns, line)))
            return status;
    }
}

static int copy_out(struct mfd_tsv *out, struct mfd_arena *arena, const struct reader *r,
                    const char *const *header, size_t columns, const struct rows *rows)
{
    const char **names = mfd_arena_calloc(arena, columns, sizeof *names);
    const char **fields = mfd_arena_calloc(arena, rows->n * columns, sizeof *fields);
    size_t *lines = mfd_arena_calloc(arena, rows->n, sizeof *lines);
    if (!names || !fields || !lines)
        return mfd_fail_nomem(r->err);
    memcpy(names, header, columns * sizeof *names);
    if (rows->n) {
        memcpy(fields, rows->fields, rows->n * columns * sizeof *fields);
        memcpy(lines, rows->lines, rows->n * sizeof *lines);
    }
    *out = (struct mfd_tsv){
        .rows = rows->n, .columns = columns, .names = names, .fields = fields, .lines = lines
    };
    return MFD_OK;
}

static int check_text(const char *text, size_t n, struct mfd_error *err)
{
    if (n > MFD_MAX_TABLE)
        return mfd_fail(err, MFD_ELIMIT, "the table has %zu bytes; the limit is %u", n,
                        MFD_MAX_TABLE);
    if (n > 1 && !memcmp(text, "\x1f\x8b", 2))
        return mfd_fail(err, MFD_EFORMAT, "the table is compressed; unpack it with gunzip first");
    size_t good = mfd_utf8_prefix(text, n);
    if (good == n)
        return MFD_OK;
    size_t line = 1;
    for (size_t i = 0; i < good; i++)
        line += text[i] == '\n';
    return mfd_fail(err, MFD_EFORMAT, "line %zu: byte 0x%02x at offset %zu is not UTF-8 text", line,
                    (unsigned)(unsigned char)text[good], good);
}

/* One name with others in it: the columns are separated by something else. */
static int check_only_column(const char *name, struct mfd_error *err)
{
    const char *other = strpbrk(name, ",;|");
    if (!other)
        return MFD_OK;
    return mfd_fail(err, MFD_EFORMAT,
                    "line 1 has '%c' between names, and no tab; columns are separated by tabs",
                    *other);
}

int mfd_tsv_parse(struct mfd_tsv *out, struct mfd_arena *arena, const char *text, size_t n,
                  struct mfd_error *err)
{
    const char *header[MFD_MAX_COLUMNS], *row[MFD_MAX_COLUMNS];
    struct reader r = {
        .text = text, .n = n, .line = 1, .arena = arena, .row = header, .err = err
    };
    struct rows rows = { 0 };
    int status = check_text(text, n, err);
    if (status)
        return status;
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        r.at = 3;
    skip_blank_lines(&r);
    if (r.at == r.n)
        status =
            mfd_fail(err, MFD_EFORMAT, "the table is empty; its first line must name the columns");
    else
        status = read_row(&r, MFD_MAX_COLUMNS, true);
    if (!status && r.width == 1)
        status = check_only_column(header[0], err);
    size_t columns = r.width;
    r.row = row;
    if (!status)
        status = read_rows(&r, &rows, columns);
    if (!status)
        status = copy_out(out, arena, &r, header, columns, &rows);
    mfd_buffer_deinit(&r.field);
    free(rows.fields);
    free(rows.lines);
    return status;
}
