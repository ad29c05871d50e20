#include "client/mfd/experiment.h"

#include <string.h>

#include "client/mfd/compute.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

int experiment_fields(struct app *app, json_t **fields, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    int status = app_model_path(app, &path, "/fields", err);
    if (status == MFD_OK)
        status = mfd_client_json(app->client, path.data, NULL, NULL, fields, err);
    mfd_buffer_deinit(&path);
    return status;
}

/* The type of a metadata column, or NULL where the model has none of that name. */
static const char *type_of(const json_t *fields, const char *column)
{
    json_t *field;
    size_t i;
    json_array_foreach(json_object_get(fields, "fields"), i, field)
    {
        const char *name = json_string_value(json_object_get(field, "name"));
        if (name && strcmp(name, column) == 0)
            return json_string_value(json_object_get(field, "type"));
    }
    return NULL;
}

/* What a user writes as the value of a column: a label as a string, several between commas as an
 * array, nothing as null. NULL where it is not UTF-8, or on lack of memory. */
static json_t *labels_of(const char *value)
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

int experiment_value(json_t *metadata, const json_t *fields, const char *entry, size_t n,
                     struct mfd_error *err)
{
    MFD_AUTO_FREE char *column = mfd_strndup(entry, n);
    char *value = column ? strchr(column, '=') : NULL;
    if (!column)
        return mfd_fail_nomem(err);
    if (!value || value == column)
        return compute_misuse(err, "'%.100s' is not COLUMN=VALUE", column);
    *value++ = '\0';
    const char *type = type_of(fields, column);
    bool number = type && *value && (strcmp(type, "float") == 0 || strcmp(type, "int") == 0);
    double x = 0;
    if (number && !mfd_parse_double(value, strlen(value), &x))
        return compute_misuse(err, "%.100s takes a number, not '%.100s'", column, value);
    if (json_object_set_new(metadata, column, number ? json_real(x) : labels_of(value)) < 0)
        return compute_misuse(err, "'%.100s=%.100s' is not valid UTF-8", column, value);
    return MFD_OK;
}

int experiment_metadata(json_t **metadata, const json_t *fields, const struct settings *set,
                        const struct list *own, struct mfd_error *err)
{
    json_t *made = json_object();
    const struct list *const lists[] = { &set->set, own };
    int status = made ? MFD_OK : mfd_fail_nomem(err);
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; lists[l] && i < lists[l]->n && status == MFD_OK; i++)
            status = experiment_value(made, fields, lists[l]->at[i], strlen(lists[l]->at[i]), err);
    if (status == MFD_OK && !json_object_size(made))
        status = compute_misuse(err, "say what the experiment is: --set COLUMN=VALUE (`mfd fields` "
                                     "names the columns)");
    if (status < 0)
        json_decref(made);
    else
        *metadata = made;
    return status;
}

int experiment_add(json_t *tracks, const json_t *fields, const struct settings *set, const char *id,
                   const struct list *own, struct mfd_error *err)
{
    json_t *metadata;
    int status = experiment_metadata(&metadata, fields, set, own, err);
    if (status < 0)
        return status;
    double x; /* beside real tracks, which have a bias each, none would be out of place */
    const char *said = set->bias ? set->bias : "mean";
    json_t *bias = mfd_parse_double(said, strlen(said), &x) ? json_real(x) : json_string(said);
    json_t *track = json_pack("{s:s, s:o, s:s*, s:o*}", "id", id, "metadata", metadata, "like",
                              set->like, "bias", bias);
    return track && json_array_append_new(tracks, track) == 0 ? MFD_OK : mfd_fail_nomem(err);
}

int experiment_add_only(json_t *options, const json_t *fields, const struct settings *set,
                        struct mfd_error *err)
{
    json_t *tracks = json_array();
    int status =
        tracks ? experiment_add(tracks, fields, set, "what if", NULL, err) : mfd_fail_nomem(err);
    if (status == MFD_OK && json_object_set(options, "virtual_tracks", tracks) < 0)
        status = mfd_fail_nomem(err);
    json_decref(tracks);
    return status;
}
