/* Scores of variants as INFO fields of the VCF that they came from: those that the daemon writes
 * where it is asked for VCF itself (proto/vcf_info.h), with the same digits. */
#pragma once

#include "client/mfd/app.h"
#include "client/mfd/source.h"

struct annotate_field; /* of INFO, with its values in the record under way */

struct annotate {
    struct app *app;
    struct source *source;    /* SOURCE_VCF with kept lines; borrowed */
    const struct list *parts; /* components asked for; borrowed */
    unsigned top;             /* tracks named an allele */
    json_t *sizes;            /* features of the model by subspace, where asked for; borrowed */
    bool begun;               /* the header is written: true for a run that goes on */
    json_t *head;             /* owned */
    size_t alleles;           /* of the record under way that have been answered */
    struct annotate_field *fields; /* owned, like what follows; known with the head */
    size_t n;
    const char **tracks; /* (n_tracks) in the head */
    size_t n_tracks;
    float *effect[3]; /* (n_tracks) of the allele under way; NaN where not asked for */
};

/* Is it a score that has a field? */
bool annotate_knows(const char *score);
/* As struct batch wants them; `arg` is the struct annotate. */
int annotate_head(void *arg, json_t *line, struct mfd_error *err);
int annotate_result(void *arg, json_t *result, json_t *input, struct mfd_error *err);
void annotate_deinit(struct annotate *a);
