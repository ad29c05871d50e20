/* Documents of the server on a terminal or in a pipe. */
#pragma once

#include "client/mfd/app.h"

/* A column of a listing: a member of each item. */
struct show_column {
    const char *title;
    const char *path; /* "a.b"; alternatives after '|' */
    enum sheet_side side;
    bool grows;
    int digits; /* decimals of reals in a table */
};

/* The value at "a.b" or, where there is none, at the next alternative; NULL. Borrowed. */
json_t *show_member(json_t *item, const char *path);
/* One cell from any JSON value: scalars as they are, lists joined by commas. */
void show_cell(struct sheet *sheet, json_t *value, int digits);

/* Append a setting that is averaged over as "COLUMN=VALUE;COLUMN=VALUE". */
void show_setting_text(struct mfd_buffer *out, json_t *setting);
/* Two cells: the same, and its weight; empty ones for NULL. */
void show_setting(struct sheet *sheet, json_t *setting);

/* A document as JSON: indented for people, one line for programs. */
int show_json(struct app *app, json_t *document, struct mfd_error *err) MFD_MUST_CHECK;
/* One line of NDJSON. */
int show_line(struct app *app, json_t *document, struct mfd_error *err) MFD_MUST_CHECK;
/* A whole document as rows "member, value", nested members with dots. */
int show_card(struct app *app, json_t *document, struct mfd_error *err) MFD_MUST_CHECK;

/* An array of objects as a table or TSV (in JSON formats: `document` instead). */
int show_items(struct app *app, json_t *items, const struct show_column *columns, size_t n,
               json_t *document, struct mfd_error *err) MFD_MUST_CHECK;

/* Every item of a listing, following its cursor: *items is a new array. */
int show_fetch(struct app *app, const char *path, const char *query, const char *name,
               json_t **items, struct mfd_error *err) MFD_MUST_CHECK;

/* More members of a listed item, for rows: *more is a new reference or NULL. */
typedef int (*show_details)(struct app *app, json_t *item, json_t **more, struct mfd_error *err);

/* Follow a listing (its "next" cursor) and show every item of member `name`, at most --limit.
 * `query` is borrowed and may be NULL; so may `details`. */
int show_listing(struct app *app, const char *path, const char *query, const char *name,
                 const struct show_column *columns, size_t n, show_details details,
                 struct mfd_error *err) MFD_MUST_CHECK;
