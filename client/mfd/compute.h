/* What predict, features and score have in common: options into a request, inputs into a source. */
#pragma once

#include "client/mfd/annotate.h"
#include "client/mfd/batch.h"
#include "client/mfd/rows.h"

/* The parts of a value, in the order in which they are shown. */
enum part { TOTAL, BIOLOGICAL, TECHNICAL, PARTS };
extern const char *const compute_parts[PARTS];

/* Members that every computing request may have: model, genome, ensemble, pad, strict, dry_run. A
 * new reference, or NULL on lack of memory. */
json_t *compute_options(const struct settings *set);
/* Members of requests that answer by track: tracks, components, scale. MFD_EINVAL where --where
 * says nothing. */
int compute_track_options(json_t *options, const struct settings *set,
                          struct mfd_error *err) MFD_MUST_CHECK;
/* A member that is a list of words, where there are any. */
int compute_words(json_t *options, const char *member, const struct list *words,
                  struct mfd_error *err) MFD_MUST_CHECK;
/* Passes that the ensemble costs for one window. */
unsigned compute_passes(const struct settings *set);
/* The same for a variant: both alleles, the published ensemble where none is named. */
unsigned compute_variant_passes(const struct settings *set);
/* Is an argument, which is no interval and no variant, the name of a file? One that is there, that
 * has a folder, or that ends as files of these kinds do. "-" is standard input. */
bool compute_names_file(const char *text);
/* Intervals or sequences: --fasta, --bed, arguments (one may be a file of any kind), or standard
 * input; *sequences tells which. */
int compute_inputs(struct source *source, const struct settings *set, int argc, char **argv,
                   bool *sequences, struct mfd_error *err) MFD_MUST_CHECK;
/* Ask for a few items, whatever the format of the answer: options->components are all parts, *head
 * is the first line and *results the array of results, new references. */
int compute_collect(struct app *app, const char *path, const char *member, json_t *options,
                    unsigned passes, struct source *source, json_t **head, json_t **results,
                    struct mfd_error *err) MFD_MUST_CHECK;
/* A usage error. */
int compute_misuse(struct mfd_error *err, const char *fmt, ...) MFD_PRINTF(2, 3);
