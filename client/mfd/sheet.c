#define _XOPEN_SOURCE 700 /* wcwidth */
#include "client/mfd/sheet.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "client/lib/text.h"
#include "core/base/buffer.h"
#include "core/base/memory.h"

#define ROWS_HELD 2000 /* a table's widths are settled by so many rows at a time */
#define LEAST_WIDTH 8  /* below which a column that can be cut is not cut further */

struct sheet {
    FILE *to;
    struct sheet_style style;
    size_t n; /* columns */
    struct sheet_column *columns;
    size_t *width;          /* (n) widest cell so far, in terminal columns */
    bool *used;             /* (n) some cell held is not empty */
    size_t *fitted;         /* (n) the same, cut to the terminal */
    struct mfd_buffer held; /* cells one after another, each with a NUL */
    size_t rows, cell;      /* rows held; cells of the current row */
    bool begun;             /* the header is out */
};

static size_t display_width(const char *text)
{
    size_t width = 0;
    for (size_t i = 0, n = strlen(text), len; i < n; i += len) {
        unsigned c = 0;
        len = mfd_text_character(text + i, n - i, &c);
        int w = len ? wcwidth((wchar_t)c) : 1;
        width += w > 0 ? (size_t)w : 0;
        len += !len;
    }
    return width;
}

int sheet_new(struct sheet **out, FILE *to, const struct sheet_style *style,
              const struct sheet_column *columns, size_t n, struct mfd_error *err)
{
    struct sheet *s = mfd_calloc(1, sizeof *s);
    if (!s)
        return mfd_fail_nomem(err);
    s->to = to;
    s->style = *style;
    s->columns = mfd_calloc(n, sizeof *s->columns);
    s->width = mfd_calloc(n, sizeof *s->width);
    s->fitted = mfd_calloc(n, sizeof *s->fitted);
    s->used = mfd_calloc(n, sizeof *s->used);
    for (; s->columns && s->width && s->fitted && s->used && s->n < n; s->n++) {
        s->columns[s->n] = columns[s->n];
        s->columns[s->n].title = mfd_strdup(columns[s->n].title);
        if (!s->columns[s->n].title)
            break;
        if (style->header)
            s->width[s->n] = display_width(columns[s->n].title);
    }
    if (s->n < n) {
        sheet_free(s);
        return mfd_fail_nomem(err);
    }
    *out = s;
    return MFD_OK;
}

void sheet_free(struct sheet *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        free((char *)(size_t)s->columns[i].title);
    free(s->columns);
    free(s->width);
    free(s->fitted);
    free(s->used);
    mfd_buffer_deinit(&s->held);
    free(s);
}

void sheet_text(struct sheet *s, const char *text)
{
    if (s->cell >= s->n)
        return;
    size_t before = s->held.len;
    if (text)
        mfd_text_clean(&s->held, text, strlen(text));
    mfd_buffer_addc(&s->held, '\0');
    if (!s->held.failed && !s->style.tsv) {
        size_t w = display_width(s->held.data + before);
        if (w > s->width[s->cell])
            s->width[s->cell] = w;
        s->used[s->cell] = s->used[s->cell] || w;
    }
    s->cell++;
}

void sheet_number(struct sheet *s, double value, int digits)
{
    char text[64] = "";
    if (s->style.tsv && !isnan(value))
        snprintf(text, sizeof text, "%.9g", value);
    else if (!isnan(value))
        snprintf(text, sizeof text, fabs(value) < 1e15 ? "%.*f" : "%.*e", digits, value);
    sheet_text(s, text);
}

void sheet_integer(struct sheet *s, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    sheet_text(s, text);
}

static bool hidden(const struct sheet *s, size_t column)
{
    return s->columns[column].hides && !s->used[column];
}

static size_t last_shown(const struct sheet *s)
{
    size_t last = s->n - 1;
    while (last && hidden(s, last))
        last--;
    return last;
}

/* Widths that fit the terminal: the widest column that may be cut is cut, one place at a time. */
static void fit(struct sheet *s)
{
    size_t *width = s->fitted;
    size_t total = 0;
    for (size_t i = 0; i < s->n; i++) {
        width[i] = hidden(s, i) ? 0 : s->width[i];
        total += hidden(s, i) ? 0 : width[i] + (total ? 2 : 0);
    }
    while (s->style.width && total > s->style.width) {
        size_t widest = s->n;
        for (size_t i = 0; i < s->n; i++)
            if (s->columns[i].grows && width[i] > LEAST_WIDTH &&
                (widest == s->n || width[i] > width[widest]))
                widest = i;
        if (widest == s->n)
            return;
        width[widest]--;
        total--;
    }
}

/* One cell padded or cut to `width`; the last column of a line is not padded. */
static void put_cell(const struct sheet *s, const char *text, size_t width, enum sheet_side side,
                     bool last)
{
    size_t used = display_width(text);
    size_t pad = used < width ? width - used : 0;
    if (side == SHEET_RIGHT)
        fprintf(s->to, "%*s", (int)pad, "");
    if (used <= width) {
        fputs(text, s->to);
    } else {
        size_t room = width - 1, n = strlen(text);
        for (size_t i = 0, len; i < n; i += len) {
            unsigned c = 0;
            len = mfd_text_character(text + i, n - i, &c);
            int w = len ? wcwidth((wchar_t)c) : 1;
            len += !len;
            if (w > 0 && (size_t)w > room)
                break;
            room -= w > 0 ? (size_t)w : 0;
            fwrite(text + i, 1, len, s->to);
        }
        fprintf(s->to, "…%*s", last ? 0 : (int)room, "");
    }
    if (side == SHEET_LEFT && !last)
        fprintf(s->to, "%*s", (int)pad, "");
}

static void put_header(const struct sheet *s)
{
    fputs(s->style.colour ? "\033[1m" : "", s->to);
    for (size_t i = 0; i < s->n; i++) {
        if (hidden(s, i))
            continue;
        fputs(i ? "  " : "", s->to);
        put_cell(s, s->columns[i].title, s->fitted[i], s->columns[i].side, i == last_shown(s));
    }
    fputs(s->style.colour ? "\033[0m\n" : "\n", s->to);
}

/* The last cell of a row that has anything in it: nothing is written behind it. */
static size_t last_filled(const struct sheet *s, const char *cell)
{
    size_t last = 0;
    for (size_t i = 0; i < s->n; i++, cell += strlen(cell) + 1)
        last = *cell ? i : last;
    return last;
}

static void put_table(struct sheet *s)
{
    const char *cell = s->held.data;
    fit(s);
    if (!s->begun && s->style.header)
        put_header(s);
    for (size_t r = 0; r < s->rows; r++) {
        size_t last = last_filled(s, cell);
        for (size_t i = 0; i < s->n; i++, cell += strlen(cell) + 1) {
            if (hidden(s, i) || i > last)
                continue;
            fputs(i ? "  " : "", s->to);
            put_cell(s, cell, s->fitted[i], s->columns[i].side, i == last);
        }
        putc('\n', s->to);
    }
}

static void put_tsv(struct sheet *s)
{
    const char *cell = s->held.data;
    for (size_t i = 0; i < s->n && !s->begun && s->style.header; i++)
        fprintf(s->to, "%s%c", s->columns[i].title, i + 1 < s->n ? '\t' : '\n');
    for (size_t r = 0; r < s->rows; r++)
        for (size_t i = 0; i < s->n; i++, cell += strlen(cell) + 1)
            fprintf(s->to, "%s%c", cell, i + 1 < s->n ? '\t' : '\n');
}

int sheet_flush(struct sheet *s, struct mfd_error *err)
{
    if (s->held.failed)
        return mfd_fail_nomem(err);
    if (s->style.tsv)
        put_tsv(s);
    else
        put_table(s);
    s->begun = true;
    s->rows = 0;
    mfd_buffer_clear(&s->held);
    if (ferror(s->to))
        return mfd_fail(err, MFD_EIO, "cannot write the output: %s", strerror(errno));
    return MFD_OK;
}

int sheet_end_row(struct sheet *s, struct mfd_error *err)
{
    while (s->cell < s->n)
        sheet_text(s, NULL);
    s->cell = 0;
    s->rows++;
    return s->rows >= (s->style.tsv ? 64 : ROWS_HELD) ? sheet_flush(s, err) : MFD_OK;
}
