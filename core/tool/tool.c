#include "core/tool/tool.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/parse.h"
#include "core/model/model.h"

#define MAX_OPTIONS 32
#define HELP 256 /* above every letter; options without a letter follow */

static void print_usage(const struct tool_command *self, const struct tool_option *options, FILE *f)
{
    fprintf(f, "usage: " TOOL_NAME " %s", self->name);
    for (const struct tool_option *o = options; o->name; o++)
        if (o->required)
            fprintf(f, " --%s %s", o->name, o->argument);
    fprintf(f, " [OPTION...]%s%s\n", self->operands ? " " : "",
            self->operands ? self->operands : "");
}

static void print_help(const struct tool_command *self, const struct tool_option *options)
{
    print_usage(self, options, stdout);
    size_t n = strlen(self->summary);
    printf("\n%s%s\n\n", self->summary, n && self->summary[n - 1] == '?' ? "" : ".");
    for (const struct tool_option *o = options; o->name; o++) {
        char left[64], letter[8] = "    ";
        if (o->letter)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
                 o->argument ? o->argument : "");
        printf("  %-28s %s\n", left, o->help);
    }
    printf("  %-28s %s\n", "-h, --help", "show this and exit");
    if (self->details)
        printf("\n%s", self->details);
    printf("\nExit codes: 0 success, 1 failure, 2 wrong usage.\n");
}

static int usage_error(const struct tool_command *self, const char *what, const char *name)
{
    fprintf(stderr, TOOL_NAME " %s: %s%s\nTry '" TOOL_NAME " %s --help'.\n", self->name, what, name,
            self->name);
    return TOOL_USAGE;
}

/* Lay the options out for getopt_long: the value it returns is the letter, or HELP + 1 + index. */
static size_t lay_out(const struct tool_option *options, struct option *longs, char *shorts)
{
    size_t n = 0, at = 0;
    shorts[at++] = ':'; /* report a missing value as ':' */
    for (; options[n].name && n < MAX_OPTIONS; n++) {
        const struct tool_option *o = &options[n];
        int value = o->letter ? o->letter : HELP + 1 + (int)n;
        longs[n] =
            (struct option){ o->name, o->argument ? required_argument : no_argument, NULL, value };
        if (o->letter)
            shorts[at++] = o->letter;
        if (o->letter && o->argument)
            shorts[at++] = ':';
    }
    longs[n] = (struct option){ "help", no_argument, NULL, 'h' };
    shorts[at++] = 'h';
    shorts[at] = '\0';
    return n;
}

static const struct tool_option *find(const struct tool_option *options, int value)
{
    for (size_t i = 0; options[i].name; i++)
        if (value == (options[i].letter ? options[i].letter : HELP + 1 + (int)i))
            return &options[i];
    return NULL;
}

bool tool_parse(const struct tool_command *self, const struct tool_option *options, int argc,
                char **argv, const char **operands, int n_operands, int *code)
{
    struct option longs[MAX_OPTIONS + 2] = { 0 };
    char shorts[2 * MAX_OPTIONS + 4];
    lay_out(options, longs, shorts);
    opterr = 0;
    optind = 1;
    *code = TOOL_USAGE;
    for (int value; (value = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        const struct tool_option *o = find(options, value);
        if (value == 'h' && !o) {
            print_help(self, options);
            *code = tool_finish();
            return false;
        }
        if (!o) {
            const char *why = value == ':' ? "a value is missing after " : "unknown option ";
            usage_error(self, why, argv[optind - 1]);
            return false;
        }
        if (o->argument)
            *o->value = optarg;
        else
            *o->flag = true;
    }
    for (const struct tool_option *o = options; o->name; o++)
        if (o->required && !*o->value) {
            usage_error(self, "missing option --", o->name);
            return false;
        }
    if (argc - optind != n_operands) {
        usage_error(self, argc - optind < n_operands ? "missing " : "too many arguments for ",
                    self->operands);
        return false;
    }
    for (int i = 0; i < n_operands; i++)
        operands[i] = argv[optind + i];
    return true;
}

struct mfd_model *tool_bundle(const struct tool_command *self, const struct tool_option *options,
                              int argc, char **argv, const char **path, int *code)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model = NULL;
    if (tool_parse(self, options, argc, argv, path, 1, code) && mfd_model_open(&model, *path, &err))
        *code = tool_fail(&err);
    return model;
}

int tool_threads(const char *text, unsigned *threads, struct mfd_error *err)
{
    int64_t n = 0;
    if (text && !mfd_parse_i64(text, strlen(text), 1, 1024, &n))
        return mfd_fail(err, MFD_EINVAL, "--threads wants a number from 1 to 1024, not '%s'", text);
    *threads = (unsigned)n;
    return MFD_OK;
}

int tool_fail(const struct mfd_error *err)
{
    fflush(stdout);
    fprintf(stderr, TOOL_NAME ": %s\n", err->message);
    return TOOL_FAILED;
}

int tool_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return TOOL_OK;
    fprintf(stderr, TOOL_NAME ": cannot write the output: %s\n", strerror(errno));
    return TOOL_FAILED;
}

int tool_print_json(json_t *json)
{
    int failed = !json || json_dumpf(json, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;
    json_decref(json);
    int code = tool_finish();
    if (code == TOOL_OK && failed) {
        fprintf(stderr, TOOL_NAME ": cannot make JSON of it: not enough memory\n");
        return TOOL_FAILED;
    }
    return code;
}
