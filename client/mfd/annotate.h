/* Effects of variants as INFO fields of the VCF that they came from. */
#pragma once

#include "client/mfd/app.h"
#include "client/mfd/source.h"

#define ANNOTATE_FIELDS 8

struct annotate {
    struct app *app;
    struct source *source; /* SOURCE_VCF with kept lines; borrowed */
    unsigned top;          /* tracks named an allele */
    bool parts;            /* biological and technical parts are asked for */
    bool begun;            /* the header is written: true for a run that goes on */
    json_t *head;          /* owned */
    size_t alleles;        /* of the record under way that have been answered */
    struct mfd_buffer field[ANNOTATE_FIELDS]; /* of the record under way */
    bool given[ANNOTATE_FIELDS];              /* some allele has a value */
};

/* As struct batch wants them; `arg` is the struct annotate. */
int annotate_head(void *arg, json_t *line, struct mfd_error *err);
int annotate_result(void *arg, json_t *result, json_t *input, struct mfd_error *err);
void annotate_deinit(struct annotate *a);
