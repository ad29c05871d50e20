/* A VCF as the body of variants/score: every alternative allele of every record is an input. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/genome/vcf.h"
#include "server/handlers/variants.h"

#define BLOCK ((size_t)1 << 20) /* of the body, which may be a large file, at a time */

MFD_DEFINE_CLEANUP(struct mfd_vcf_reader, mfd_vcf_reader_free);

/* Variants and why they are not scored, while nobody knows how many will come. */
struct list {
    struct mfd_variant *variants;
    size_t n, size;
    struct reason {
        size_t variant;
        struct mfd_error error;
    } * reasons; /* in the order of their variants, which are few, one hopes */
    size_t n_reasons, reasons_size;
    int64_t max, max_reasons;
};

static int list_grow(struct list *list, struct mfd_problem *problem)
{
    if (list->n == (size_t)list->max)
        return mfd_problem_limit(problem, "items", list->max, -1, NULL);
    if (list->n < list->size)
        return 0;
    size_t size = list->size ? 2 * list->size : 256;
    struct mfd_variant *variants = mfd_realloc(list->variants, size, sizeof *variants);
    if (!variants)
        return mfd_problem_nomem(problem);
    list->variants = variants;
    list->size = size;
    return 0;
}

static int add_reason(struct list *list, const struct mfd_error *error, struct mfd_problem *problem)
{
    if (list->n_reasons == (size_t)list->max_reasons) {
        mfd_problem_limit(problem, "unscored", list->max_reasons, -1, NULL);
        return mfd_problem_add(problem, " So many alleles cannot be scored; the last: %.300s.",
                               error->message);
    }
    if (list->n_reasons == list->reasons_size) {
        size_t size = list->reasons_size ? 2 * list->reasons_size : 64;
        struct reason *reasons = mfd_realloc(list->reasons, size, sizeof *reasons);
        if (!reasons)
            return mfd_problem_nomem(problem);
        list->reasons = reasons;
        list->reasons_size = size;
    }
    list->reasons[list->n_reasons++] = (struct reason){ list->n, *error };
    return 0;
}

static void list_deinit(struct list *list)
{
    for (size_t i = 0; i < list->n; i++)
        mfd_variant_deinit(&list->variants[i]);
    free(list->variants);
    free(list->reasons);
}

static int add_record(struct list *list, const struct mfd_vcf_record *record,
                      struct mfd_genome *genome, struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    size_t alleles = record->malformed ? 1 : record->alleles;
    for (size_t a = 0; a < alleles; a++) {
        if (list_grow(list, problem))
            return -1;
        struct mfd_variant *variant = &list->variants[list->n];
        struct mfd_error reason = MFD_ERROR_INIT;
        *variant = (struct mfd_variant)MFD_VARIANT_INIT;
        if (mfd_vcf_record_variant(record, a, genome, variant, &reason, &err))
            return mfd_problem_from_error(problem, &err, NULL);
        const struct mfd_error *why = record->malformed ? &record->reason : &reason;
        bool kept = !why->slug[0] || add_reason(list, why, problem) == 0;
        list->n++; /* it owns the variant either way */
        if (!kept)
            return -1;
    }
    return 0;
}

int mfd_variants_next(struct mfd_vcf_reader *reader, const char *body, size_t size, size_t *pushed,
                      const struct mfd_vcf_record **record, struct mfd_error *err)
{
    int status;
    while ((status = mfd_vcf_reader_next(reader, record, err)) == MFD_EBUSY) {
        size_t left = size - *pushed, n = left < BLOCK ? left : BLOCK;
        if (n == 0)
            mfd_vcf_reader_end(reader);
        else if ((status = mfd_vcf_reader_push(reader, body + *pushed, n, err)))
            return status;
        *pushed += n;
    }
    return status;
}

static int read_records(struct list *list, const struct mfd_operation_input *input,
                        struct mfd_genome *genome, struct mfd_problem *problem)
{
    MFD_CLEANUP(mfd_vcf_reader_free_p) struct mfd_vcf_reader *reader = NULL;
    struct mfd_vcf_limits limits = { .text = (uint64_t)input->limits->vcf_bytes };
    const struct mfd_vcf_record *record;
    struct mfd_error err = MFD_ERROR_INIT;
    size_t pushed = 0;
    int status = mfd_vcf_reader_new(&reader, &limits, &err);
    if (status)
        return mfd_problem_from_error(problem, &err, NULL);
    while ((status = mfd_variants_next(reader, input->body, input->size, &pushed, &record, &err)) ==
               MFD_OK &&
           record)
        if (add_record(list, record, genome, problem))
            return -1;
    if (status == MFD_ENOMEM)
        return mfd_problem_nomem(problem);
    if (status)
        return mfd_problem_set(problem, status == MFD_ELIMIT ? "over-limit" : "malformed-vcf", NULL,
                               "%s", err.message);
    if (list->n == 0)
        return mfd_problem_set(problem, "malformed-vcf", NULL, "the VCF has no record");
    return 0;
}

int mfd_variants_read_vcf(struct mfd_scored_variants *v, const struct mfd_operation_input *input,
                          struct mfd_problem *problem)
{
    MFD_CLEANUP(list_deinit)
    struct list list = { .max = v->base.max_items, .max_reasons = v->base.max_unscored };
    if (read_records(&list, input, v->base.genome, problem) ||
        mfd_variants_reserve(v, list.n, problem))
        return -1;
    v->variants = mfd_steal(list.variants);
    size_t n = list.n;
    list.n = 0;
    static const struct mfd_error none = MFD_ERROR_INIT;
    for (size_t i = 0, k = 0; i < n; i++) {
        bool given = k < list.n_reasons && list.reasons[k].variant == i;
        if (mfd_variants_judge(v, i, given ? &list.reasons[k++].error : &none, NULL, problem))
            return -1;
    }
    return 0;
}
