/* mfd-model: make, look at and use models without a server. */
#include <stdio.h>
#include <string.h>

#include "core/tool/tool.h"

static const struct tool_command commands[] = {
    { "import", "CHECKPOINT", "Make a bundle of a checkpoint of the published code",
      "The checkpoint is read as data: nothing in it is executed.\n", tool_import },
    { "inspect", "BUNDLE", "Show what a bundle is", NULL, tool_inspect },
    { "verify", "BUNDLE", "Check a bundle whole: digest, tensors, metadata, background, card", NULL,
      tool_verify },
    { "predict", "BUNDLE", "Compute the outputs of windows in a FASTA file", NULL, tool_predict },
    { "score", "BUNDLE", "Compute the effects of the variants in a VCF file",
      "Rows of variants that cannot be scored are NaN; variants.tsv says why.\n", tool_score },
    { "card", "BUNDLE", "Say how independent biology and technique are",
      "Forward strands of the windows of --sequences, or of bins sampled from --genome.\n",
      tool_card },
    { "enrich", "MATRIX|FOLDER", "Are cases told from controls by an effect?",
      "The matrix is one of those that score writes, a row a variant; a folder is taken whole.\n"
      "Cases and controls are rows of --labels, or alleles of --vcf by its INFO, such as\n"
      "--cases 'AF<0.005' --controls 'AF>=0.05' (AF, MAF, AC, AN, any number).\n"
      "Reports: bins (odds ratio and Fisher's exact p between quantiles of the effect, false\n"
      "discovery rate q over the whole table), ranking (AUROC, average precision), correlation\n"
      "(with --values).\n",
      tool_enrich },
    { "background", "BUNDLE", "Put the effects of common variants into a bundle, for quantiles",
      "Uses the published protocol; variants that cannot be scored do not count. Common are\n"
      "those whose INFO fulfils --where, such as AF>=0.05 (AF, MAF, AC, AN, any number).\n",
      tool_background },
    { "bench", NULL, "Time the engine, or say what the work costs",
      "Prints a line of JSON a protocol: milliseconds a window (track, tile), a variant or a\n"
      "substitution (ism).\n",
      tool_bench },
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void print_commands(FILE *f)
{
    fprintf(f, "usage: " TOOL_NAME " COMMAND [OPTION...] ...\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(f, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fprintf(f, "\n'" TOOL_NAME " COMMAND --help' says more.\n"
               "Exit codes: 0 success, 1 failure, 2 wrong usage.\n");
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (name && (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)) {
        print_commands(stdout);
        return tool_finish();
    }
    if (name && strcmp(name, "--version") == 0) {
        printf(TOOL_NAME " " MFD_VERSION "\n");
        return tool_finish();
    }
    for (size_t i = 0; name && i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(&commands[i], argc - 1, argv + 1);
    if (name)
        fprintf(stderr, TOOL_NAME ": there is no command '%s'\n", name);
    print_commands(stderr);
    return TOOL_USAGE;
}
