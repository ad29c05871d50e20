#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/score/background.h"
#include "core/score/card_json.h"
#include "core/tool/tool.h"

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);

/* Where there is a background, its numbers; *variants 0 where there is none. */
static int check_background(const struct mfd_model *model, uint64_t *variants,
                            struct mfd_error *err)
{
    struct mfd_background b;
    *variants = 0;
    int status = mfd_background_open(model, &b, err);
    if (status == MFD_ENOTFOUND)
        return MFD_OK;
    if (status == MFD_OK)
        status = mfd_background_check(&b, err);
    if (status == MFD_OK)
        *variants = b.variants;
    return status;
}

/* Where there is a card, whether it is one of this model. */
static int check_card(const struct mfd_model *model, bool *present, struct mfd_error *err)
{
    json_t *card = NULL;
    int status = mfd_card_stored(model, &card, err);
    json_decref(card);
    *present = status == MFD_OK;
    return status == MFD_ENOTFOUND ? MFD_OK : status;
}

/* Opening a bundle checks what a model needs: digest, every tensor and number, and that the coded
 * table follows from the tracks. */
int tool_verify(const struct tool_command *self, int argc, char **argv)
{
    const char *path;
    bool quiet = false;
    const struct tool_option options[] = {
        { "quiet", 'q', NULL, "print nothing on success", false, NULL, &quiet },
        { 0 },
    };
    int code;
    MFD_CLEANUP(mfd_model_unref_p)
    struct mfd_model *model = tool_bundle(self, options, argc, argv, &path, &code);
    if (!model)
        return code;
    struct mfd_error err = MFD_ERROR_INIT;
    uint64_t variants;
    bool card;
    if (check_background(model, &variants, &err) || check_card(model, &card, &err)) {
        mfd_fail_prefix(&err, err.status, "%s", path);
        return tool_fail(&err);
    }
    if (quiet)
        return TOOL_OK;
    printf("%s: sound; %zu tensors, %zu tracks, ", path,
           mfd_safetensors_count(mfd_model_weights(model)), mfd_model_tracks(model));
    if (variants)
        printf("background of %" PRIu64 " variants, ", variants);
    if (card)
        printf("disentanglement card, ");
    printf("sha256 %s\n", mfd_model_digest(model));
    return tool_finish();
}
