/* mfd: the command line client of mfdd. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/text.h"
#include "client/mfd/app.h"
#include "client/mfd/command.h"
#include "client/mfd/config.h"

static void on_signal(int number)
{
    if (app_interrupted) /* asked twice: at once */
        _exit(EXIT_INTERRUPTED);
    app_interrupted = number;
}

static void catch_signals(void)
{
    struct sigaction stop = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

static enum mfd_exit exit_code(const struct mfd_error *err)
{
    static const struct {
        const char *slug;
        enum mfd_exit code;
    } known[] = {
        { "unreachable", EXIT_UNREACHABLE }, { "timeout", EXIT_UNREACHABLE },
        { "interrupted", EXIT_INTERRUPTED }, { "unauthorised", EXIT_DENIED },
        { "forbidden", EXIT_DENIED },        { "usage", EXIT_USAGE },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].slug, err->slug) == 0)
            return known[i].code;
    return err->status == MFD_EBUSY ? EXIT_BUSY : EXIT_FAILED;
}

static void complain(bool colour, const struct mfd_error *err)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_text_clean(&text, err->message, strlen(err->message));
    fprintf(stderr, "%smfd:%s %s\n", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "",
            text.failed ? err->message : text.data);
    mfd_buffer_deinit(&text);
}

static void help_all(FILE *out)
{
    fputs("usage: mfd [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
          "Ask a model-serving daemon (mfdd) about sequences, tracks and variants.\n\ncommands:\n",
          out);
    for (const struct command *const *c = commands; *c; c++)
        fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
    fputs("\noptions of every command:\n", out);
    options_help(out, FOR_ALL);
    fputs("\n`mfd COMMAND --help` tells the rest, and mfd(1) everything.\n", out);
}

static void help_command(FILE *out, const struct command *c)
{
    fprintf(out, "usage: mfd %s [OPTIONS]%s%s\n\n%s\n", c->name, *c->arguments ? " " : "",
            c->arguments, c->summary);
    if (c->details)
        fprintf(out, "\n%s\n", c->details);
    if (c->groups) {
        fprintf(out, "\noptions of mfd %s:\n", c->name);
        options_help(out, c->groups);
    }
    fputs("\noptions of every command:\n", out);
    options_help(out, FOR_ALL);
}

/* `mfd help --list [COMMAND]`: what a shell completes, never out of step with the tables. */
static int list_for_shell(int argc, char **argv)
{
    const struct command *c = argc ? command_find(argv[0]) : NULL;
    for (const struct command *const *at = commands; *at && !argc; at++)
        printf("%s\t%s\n", (*at)->name, (*at)->summary);
    options_list(stdout, FOR_ALL | (c ? c->groups : 0));
    return EXIT_DONE;
}

static int help(int argc, char **argv)
{
    if (argc && strcmp(argv[0], "--list") == 0)
        return list_for_shell(argc - 1, argv + 1);
    const struct command *c = argc ? command_find(argv[0]) : NULL;
    if (c) {
        help_command(stdout, c);
    } else if (argc) {
        fprintf(stderr, "mfd: there is no command '%s'; see mfd help\n", argv[0]);
        return EXIT_USAGE;
    } else {
        help_all(stdout);
    }
    return EXIT_DONE;
}

static int fail_usage(struct mfd_error *err, const char *command)
{
    snprintf(err->slug, sizeof err->slug, "usage");
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_buffer_addf(&text, "%s; see mfd%s%s --help", err->message, command ? " " : "",
                    command ? command : "");
    if (!text.failed)
        snprintf(err->message, sizeof err->message, "%s", text.data);
    mfd_buffer_deinit(&text);
    return MFD_EINVAL;
}

/* Options before the command, the command, options behind it. On MFD_OK argv[*first] is the first
 * argument. */
static int read_command_line(struct app *app, int argc, char **argv, int *first,
                             struct mfd_error *err)
{
    int at;
    if (options_read(&app->set, ~0u, argc, argv, true, &at, err) < 0)
        return fail_usage(err, NULL);
    if (at == argc || app->set.help || app->set.version)
        return MFD_OK;
    app->command = command_find(argv[at]);
    if (!app->command) {
        mfd_fail(err, MFD_EINVAL, "there is no command '%s'", argv[at]);
        return fail_usage(err, NULL);
    }
    int rest;
    unsigned groups = FOR_ALL | app->command->groups;
    if (options_check(&app->set, groups, err) < 0 ||
        options_read(&app->set, groups, argc - at, argv + at, false, &rest, err) < 0)
        return fail_usage(err, app->command->name);
    *first = at + rest;
    if (argc - *first > app->command->most) {
        mfd_fail(err, MFD_EINVAL, "'%s' is one argument too many",
                 argv[*first + app->command->most]);
        return fail_usage(err, app->command->name);
    }
    return MFD_OK;
}

/* Told on stderr where anything was not scored, whatever the format of the answer. */
static int settle(struct app *app, struct mfd_error *err)
{
    if (fflush(app->out) != 0 || ferror(app->out))
        return mfd_fail(err, MFD_EIO, "cannot write the output: %s", strerror(errno));
    if (app->skipped || app->failed)
        app_note(app, "%zu ok, %zu skipped, %zu failed", app->ok, app->skipped, app->failed);
    return MFD_OK;
}

/* Whoever read our output has gone, as head(1) does: so do we, as if nobody had caught the signal.
 */
static void go_with_reader(const struct app *app)
{
    struct pollfd out = { .fd = STDOUT_FILENO };
    if (app->out != stdout || !ferror(stdout) || poll(&out, 1, 0) != 1 || !(out.revents & POLLERR))
        return;
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    int status = config_read(&app->set, err);
    if (status == MFD_OK)
        status = app_open(app, err);
    if (status == MFD_OK)
        status = app->command->run(app, argc, argv, err);
    if (status == MFD_OK)
        status = settle(app, err);
    if (status < 0)
        go_with_reader(app);
    return status;
}

int main(int argc, char **argv)
{
    struct app app = { .set = { .timeout_s = 120, .retries = 5 }, .out = stdout };
    struct mfd_error err = MFD_ERROR_INIT;
    setlocale(LC_CTYPE, ""); /* widths of characters; numbers stay as programs read them */
    catch_signals();
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        return help(argc - 2, argv + 2);
    int first = argc, code = EXIT_DONE;
    int status = read_command_line(&app, argc, argv, &first, &err);
    if (status == MFD_OK && app.set.version)
        printf("mfd " MFD_VERSION "\n");
    else if (status == MFD_OK && app.set.help && app.command)
        help_command(stdout, app.command);
    else if (status == MFD_OK && (app.set.help || !app.command))
        help_all(app.set.help ? stdout : stderr);
    else if (status == MFD_OK)
        status = run(&app, argc - first, argv + first, &err);
    if (status < 0) {
        complain(app.colour_errors, &err);
        code = exit_code(&err);
    } else if (app.skipped || app.failed) {
        code = EXIT_ITEMS;
    } else if (!app.command && !app.set.help && !app.set.version) {
        code = EXIT_USAGE;
    }
    app_close(&app);
    settings_deinit(&app.set);
    return code;
}
