/* What the commands of mfd-model share. A command is one file with one function, and one line in
 * the table of main.c. */
#pragma once

#include <stdbool.h>

#include "core/base/error.h"

#define TOOL_NAME "mfd-model"

/* Exit codes: 0 success; 1 the work could not be done (the message says why); 2 the command line is
 * wrong. */
enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

struct tool_command {
    const char *name;
    const char *operands; /* such as "BUNDLE", for the usage line */
    const char *summary;  /* one line for the list of commands */
    const char *details;  /* further lines for --help, each ending with a newline, or NULL */
    int (*run)(const struct tool_command *self, int argc, char **argv); /* returns an exit code */
};

/* One option of a command: a value where `value` is set, else a switch. */
struct tool_option {
    const char *name;     /* long name without dashes */
    char letter;          /* short name, or 0 */
    const char *argument; /* what to call the value in --help; NULL for a switch */
    const char *help;
    bool required;
    const char **value;
    bool *flag;
};

/* Parse a command's arguments (argv[0] is the command) with getopt_long; `options` ends with a NULL
 * name, and --help is added. `operands` receives the `n_operands` that must follow; they are
 * borrowed from argv. Returns true to go on; false when there is nothing more to do, *code then
 * being the exit code: 0 after --help, 2 after a message about what is wrong. */
bool tool_parse(const struct tool_command *self, const struct tool_option *options, int argc,
                char **argv, const char **operands, int n_operands, int *code);

/* The same for a command on one bundle: the bundle `*path`, opened, or NULL when there is nothing
 * more to do; the caller's (mfd_model_unref). */
struct mfd_model *tool_bundle(const struct tool_command *self, const struct tool_option *options,
                              int argc, char **argv, const char **path, int *code);

/* Number of worker threads from an option's text; NULL is 0, one a core. */
int tool_threads(const char *text, unsigned *threads, struct mfd_error *err) MFD_MUST_CHECK;

/* Say on stderr why the work could not be done; returns TOOL_FAILED. */
int tool_fail(const struct mfd_error *err);
/* Flush standard output; TOOL_FAILED with a message where it could not all be written. */
int tool_finish(void);
/* Print a value of Jansson's, and release it; NULL is lack of memory. Returns an exit code. */
struct json_t;
int tool_print_json(struct json_t *json);

int tool_card(const struct tool_command *self, int argc, char **argv);
int tool_enrich(const struct tool_command *self, int argc, char **argv);
int tool_import(const struct tool_command *self, int argc, char **argv);
int tool_inspect(const struct tool_command *self, int argc, char **argv);
int tool_verify(const struct tool_command *self, int argc, char **argv);
int tool_predict(const struct tool_command *self, int argc, char **argv);
int tool_score(const struct tool_command *self, int argc, char **argv);
int tool_bench(const struct tool_command *self, int argc, char **argv);
int tool_background(const struct tool_command *self, int argc, char **argv);
