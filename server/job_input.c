#include "server/job_input.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "proto/text.h"
#include "server/app.h"
#include "server/job_files.h"
#include "server/served.h"

#define LARGE ((size_t)4 << 20) /* bytes of an input */
#define ENVELOPE 1              /* levels of JSON around the request proper */

/* Every operation that has a route of its own can be asked for as a job. */
static const struct mfd_route *next_operation(const struct mfd_route *const **table,
                                              const struct mfd_route *at)
{
    for (at = at ? at + 1 : **table;; at++) {
        while (!at->method) {
            if (!*++*table)
                return NULL;
            at = **table;
        }
        if (at->operation && strcmp(at->method, "POST") == 0)
            return at;
    }
}

const struct mfd_route *mfd_job_operation(struct mfd_app *app, const char *name)
{
    const struct mfd_route *const *table = mfd_app_routes(app), *route = NULL;
    while ((route = next_operation(&table, route)))
        if (strcmp(route->operation->name, name) == 0)
            return route;
    return NULL;
}

void mfd_job_operations(struct mfd_app *app, char *out, size_t size)
{
    const struct mfd_route *const *table = mfd_app_routes(app), *route = NULL;
    out[0] = '\0';
    while ((route = next_operation(&table, route)))
        if (mfd_job_operation(app, route->operation->name) == route) /* not again */
            mfd_text_list(out, size, route->operation->name);
}

char *mfd_job_params_text(const struct mfd_params *params)
{
    json_t *list = json_array();
    for (size_t i = 0; i < params->n; i++)
        json_array_append_new(list, json_pack("[s, s]", params->at[i].name, params->at[i].value));
    char *text = json_array_size(list) == params->n ? json_dumps(list, JSON_COMPACT) : NULL;
    json_decref(list);
    return text;
}

static int read_params(const char *text, struct mfd_params *params)
{
    json_t *list = json_loads(text, 0, NULL);
    int status = list ? MFD_OK : MFD_ENOMEM;
    for (size_t i = 0; i < json_array_size(list) && status == MFD_OK; i++) {
        const char *name = NULL, *value = NULL;
        status = json_unpack(json_array_get(list, i), "[s, s]", &name, &value) == 0
                     ? mfd_params_add(params, name, value)
                     : MFD_EFORMAT;
    }
    json_decref(list);
    return status;
}

/* The limits of requests, under their names, as they are for jobs. */
static struct mfd_limits job_limits(const struct mfd_limits *limits)
{
    struct mfd_limits wider = *limits;
    wider.items = limits->job_items;
    wider.passes = limits->job_passes;
    wider.json_bytes = limits->job_json_bytes;
    wider.json_values = limits->job_json_values;
    wider.json_depth = limits->json_depth + ENVELOPE;
    wider.vcf_bytes = limits->job_vcf_bytes;
    wider.ism_bases = limits->job_ism_bases;
    return wider;
}

static int read_bytes(struct mfd_job_input *in, const char *path, bool json,
                      struct mfd_operation_input *input, struct mfd_error *err)
{
    if (!json) {
        int status = mfd_map_open(&in->map, path, err);
        input->body = in->map.data ? in->map.data : "";
        input->size = in->map.size;
        return status;
    }
    int status = mfd_file_read(path, (size_t)in->limits.json_bytes, &in->text, err);
    input->body = in->text.data ? in->text.data : "";
    input->size = in->text.len;
    return status;
}

int mfd_job_input_load(struct mfd_job_input *in, struct mfd_app *app, const char *directory,
                       const struct mfd_job_row *row, struct mfd_operation_input *input,
                       struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    MFD_AUTO_FREE char *path = mfd_job_input_path(directory, row->id);
    *in = (struct mfd_job_input){ .limits = job_limits(mfd_app_limits(app)) };
    *input = (struct mfd_operation_input){
        .app = app,
        .limits = &in->limits,
        .params = &in->params,
        .queries = &in->queries,
        .content = row->content,
        .format = row->format,
        .request_id = row->id,
        .job = true,
        .pinned_model = row->model,
        .pinned_digest = row->digest,
    };
    int status = path ? read_params(row->params, &in->params) : MFD_ENOMEM;
    if (status == MFD_OK)
        status = read_params(row->queries, &in->queries);
    if (status < 0)
        return mfd_problem_set(problem, "internal", NULL, "Cannot read the job's parameters.");
    status = read_bytes(in, path, row->content == MFD_MEDIA_JSON, input, &err);
    return status < 0 ? mfd_problem_from_error(problem, &err, NULL) : 0;
}

void mfd_job_input_deinit(struct mfd_job_input *in)
{
    mfd_params_deinit(&in->params);
    mfd_params_deinit(&in->queries);
    bool large = in->text.len + in->map.size > LARGE;
    mfd_buffer_deinit(&in->text);
    mfd_map_close(&in->map);
    if (large)
        malloc_trim(0); /* what was made of it was many times as large: give it back now */
}

/* --- judging --- */

static int check_limits(const struct mfd_limits *limits, const struct mfd_operation_plan *plan,
                        struct mfd_problem *problem)
{
    if (plan->items > (size_t)limits->job_items)
        return mfd_problem_limit(problem, "job_items", limits->job_items, (int64_t)plan->items,
                                 NULL);
    if (plan->passes > (double)limits->job_passes)
        return mfd_problem_limit(problem, "job_passes", limits->job_passes, (int64_t)plan->passes,
                                 NULL);
    if (!plan->whole || plan->passes <= (double)limits->job_whole_passes)
        return 0;
    mfd_problem_limit(problem, "job_whole_passes", limits->job_whole_passes, (int64_t)plan->passes,
                      NULL);
    mfd_problem_add(problem,
                    " This format is written in one piece, from memory; ask for another one, "
                    "or for less at once.");
    return -1;
}

/* Fill in what the plan and the operation say. */
static int complete(struct mfd_job_row *row, const struct mfd_operation *op, void *state,
                    const struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    struct mfd_buffer text = MFD_BUFFER_INIT, name = MFD_BUFFER_INIT;
    struct mfd_problem none = MFD_PROBLEM_INIT;
    if (op->describe(state, &text, &none) != 0) /* one of another protocol has nothing to say */
        mfd_buffer_clear(&text);
    mfd_buffer_adds(&text, "");
    mfd_buffer_addf(&name, "%s@%s", mfd_served_name(plan->model), mfd_served_version(plan->model));
    row->items = (int64_t)plan->items;
    row->passes = plan->passes;
    row->description = mfd_buffer_steal(&text, NULL);
    row->model = mfd_buffer_steal(&name, NULL);
    row->digest = mfd_strdup(mfd_served_digest(plan->model));
    if (row->description && row->model && row->digest)
        return 0;
    return mfd_problem_nomem(problem);
}

int mfd_job_judge(struct mfd_app *app, const char *directory, struct mfd_job_row *row, bool *dry,
                  struct mfd_problem *problem)
{
    const struct mfd_operation *op = mfd_job_operation(app, row->operation)->operation;
    struct mfd_job_input in;
    struct mfd_operation_input input;
    struct mfd_operation_plan plan = { 0 };
    void *state = NULL;
    int status = mfd_job_input_load(&in, app, directory, row, &input, problem);
    if (status == 0)
        status = op->open(&state, &input, &plan, problem);
    bool opened = status == 0;
    if (opened && !plan.dry_run)
        status = check_limits(mfd_app_limits(app), &plan, problem);
    if (status == 0)
        status = complete(row, op, state, &plan, problem);
    *dry = plan.dry_run;
    if (opened)
        op->close(state);
    mfd_served_unref(plan.model);
    mfd_job_input_deinit(&in);
    return status;
}

bool mfd_job_same_basis(const char *a, const char *b)
{
    json_t *documents[] = { json_loads(a, 0, NULL), json_loads(b, 0, NULL) };
    for (size_t i = 0; i < 2; i++) /* a newer server may go on */
        json_object_del(json_object_get(documents[i], "provenance"), "server");
    bool same = json_equal(json_object_get(documents[0], "provenance"),
                           json_object_get(documents[1], "provenance"));
    json_decref(documents[0]);
    json_decref(documents[1]);
    return same;
}
