/* POST /api/v1/variants/normalize: any notation in; left-aligned VCF, SPDI and HGVS out, and
 * whether REF is the reference's. No model takes part. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/genome/variant.h"
#include "proto/encode.h"
#include "proto/text.h"
#include "server/app.h"
#include "server/handlers/routes.h"
#include "server/handlers/scoring.h"
#include "server/registry.h"
#include "server/request.h"

MFD_DEFINE_CLEANUP(struct mfd_genome, mfd_genome_unref);

struct answer {
    const struct mfd_body *body;
    struct mfd_genome *genome;
    struct mfd_buffer out;
    struct mfd_counts counts;
    bool lines; /* NDJSON */
};

/* One notation of a variant; null where it has none, such as SPDI of an allele that is N. */
static void add_form(struct answer *a, const struct mfd_variant *v, const char *name,
                     enum mfd_variant_form form)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    bool has = mfd_variant_format(v, a->genome, form, &text, NULL) == MFD_OK && !text.failed;
    mfd_text_member(&a->out, name, has ? text.data : NULL);
    mfd_buffer_deinit(&text);
}

/* Variants that can be written down although none would score them. */
static bool describable(enum mfd_variant_status status)
{
    return mfd_variant_scored(status) || status == MFD_VARIANT_ALLELE_TOO_LONG ||
           status == MFD_VARIANT_NO_CHANGE || status == MFD_VARIANT_N_WINDOW ||
           status == MFD_VARIANT_UNKNOWN_BASE;
}

static void add_variant(struct answer *a, const struct mfd_variant *v, bool changed)
{
    const char *contig = mfd_genome_contig_name(a->genome, v->contig);
    mfd_buffer_adds(&a->out, ",\"status\":\"ok\",\"variant\":{\"chrom\":");
    mfd_text_json(&a->out, contig, strlen(contig));
    mfd_buffer_addf(&a->out, ",\"pos\":%lld", (long long)v->pos + 1);
    mfd_text_member(&a->out, "ref", v->ref);
    mfd_text_member(&a->out, "alt", v->alt);
    mfd_buffer_addf(&a->out, "},\"changed\":%s,\"flipped\":%s", changed ? "true" : "false",
                    v->status == MFD_VARIANT_FLIPPED ? "true" : "false");
    add_form(a, v, "text", MFD_FORM_DASH);
    add_form(a, v, "spdi", MFD_FORM_SPDI);
    add_form(a, v, "hgvs", MFD_FORM_HGVS);
}

/* Read, check and normalise one; what stands against it goes into `found`. Non-zero: the genome
 * cannot be read. */
static int read_one(struct answer *a, const struct mfd_item *item, const char *pointer,
                    struct mfd_variant *v, bool *changed, struct mfd_problem *found,
                    struct mfd_error *err)
{
    struct mfd_error reason = MFD_ERROR_INIT;
    int status = item->text ? mfd_variant_parse(v, a->genome, item->text, item->n, err)
                            : mfd_variant_set(v, a->genome, item->chrom, item->start, item->ref,
                                              item->alt, item->id, err);
    if (status == MFD_OK && v->status != MFD_VARIANT_OK)
        status = mfd_variant_check(v, a->genome, &reason, err);
    if (status == MFD_OK)
        mfd_variant_check_length(v, a->genome, item->chrom_length, &reason);
    if (status == MFD_OK && describable(v->status))
        return mfd_variant_normalize(v, a->genome, changed, err);
    if (status == MFD_EIO || status == MFD_ENOMEM)
        return status;
    mfd_problem_from_error(found, status ? err : &reason, pointer);
    return MFD_OK;
}

static int add_result(struct answer *a, size_t i, struct mfd_problem *problem)
{
    const struct mfd_item *item = &a->body->items[i];
    MFD_CLEANUP(mfd_variant_deinit) struct mfd_variant v = MFD_VARIANT_INIT;
    struct mfd_problem found = MFD_PROBLEM_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    bool changed = false;
    char pointer[64];
    struct mfd_at root = MFD_AT_ROOT, list = MFD_AT_MEMBER(&root, "variants");
    struct mfd_at at = MFD_AT_INDEX(&list, i);
    mfd_at_pointer(&at, pointer, sizeof pointer);
    if (item->problem)
        found = *item->problem;
    else if (read_one(a, item, pointer, &v, &changed, &found, &err))
        return mfd_problem_from_error(problem, &err, NULL);
    if (found.type && a->body->strict) {
        *problem = found;
        problem->status = 422;
        return -1;
    }
    mfd_buffer_addf(&a->out, "%s{\"index\":%zu", i && !a->lines ? "," : "", i);
    mfd_text_member(&a->out, "id", item->id);
    if (found.type) {
        enum mfd_outcome outcome = mfd_outcome_of(&found);
        *(outcome == MFD_OUTCOME_SKIPPED ? &a->counts.skipped : &a->counts.error) += 1;
        mfd_buffer_addf(&a->out, ",\"status\":\"%s\",\"problem\":", mfd_outcome_names[outcome]);
        mfd_problem_encode(&found, NULL, NULL, &a->out);
    } else {
        a->counts.ok++;
        add_variant(a, &v, changed);
    }
    mfd_buffer_adds(&a->out, a->lines ? "}\n" : "}");
    return 0;
}

static int write_answer(struct answer *a, const char *genome, struct mfd_problem *problem)
{
    mfd_buffer_adds(&a->out, "{\"provenance\":{\"server\":\"mfd/" MFD_VERSION "\"");
    mfd_text_member(&a->out, "genome", genome);
    mfd_text_member(&a->out, "assembly", mfd_genome_assembly(a->genome));
    mfd_buffer_adds(&a->out, a->lines ? "}}\n" : "},\"results\":[");
    for (size_t i = 0; i < a->body->n_items; i++)
        if (add_result(a, i, problem))
            return -1;
    mfd_buffer_adds(&a->out, a->lines ? "{" : "],");
    mfd_buffer_addf(&a->out,
                    "\"summary\":{\"items\":%zu,\"ok\":%llu,\"skipped\":%llu,\"error\":%llu}}\n",
                    a->body->n_items, (unsigned long long)a->counts.ok,
                    (unsigned long long)a->counts.skipped, (unsigned long long)a->counts.error);
    return a->out.failed ? mfd_problem_nomem(problem) : 0;
}

static void normalize(struct mfd_request *rq)
{
    struct mfd_app *app = mfd_request_app(rq);
    const struct mfd_limits *limits = mfd_app_limits(app);
    MFD_CLEANUP(mfd_body_deinit) struct mfd_body body = MFD_BODY_INIT;
    MFD_CLEANUP(mfd_genome_unref_p) struct mfd_genome *genome = NULL;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    const char *name;
    size_t n;
    const char *bytes = mfd_request_body(rq, &n);
    if (mfd_body_decode(&body, MFD_CALL_NORMALIZE, bytes, n, limits, limits->items, &problem)) {
        mfd_reply_problem(rq, &problem);
        return;
    }
    if (mfd_registry_genome(mfd_app_registry(app), body.genome, &genome, &name, &err)) {
        mfd_problem_from_error(&problem, &err, body.genome ? "/genome" : NULL);
        mfd_reply_problem(rq, &problem);
        return;
    }
    struct answer a = { .body = &body,
                        .genome = genome,
                        .lines = mfd_request_format(rq) == MFD_MEDIA_NDJSON };
    if (write_answer(&a, name, &problem))
        mfd_reply_problem(rq, &problem);
    else
        mfd_reply_buffer(rq, 200, mfd_request_format(rq), &a.out);
    mfd_buffer_deinit(&a.out);
}

const struct mfd_route mfd_routes_normalize[] = {
    { "POST", "/api/v1/variants/normalize", .handle = normalize, .where = MFD_ON_WORKER,
      .scope = MFD_SCOPE_READ, .accepts = MFD_MEDIA_JSON,
      .offers = MFD_MEDIA_JSON | MFD_MEDIA_NDJSON },
    { 0 },
};
