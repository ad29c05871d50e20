/* Any mapping file is taken whole or refused, and what was taken survives the way to JSON and back.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/checkpoint/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_mapping *m = NULL, *again = NULL;
    int status = mfd_mapping_parse(&m, (const char *)data, size, &err);
    if (status) {
        if (m || err.status != status || !*err.message)
            abort();
        return 0;
    }
    json_t *json = mfd_mapping_to_json(m);
    if (!json || mfd_mapping_from_json(&again, json, &err))
        abort();
    json_t *twice = mfd_mapping_to_json(again);
    if (!json_equal(json, twice))
        abort();
    json_decref(json);
    json_decref(twice);
    mfd_mapping_free(m);
    mfd_mapping_free(again);
    return 0;
}
