#include "server/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/parse.h"

const char mfd_options_help[] =
    "Usage: mfdd [OPTIONS]                  serve\n"
    "       mfdd keys add --name NAME [--scopes read,predict,admin] [--rate N] [--days N]\n"
    "       mfdd keys list\n"
    "       mfdd keys revoke ID\n"
    "\n"
    "Serves Metadata-guided Feature Disentanglement models over HTTP.\n"
    "\n"
    "  -c, --config FILE      read this configuration\n"
    "      --demo             serve the demo model and genome on loopback, nothing else to set\n"
    "  -m, --model NAME=FILE  serve this bundle (may be repeated)\n"
    "  -g, --genome NAME=FASTA\n"
    "                         answer over this indexed FASTA (may be repeated)\n"
    "  -l, --listen ADDRESS   listen here (127.0.0.1); beyond loopback API keys are needed\n"
    "  -p, --port PORT        and on this port (8080; 0 takes a free one)\n"
    "  -d, --state-dir DIR    keep registry, keys, jobs and uploads here\n"
    "  -s, --set SECTION.KEY=VALUE\n"
    "                         set any key of the configuration\n"
    "      --print-config     print the whole configuration, explained, and exit\n"
    "      --check-config     check the configuration and exit\n"
    "  -h, --help\n"
    "  -V, --version\n"
    "\n"
    "Options win over the file. Signals: TERM finishes running requests and stops, HUP reads the\n"
    "configuration again.\n";

enum { DEMO = 256, PRINT, CHECK, NAME, SCOPES, RATE, DAYS };

static const struct option serve_options[] = {
    { "config", required_argument, NULL, 'c' },
    { "demo", no_argument, NULL, DEMO },
    { "model", required_argument, NULL, 'm' },
    { "genome", required_argument, NULL, 'g' },
    { "listen", required_argument, NULL, 'l' },
    { "port", required_argument, NULL, 'p' },
    { "state-dir", required_argument, NULL, 'd' },
    { "set", required_argument, NULL, 's' },
    { "print-config", no_argument, NULL, PRINT },
    { "check-config", no_argument, NULL, CHECK },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { "name", required_argument, NULL, NAME },
    { "scopes", required_argument, NULL, SCOPES },
    { "rate", required_argument, NULL, RATE },
    { "days", required_argument, NULL, DAYS },
    { NULL, 0, NULL, 0 },
};

/* Short ways of --set: what stands before the value. */
static const struct {
    int option;
    const char *prefix;
} shorthands[] = {
    { 'm', "models." },      { 'g', "genomes." },   { 'l', "server.listen=" },
    { 'p', "server.port=" }, { 'd', "state.dir=" }, { 's', "" },
};

static int add_override(struct mfd_options *o, int option, const char *value, struct mfd_error *err)
{
    const char *prefix = "";
    for (size_t i = 0; i < sizeof shorthands / sizeof *shorthands; i++)
        if (shorthands[i].option == option)
            prefix = shorthands[i].prefix;
    if ((option == 'm' || option == 'g') && !strchr(value, '='))
        return mfd_fail(err, MFD_EINVAL, "--%s '%s' is not NAME=FILE",
                        option == 'm' ? "model" : "genome", value);
    if (o->n_overrides == MFD_MAX_OVERRIDES)
        return mfd_fail(err, MFD_ELIMIT, "more than %d settings on the command line",
                        MFD_MAX_OVERRIDES);
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_adds(&b, prefix);
    mfd_buffer_adds(&b, value);
    char *made = mfd_buffer_steal(&b, NULL);
    if (!made)
        return mfd_fail_nomem(err);
    o->overrides[o->n_overrides++] = made;
    return MFD_OK;
}

static int take_number(const char *what, const char *text, double max, double *out,
                       struct mfd_error *err)
{
    if (!mfd_parse_double(text, strlen(text), out) || *out < 0 || *out > max)
        return mfd_fail(err, MFD_EINVAL, "--%s '%s' is not a number from 0 to %g", what, text, max);
    return MFD_OK;
}

static int take_option(struct mfd_options *o, int option, struct mfd_error *err)
{
    switch (option) {
    case 'c':
        o->config = optarg;
        return MFD_OK;
    case DEMO:
        o->demo = true;
        return MFD_OK;
    case PRINT:
        o->command = MFD_CMD_PRINT_CONFIG;
        return MFD_OK;
    case CHECK:
        o->command = MFD_CMD_CHECK_CONFIG;
        return MFD_OK;
    case 'h':
        o->command = MFD_CMD_HELP;
        return MFD_OK;
    case 'V':
        o->command = MFD_CMD_VERSION;
        return MFD_OK;
    case NAME:
        o->key_name = optarg;
        return MFD_OK;
    case SCOPES:
        o->key_scopes = optarg;
        return MFD_OK;
    case RATE:
        return take_number("rate", optarg, 1e6, &o->key_rate, err);
    case DAYS:
        if (mfd_parse_i64(optarg, strlen(optarg), 0, 36500, &o->key_days))
            return MFD_OK;
        return mfd_fail(err, MFD_EINVAL,
                        "--days '%s' is not a whole number from 0 (no end) to 36500", optarg);
    default:
        return add_override(o, option, optarg, err);
    }
}

static int take_command(struct mfd_options *o, int n, char **words, struct mfd_error *err)
{
    if (n == 0 || o->command == MFD_CMD_HELP)
        return MFD_OK;
    if (strcmp(words[0], "keys") != 0)
        return mfd_fail(err, MFD_EINVAL, "'%s' is not a command; there is: keys", words[0]);
    const char *verb = n > 1 ? words[1] : "";
    if (strcmp(verb, "add") == 0 && n == 2) {
        o->command = MFD_CMD_KEYS_ADD;
        return o->key_name ? MFD_OK
                           : mfd_fail(err, MFD_EINVAL, "keys add: whose key? Say --name NAME");
    }
    if (strcmp(verb, "list") == 0 && n == 2) {
        o->command = MFD_CMD_KEYS_LIST;
        return MFD_OK;
    }
    if (strcmp(verb, "revoke") == 0 && n == 3) {
        o->command = MFD_CMD_KEYS_REVOKE;
        o->key_id = words[2];
        return MFD_OK;
    }
    return mfd_fail(err, MFD_EINVAL, "keys takes: add --name NAME, list, or revoke ID");
}

int mfd_options_parse(struct mfd_options *o, int argc, char **argv, struct mfd_error *err)
{
    int option, status = MFD_OK;
    *o = (struct mfd_options){ .key_scopes = "read,predict" };
    opterr = 0;
    while (status == MFD_OK &&
           (option = getopt_long(argc, argv, ":c:m:g:l:p:d:s:hV", serve_options, NULL)) != -1) {
        if (option == ':')
            status = mfd_fail(err, MFD_EINVAL, "'%s' needs a value", argv[optind - 1]);
        else if (option == '?')
            status = mfd_fail(err, MFD_EINVAL, "'%s' is not an option; see mfdd --help",
                              argv[optind - 1]);
        else
            status = take_option(o, option, err);
    }
    if (status == MFD_OK)
        status = take_command(o, argc - optind, argv + optind, err);
    return status;
}

void mfd_options_deinit(struct mfd_options *o)
{
    for (size_t i = 0; i < o->n_overrides; i++)
        free(o->overrides[i]);
    o->n_overrides = 0;
}
