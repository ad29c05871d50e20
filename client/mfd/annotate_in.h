/* The inside of annotate.h: which fields there are, and what they say of an allele. */
#pragma once

#include "client/mfd/annotate.h"
#include "proto/vcf_info.h"

struct annotate_field {
    const char *group, *name; /* of a part of the answer; NULL: a summary */
    enum mfd_vcf_summary summary;
    size_t setting; /* of levels, from 0 */
    size_t width;   /* of features, how many there are */
    const char *type;
    struct mfd_buffer id, description;
    struct mfd_buffer text; /* of the record under way */
    bool given;             /* some allele has a value */
};

/* Choose the fields once a->head is there. */
int annotate_fields_init(struct annotate *a, struct mfd_error *err) MFD_MUST_CHECK;
void annotate_fields_deinit(struct annotate *a);
/* Append what one allele's result says. */
int annotate_fields_tell(struct annotate *a, json_t *result, struct mfd_error *err) MFD_MUST_CHECK;
