/* What is known of a model's fields. */
#include <stdlib.h>
#include <string.h>

#include "core/base/parse.h"
#include "core/model/metadata_impl.h"

size_t mfd_fields_count(const struct mfd_metadata *md)
{
    return md->n_fields;
}

const struct mfd_field *mfd_fields_at(const struct mfd_metadata *md, size_t field)
{
    return &md->fields[field];
}

size_t mfd_fields_find(const struct mfd_metadata *md, const char *name)
{
    for (size_t i = 0; i < md->n_fields; i++)
        if (!strcmp(md->fields[i].name, name))
            return i;
    return MFD_NONE;
}

const uint32_t *mfd_fields_labels_of(const struct mfd_metadata *md, size_t field, size_t track,
                                     size_t *n)
{
    const struct mfd_coded *coded = &md->coded[field];
    *n = coded->start[track + 1] - coded->start[track];
    return coded->labels + coded->start[track];
}

double mfd_fields_number_of(const struct mfd_metadata *md, size_t field, size_t track)
{
    return md->coded[field].numbers[track];
}

void mfd_fields_row(const struct mfd_metadata *md, size_t field, size_t track, float *out)
{
    const struct mfd_field *f = &md->fields[field];
    const struct mfd_coded *coded = &md->coded[field];
    if (!f->n_labels) {
        *out = (float)((coded->numbers[track] - f->mean) / f->sd);
        return;
    }
    memset(out, 0, f->inputs * sizeof *out);
    for (uint32_t i = coded->start[track]; i < coded->start[track + 1]; i++)
        out[coded->labels[i]] = 1;
}

void mfd_fields_values(const struct mfd_metadata *md, size_t field, float *out)
{
    for (size_t t = 0; t < md->tracks; t++)
        mfd_fields_row(md, field, t, out + t * md->fields[field].inputs);
}

/* As strcmp, of a label and n bytes. */
static int compare(const char *label, const char *s, size_t n)
{
    size_t length = strlen(label);
    int order = memcmp(label, s, length < n ? length : n);
    return order ? order : (length > n) - (length < n);
}

size_t mfd_fields_same_label(const struct mfd_field *f, const char *label, size_t n)
{
    size_t low = 0, high = f->n_labels;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(f->labels[f->by_name[middle]], label, n);
        if (order == 0)
            return f->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return MFD_NONE;
}

size_t mfd_fields_label(const struct mfd_field *f, const char *label, size_t n)
{
    size_t found = mfd_fields_same_label(f, label, n);
    double value, other;
    if (found != MFD_NONE || !mfd_parse_double(label, n, &value))
        return found;
    for (size_t i = 0; i < f->n_labels; i++)
        if (mfd_parse_double(f->labels[i], strlen(f->labels[i]), &other) && other == value)
            return i;
    return MFD_NONE;
}

bool mfd_fields_feature(const struct mfd_metadata *md, const struct mfd_config *config,
                        size_t feature, struct mfd_feature *out)
{
    if (!md->mapping || feature >= config->technical + config->biological)
        return false;
    struct mfd_feature f = { .group = MFD_TECHNICAL, .index = feature, .label = MFD_NONE };
    if (feature >= config->technical) {
        f.group = MFD_BIOLOGICAL;
        f.index = feature - config->technical;
    }
    for (size_t i = 0; i < md->n_fields; i++) {
        const struct mfd_field *field = &md->fields[i];
        const struct mfd_field_role *role = &field->role[f.group];
        if (!role->direct || f.index < role->direct_start ||
            f.index - role->direct_start >= role->width)
            continue;
        bool mixed = config->mixes_direct || field->intermediate == MFD_EMBED ||
                     field->intermediate == MFD_LINEAR;
        f.field = field;
        if (field->n_labels && !mixed)
            f.label = f.index - role->direct_start;
    }
    *out = f;
    return true;
}
