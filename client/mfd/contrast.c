#include "client/mfd/contrast.h"

#include <string.h>

#include "client/mfd/compute.h"
#include "client/mfd/experiment.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"

#define SCORE "/api/v1/variants/score"

MFD_DEFINE_CLEANUP(struct sheet, sheet_free);

struct contrast {
    struct app *app;
    json_t *fields, *settings; /* owned: the model's columns; [{"id", "metadata"}] of a and b */
    json_t *head[2];           /* owned: of the answers for a and b, and for a - b */
    json_t *results[2];        /* owned: the same, a result a variant */
};

bool contrast_is_variant(const char *text)
{
    size_t n = strlen(text);
    return n && strchr("0123456789", text[n - 1]) == NULL && strpbrk(text, ":-");
}

/* Effects into results[which]: `more` members of the request say of what. */
static int ask(struct contrast *c, int which, json_t *more, int argc, char **argv,
               struct mfd_error *err)
{
    struct source source = { 0 };
    json_t *options = compute_options(&c->app->set);
    bool ok = options && more && json_object_update(options, more) == 0 &&
              json_object_set_new(options, "scale", json_string("logit")) == 0;
    source_words(&source, argv, (size_t)argc);
    c->app->ok = c->app->skipped = c->app->failed = 0; /* each input counts once */
    int status = ok ? compute_collect(c->app, SCORE, "variants", options,
                                      compute_variant_passes(&c->app->set), &source,
                                      &c->head[which], &c->results[which], err)
                    : mfd_fail_nomem(err);
    source_close(&source);
    json_decref(options);
    return status;
}

int contrast_add(json_t *options, const json_t *fields, const struct settings *set,
                 struct mfd_error *err)
{
    json_t *a = NULL, *b = NULL;
    int status = experiment_metadata(&a, fields, set, &set->a, err);
    if (status == MFD_OK)
        status = experiment_metadata(&b, fields, set, &set->b, err);
    json_t *members =
        json_pack("{s:O*, s:O*, s:s*, s:s*}", "a", a, "b", b, "like", set->like, "held", set->held);
    if (status == MFD_OK && (!members || json_object_update(options, members) < 0))
        status = mfd_fail_nomem(err);
    json_decref(members);
    json_decref(a);
    json_decref(b);
    return status;
}

static int ask_both(struct contrast *c, int argc, char **argv, struct mfd_error *err)
{
    json_t *each = json_pack("{s:O}", "virtual_tracks", c->settings);
    json_t *difference = json_object();
    int status =
        difference ? contrast_add(difference, c->fields, &c->app->set, err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = ask(c, 0, each, argc, argv, err);
    if (status == MFD_OK)
        status = ask(c, 1, difference, argc, argv, err);
    json_decref(difference);
    json_decref(each);
    return status;
}

static int put_row(struct sheet *sheet, const char *name, json_t *variant, json_t *effect, size_t i,
                   struct mfd_error *err)
{
    show_cell(sheet, json_object_get(variant, "chrom"), 0);
    show_cell(sheet, json_object_get(variant, "pos"), 0);
    show_cell(sheet, json_object_get(variant, "ref"), 0);
    show_cell(sheet, json_object_get(variant, "alt"), 0);
    sheet_text(sheet, name);
    for (size_t p = 0; p < PARTS; p++)
        sheet_number(
            sheet, json_number_value(json_array_get(json_object_get(effect, compute_parts[p]), i)),
            5);
    return sheet_end_row(sheet, err);
}

static int put_variant(struct contrast *c, struct sheet *sheet, size_t i, struct mfd_error *err)
{
    json_t *each = json_array_get(c->results[0], i);
    json_t *effect = json_object_get(each, "effect"), *variant = json_object_get(each, "variant");
    json_t *difference = json_object_get(json_array_get(c->results[1], i), "effect");
    if (!effect || !difference) { /* the reason is the server's */
        const char *reason = json_string_value(show_member(each, "problem.detail"));
        app_note(c->app, "input %zu: %s", i, reason ? reason : "not scored");
        return MFD_OK;
    }
    int status = put_row(sheet, "a", variant, effect, 0, err);
    if (status == MFD_OK)
        status = put_row(sheet, "b", variant, effect, 1, err);
    if (status == MFD_OK)
        status = put_row(sheet, "a - b", variant, difference, 0, err);
    return status;
}

static int show_rows(struct contrast *c, struct mfd_error *err)
{
    static const struct sheet_column columns[] = {
        { "chrom", SHEET_LEFT, false, true },        { "pos", SHEET_RIGHT, false, true },
        { "ref", SHEET_LEFT, true, true },           { "alt", SHEET_LEFT, true, true },
        { "track", SHEET_LEFT, true, false },        { "total", SHEET_RIGHT, false, false },
        { "biological", SHEET_RIGHT, false, false }, { "technical", SHEET_RIGHT, false, false },
    };
    MFD_CLEANUP(sheet_free_p) struct sheet *sheet = NULL;
    int status = sheet_new(&sheet, c->app->out, &c->app->style, columns,
                           sizeof columns / sizeof *columns, err);
    for (size_t i = 0; i < json_array_size(c->results[0]) && status == MFD_OK; i++)
        status = put_variant(c, sheet, i, err);
    return status == MFD_OK ? sheet_flush(sheet, err) : status;
}

static int show(struct contrast *c, struct mfd_error *err)
{
    if (c->app->format != FORMAT_JSON && c->app->format != FORMAT_NDJSON)
        return show_rows(c, err);
    json_t *whole = json_pack("{s:O*, s:O, s:O, s:O}", "provenance",
                              json_object_get(c->head[0], "provenance"), "virtual_tracks",
                              c->settings, "results", c->results[0], "difference", c->results[1]);
    int status = !whole                          ? mfd_fail_nomem(err)
                 : c->app->format == FORMAT_JSON ? show_json(c->app, whole, err)
                                                 : show_line(c->app, whole, err);
    json_decref(whole);
    return status;
}

int contrast_variants(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct contrast c = { .app = app, .settings = json_array() };
    int status = c.settings ? experiment_fields(app, &c.fields, err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = experiment_add(c.settings, c.fields, &app->set, "a", &app->set.a, err);
    if (status == MFD_OK)
        status = experiment_add(c.settings, c.fields, &app->set, "b", &app->set.b, err);
    if (status == MFD_OK)
        status = ask_both(&c, argc, argv, err);
    if (status == MFD_OK)
        status = show(&c, err);
    json_t *const owned[] = {
        c.fields, c.settings, c.head[0], c.head[1], c.results[0], c.results[1]
    };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        json_decref(owned[i]);
    return status;
}
