#include "client/mfd/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/url.h"
#include "core/base/cleanup.h"
#include "proto/text.h"

#define MOST_PAGES 100000 /* a server that never ends its listing is wrong */
#define DEEPEST 8
#define MOST_COLUMNS 64

MFD_DEFINE_CLEANUP(struct sheet, sheet_free);

json_t *show_member(json_t *item, const char *path)
{
    while (*path) {
        json_t *at = item;
        size_t whole = strcspn(path, "|");
        for (const char *p = path; at && p < path + whole;) {
            size_t n = strcspn(p, ".|");
            at = json_object_getn(at, p, n);
            p += n + (p[n] == '.');
        }
        if (at && !json_is_null(at))
            return at;
        path += whole + (path[whole] == '|');
    }
    return NULL;
}

static void join(struct mfd_buffer *out, json_t *value)
{
    json_t *item;
    size_t i;
    json_array_foreach(value, i, item)
    {
        mfd_buffer_adds(out, i ? ", " : "");
        if (json_is_string(item)) {
            mfd_buffer_add(out, json_string_value(item), json_string_length(item));
        } else {
            MFD_AUTO_FREE char *text =
                json_dumps(item, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
            mfd_buffer_adds(out, text ? text : "");
        }
    }
}

/* An object of yes and no: what is yes. */
static void name_true(struct mfd_buffer *out, json_t *value)
{
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        if (json_is_true(member))
            mfd_buffer_addf(out, "%s%s", out->len ? ", " : "", key);
    }
    if (!out->len)
        mfd_buffer_addf(out, "{%zu members}", json_object_size(value));
}

void show_cell(struct sheet *sheet, json_t *value, int digits)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        sheet_text(sheet, json_string_value(value));
        break;
    case JSON_INTEGER:
        sheet_integer(sheet, json_integer_value(value));
        break;
    case JSON_REAL:
        sheet_number(sheet, json_real_value(value), digits);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        sheet_text(sheet, json_is_true(value) ? "yes" : "no");
        break;
    case JSON_ARRAY:
        join(&text, value);
        sheet_text(sheet, text.data);
        break;
    case JSON_OBJECT:
        name_true(&text, value);
        sheet_text(sheet, text.data);
        break;
    case JSON_NULL:
        sheet_text(sheet, NULL);
        break;
    }
    mfd_buffer_deinit(&text);
}

static int dump(struct app *app, json_t *document, size_t flags, struct mfd_error *err)
{
    if (json_dumpf(document, app->out, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)) < 0 ||
        putc('\n', app->out) == EOF)
        return mfd_fail(err, MFD_EIO, "cannot write the output: %s", strerror(errno));
    return MFD_OK;
}

void show_setting_text(struct mfd_buffer *out, json_t *setting)
{
    const char *column;
    json_t *value;
    bool any = false;
    json_object_foreach(json_object_get(setting, "values"), column, value)
    {
        mfd_buffer_addf(out, "%s%s=", any ? ";" : "", column);
        any = true;
        float number = (float)json_number_value(value);
        if (json_is_string(value))
            mfd_buffer_adds(out, json_string_value(value));
        else if (json_is_number(value))
            mfd_text_f32s(out, &number, 1);
    }
}

void show_setting(struct sheet *sheet, json_t *setting)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    if (setting)
        show_setting_text(&text, setting);
    sheet_text(sheet, text.data);
    show_cell(sheet, json_object_get(setting, "weight"), 4);
    mfd_buffer_deinit(&text);
}

int show_json(struct app *app, json_t *document, struct mfd_error *err)
{
    return dump(app, document, app->style.width ? JSON_INDENT(2) : JSON_COMPACT, err);
}

int show_line(struct app *app, json_t *document, struct mfd_error *err)
{
    return dump(app, document, JSON_COMPACT, err);
}

static int card_rows(struct sheet *sheet, struct mfd_buffer *name, json_t *value, int depth,
                     struct mfd_error *err)
{
    if (!json_is_object(value) || depth == DEEPEST) {
        sheet_text(sheet, name->data);
        show_cell(sheet, value, 4);
        return sheet_end_row(sheet, err);
    }
    const char *key;
    json_t *member;
    int status = MFD_OK;
    json_object_foreach(value, key, member)
    {
        size_t before = name->len;
        mfd_buffer_addf(name, "%s%s", before ? "." : "", key);
        status =
            name->failed ? mfd_fail_nomem(err) : card_rows(sheet, name, member, depth + 1, err);
        if (status < 0)
            return status;
        name->len = before;
        name->data[before] = '\0';
    }
    return status;
}

int show_card(struct app *app, json_t *document, struct mfd_error *err)
{
    static const struct sheet_column columns[] = { { "member", SHEET_LEFT, false },
                                                   { "value", SHEET_LEFT, true } };
    if (app->format == FORMAT_JSON)
        return show_json(app, document, err);
    if (app->format == FORMAT_NDJSON)
        return show_line(app, document, err);
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    struct mfd_buffer name = MFD_BUFFER_INIT;
    int status = sheet_new(&sheet, app->out, &app->style, columns, 2, err);
    if (status == MFD_OK)
        status = card_rows(sheet, &name, document, 0, err);
    if (status == MFD_OK)
        status = sheet_flush(sheet, err);
    mfd_buffer_deinit(&name);
    return status;
}

struct listing {
    struct app *app;
    show_details details;
    const struct show_column *columns;
    size_t n;
    struct sheet *sheet;
    json_t *all;   /* collected where one JSON document is wanted */
    bool collects; /* whatever the format */
    size_t limit, shown;
};

static int put_row(struct sheet *sheet, json_t *item, const struct show_column *columns, size_t n,
                   struct mfd_error *err)
{
    for (size_t c = 0; c < n; c++)
        show_cell(sheet, show_member(item, columns[c].path), columns[c].digits);
    return sheet_end_row(sheet, err);
}

static int open_sheet(struct app *app, const struct show_column *columns, size_t n,
                      struct sheet **sheet, struct mfd_error *err)
{
    struct sheet_column titles[MOST_COLUMNS];
    n = n < MOST_COLUMNS ? n : MOST_COLUMNS;
    for (size_t i = 0; i < n; i++)
        titles[i] =
            (struct sheet_column){ columns[i].title, columns[i].side, columns[i].grows, i > 0 };
    return sheet_new(sheet, app->out, &app->style, titles, n, err);
}

int show_items(struct app *app, json_t *items, const struct show_column *columns, size_t n,
               json_t *document, struct mfd_error *err)
{
    if (app->format == FORMAT_JSON)
        return show_json(app, document, err);
    if (app->format == FORMAT_NDJSON)
        return show_line(app, document, err);
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    json_t *item;
    size_t i;
    int status = open_sheet(app, columns, n, &sheet, err);
    json_array_foreach(items, i, item)
    {
        if (status == MFD_OK)
            status = put_row(sheet, item, columns, n, err);
    }
    return status < 0 ? status : sheet_flush(sheet, err);
}

static int show_item(struct listing *l, json_t *item, struct mfd_error *err)
{
    l->shown++;
    if (l->collects || l->app->format == FORMAT_JSON)
        return json_array_append(l->all, item) < 0 ? mfd_fail_nomem(err) : MFD_OK;
    if (l->app->format == FORMAT_NDJSON)
        return show_line(l->app, item, err);
    json_t *more = NULL;
    if (l->details) {
        int status = l->details(l->app, item, &more, err);
        if (status < 0)
            return status;
        json_object_update_missing(item, more);
        json_decref(more);
    }
    return put_row(l->sheet, item, l->columns, l->n, err);
}

/* One page; *next receives the cursor of the following one, or NULL. */
static int show_page(struct listing *l, const char *path, const char *query, const char *name,
                     char **next, struct mfd_error *err)
{
    json_t *document, *item;
    size_t i;
    int status = mfd_client_json(l->app->client, path, query, NULL, &document, err);
    if (status < 0)
        return status;
    json_t *items = json_object_get(document, name);
    if (!json_is_array(items))
        status = mfd_fail_as(err, MFD_EFORMAT, "bad-reply",
                             "%s%s has no list of %s; is it an mfdd of this version?",
                             mfd_client_server(l->app->client), path, name);
    json_array_foreach(items, i, item)
    {
        if (l->shown < l->limit && status == MFD_OK)
            status = show_item(l, item, err);
    }
    const char *cursor = json_string_value(json_object_get(document, "next"));
    if (status == MFD_OK && cursor && l->shown < l->limit) {
        *next = strdup(cursor);
        if (!*next)
            status = mfd_fail_nomem(err);
    }
    json_decref(document);
    return status;
}

static int show_pages(struct listing *l, const char *path, const char *query, const char *name,
                      struct mfd_error *err)
{
    MFD_AUTO_FREE char *cursor = NULL;
    for (size_t page = 0; page < MOST_PAGES; page++) {
        struct mfd_buffer q = MFD_BUFFER_INIT;
        char *next = NULL;
        mfd_buffer_adds(&q, query ? query : "");
        if (cursor)
            mfd_url_query(&q, "cursor", cursor);
        int status = q.failed ? mfd_fail_nomem(err)
                              : show_page(l, path, q.len ? q.data : NULL, name, &next, err);
        mfd_buffer_deinit(&q);
        free(cursor);
        cursor = next;
        if (status < 0 || !cursor)
            return status;
    }
    return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's list of %s never ends", name);
}

int show_listing(struct app *app, const char *path, const char *query, const char *name,
                 const struct show_column *columns, size_t n, show_details details,
                 struct mfd_error *err)
{
    struct listing l = { .app = app, .details = details, .columns = columns, .n = n };
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    int status = open_sheet(app, columns, n, &sheet, err);
    l.limit = app->set.limit ? app->set.limit : SIZE_MAX;
    l.sheet = sheet;
    l.all = json_array();
    if (!l.all)
        status = mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = show_pages(&l, path, query, name, err);
    if (app->format == FORMAT_JSON && status == MFD_OK) {
        json_t *whole = json_pack("{s:O}", name, l.all);
        status = whole ? show_json(app, whole, err) : mfd_fail_nomem(err);
        json_decref(whole);
    } else if (app->format != FORMAT_NDJSON && status == MFD_OK) {
        status = sheet_flush(sheet, err);
    }
    json_decref(l.all);
    return status;
}

int show_fetch(struct app *app, const char *path, const char *query, const char *name,
               json_t **items, struct mfd_error *err)
{
    struct listing l = { .app = app, .all = json_array(), .collects = true, .limit = SIZE_MAX };
    int status = l.all ? show_pages(&l, path, query, name, err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        *items = l.all;
    else
        json_decref(l.all);
    return status;
}
