#include "client/mfd/likeness.h"

#include <string.h>

#include "core/base/parse.h"

json_t *likeness_labels(const char *value)
{
    if (!*value)
        return json_null();
    if (!strchr(value, ','))
        return json_string(value);
    json_t *labels = json_array();
    for (const char *at = value; labels && *at; at += *at == ',') {
        size_t n = strcspn(at, ",");
        if (n && json_array_append_new(labels, json_stringn(at, n)) < 0) {
            json_decref(labels);
            return NULL;
        }
        at += n;
    }
    return labels;
}

/* Is the label, n bytes, one of those in a cell? */
static bool bears(const char *cell, const char *label, size_t n)
{
    for (const char *c = cell; *c; c += *c == ',') {
        size_t len = strcspn(c, ",");
        if (len == n && strncmp(c, label, n) == 0)
            return true;
        c += len;
    }
    return false;
}

/* Does a track's cell agree with a setting? Several labels agree where one does. */
static bool agrees(const char *cell, json_t *setting)
{
    json_t *label;
    size_t i;
    double x;
    if (json_is_null(setting) || !cell)
        return json_is_null(setting) && !cell;
    if (json_is_number(setting))
        return mfd_parse_double(cell, strlen(cell), &x) && x == json_number_value(setting);
    json_array_foreach(setting, i, label)
    {
        if (bears(cell, json_string_value(label), json_string_length(label)))
            return true;
    }
    const char *text = json_string_value(setting);
    bool found = false;
    for (const char *at = text ? text : ""; *at && !found; at += *at == ',') {
        size_t n = strcspn(at, ",");
        found = bears(cell, at, n);
        at += n;
    }
    return found;
}

size_t likeness_count(json_t *settings, json_t *metadata)
{
    const char *column;
    json_t *setting;
    size_t n = 0;
    json_object_foreach(settings, column, setting) n +=
        agrees(json_string_value(json_object_get(metadata, column)), setting);
    return n;
}
