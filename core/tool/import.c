#include <stdio.h>

#include "core/checkpoint/import.h"
#include "core/tool/tool.h"

int tool_import(const struct tool_command *self, int argc, char **argv)
{
    struct mfd_import_options o = { .tool = TOOL_NAME " " MFD_VERSION };
    bool quiet = false;
    const struct tool_option options[] = {
        { "mapping", 'm', "YAML", "mapping file (not needed for AquaticDilated)", false, &o.mapping,
          NULL },
        { "metadata", 't', "TSV", "metadata table", true, &o.metadata, NULL },
        { "tracks", 0, "FILE",
          "track ids in training order, one a line (default: as in the checkpoint)", false,
          &o.tracks, NULL },
        { "output", 'o', "BUNDLE", "file to write, replaced once it is whole", true, &o.out, NULL },
        { "quiet", 'q', NULL, "print nothing on success", false, NULL, &quiet },
        { 0 },
    };
    int code;
    if (!tool_parse(self, options, argc, argv, &o.checkpoint, 1, &code))
        return code;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_import_report report;
    if (mfd_import(&o, &report, &err))
        return tool_fail(&err);
    if (!quiet)
        printf("%s: %zu tracks, %zu features, window %zu bp; %zu tensors, %zu skipped; %zu bytes\n"
               "sha256 %s\n",
               o.out, report.config.tracks, report.config.embed, mfd_config_window(&report.config),
               report.tensors, report.skipped, report.bytes, report.sha256);
    return tool_finish();
}
