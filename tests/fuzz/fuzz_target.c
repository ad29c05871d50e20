/* A request's target and the headers that are taken apart: routes, query, negotiation, identifiers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/media.h"
#include "server/ids.h"
#include "server/router.h"

static void try_headers(const char *text)
{
    struct mfd_ids ids;
    mfd_ids_init(&ids);
    mfd_ids_adopt(&ids, text, text);
    if (strlen(ids.request) == 0 || strlen(ids.trace) != 32)
        abort();
    for (unsigned offers = 1; offers < 1u << MFD_MEDIA_COUNT; offers = offers * 2 + 1) {
        enum mfd_media media = mfd_media_negotiate(offers, text, NULL);
        if (media & ~offers)
            abort();
        if (mfd_media_of_body(offers, text) & ~offers)
            abort();
    }
    int quality = mfd_media_coding_quality(text, "gzip");
    if (quality < 0 || quality > 1000)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = { "GET", "POST", "DELETE", "" };
    struct mfd_error err;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    size_t path = strcspn(text, "?");
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct mfd_match match;
        if (mfd_router_find(mfd_all_routes, methods[i], text, path, &match, &err) == MFD_OK)
            mfd_params_deinit(&match.params);
    }
    struct mfd_params query;
    if (mfd_router_query(text + path, size - path, &query, &err) == MFD_OK)
        mfd_params_deinit(&query);
    try_headers(text);
    free(text);
    return 0;
}
