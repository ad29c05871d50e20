/* What a bundle says of its tracks, {"config", "mapping", "tracks", "fields"}: taken whole or
 * refused; what was taken has values for every track and survives the way back to JSON. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/model/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct mfd_metadata *md)
{
    for (size_t f = 0; f < mfd_fields_count(md); f++) {
        size_t inputs = mfd_fields_at(md, f)->inputs;
        float *row = calloc(inputs, sizeof *row);
        for (size_t t = 0; t < mfd_metadata_tracks(md); t++) {
            mfd_fields_row(md, f, t, row);
            for (size_t i = 0; i < inputs; i++)
                if (isnan(row[i]))
                    abort();
        }
        free(row);
    }
}

static void check_way_back(const struct mfd_metadata *md, const json_t *mapping)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_metadata *again;
    json_t *tracks = mfd_metadata_tracks_json(md), *fields = mfd_metadata_fields_json(md);
    if (!tracks || !fields || mfd_metadata_from_json(&again, mapping, tracks, fields, &err))
        abort();
    json_t *twice = mfd_metadata_tracks_json(again);
    if (!json_equal(tracks, twice))
        abort();
    json_decref(tracks);
    json_decref(twice);
    json_decref(fields);
    mfd_metadata_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_config config = { 0 };
    struct mfd_metadata *md = NULL;
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *mapping = json_object_get(json, "mapping");
    int status = mfd_config_from_json(&config, json_object_get(json, "config"), &err);
    if (status && !*err.message)
        abort();
    status = mfd_metadata_from_json(&md, mapping, json_object_get(json, "tracks"),
                                    json_object_get(json, "fields"), &err);
    if (status && (md || !*err.message))
        abort();
    if (!status) {
        struct mfd_feature feature;
        check_values(md);
        check_way_back(md, mapping);
        for (size_t j = 0; j < config.embed && j < 64; j++)
            mfd_fields_feature(md, &config, j, &feature);
        mfd_metadata_free(md);
    }
    json_decref(json);
    return 0;
}
