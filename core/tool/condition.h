/* A condition on the alleles of a VCF, such as "AF<0.005" or "AF>=0.05,AN>100": INFO keys,
 * < <= > >= = == !=, numbers, all of which must hold. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/genome/vcf.h"

#define CONDITION_TERMS 8

enum comparison { LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, UNEQUAL };

struct condition {
    struct {
        char key[32];
        enum comparison comparison;
        double value;
    } term[CONDITION_TERMS];
    size_t n;
};

/* MFD_EINVAL for a text that is none. */
int condition_read(struct condition *out, const char *text, struct mfd_error *err) MFD_MUST_CHECK;

/* Whether an allele fulfils it. AF is AC/AN where the record has no AF of its own and AN is
 * positive; MAF is the smaller of AF and 1 - AF. A field that is missing fulfils no condition, nor
 * does a malformed record. */
bool condition_holds(const struct condition *condition, const struct mfd_vcf_record *record,
                     size_t allele);
