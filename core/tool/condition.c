#include "core/tool/condition.h"

#include <math.h>
#include <string.h>

#include "core/base/parse.h"

/* The operator at `text` and how long it is. */
static size_t read_comparison(const char *text, enum comparison *out)
{
    static const struct {
        const char *text;
        enum comparison comparison;
    } known[] = { { "<=", LESS_EQUAL }, { ">=", GREATER_EQUAL }, { "==", EQUAL }, { "!=", UNEQUAL },
                  { "<", LESS },        { ">", GREATER },        { "=", EQUAL } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(text, known[i].text, strlen(known[i].text)) == 0) {
            *out = known[i].comparison;
            return strlen(known[i].text);
        }
    return 0;
}

int condition_read(struct condition *out, const char *text, struct mfd_error *err)
{
    const char *at = text;
    for (out->n = 0; out->n < CONDITION_TERMS; out->n++) {
        enum comparison *comparison = &out->term[out->n].comparison;
        char *name = out->term[out->n].key;
        size_t key = strcspn(at, "<>=!,"), number;
        size_t sign = key < sizeof out->term->key ? read_comparison(at + key, comparison) : 0;
        number = strcspn(at + key + sign, ",");
        if (!key || !sign || !mfd_parse_double(at + key + sign, number, &out->term[out->n].value))
            return mfd_fail(err, MFD_EINVAL,
                            "'%s' is no condition; write such as AF<0.005 or "
                            "AF>=0.05,AN>100",
                            text);
        memcpy(name, at, key);
        name[key] = '\0';
        at += key + sign + number;
        if (!*at) {
            out->n++;
            return MFD_OK;
        }
        at++;
    }
    return mfd_fail(err, MFD_EINVAL, "'%s' has more than %d parts", text, CONDITION_TERMS);
}

/* The value of an INFO key for one allele (the only one where the field has only one); NaN where
 * missing. */
static double info_value(struct mfd_span info, const char *key, size_t allele)
{
    const char *end = info.s + info.n;
    size_t key_len = strlen(key);
    for (const char *at = info.s, *next; at < end; at = next) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        stop = stop ? stop : end;
        next = stop < end ? stop + 1 : end;
        if ((size_t)(stop - at) <= key_len || at[key_len] != '=' || memcmp(at, key, key_len) != 0)
            continue;
        at += key_len + 1;
        bool single = !memchr(at, ',', (size_t)(stop - at));
        for (size_t skip = single ? 0 : allele; skip; skip--) {
            at = memchr(at, ',', (size_t)(stop - at));
            if (!at)
                return NAN;
            at++;
        }
        const char *comma = memchr(at, ',', (size_t)(stop - at));
        double value;
        return mfd_parse_double(at, (size_t)((comma ? comma : stop) - at), &value) ? value : NAN;
    }
    return NAN;
}

static double field_value(struct mfd_span info, const char *key, size_t allele)
{
    bool minor = strcmp(key, "MAF") == 0;
    double value = info_value(info, key, allele);
    if (!isnan(value) || (!minor && strcmp(key, "AF") != 0))
        return value;
    double af = info_value(info, "AF", allele);
    double an = info_value(info, "AN", 0);
    if (isnan(af) && an > 0) /* where nobody was genotyped, there is no frequency */
        af = info_value(info, "AC", allele) / an;
    return minor && af > 0.5 ? 1 - af : af;
}

static bool compare(double x, enum comparison comparison, double y)
{
    switch (comparison) {
    case LESS:
        return x < y;
    case LESS_EQUAL:
        return x <= y;
    case GREATER:
        return x > y;
    case GREATER_EQUAL:
        return x >= y;
    case EQUAL:
        return x == y;
    case UNEQUAL:
        return x != y;
    }
    return false;
}

bool condition_holds(const struct condition *condition, const struct mfd_vcf_record *record,
                     size_t allele)
{
    for (size_t i = 0; i < condition->n; i++) {
        double x = record->malformed
                       ? NAN
                       : field_value(record->column[MFD_VCF_INFO], condition->term[i].key, allele);
        if (isnan(x) || !compare(x, condition->term[i].comparison, condition->term[i].value))
            return false;
    }
    return true;
}
