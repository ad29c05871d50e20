#include "server/handlers/model_json.h"

#include <stdio.h>

void mfd_model_etag(const struct mfd_model_info *info, char tag[MFD_MODEL_ETAG])
{
    snprintf(tag, MFD_MODEL_ETAG, "%.40s-%s%s", info->digest, mfd_model_state_name(info->state),
             info->is_default ? "-default" : "");
}

json_t *mfd_model_json(const struct mfd_model_info *info, json_t *card)
{
    json_t *out = json_pack("{s:s, s:s?, s:s?, s:s, s:b}", "name", info->name, "version",
                            info->version[0] ? info->version : NULL, "digest",
                            info->digest[0] ? info->digest : NULL, "state",
                            mfd_model_state_name(info->state), "default", info->is_default);
    if (out && info->id)
        json_object_set_new(out, "created", json_integer((json_int_t)info->created));
    if (out && info->error[0])
        json_object_set_new(out, "error", json_string(info->error));
    if (out && card)
        json_object_update_missing(out, card);
    json_decref(card);
    return out;
}
