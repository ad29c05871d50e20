/* Combinations of metadata: from JSON and from tracks to codes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/base/sha256.h"
#include "core/model/closest.h"
#include "core/model/combination.h"
#include "core/model/series.h"
#include "core/model/year.h"

void mfd_combination_deinit(struct mfd_combination *c)
{
    free(c->code);
    *c = (struct mfd_combination)MFD_COMBINATION_INIT;
}

/* ---- codes ---- */

struct words {
    uint32_t *at;
    size_t n, size;
};

static bool add_word(struct words *w, uint32_t word)
{
    if (w->n == w->size) {
        size_t size = w->size ? 2 * w->size : 64;
        uint32_t *at = mfd_realloc(w->at, size, sizeof *at);
        if (!at)
            return false;
        w->at = at;
        w->size = size;
    }
    w->at[w->n++] = word;
    return true;
}

static bool add_number(struct words *w, const struct mfd_field *f, double x)
{
    float standard = (float)((x - f->mean) / f->sd);
    uint32_t bits;
    standard += 0.0f; /* no negative zero: equal values have equal bits */
    memcpy(&bits, &standard, sizeof bits);
    return add_word(w, bits);
}

static bool add_labels(struct words *w, const uint32_t *labels, size_t n)
{
    bool good = add_word(w, (uint32_t)n);
    for (size_t i = 0; good && i < n; i++)
        good = add_word(w, labels[i]);
    return good;
}

static bool add_track(struct words *w, const struct mfd_metadata *md, size_t field, size_t track)
{
    const struct mfd_field *f = mfd_fields_at(md, field);
    size_t n;
    if (!f->n_labels)
        return add_number(w, f, mfd_fields_number_of(md, field, track));
    const uint32_t *labels = mfd_fields_labels_of(md, field, track, &n);
    return add_labels(w, labels, n);
}

size_t mfd_code_length(const struct mfd_field *f, const uint32_t *code)
{
    return f->n_labels ? 1 + code[0] : 1;
}

void mfd_code_expand(const struct mfd_field *f, const uint32_t *code, float *inputs)
{
    if (!f->n_labels) {
        memcpy(inputs, code, sizeof *inputs);
        return;
    }
    memset(inputs, 0, f->inputs * sizeof *inputs);
    for (size_t i = 0; i < code[0]; i++)
        inputs[code[1 + i]] = 1;
}

static bool in_group(const struct mfd_field *f, size_t g)
{
    return f->role[g].direct || f->role[g].interact;
}

/* Digest of the words that a group sees. */
static bool digest_half(const struct mfd_metadata *md, const uint32_t *code, size_t g, char *key)
{
    struct mfd_sha256 *sha = mfd_sha256_new();
    char hex[MFD_SHA256_HEX];
    if (!sha)
        return false;
    for (size_t i = 0; i < mfd_fields_count(md); i++) {
        const struct mfd_field *f = mfd_fields_at(md, i);
        size_t n = mfd_code_length(f, code);
        if (in_group(f, g))
            mfd_sha256_update(sha, code, n * sizeof *code);
        code += n;
    }
    mfd_sha256_finish(sha, hex);
    memcpy(key, hex, MFD_HALF_KEY);
    return true;
}

/* Take the words over and make them a combination. */
static int finish(const struct mfd_metadata *md, struct words *w, struct mfd_combination *out,
                  struct mfd_error *err)
{
    struct mfd_combination c = { .code = w->at, .n = w->n };
    for (size_t g = 0; g < MFD_GROUPS; g++)
        if (!digest_half(md, w->at, g, c.key[g])) {
            free(w->at);
            return mfd_fail_nomem(err);
        }
    *out = c;
    return MFD_OK;
}

int mfd_combination_of_track(const struct mfd_metadata *md, size_t track,
                             struct mfd_combination *out, struct mfd_error *err)
{
    struct words w = { 0 };
    for (size_t i = 0; i < mfd_fields_count(md); i++)
        if (!add_track(&w, md, i, track)) {
            free(w.at);
            return mfd_fail_nomem(err);
        }
    return finish(md, &w, out, err);
}

const uint32_t *mfd_combination_value(const struct mfd_metadata *md,
                                      const struct mfd_combination *c, size_t field)
{
    const uint32_t *code = c->code;
    for (size_t i = 0; i < field; i++)
        code += mfd_code_length(mfd_fields_at(md, i), code);
    return code;
}

int mfd_combination_with(const struct mfd_metadata *md, const struct mfd_combination *base,
                         const uint32_t *const *values, struct mfd_combination *out,
                         struct mfd_error *err)
{
    struct words w = { 0 };
    const uint32_t *own = base->code;
    for (size_t i = 0; i < mfd_fields_count(md); i++) {
        const struct mfd_field *f = mfd_fields_at(md, i);
        const uint32_t *code = values[i] ? values[i] : own;
        for (size_t j = 0, n = mfd_code_length(f, code); j < n; j++)
            if (!add_word(&w, code[j])) {
                free(w.at);
                return mfd_fail_nomem(err);
            }
        own += mfd_code_length(f, own);
    }
    int status = finish(md, &w, out, err);
    if (!status) {
        out->bias_policy = base->bias_policy;
        out->bias = base->bias;
    }
    return status;
}

/* ---- values ---- */

/* Coding one value of a field; `labels` has room for n_labels indices. */
struct value {
    const struct mfd_field *field;
    uint32_t *labels;
    size_t n;
    struct mfd_error *err;
};

static int unknown_label(const struct value *v, const char *s, size_t n)
{
    char word[80], close[256];
    snprintf(word, sizeof word, "%.*s", (int)(n < 64 ? n : 64), s);
    mfd_closest_text(word, v->field->labels, v->field->n_labels, close, sizeof close);
    return mfd_fail_as(v->err, MFD_ENOTFOUND, "unknown-label", "column '%s' has no label '%s'%s",
                       v->field->name, word, close);
}

/* As it stands; without blanks around it; or, for a year, out of a date. */
static size_t find_label(const struct mfd_field *f, const char *s, size_t n)
{
    size_t found = mfd_fields_label(f, s, n);
    char date[32], year[16];
    int y;
    if (found != MFD_NONE)
        return found;
    while (n && *s == ' ')
        s++, n--;
    while (n && s[n - 1] == ' ')
        n--;
    found = mfd_fields_label(f, s, n);
    if (found != MFD_NONE || f->type != MFD_DATE_YEAR || n >= sizeof date)
        return found;
    snprintf(date, sizeof date, "%.*s", (int)n, s);
    if (!mfd_year_of_date(date, &y))
        return MFD_NONE;
    snprintf(year, sizeof year, "%d", y);
    return mfd_fields_label(f, year, strlen(year));
}

static int add_label(struct value *v, const char *s, size_t n)
{
    size_t label = find_label(v->field, s, n), at = v->n;
    if (label == MFD_NONE)
        return unknown_label(v, s, n);
    while (at && v->labels[at - 1] > label)
        at--;
    if (at && v->labels[at - 1] == label)
        return MFD_OK;
    memmove(v->labels + at + 1, v->labels + at, (v->n - at) * sizeof *v->labels);
    v->labels[at] = (uint32_t)label;
    v->n++;
    return MFD_OK;
}

/* One text: labels between commas; an empty one is what an empty cell is. */
static int add_text(struct value *v, const char *s)
{
    if (!*s)
        s = "nan";
    for (;;) {
        size_t n = strcspn(s, ",");
        int status = add_label(v, s, n);
        if (status || !s[n])
            return status;
        s += n + 1;
    }
}

static int add_scalar(struct value *v, const json_t *json)
{
    char text[MFD_REPR];
    switch (json_typeof(json)) {
    case JSON_STRING:
        return add_text(v, json_string_value(json));
    case JSON_INTEGER:
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(json));
        return add_label(v, text, strlen(text));
    case JSON_REAL:
        mfd_python_repr(json_real_value(json), text);
        return add_label(v, text, strlen(text));
    case JSON_TRUE:
        return add_label(v, "True", 4);
    case JSON_FALSE:
        return add_label(v, "False", 5);
    case JSON_NULL:
        return add_label(v, "nan", 3);
    default:
        return mfd_fail_as(v->err, MFD_EINVAL, "wrong-type",
                           "column '%s' takes a label, a list of labels, a number or null",
                           v->field->name);
    }
}

static int code_labels(struct value *v, const json_t *json)
{
    if (!json_is_array(json))
        return add_scalar(v, json);
    if (json_array_size(json) == 0)
        return mfd_fail_as(v->err, MFD_EINVAL, "invalid-value",
                           "column '%s' is given no label; a missing value is null",
                           v->field->name);
    for (size_t i = 0; i < json_array_size(json); i++) {
        int status = add_scalar(v, json_array_get(json, i));
        if (status)
            return status;
    }
    return MFD_OK;
}

static int code_number(const struct mfd_field *f, const json_t *json, double *x,
                       struct mfd_error *err)
{
    const char *s = json_string_value(json);
    if (json_is_number(json))
        *x = json_number_value(json);
    else if (!s || !mfd_parse_double(s, strlen(s), x))
        return mfd_fail_as(err, MFD_EINVAL, "wrong-type", "column '%s' takes a number", f->name);
    if (!isfinite((float)((*x - f->mean) / f->sd)))
        return mfd_fail_as(err, MFD_EINVAL, "invalid-value", "column '%s': %g is out of range",
                           f->name, *x);
    return MFD_OK;
}

static int code_value(struct words *w, const struct mfd_field *f, const json_t *json,
                      struct mfd_error *err)
{
    double x;
    int status;
    bool good;
    if (!f->n_labels) {
        status = code_number(f, json, &x, err);
        good = !status && add_number(w, f, x);
    } else {
        MFD_AUTO_FREE uint32_t *labels = mfd_calloc(f->n_labels + 1, sizeof *labels);
        struct value v = { f, labels, 0, err };
        status = labels ? code_labels(&v, json) : mfd_fail_nomem(err);
        good = !status && add_labels(w, labels, v.n);
    }
    return status ? status : good ? MFD_OK : mfd_fail_nomem(err);
}

/* ---- a whole combination ---- */

static int unknown_column(const struct mfd_metadata *md, const char *name, struct mfd_error *err)
{
    const char *names[MFD_MAX_COLUMNS];
    char close[256];
    size_t n = mfd_fields_count(md);
    if (mfd_metadata_find_column(md, name) != MFD_NONE)
        return mfd_fail_as(err, MFD_ENOTFOUND, "unknown-column",
                           "column '%.64s' is in the table but does not enter this model's head",
                           name);
    for (size_t i = 0; i < n; i++)
        names[i] = mfd_fields_at(md, i)->name;
    mfd_closest_text(name, names, n, close, sizeof close);
    return mfd_fail_as(err, MFD_ENOTFOUND, "unknown-column", "the model has no column '%.64s'%s",
                       name, close);
}

/* values[field] for every member of the object; dots in names are underscores. */
static int sort_members(const struct mfd_metadata *md, const json_t *metadata,
                        const json_t **values, char *column, struct mfd_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(size_t)metadata, key, value)
    {
        char name[MFD_MAX_NAME];
        snprintf(name, sizeof name, "%s", key);
        for (char *dot = name; (dot = strchr(dot, '.'));)
            *dot = '_';
        size_t field = mfd_fields_find(md, name);
        if (column)
            snprintf(column, MFD_MAX_NAME, "%s", key);
        if (field == MFD_NONE)
            return unknown_column(md, name, err);
        if (values[field])
            return mfd_fail_as(err, MFD_EINVAL, "invalid-value", "column '%s' is given twice",
                               name);
        values[field] = value;
    }
    return MFD_OK;
}

static int refuse_gaps(const struct mfd_metadata *md, const json_t *const *values, size_t defaults,
                       struct mfd_error *err)
{
    char list[300] = "";
    size_t used = 0, missing = 0;
    for (size_t i = 0; i < mfd_fields_count(md); i++) {
        if (values[i] || defaults != MFD_NONE)
            continue;
        const char *name = mfd_fields_at(md, i)->name;
        int step = used < sizeof list ? snprintf(list + used, sizeof list - used, "%s%s",
                                                 missing ? ", " : "", name)
                                      : 0;
        used += step > 0 ? (size_t)step : 0;
        missing++;
    }
    if (!missing)
        return MFD_OK;
    return mfd_fail_as(
        err, MFD_EINVAL, "missing-column",
        "%zu of %zu columns are not given: %s; give them, or name a track to take them "
        "from",
        missing, mfd_fields_count(md), list);
}

static int code_all(const struct mfd_metadata *md, const json_t *const *values, size_t defaults,
                    struct words *w, char *column, struct mfd_error *err)
{
    for (size_t i = 0; i < mfd_fields_count(md); i++) {
        if (column)
            snprintf(column, MFD_MAX_NAME, "%s", mfd_fields_at(md, i)->name);
        int status = values[i] ? code_value(w, mfd_fields_at(md, i), values[i], err)
                     : add_track(w, md, i, defaults) ? MFD_OK
                                                     : mfd_fail_nomem(err);
        if (status)
            return status;
    }
    return MFD_OK;
}

int mfd_combination_code(const struct mfd_metadata *md, const json_t *metadata, size_t defaults,
                         struct mfd_combination *out, char *column, struct mfd_error *err)
{
    struct words w = { 0 };
    if (column)
        column[0] = '\0';
    int status;
    if (!json_is_object(metadata))
        return mfd_fail_as(err, MFD_EINVAL, "wrong-type", "metadata must be an object of columns");
    if (defaults != MFD_NONE && defaults >= mfd_metadata_tracks(md))
        return mfd_fail(err, MFD_EINVAL, "there is no track number %zu", defaults);
    MFD_AUTO_FREE const json_t **values = mfd_calloc(mfd_fields_count(md), sizeof *values);
    if (!values)
        return mfd_fail_nomem(err);
    if ((status = sort_members(md, metadata, values, column, err)))
        return status;
    if (column)
        column[0] = '\0';
    if (!(status = refuse_gaps(md, values, defaults, err)))
        status = code_all(md, values, defaults, &w, column, err);
    if (status) {
        free(w.at);
        return status;
    }
    if (column)
        column[0] = '\0';
    return finish(md, &w, out, err);
}
