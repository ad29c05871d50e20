#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/model/model.h"
#include "core/tool/tool.h"

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);

/* Opening a bundle checks all there is to check: digest, every tensor and number, and that the
 * coded table follows from the tracks. */
int tool_verify(const struct tool_command *self, int argc, char **argv)
{
    const char *path;
    bool quiet = false;
    const struct tool_option options[] = {
        { "quiet", 'q', NULL, "print nothing on success", false, NULL, &quiet },
        { 0 },
    };
    int code;
    if (!tool_parse(self, options, argc, argv, &path, 1, &code))
        return code;
    struct mfd_error err = MFD_ERROR_INIT;
    MFD_CLEANUP(mfd_model_unref_p) struct mfd_model *model = NULL;
    if (mfd_model_open(&model, path, &err))
        return tool_fail(&err);
    if (!quiet)
        printf("%s: sound; %zu tensors, %zu tracks, sha256 %s\n", path,
               mfd_safetensors_count(mfd_model_weights(model)), mfd_model_tracks(model),
               mfd_model_digest(model));
    return tool_finish();
}
