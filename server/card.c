#include "server/card.h"

#include <string.h>

#include "core/base/log.h"
#include "core/model/config.h"
#include "core/score/card_json.h"

static json_t *optional(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    return value ? value : json_object();
}

static json_t *independence(const struct mfd_model *model)
{
    struct mfd_error err = MFD_ERROR_INIT;
    json_t *card = NULL;
    int status = mfd_card_stored(model, &card, &err);
    if (status && status != MFD_ENOTFOUND)
        mfd_log(MFD_LOG_WARNING, "model %.12s: %s", mfd_model_digest(model), err.message);
    json_object_del(json_object_get(card, "variance"), "tracks");
    return card ? card : json_null();
}

json_t *mfd_card_of_model(const struct mfd_model *model)
{
    const struct mfd_config *c = mfd_model_config(model);
    bool baseline = c->model_class == MFD_BASELINE;
    json_t *widths = json_array();
    for (size_t i = 0; widths && i <= c->n_tower; i++)
        json_array_append_new(widths, json_integer((json_int_t)c->width[i]));
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I}, s:b, s:s, s:o, s:o, s:o}",
        "class", baseline ? "baseline" : "disentangled", "digest", mfd_model_digest(model),
        "tracks", (json_int_t)c->tracks, "held_out_tracks",
        (json_int_t)mfd_model_held_out_count(model), "fields",
        (json_int_t)mfd_fields_count(mfd_model_metadata(model)), "order", (json_int_t)c->seq_order,
        "window", (json_int_t)mfd_config_window(c), "published_window",
        (json_int_t)mfd_config_published_window(c), "bin", (json_int_t)mfd_config_bin(c),
        "features", "all", (json_int_t)c->embed, "biological", (json_int_t)c->biological,
        "technical", (json_int_t)c->technical, "signal_to_noise", c->signal_to_noise, "activation",
        c->activation == MFD_RELU ? "relu" : "gelu", "widths", widths, "provenance",
        optional(mfd_model_provenance_text(model)), "independence", independence(model));
}

static json_t *role_json(const struct mfd_field_role *role)
{
    return json_pack("{s:b, s:b, s:I}", "direct", role->direct, "interact", role->interact, "width",
                     (json_int_t)role->width);
}

static json_t *labels_json(const struct mfd_field *field)
{
    json_t *labels = json_array();
    for (size_t i = 0; labels && i < field->n_labels; i++)
        json_array_append_new(labels, json_pack("{s:s, s:I}", "label", field->labels[i], "count",
                                                (json_int_t)field->counts[i]));
    return labels;
}

json_t *mfd_card_of_field(const struct mfd_model *model, size_t index)
{
    const struct mfd_field *field = mfd_fields_at(mfd_model_metadata(model), index);
    json_t *groups = json_object();
    for (int g = 0; groups && g < MFD_GROUPS; g++)
        if (field->role[g].direct || field->role[g].interact)
            json_object_set_new(groups, mfd_group_name((enum mfd_group)g),
                                role_json(&field->role[g]));
    const char *intermediate = mfd_intermediate_name(field->intermediate);
    json_t *out = json_pack("{s:s, s:s, s:s, s:o}", "name", field->name, "type",
                            mfd_column_type_name(field->type), "intermediate", intermediate,
                            "groups", groups);
    if (!out)
        return NULL;
    if (mfd_type_has_labels(field->type)) {
        json_object_set_new(out, "n_labels", json_integer((json_int_t)field->n_labels));
        json_object_set_new(out, "labels", labels_json(field));
    } else {
        json_object_set_new(out, "mean", json_real(field->mean));
        json_object_set_new(out, "sd", json_real(field->sd));
        json_object_set_new(out, "min", json_real(field->min));
        json_object_set_new(out, "max", json_real(field->max));
    }
    return out;
}

json_t *mfd_card_of_track(const struct mfd_model *model, size_t track)
{
    json_t *row = json_object();
    for (size_t c = 0; row && c < mfd_model_columns(model); c++) {
        const char *cell = mfd_model_cell(model, track, c);
        json_object_set_new(row, mfd_model_column(model, c),
                            strcmp(cell, "nan") == 0 ? json_null() : json_string(cell));
    }
    return row;
}
