#include "core/model/mapping.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/config.h"

static const char *const group_names[] = { "biological", "technical" };
static const char *const group_keys[] = { "biological_features", "technical_features" };
static const char *const type_names[] = { "category", "float", "int", "date.year" };
static const char *const intermediate_names[] = { "null", "embed", "linear", "rescale",
                                                  "rescale_indep" };

const char *mfd_group_name(enum mfd_group group)
{
    return group_names[group];
}

const char *mfd_column_type_name(enum mfd_column_type type)
{
    return type_names[type];
}

const char *mfd_intermediate_name(enum mfd_intermediate intermediate)
{
    return intermediate_names[intermediate];
}

MFD_DEFINE_CLEANUP(struct mfd_mapping, mfd_mapping_free);

void mfd_mapping_free(struct mfd_mapping *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++) {
        for (size_t j = 0; m->columns[i].labels && j < m->columns[i].n_labels; j++)
            free(m->columns[i].labels[j]);
        free(m->columns[i].labels);
        free(m->columns[i].name);
    }
    for (size_t g = 0; g < MFD_GROUPS; g++) {
        free(m->group[g].direct);
        free(m->group[g].interact);
    }
    free(m->columns);
    free(m);
}

size_t mfd_mapping_find(const struct mfd_mapping *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (!strcmp(m->columns[i].name, name))
            return i;
    return (size_t)-1;
}

/* Index of a group's key, or MFD_GROUPS. */
static size_t group_of_key(const char *key)
{
    size_t g = 0;
    while (g < MFD_GROUPS && strcmp(key, group_keys[g]))
        g++;
    return g;
}

/* A place in the file, for messages: "column 'x'" or "biological_features". */
struct place {
    char text[MFD_MAX_NAME + 32];
    struct mfd_error *err;
};

static int check_keys(const json_t *object, const char *const *known, size_t n,
                      const struct place *at)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(size_t)object, key, value)
    {
        size_t i = 0;
        while (i < n && strcmp(key, known[i]))
            i++;
        if (i < n)
            continue;
        char list[128] = "";
        for (i = 0; i < n; i++) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", known[i]);
        }
        return mfd_fail(at->err, MFD_EFORMAT, "mapping: %s: unknown key '%.64s'; known are %s",
                        at->text, key, list);
    }
    return MFD_OK;
}

static int read_type(struct mfd_mapping_column *c, const json_t *json, const struct place *at)
{
    const char *name = json_string_value(json);
    for (size_t i = 0; name && i < sizeof type_names / sizeof *type_names; i++)
        if (!strcmp(name, type_names[i])) {
            c->type = (enum mfd_column_type)i;
            return MFD_OK;
        }
    return mfd_fail(at->err, MFD_EFORMAT,
                    "mapping: %s: type %s%.64s%s; it must be category, float, int or date.year",
                    at->text, name ? "'" : "",
                    name   ? name
                    : json ? "is no text"
                           : "is missing",
                    name ? "'" : "");
}

static int read_intermediate(struct mfd_mapping_column *c, const json_t *json,
                             const struct place *at)
{
    const char *name = json_is_null(json) ? "null" : json_string_value(json);
    size_t i = 0, n = sizeof intermediate_names / sizeof *intermediate_names;
    /* the text 'null' is no null */
    for (i = json_is_null(json) ? 0 : 1; name && i < n && strcmp(name, intermediate_names[i]); i++)
        ;
    if (!name || i == n)
        return mfd_fail(at->err, MFD_EFORMAT,
                        "mapping: %s: intermediate %s%.64s%s; it must be embed, linear, rescale, "
                        "rescale_indep or null",
                        at->text, name ? "'" : "",
                        name   ? name
                        : json ? "is no text"
                               : "is missing",
                        name ? "'" : "");
    c->intermediate = (enum mfd_intermediate)i;
    if (c->type != MFD_CATEGORY && (i == MFD_RESCALE || i == MFD_RESCALE_INDEP))
        return mfd_fail(at->err, MFD_EFORMAT,
                        "mapping: %s: intermediate '%s' is for columns of type category, not %s",
                        at->text, name, type_names[c->type]);
    return MFD_OK;
}

/* An integer from 1 to MFD_MAX_CHANNELS. */
static int read_size(size_t *out, const json_t *json, const char *key, const struct place *at)
{
    json_int_t x = json_integer_value(json);
    if (!json_is_integer(json) || x < 1 || x > MFD_MAX_CHANNELS)
        return mfd_fail(at->err, MFD_EFORMAT, "mapping: %s: %s must be an integer from 1 to %u",
                        at->text, key, MFD_MAX_CHANNELS);
    *out = (size_t)x;
    return MFD_OK;
}

static int read_scale(struct mfd_mapping_column *c, const json_t *json, const struct place *at)
{
    const json_t *mean = json_object_get(json, "mean"), *std = json_object_get(json, "std");
    c->has_mean = mean != NULL;
    c->has_std = std != NULL;
    c->mean = json_number_value(mean);
    c->std = json_number_value(std);
    if (mean && (!json_is_number(mean) || !isfinite(c->mean)))
        return mfd_fail(at->err, MFD_EFORMAT, "mapping: %s: mean must be a number", at->text);
    if (std && (!json_is_number(std) || !isfinite(c->std) || c->std <= 0))
        return mfd_fail(at->err, MFD_EFORMAT, "mapping: %s: std must be a number above 0",
                        at->text);
    return MFD_OK;
}

static int compare_labels(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int refuse_twins(const struct mfd_mapping_column *c, const struct place *at)
{
    MFD_AUTO_FREE char **sorted = mfd_calloc(c->n_labels, sizeof *sorted);
    if (!sorted)
        return mfd_fail_nomem(at->err);
    memcpy(sorted, c->labels, c->n_labels * sizeof *sorted);
    qsort(sorted, c->n_labels, sizeof *sorted, compare_labels);
    for (size_t i = 1; i < c->n_labels; i++)
        if (!strcmp(sorted[i - 1], sorted[i]))
            return mfd_fail(at->err, MFD_EFORMAT, "mapping: %s: label '%.64s' is listed twice",
                            at->text, sorted[i]);
    return MFD_OK;
}

static int read_labels(struct mfd_mapping_column *c, const json_t *json, const struct place *at)
{
    if (!json)
        return MFD_OK;
    size_t n = json_array_size(json);
    if (n < 1 || n > MFD_MAX_LABELS)
        return mfd_fail(at->err, MFD_EFORMAT, "mapping: %s: labels must be a list of 1 to %d texts",
                        at->text, MFD_MAX_LABELS);
    if (!(c->labels = mfd_calloc(n, sizeof *c->labels)))
        return mfd_fail_nomem(at->err);
    for (; c->n_labels < n; c->n_labels++) {
        const json_t *item = json_array_get(json, c->n_labels);
        const char *label = json_string_value(item);
        if (!label || strlen(label) != json_string_length(item))
            return mfd_fail(at->err, MFD_EFORMAT,
                            "mapping: %s: label %zu is no text; put numbers in quotes", at->text,
                            c->n_labels + 1);
        if (strchr(label, ','))
            return mfd_fail(at->err, MFD_EFORMAT,
                            "mapping: %s: label '%.64s' has a comma, which separates labels",
                            at->text, label);
        if (!(c->labels[c->n_labels] = mfd_strdup(label)))
            return mfd_fail_nomem(at->err);
    }
    return refuse_twins(c, at);
}

static int read_column(struct mfd_mapping_column *c, const char *name, const json_t *json,
                       struct mfd_error *err)
{
    static const char *const keys[] = { "type", "intermediate", "intermediate_dim",
                                        "mean", "std",          "labels" };
    struct place at = { .err = err };
    size_t n = strlen(name);
    if (n == 0 || n >= MFD_MAX_NAME || strchr(name, '.'))
        return mfd_fail(err, MFD_EFORMAT,
                        "mapping: '%.64s' cannot name a column: names have 1 to %d bytes, and the "
                        "dots of a table's names are underscores here",
                        name, MFD_MAX_NAME - 1);
    snprintf(at.text, sizeof at.text, "column '%s'", name);
    if (!json_is_object(json))
        return mfd_fail(err, MFD_EFORMAT, "mapping: %s is not described by keys and values",
                        at.text);
    int status;
    const json_t *dim = json_object_get(json, "intermediate_dim");
    if ((status = check_keys(json, keys, sizeof keys / sizeof *keys, &at)) ||
        (status = read_type(c, json_object_get(json, "type"), &at)) ||
        (status = read_intermediate(c, json_object_get(json, "intermediate"), &at)) ||
        (dim && (status = read_size(&c->intermediate_dim, dim, "intermediate_dim", &at))) ||
        (status = read_scale(c, json, &at)) ||
        (status = read_labels(c, json_object_get(json, "labels"), &at)))
        return status;
    return (c->name = mfd_strdup(name)) ? MFD_OK : mfd_fail_nomem(err);
}

/* A list of column names, each defined and none twice. */
static int read_variables(size_t **out, size_t *n_out, const struct mfd_mapping *m,
                          const json_t *json, const struct place *at)
{
    size_t n = json_array_size(json);
    if (n == 0)
        return mfd_fail(at->err, MFD_EFORMAT,
                        "mapping: %s: variables must be a list of column names", at->text);
    if (n > m->n)
        return mfd_fail(at->err, MFD_EFORMAT,
                        "mapping: %s lists %zu columns; the mapping defines only %zu", at->text, n,
                        m->n);
    MFD_AUTO_FREE size_t *list = mfd_calloc(n, sizeof *list);
    if (!list)
        return mfd_fail_nomem(at->err);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(json, i));
        if (!name)
            return mfd_fail(at->err, MFD_EFORMAT,
                            "mapping: %s: variable %zu is not a column's name", at->text, i + 1);
        list[i] = mfd_mapping_find(m, name);
        if (list[i] == (size_t)-1)
            return mfd_fail(at->err, MFD_EFORMAT,
                            "mapping: %s names column '%.64s', which is defined nowhere", at->text,
                            name);
        for (size_t j = 0; j < i; j++)
            if (list[j] == list[i])
                return mfd_fail(at->err, MFD_EFORMAT, "mapping: %s names column '%.64s' twice",
                                at->text, name);
    }
    *out = mfd_steal(list);
    *n_out = n;
    return MFD_OK;
}

static int read_group(struct mfd_mapping *m, size_t g, const json_t *json, struct mfd_error *err)
{
    static const char *const roles[] = { "direct", "interact" };
    static const char *const direct[] = { "variables" }, *const interact[] = { "variables",
                                                                               "out_dim" };
    struct mfd_mapping_group *group = &m->group[g];
    struct place at = { .err = err };
    snprintf(at.text, sizeof at.text, "%s", group_keys[g]);
    if (!json_is_object(json))
        return mfd_fail(err, MFD_EFORMAT, "mapping: %s %s", at.text,
                        json ? "is not described by keys and values" : "is missing");
    int status = check_keys(json, roles, 2, &at);
    for (size_t r = 0; !status && r < 2; r++) {
        const json_t *role = json_object_get(json, roles[r]);
        snprintf(at.text, sizeof at.text, "%s.%s", group_keys[g], roles[r]);
        if (!json_is_object(role))
            return mfd_fail(err, MFD_EFORMAT, "mapping: %s %s", at.text,
                            role ? "is not described by keys and values" : "is missing");
        if ((status = check_keys(role, r ? interact : direct, r + 1, &at)) ||
            (status = read_variables(r ? &group->interact : &group->direct,
                                     r ? &group->n_interact : &group->n_direct, m,
                                     json_object_get(role, "variables"), &at)))
            return status;
        if (r)
            status = read_size(&group->out_dim, json_object_get(role, "out_dim"), "out_dim", &at);
    }
    return status;
}

int mfd_mapping_from_json(struct mfd_mapping **out, const json_t *json, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_mapping_free_p) struct mfd_mapping *m = mfd_calloc(1, sizeof *m);
    size_t n = json_object_size(json);
    const char *key;
    json_t *value;
    if (!json_is_object(json))
        return mfd_fail(err, MFD_EFORMAT, "the mapping is not made of keys and values");
    if (n > MFD_MAX_COLUMNS + MFD_GROUPS)
        return mfd_fail(err, MFD_ELIMIT, "the mapping defines more than %d columns",
                        MFD_MAX_COLUMNS);
    if (!m || !(m->columns = mfd_calloc(n, sizeof *m->columns)))
        return mfd_fail_nomem(err);
    json_object_foreach((json_t *)(size_t)json, key, value)
    {
        if (group_of_key(key) < MFD_GROUPS)
            continue;
        int status = read_column(&m->columns[m->n++], key, value, err);
        if (status)
            return status;
    }
    for (size_t g = 0; g < MFD_GROUPS; g++) {
        int status = read_group(m, g, json_object_get(json, group_keys[g]), err);
        if (status)
            return status;
    }
    *out = mfd_steal(m);
    return MFD_OK;
}

/* Each adds a new reference to `object`, taking it over; false on lack of memory. */
static bool set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static json_t *column_json(const struct mfd_mapping_column *c)
{
    json_t *o = json_object();
    bool good =
        set(o, "type", json_string(type_names[c->type])) &&
        set(o, "intermediate",
            c->intermediate ? json_string(intermediate_names[c->intermediate]) : json_null());
    if (c->intermediate_dim)
        good = good && set(o, "intermediate_dim", json_integer((json_int_t)c->intermediate_dim));
    if (c->has_mean)
        good = good && set(o, "mean", json_real(c->mean));
    if (c->has_std)
        good = good && set(o, "std", json_real(c->std));
    if (c->labels) {
        json_t *labels = json_array();
        good = good && set(o, "labels", labels);
        for (size_t i = 0; good && i < c->n_labels; i++)
            good = json_array_append_new(labels, json_string(c->labels[i])) == 0;
    }
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *role_json(const struct mfd_mapping *m, const size_t *list, size_t n, size_t out_dim)
{
    json_t *o = json_object(), *variables = json_array();
    bool good = set(o, "variables", variables);
    for (size_t i = 0; good && i < n; i++)
        good = json_array_append_new(variables, json_string(m->columns[list[i]].name)) == 0;
    if (out_dim)
        good = good && set(o, "out_dim", json_integer((json_int_t)out_dim));
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

json_t *mfd_mapping_to_json(const struct mfd_mapping *m)
{
    json_t *o = json_object();
    bool good = o != NULL;
    for (size_t i = 0; good && i < m->n; i++)
        good = set(o, m->columns[i].name, column_json(&m->columns[i]));
    for (size_t g = 0; good && g < MFD_GROUPS; g++) {
        const struct mfd_mapping_group *group = &m->group[g];
        json_t *both = json_object();
        good =
            set(o, group_keys[g], both) &&
            set(both, "direct", role_json(m, group->direct, group->n_direct, 0)) &&
            set(both, "interact", role_json(m, group->interact, group->n_interact, group->out_dim));
    }
    if (good)
        return o;
    json_decref(o);
    return NULL;
}
