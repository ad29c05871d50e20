/* Results of the network as rows: a row a track (or feature) of every bin, sequence or variant. */
#pragma once

#include <jansson.h>

#include "client/mfd/app.h"

enum rows_kind { ROWS_SEQUENCES, ROWS_INTERVALS, ROWS_VARIANTS };

#define ROWS_MOST_VALUES 24 /* every score by part, and the deviations of effects */

struct rows {
    struct app *app;
    enum rows_kind kind;
    bool features;     /* a row a feature instead of a row a track */
    bool levels;       /* behind a track a row for each setting that it is averaged over */
    size_t top;        /* rows an item, by size of the first value; 0: all */
    bool by_magnitude; /* size without the sign */
    int digits;        /* decimals of values in a table */
    size_t values;     /* columns of values */
    struct {
        char title[48];
        char path[48]; /* of the array in a result (or in a bin of it) */
    } value[ROWS_MOST_VALUES];
    struct list columns; /* metadata columns to show beside a track's name; owned */
    json_t *metadata;    /* by track id, where columns are wanted; owned */
    json_t *meanings;    /* features by subspace, where what they stand for is wanted; owned */
    json_t *head;        /* owned */
    struct sheet *sheet; /* owned */
};

/* Add a column of values. */
void rows_add(struct rows *rows, const char *title, const char *path);
/* Ask for the metadata of all tracks, where columns beside their names are wanted. Before the
 * batch: a client has one request at a time. */
int rows_read_metadata(struct rows *rows, struct mfd_error *err) MFD_MUST_CHECK;
/* As struct batch wants them; `arg` is the struct rows. */
int rows_head(void *arg, json_t *line, struct mfd_error *err);
int rows_result(void *arg, json_t *result, json_t *input, struct mfd_error *err);
/* Write what is held back, also after a failure: those results are good. */
int rows_end(struct rows *rows, struct mfd_error *err);
void rows_deinit(struct rows *rows);
