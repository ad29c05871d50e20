#include "client/mfd/average.h"

#include <string.h>

#include "client/mfd/compute.h"
#include "client/mfd/experiment.h"
#include "core/base/parse.h"

int average_check(const struct settings *set, struct mfd_error *err)
{
    if (!set->over.n && (set->levels || set->distribution || set->given_settings.n))
        return compute_misuse(err, "--levels, --distribution and --given go with --over");
    if (set->given_settings.n && set->distribution)
        return compute_misuse(err,
                              "--given is a distribution of its own; leave --distribution out");
    return MFD_OK;
}

/* [WEIGHT*]COLUMN=VALUE[;COLUMN=VALUE...] as {"values": {...}, "weight": WEIGHT}. */
static int add_setting(json_t *settings, const json_t *fields, const char *entry,
                       struct mfd_error *err)
{
    json_t *values = json_object(), *setting = json_pack("{s:O*}", "values", values);
    size_t factor = strcspn(entry, "*=");
    double weight = 1;
    int status = values && setting ? MFD_OK : mfd_fail_nomem(err);
    if (entry[factor] == '*' && status == MFD_OK) {
        if (!mfd_parse_double(entry, factor, &weight))
            status = compute_misuse(err, "the weight in '%.100s' is not a number", entry);
        else if (json_object_set_new(setting, "weight", json_real(weight)) < 0)
            status = mfd_fail_nomem(err);
        entry += factor + 1;
    }
    for (; *entry && status == MFD_OK; entry += *entry == ';') {
        size_t n = strcspn(entry, ";");
        status = experiment_value(values, fields, entry, n, err);
        entry += n;
    }
    if (status == MFD_OK && json_array_append(settings, setting) < 0)
        status = mfd_fail_nomem(err);
    json_decref(setting);
    json_decref(values);
    return status;
}

/* How settings are weighted: --distribution, or those of --given. */
static int add_distribution(json_t *options, const json_t *fields, const struct settings *set,
                            struct mfd_error *err)
{
    json_t *settings = json_array();
    const char *distribution = set->given_settings.n ? "given" : set->distribution;
    int status = settings ? MFD_OK : mfd_fail_nomem(err);
    for (size_t i = 0; i < set->given_settings.n && status == MFD_OK; i++)
        status = add_setting(settings, fields, set->given_settings.at[i], err);
    if (status == MFD_OK && set->given_settings.n)
        json_object_set(options, "settings", settings);
    if (status == MFD_OK && distribution)
        json_object_set_new(options, "distribution", json_string(distribution));
    json_decref(settings);
    return status;
}

int average_add(json_t *options, const json_t *fields, const struct settings *set,
                struct mfd_error *err)
{
    if (!set->over.n)
        return MFD_OK;
    json_t *over = json_array();
    int status = over ? MFD_OK : mfd_fail_nomem(err);
    for (size_t i = 0; i < set->over.n; i++)
        json_array_append_new(over, json_string(set->over.at[i]));
    if (status == MFD_OK && json_object_set(options, "over", over) < 0)
        status = mfd_fail_nomem(err);
    json_decref(over);
    if (status == MFD_OK && set->levels)
        json_object_set_new(options, "levels", json_true());
    return status == MFD_OK ? add_distribution(options, fields, set, err) : status;
}
