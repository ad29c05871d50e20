#include "client/mfd/options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/client.h"
#include "core/base/parse.h"

enum kind { FLAG, TEXT, CHOICE_TEXT, CHOICE, NUMBER, LIST, ENTRY };

struct row {
    const char *name;
    char letter;
    enum kind kind;
    unsigned groups;
    size_t at;         /* offset in struct settings */
    const char *value; /* name of the value in the help, or the choices "a|b|c" */
    const char *help;
    unsigned min, max; /* NUMBER */
};

#define AT(member) offsetof(struct settings, member)

/* clang-format off */
static const struct row rows[] = {
    { "server", 'S', TEXT, FOR_ALL | FOR_FILE, AT(server), "URL", "the daemon (MFD_SERVER; " MFD_CLIENT_DEFAULT_SERVER ")" },
    { "key", 'K', TEXT, FOR_ALL | FOR_FILE, AT(key), "KEY|@FILE", "API key, better read from a file (MFD_KEY)" },
    { "cacert", 0, TEXT, FOR_ALL | FOR_FILE, AT(cacert), "FILE", "trust the certificates in it (MFD_CACERT)" },
    { "format", 'f', CHOICE, FOR_ALL, AT(format), "auto|table|tsv|json|ndjson|vcf", "table on a terminal, tsv in a pipe" },
    { "color", 0, CHOICE, FOR_ALL | FOR_FILE, AT(colour), "auto|always|never", "colours (NO_COLOR)" },
    { "no-header", 0, FLAG, FOR_ALL, AT(no_header), NULL, "no line of column names" },
    { "timeout", 0, NUMBER, FOR_ALL | FOR_FILE, AT(timeout_s), "SECONDS", "give up on a silent server", 1, 86400 },
    { "retries", 0, NUMBER, FOR_ALL | FOR_FILE, AT(retries), "N", "come back to a busy server this often", 0, 1000 },
    { "quiet", 'q', FLAG, FOR_ALL, AT(quiet), NULL, "no progress, no notes" },
    { "help", 'h', FLAG, FOR_ALL, AT(help), NULL, "show this" },
    { "version", 'V', FLAG, FOR_ALL, AT(version), NULL, "show the version" },
    { "model", 'm', TEXT, FOR_MODEL | FOR_FILE, AT(model), "NAME[@VERSION]", "model (the server's default)" },
    { "tracks", 't', LIST, FOR_TRACKS, AT(tracks), "ID,...|@FILE", "these tracks" },
    { "where", 'w', ENTRY, FOR_WHERE, AT(where), "COLUMN=LABEL,...", "tracks with one of these labels; repeat to narrow" },
    { "aggregate", 0, CHOICE_TEXT, FOR_VALUES, AT(aggregate), "none|mean|max", "one value over the tracks chosen" },
    { "ensemble", 'e', CHOICE_TEXT, FOR_COMPUTE | FOR_NETWORK | FOR_FILE, AT(ensemble), "none|strands|published", "inputs averaged (strands)" },
    { "components", 'c', LIST, FOR_VALUES, AT(components), "total,biological,technical", "parts of each value" },
    { "scale", 0, CHOICE_TEXT, FOR_VALUES, AT(scale), "logit|probability", "scale of the values" },
    { "genome", 'g', TEXT, FOR_COMPUTE | FOR_NETWORK | FOR_FILE, AT(genome), "NAME", "assembly (the model's)" },
    { "pad", 0, FLAG, FOR_COMPUTE | FOR_NETWORK, AT(pad), NULL, "read N where a window leaves its contig" },
    { "strict", 0, FLAG, FOR_COMPUTE, AT(strict), NULL, "one bad item fails the whole request" },
    { "dry-run", 0, FLAG, FOR_COMPUTE, AT(dry_run), NULL, "check, and tell the cost" },
    { "output", 'o', TEXT, FOR_COMPUTE, AT(output), "FILE", "write there; .gz is compressed" },
    { "fresh", 0, FLAG, FOR_COMPUTE, AT(fresh), NULL, "do not go on from an interrupted run" },
    { "job", 0, FLAG, FOR_JOB, AT(job), NULL, "have it computed as a job, and wait" },
    { "fasta", 0, TEXT, FOR_INPUT, AT(fasta), "FILE", "sequences of exactly a window each (- is stdin)" },
    { "bed", 0, TEXT, FOR_INPUT, AT(bed), "FILE", "intervals, 0-based half-open (- is stdin)" },
    { "subspace", 0, CHOICE_TEXT, FOR_FEATURES, AT(subspace), "biological|technical|both", "which features (both)" },
    { "scores", 0, LIST, FOR_SCORE, AT(scores), "effect,reference,alternative,difference,swap,sar,quantile,max_abs,l2,share,agreement", "values to show (effect)" },
    { "features", 0, LIST, FOR_SCORE, AT(features), "biological,technical", "the change of these latent features, too" },
    { "vcf", 0, TEXT, FOR_SCORE, AT(vcf), "FILE", "variants, plain or gzip (- is stdin)" },
    { "top", 'n', NUMBER, FOR_TOP, AT(top), "N", "the N largest of each item (table: 5; 0: all)", 0, 100000 },
    { "explain", 0, FLAG, FOR_EXPLAIN, AT(explain), NULL, "tell what it stands for in the model" },
    { "by-track", 0, FLAG, FOR_CARD, AT(by_track), NULL, "the variances of every track" },
    { "set", 0, ENTRY, FOR_VIRTUAL, AT(set), "COLUMN=VALUE", "metadata of the experiment; repeat" },
    { "like", 0, TEXT, FOR_VIRTUAL, AT(like), "TRACK", "columns left out are this track's" },
    { "a", 0, ENTRY, FOR_COMPARE, AT(a), "COLUMN=VALUE", "of the first alone" },
    { "b", 0, ENTRY, FOR_COMPARE, AT(b), "COLUMN=VALUE", "of the second alone" },
    { "bias", 0, TEXT, FOR_VIRTUAL, AT(bias), "none|mean|matched|NUMBER", "its bias, which nobody could learn" },
    { "over", 0, LIST, FOR_MARGINAL, AT(over), "COLUMN,...", "average over these metadata columns" },
    { "distribution", 0, CHOICE_TEXT, FOR_MARGINAL, AT(distribution), "training|uniform", "how settings are weighted (training)" },
    { "given", 0, ENTRY, FOR_MARGINAL, AT(given_settings), "[WEIGHT*]COLUMN=VALUE[;...]", "one setting to average over; repeat" },
    { "levels", 0, FLAG, FOR_MARGINAL, AT(levels), NULL, "every setting by itself, too" },
    { "plot", 0, TEXT, FOR_PLOT, AT(plot), "FILE", "draw it: .svg, .png or .pdf" },
    { "window", 0, CHOICE_TEXT, FOR_PLOT, AT(window), "each|one", "a window for each base, or one for all of them" },
    { "held", 0, CHOICE_TEXT, FOR_HELD, AT(held), "nothing|technical|biological", "what b has of a, so that the other part alone differs" },
    { "search", 's', TEXT, FOR_LIST, AT(search), "TEXT", "full-text search" },
    { "columns", 0, TEXT, FOR_LIST | FOR_COLUMNS, AT(columns), "NAME,...", "metadata columns to show" },
    { "count-by", 0, TEXT, FOR_LIST, AT(count_by), "COLUMN", "count the tracks by label" },
    { "limit", 'l', NUMBER, FOR_LIST_LENGTH, AT(limit), "N", "at most N lines", 1, 10000000 },
};
/* clang-format on */
#define ROWS (sizeof rows / sizeof *rows)
_Static_assert(ROWS <= 64, "settings.given has a bit a row");

/* Position of `text` among "a|b|c", or -1. */
static int choice(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (int i = 0;; i++) {
        size_t len = strcspn(choices, "|");
        if (len == n && strncmp(choices, text, n) == 0)
            return i;
        if (!choices[len])
            return -1;
        choices += len + 1;
    }
}

static int fail_choice(const struct row *row, const char *text, struct mfd_error *err)
{
    return mfd_fail(err, MFD_EINVAL, "--%s takes one of %s, not '%s'", row->name, row->value, text);
}

static int set_row(struct settings *set, const struct row *row, const char *text,
                   struct mfd_error *err)
{
    void *at = (char *)set + row->at;
    int64_t number;
    switch (row->kind) {
    case FLAG:
        *(bool *)at = true;
        return MFD_OK;
    case CHOICE:
        *(int *)at = choice(row->value, text);
        return *(int *)at < 0 ? fail_choice(row, text, err) : MFD_OK;
    case CHOICE_TEXT:
        if (choice(row->value, text) < 0)
            return fail_choice(row, text, err);
        *(const char **)at = text;
        return MFD_OK;
    case TEXT:
        *(const char **)at = text;
        return MFD_OK;
    case NUMBER:
        if (!mfd_parse_i64(text, strlen(text), row->min, row->max, &number))
            return mfd_fail(err, MFD_EINVAL, "--%s takes a number from %u to %u, not '%s'",
                            row->name, row->min, row->max, text);
        *(unsigned *)at = (unsigned)number;
        return MFD_OK;
    case LIST:
        return list_add(at, text, err);
    case ENTRY:
        if (!strchr(text, '=') || text[0] == '=')
            return mfd_fail(err, MFD_EINVAL, "--%s takes %s, not '%s'", row->name, row->value,
                            text);
        return list_add_one(at, text, strlen(text), err);
    }
    return MFD_EINVAL;
}

/* getopt's tables for these groups; val of a long option is its row + 256. */
static void getopt_tables(unsigned groups, bool stop, struct option *longs, char *letters)
{
    size_t n = 0;
    *letters++ = stop ? '+' : ':';
    if (stop)
        *letters++ = ':';
    for (size_t i = 0; i < ROWS; i++) {
        if (!(rows[i].groups & groups))
            continue;
        longs[n++] = (struct option){ .name = rows[i].name,
                                      .val = (int)i + 256,
                                      .has_arg = rows[i].kind != FLAG };
        if (rows[i].letter) {
            *letters++ = rows[i].letter;
            if (rows[i].kind != FLAG)
                *letters++ = ':';
        }
    }
    longs[n] = (struct option){ 0 };
    *letters = '\0';
}

static const struct row *row_of_letter(int letter)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

static int fail_option(int argc, char **argv, bool missing, struct mfd_error *err)
{
    const char *given = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    if (missing)
        return mfd_fail(err, MFD_EINVAL, "option '%s' needs a value", given);
    if (optopt && optopt < 256 && row_of_letter(optopt))
        return mfd_fail(err, MFD_EINVAL, "option -%c does not belong to this command", optopt);
    if (optopt && optopt < 256)
        return mfd_fail(err, MFD_EINVAL, "there is no option -%c", optopt);
    for (size_t i = 0; i < ROWS && !optopt; i++) {
        size_t n = strlen(rows[i].name);
        if (strncmp(given, "--", 2) == 0 && strncmp(given + 2, rows[i].name, n) == 0 &&
            (!given[n + 2] || given[n + 2] == '='))
            return mfd_fail(err, MFD_EINVAL, "option --%s does not belong to this command",
                            rows[i].name);
    }
    if (optopt >= 256)
        return mfd_fail(err, MFD_EINVAL, "option --%s takes no value", rows[optopt - 256].name);
    return mfd_fail(err, MFD_EINVAL, "there is no option '%s', or its name is cut too short",
                    given);
}

int options_read(struct settings *set, unsigned groups, int argc, char **argv, bool stop,
                 int *first, struct mfd_error *err)
{
    struct option longs[ROWS + 1];
    char letters[3 * ROWS + 4];
    getopt_tables(groups, stop, longs, letters);
    optind = 0; /* glibc: start afresh */
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        if (c == '?' || c == ':')
            return fail_option(argc, argv, c == ':', err);
        const struct row *row = c >= 256 ? &rows[c - 256] : row_of_letter(c);
        set->given |= (uint64_t)1 << (row - rows);
        set->top_given = set->top_given || row->at == AT(top);
        int status = set_row(set, row, optarg, err);
        if (status < 0)
            return status;
    }
    *first = optind;
    return MFD_OK;
}

int options_check(const struct settings *set, unsigned groups, struct mfd_error *err)
{
    for (size_t i = 0; i < ROWS; i++)
        if (set->given >> i & 1 && !(rows[i].groups & groups))
            return mfd_fail(err, MFD_EINVAL, "option --%s does not belong to this command",
                            rows[i].name);
    return MFD_OK;
}

int options_set_default(struct settings *set, const char *name, const char *value,
                        struct mfd_error *err)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) != 0 || !(rows[i].groups & FOR_FILE))
            continue;
        if (set->given >> i & 1)
            return MFD_OK;
        set->given |= (uint64_t)1 << i;
        return set_row(set, &rows[i], value, err);
    }
    return mfd_fail(err, MFD_EINVAL, "'%s' is no option that can stand there", name);
}

void options_help(FILE *out, unsigned groups)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (!(rows[i].groups & groups))
            continue;
        char left[80];
        snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
                 rows[i].value ? rows[i].value : "");
        if (rows[i].letter)
            fprintf(out, "  -%c, %-34s", rows[i].letter, left);
        else
            fprintf(out, "      %-34s", left);
        fprintf(out, "%s%s\n",
                strlen(left) > 33 ? "\n                                        " : "",
                rows[i].help);
    }
}

void options_list(FILE *out, unsigned groups)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (!(rows[i].groups & groups))
            continue;
        bool choices = rows[i].kind == CHOICE || rows[i].kind == CHOICE_TEXT;
        fprintf(out, "--%s%s%s%s\n", rows[i].name, rows[i].kind == FLAG ? "" : "=",
                choices ? "\t" : "", choices ? rows[i].value : "");
    }
}
