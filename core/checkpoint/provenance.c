#include "core/checkpoint/provenance.h"

#include <string.h>

#include "core/base/file.h"
#include "core/base/sha256.h"

/* Name without folders, size and digest of a file; null where `path` is NULL. */
static int describe(const char *path, json_t **out, struct mfd_error *err)
{
    if (!path) {
        *out = json_null();
        return MFD_OK;
    }
    struct mfd_map map;
    char hex[MFD_SHA256_HEX];
    int status = mfd_map_open(&map, path, err);
    if (status)
        return status;
    mfd_sha256(map.data, map.size, hex);
    const char *slash = strrchr(path, '/');
    json_t *name = json_string(slash ? slash + 1 : path);
    if (!name) /* not UTF-8 */
        name = json_string("");
    *out = json_pack("{s:o, s:I, s:s}", "name", name, "bytes", (json_int_t)map.size, "sha256", hex);
    mfd_map_close(&map);
    return *out ? MFD_OK : mfd_fail_nomem(err);
}

/* Hyper-parameters that config does not have. */
static json_t *others(const json_t *hyper, const json_t *config)
{
    json_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(size_t)hyper, key, value) if (!json_object_get(config, key) &&
                                                                 json_object_set(out, key, value))
    {
        json_decref(out);
        return NULL;
    }
    return out;
}

int mfd_provenance_json(const struct mfd_sources *sources, const struct mfd_checkpoint *ck,
                        const json_t *config, const struct mfd_table_rules *rules, json_t *skipped,
                        json_t **out, struct mfd_error *err)
{
    const struct {
        const char *key, *path;
    } files[] = {
        { "checkpoint", sources->checkpoint },
        { "mapping", sources->mapping },
        { "metadata", sources->metadata },
        { "tracks", sources->tracks },
    };
    json_t *json = json_pack("{s:s}", "tool", sources->tool);
    int status = MFD_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && !status; i++) {
        json_t *described = NULL;
        status = describe(files[i].path, &described, err);
        if (!status && json_object_set_new(json, files[i].key, described))
            status = mfd_fail_nomem(err);
    }
    json_t *rest = json_pack("{s:{s:b, s:b}, s:O, s:o, s:O}", "table_rules", "median_age",
                             rules->median_age, "none_is_missing", rules->none_is_missing,
                             "training", mfd_checkpoint_training(ck), "hyper_parameters",
                             others(mfd_checkpoint_hyper(ck), config), "skipped", skipped);
    if (!status && (!rest || json_object_update(json, rest)))
        status = mfd_fail_nomem(err);
    json_decref(rest);
    if (status) {
        json_decref(json);
        return status;
    }
    *out = json;
    return MFD_OK;
}
