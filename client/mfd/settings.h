/* What the command line and the environment ask for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

enum format { FORMAT_AUTO, FORMAT_TABLE, FORMAT_TSV, FORMAT_JSON, FORMAT_NDJSON, FORMAT_VCF };
enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct list {
    char **at;
    size_t n;
};

/* Strings are borrowed from argv and the environment unless said otherwise. */
struct settings {
    const char *server, *key, *cacert;
    char *key_read;    /* owned: the key where it came out of a file */
    char *config_text; /* owned: the configuration file, which strings may be borrowed from */
    int format;        /* enum format */
    int colour;        /* enum when */
    unsigned timeout_s, retries;
    uint64_t given; /* a bit a row of the options' table */
    bool quiet, no_header, help, version;

    const char *model, *genome, *ensemble, *scale, *aggregate, *subspace;
    const char *output, *fasta, *bed, *vcf, *search, *columns, *count_by, *plot, *bias, *like,
        *window, *distribution, *held;
    struct list tracks, where, components, scores, features, set, a, b, over,
        given_settings; /* owned */
    unsigned top, limit;
    bool strict, dry_run, pad, fresh, top_given, explain, by_track, levels, job;
};

void settings_deinit(struct settings *set);
/* Past a byte order mark, if the text of a file begins with one. */
char *text_begin(char *text);
/* Append copies of the comma-separated parts of `text`; "@FILE" names a file with one a line. At
 * least one, else MFD_EINVAL. */
int list_add(struct list *list, const char *text, struct mfd_error *err) MFD_MUST_CHECK;
/* Append one copy of `text` as it is. */
int list_add_one(struct list *list, const char *text, size_t n,
                 struct mfd_error *err) MFD_MUST_CHECK;
bool list_has(const struct list *list, const char *text);
void list_deinit(struct list *list);
