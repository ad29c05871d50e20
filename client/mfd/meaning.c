#include "client/mfd/meaning.h"

#include "client/mfd/show.h"

int meaning_read(struct app *app, json_t **by_subspace, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    json_t *all = json_pack("{s:[], s:[]}", "biological", "technical"), *features = NULL, *feature;
    size_t i;
    int status = all ? app_model_path(app, &path, "/features", err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = show_fetch(app, path.data, "limit=1000", "features", &features, err);
    json_array_foreach(features, i, feature)
    {
        const char *subspace = json_string_value(json_object_get(feature, "subspace"));
        json_array_append(subspace ? json_object_get(all, subspace) : NULL, feature);
    }
    json_decref(features);
    mfd_buffer_deinit(&path);
    if (status == MFD_OK)
        *by_subspace = all;
    else
        json_decref(all);
    return status;
}

void meaning_add(struct mfd_buffer *out, json_t *feature)
{
    const char *column = json_string_value(json_object_get(feature, "column"));
    const char *label = json_string_value(json_object_get(feature, "label"));
    if (column)
        mfd_buffer_addf(out, "%s%s%s", column, label ? "=" : "", label ? label : "");
    else if (feature)
        mfd_buffer_adds(out, "several columns");
}

int meaning_add_most(struct app *app, struct mfd_buffer *out, json_t *feature,
                     struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    json_t *detail = NULL;
    int status = app_model_path(app, &path, "/features/", err);
    mfd_buffer_addf(&path, "%lld",
                    (long long)json_integer_value(json_object_get(feature, "index")));
    if (status == MFD_OK)
        status = path.failed ? mfd_fail_nomem(err)
                             : mfd_client_json(app->client, path.data, "top=1", NULL, &detail, err);
    json_t *factor = json_array_get(json_object_get(detail, "factors"), 0);
    if (factor) {
        mfd_buffer_adds(out, "mostly ");
        meaning_add(out, factor);
    }
    json_decref(detail);
    mfd_buffer_deinit(&path);
    return status;
}
