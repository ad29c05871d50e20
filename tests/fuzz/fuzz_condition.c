/* Any line as a condition, on any text behind it as the INFO of a record: a condition is refused
 * with a word, or reads the same when it is written again, and holds for the alleles for which the
 * plain reading of its definition below says so. */
#define _DEFAULT_SOURCE /* strsep */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/tool/condition.h"

#define ALLELES 4
#define LONGEST 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const signs[] = { "<", "<=", ">", ">=", "==", "!=" };

static void check_written(const struct condition *c)
{
    char text[CONDITION_TERMS * 80] = "";
    struct condition again;
    struct mfd_error err = MFD_ERROR_INIT;
    for (size_t i = 0; i < c->n; i++) {
        char term[80];
        snprintf(term, sizeof term, "%s%s%s%.17g", i ? "," : "", c->term[i].key,
                 signs[c->term[i].comparison], c->term[i].value);
        strcat(text, term);
    }
    if (condition_read(&again, text, &err) || again.n != c->n)
        abort();
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(again.term[i].key, c->term[i].key) ||
            again.term[i].comparison != c->term[i].comparison ||
            again.term[i].value != c->term[i].value)
            abort();
}

/* ---- the plain reading ---- */

/* Of the first field of that key, the allele's value, or the only one. */
static double value_in(const char *info, const char *key, size_t allele)
{
    char *copy = mfd_strdup(info), *rest = copy, *field;
    double value = NAN;
    if (!copy)
        abort();
    while ((field = strsep(&rest, ";"))) {
        char *values = field, *name = strsep(&values, "="), *at;
        if (!values || strcmp(name, key))
            continue;
        bool several = strchr(values, ',') != NULL;
        for (size_t i = 0; (at = strsep(&values, ",")); i++)
            if ((!several || i == allele) && !mfd_parse_double(at, strlen(at), &value))
                value = NAN;
            else if (!several || i == allele)
                break;
        break;
    }
    free(copy);
    return value;
}

static double value_of(const char *info, const char *key, size_t allele)
{
    double given = value_in(info, key, allele);
    if (!isnan(given) || (strcmp(key, "AF") && strcmp(key, "MAF")))
        return given;
    double af = value_in(info, "AF", allele), an = value_in(info, "AN", 0);
    if (isnan(af) && an > 0)
        af = value_in(info, "AC", allele) / an;
    return strcmp(key, "MAF") == 0 ? (isnan(af) ? NAN : fmin(af, 1 - af)) : af;
}

static bool fulfils(double x, const char *sign, double y)
{
    bool equal = x == y, less = x < y;
    return !isnan(x) && (!strcmp(sign, "<")    ? less
                         : !strcmp(sign, "<=") ? less || equal
                         : !strcmp(sign, ">")  ? !less && !equal
                         : !strcmp(sign, ">=") ? !less
                         : !strcmp(sign, "==") ? equal
                                               : !equal);
}

static void check_record(const struct condition *c, const char *info)
{
    size_t n = strlen(info);
    char *block = malloc(n ? n : 1); /* of just that size, for a sanitizer to see a byte too far */
    if (!block)
        abort();
    memcpy(block, info, n);
    struct mfd_vcf_record record = { .alleles = ALLELES };
    record.column[MFD_VCF_INFO] = (struct mfd_span){ block, n };
    for (size_t allele = 0; allele < ALLELES; allele++) {
        bool all = true;
        for (size_t i = 0; i < c->n; i++)
            all = all && fulfils(value_of(info, c->term[i].key, allele),
                                 signs[c->term[i].comparison], c->term[i].value);
        if (condition_holds(c, &record, allele) != all)
            abort();
    }
    record.malformed = true;
    if (condition_holds(c, &record, 0))
        abort();
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[LONGEST + 1];
    struct condition c;
    struct mfd_error err = MFD_ERROR_INIT;
    if (size > LONGEST || memchr(data, '\0', size))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    char *info = text, *line = strsep(&info, "\n");
    if (condition_read(&c, line, &err)) {
        if (err.status != MFD_EINVAL || !*err.message)
            abort();
        return 0;
    }
    if (c.n == 0 || c.n > CONDITION_TERMS)
        abort();
    check_written(&c);
    check_record(&c, info ? info : "");
    return 0;
}
