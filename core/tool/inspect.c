#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/score/background.h"
#include "core/tool/tool.h"

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);

/* Numbers that were trained: neither the coded table nor a background. */
static size_t count_parameters(const struct mfd_safetensors *st)
{
    static const char head[] = "background.", tail[] = ".var_vals";
    size_t sum = 0;
    for (size_t i = 0; i < mfd_safetensors_count(st); i++) {
        const struct mfd_tensor *t = mfd_safetensors_at(st, i);
        size_t n = strlen(t->name);
        if (strncmp(t->name, head, sizeof head - 1) != 0 &&
            (n < sizeof tail || strcmp(t->name + n - (sizeof tail - 1), tail) != 0))
            sum += t->bytes / mfd_dtype_size(t->dtype);
    }
    return sum;
}

/* A value of a JSON text, or null. */
static json_t *parse(const char *text)
{
    json_t *value = text ? json_loads(text, 0, NULL) : NULL;
    return value ? value : json_null();
}

static json_t *labels_json(const struct mfd_field *f)
{
    json_t *labels = json_array();
    for (size_t i = 0; i < f->n_labels; i++)
        json_array_append_new(labels, json_pack("{s:s, s:I}", "label", f->labels[i], "tracks",
                                                (json_int_t)f->counts[i]));
    return labels;
}

static json_t *roles_json(const struct mfd_field_role *role)
{
    json_t *roles = json_array();
    if (role->direct)
        json_array_append_new(roles, json_string("direct"));
    if (role->interact)
        json_array_append_new(roles, json_string("interact"));
    return roles;
}

static json_t *field_json(const struct mfd_field *f)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:I}", "name", f->name, "type", mfd_column_type_name(f->type),
        "intermediate", mfd_intermediate_name(f->intermediate), "inputs", (json_int_t)f->inputs);
    for (int g = 0; g < MFD_GROUPS; g++) {
        const struct mfd_field_role *role = &f->role[g];
        if (role->direct || role->interact)
            json_object_set_new(json, mfd_group_name((enum mfd_group)g),
                                json_pack("{s:o, s:I}", "roles", roles_json(role), "width",
                                          (json_int_t)role->width));
    }
    if (mfd_type_has_labels(f->type))
        json_object_set_new(json, "labels", labels_json(f));
    else
        json_object_update_new(json, json_pack("{s:f, s:f, s:f, s:f}", "mean", f->mean, "sd", f->sd,
                                               "min", f->min, "max", f->max));
    return json;
}

/* null where the bundle has none, or none that can be read (verify says what is wrong with it). */
static json_t *background_json(const struct mfd_model *m)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_background b;
    if (mfd_background_open(m, &b, &err))
        return json_null();
    return json_pack("{s:I, s:I, s:o}", "variants", (json_int_t)b.variants, "points",
                     (json_int_t)b.points, "source", parse(b.source));
}

static json_t *model_json(const struct mfd_model *m, const char *path)
{
    const struct mfd_config *c = mfd_model_config(m);
    const struct mfd_safetensors *st = mfd_model_weights(m);
    const struct mfd_metadata *md = mfd_model_metadata(m);
    size_t bytes;
    (void)mfd_safetensors_bytes(st, &bytes);
    json_t *columns = json_array(), *fields = json_array();
    for (size_t i = 0; i < mfd_model_columns(m); i++)
        json_array_append_new(columns, json_string(mfd_model_column(m, i)));
    for (size_t i = 0; i < mfd_fields_count(md); i++)
        json_array_append_new(fields, field_json(mfd_fields_at(md, i)));
    return json_pack(
        "{s:s, s:I, s:s, s:s, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:o, s:o, "
        "s:o}",
        "path", path, "bytes", (json_int_t)bytes, "format_version",
        mfd_safetensors_metadata(st, "format_version"), "sha256", mfd_model_digest(m), "config",
        parse(mfd_model_config_text(m)), "sizes", "window", (json_int_t)mfd_config_window(c), "bin",
        (json_int_t)mfd_config_bin(c), "features", (json_int_t)c->embed, "biological",
        (json_int_t)c->biological, "technical", (json_int_t)c->technical, "tracks",
        (json_int_t)mfd_model_tracks(m), "held_out", (json_int_t)mfd_model_held_out_count(m),
        "tensors", (json_int_t)mfd_safetensors_count(st), "parameters",
        (json_int_t)count_parameters(st), "columns", columns, "fields", fields, "provenance",
        parse(mfd_model_provenance_text(m)), "background", background_json(m));
}

static void print_network(const struct mfd_model *m)
{
    const struct mfd_config *c = mfd_model_config(m);
    printf("network      %s, %zu-mers, window %zu bp, bin %zu bp\n",
           c->model_class == MFD_BASELINE ? "AquaticDilated" : "IEAquaticDilated", c->seq_order,
           mfd_config_window(c), mfd_config_bin(c));
    printf("layers       stem %zu; tower", c->width[0]);
    for (size_t i = 1; i <= c->n_tower; i++)
        printf(" %zu", c->width[i]);
    printf(" (kernel %zu); %zu dilated (", c->tower_kernel, c->n_dilated);
    for (size_t i = 0; i < c->n_dilated; i++)
        printf(i ? ", %zu" : "%zu", c->dilation[i]);
    printf("); crop %zu; %s\n", c->crop, c->activation == MFD_RELU ? "relu" : "gelu");
    printf("features     %zu", c->embed);
    if (c->model_class == MFD_DISENTANGLED)
        printf(": %zu technical, then %zu biological%s", c->technical, c->biological,
               c->signal_to_noise ? "; signal-to-noise a track" : "");
    printf("\n");
}

/* The first labels, as many as fit a line. */
static void print_labels(const struct mfd_field *f)
{
    size_t used = 0, i;
    printf("  %zu labels: ", f->n_labels);
    for (i = 0; i < f->n_labels && used + strlen(f->labels[i]) < 60; i++)
        used += (size_t)printf("%s%s", i ? ", " : "", f->labels[i]);
    printf(i < f->n_labels ? ", ...\n" : "\n");
}

static void print_group(const struct mfd_metadata *md, enum mfd_group group)
{
    printf("\n%s columns\n", mfd_group_name(group));
    for (size_t i = 0; i < mfd_fields_count(md); i++) {
        const struct mfd_field *f = mfd_fields_at(md, i);
        const struct mfd_field_role *r = &f->role[group];
        if (!r->direct && !r->interact)
            continue;
        printf("  %-30s %-15s %-10s %-13s width %zu\n", f->name,
               r->direct && r->interact ? "direct+interact"
               : r->direct              ? "direct"
                                        : "interact",
               mfd_column_type_name(f->type), mfd_intermediate_name(f->intermediate), r->width);
        if (mfd_type_has_labels(f->type)) {
            printf("  ");
            print_labels(f);
        } else
            printf("    mean %g, sd %g, %g to %g\n", f->mean, f->sd, f->min, f->max);
    }
}

static void print_provenance(const char *text)
{
    static const char *const files[] = { "checkpoint", "mapping", "metadata", "tracks" };
    json_t *p = parse(text);
    const char *tool = json_string_value(json_object_get(p, "tool"));
    printf("\nmade by %s from\n", tool ? tool : "an unknown program");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const json_t *f = json_object_get(p, files[i]);
        const char *name = json_string_value(json_object_get(f, "name"));
        const char *sha256 = json_string_value(json_object_get(f, "sha256"));
        if (name && sha256)
            printf("  %-10s  %s  %s\n", files[i], sha256, name);
    }
    size_t skipped = json_array_size(json_object_get(p, "skipped"));
    printf("  %zu tensors of the checkpoint were not needed\n", skipped);
    json_decref(p);
}

static void print_background(const struct mfd_model *m)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_background b;
    int status = mfd_background_open(m, &b, &err);
    if (status == MFD_ENOTFOUND)
        return;
    if (status) {
        printf("background   %s\n", err.message);
        return;
    }
    json_t *source = parse(b.source);
    const char *file = json_string_value(json_object_get(source, "variants"));
    const char *where = json_string_value(json_object_get(source, "where"));
    printf("background   %" PRIu64 " variants", b.variants);
    if (file)
        printf(" of %s", file);
    if (where && strcmp(where, "all") != 0)
        printf(" with %s", where);
    printf("; %zu points\n", b.points);
    json_decref(source);
}

static int print_text(const struct mfd_model *m, const char *path)
{
    const struct mfd_safetensors *st = mfd_model_weights(m);
    const struct mfd_metadata *md = mfd_model_metadata(m);
    size_t bytes, held_out = mfd_model_held_out_count(m);
    (void)mfd_safetensors_bytes(st, &bytes);
    printf("%s\nsha256       %s\n", path, mfd_model_digest(m));
    print_network(m);
    printf("weights      %zu tensors, %zu parameters, %zu bytes in all\n",
           mfd_safetensors_count(st), count_parameters(st), bytes);
    printf("tracks       %zu, with %zu columns of metadata", mfd_model_tracks(m),
           mfd_model_columns(m));
    printf(held_out ? "; %zu were left out of training\n" : "\n", held_out);
    if (mfd_metadata_mapping(md))
        for (int g = 0; g < MFD_GROUPS; g++)
            print_group(md, (enum mfd_group)g);
    print_background(m);
    print_provenance(mfd_model_provenance_text(m));
    return tool_finish();
}

int tool_inspect(const struct tool_command *self, int argc, char **argv)
{
    const char *path;
    bool json = false;
    const struct tool_option options[] = {
        { "json", 'j', NULL, "everything, as JSON: all labels with their counts, columns", false,
          NULL, &json },
        { 0 },
    };
    int code;
    MFD_CLEANUP(mfd_model_unref_p)
    struct mfd_model *model = tool_bundle(self, options, argc, argv, &path, &code);
    if (!model)
        return code;
    return json ? tool_print_json(model_json(model, path)) : print_text(model, path);
}
