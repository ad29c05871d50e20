#include <string.h>

#include "proto/decode.h"
#include "server/handlers/infer.h"

const char *const mfd_infer_output_names[] = {
    "predictions",
    "logits",
    "logits_biological",
    "logits_technical",
    "features_biological",
    "features_technical",
    "features",
    NULL,
};

/* The request as it stands in JSON, before tensors are looked for. */
struct draft {
    struct mfd_infer infer;
    const json_t *inputs, *outputs;
    bool binary; /* outputs that do not say otherwise */
    const char *bytes;
    size_t n_bytes, used; /* tensors behind the JSON */
};

struct tensor {
    const char *name, *datatype;
    const json_t *shape, *data;
    int64_t binary_size; /* -1: none */
};

static int read_any(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    (void)r, (void)at;
    *(const json_t **)out = v;
    return 0;
}

/* Parameters that are not ours are allowed and passed over, as the protocol wants. */
static int read_tensor_parameters(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                                  void *out)
{
    struct mfd_at size = MFD_AT_MEMBER(at, "binary_data_size");
    const json_t *value = json_object_get(v, "binary_data_size");
    if (!json_is_object(v))
        return mfd_reader_expected(r, at, "an object", v);
    return value ? mfd_read_i64(r, value, &size, 0, INT64_MAX, out) : 0;
}

static int read_tensor(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                       struct tensor *out)
{
    static const struct mfd_member members[] = {
        { "name", mfd_read_string, offsetof(struct tensor, name), true },
        { "datatype", mfd_read_string, offsetof(struct tensor, datatype), true },
        { "shape", read_any, offsetof(struct tensor, shape), true },
        { "parameters", read_tensor_parameters, offsetof(struct tensor, binary_size), false },
        { "data", read_any, offsetof(struct tensor, data), false },
    };
    *out = (struct tensor){ .binary_size = -1 };
    return mfd_read_object(r, v, at, members, 5, out);
}

/* [n] or [n, 1] */
static int read_shape(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, size_t *n,
                      bool *column)
{
    int64_t size[2] = { 0, 1 };
    size_t dimensions = json_array_size(v);
    if (dimensions < 1 || dimensions > 2)
        return mfd_reader_fail(r, at, "invalid-value", "the shape must be [n] or [n, 1]");
    for (size_t i = 0; i < dimensions; i++) {
        struct mfd_at element = MFD_AT_INDEX(at, i);
        if (mfd_read_i64(r, json_array_get(v, i), &element, 1, i ? 1 : INT64_MAX, &size[i]))
            return -1;
    }
    if (size[0] > r->limits->items)
        return mfd_reader_limit(r, at, "items", r->limits->items, size[0]);
    *n = (size_t)size[0];
    *column = dimensions == 2;
    return 0;
}

static int too_few(struct mfd_reader *r, const struct mfd_at *at, size_t wanted, size_t found)
{
    return mfd_reader_fail(r, at, "invalid-value", "the shape says %zu elements, the data has %zu",
                           wanted, found);
}

/* Strings, flat or nested once. */
static int read_strings(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                        struct mfd_infer *infer)
{
    if (!json_is_array(v))
        return mfd_reader_expected(r, at, "an array of strings", v);
    if (json_array_size(v) != infer->n)
        return too_few(r, at, infer->n, json_array_size(v));
    for (size_t i = 0; i < infer->n; i++) {
        struct mfd_at element = MFD_AT_INDEX(at, i);
        const json_t *item = json_array_get(v, i);
        if (infer->column && json_array_size(item) == 1)
            item = json_array_get(item, 0);
        if (!json_is_string(item))
            return mfd_reader_expected(r, &element, "a string", item);
        infer->sequences[i] =
            (struct mfd_infer_bytes){ json_string_value(item), json_string_length(item) };
    }
    return 0;
}

/* Elements one after the other, each with its length in four little-endian bytes before it. */
static int read_binary(struct mfd_reader *r, const struct mfd_at *at, struct draft *draft,
                       size_t size)
{
    struct mfd_infer *infer = &draft->infer;
    if (size > draft->n_bytes - draft->used)
        return mfd_reader_fail(r, at, "invalid-value",
                               "binary_data_size is %zu, and %zu bytes stand behind the JSON", size,
                               draft->n_bytes - draft->used);
    const unsigned char *p = (const unsigned char *)draft->bytes + draft->used, *end = p + size;
    draft->used += size;
    for (size_t i = 0; i < infer->n; i++) {
        if (end - p < 4)
            return too_few(r, at, infer->n, i);
        size_t n = p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
        p += 4;
        if (n > (size_t)(end - p))
            return mfd_reader_fail(r, at, "invalid-value",
                                   "element %zu says it has %zu bytes, and %zu are left", i, n,
                                   (size_t)(end - p));
        infer->sequences[i] = (struct mfd_infer_bytes){ (const char *)p, n };
        p += n;
    }
    if (p != end)
        return mfd_reader_fail(r, at, "invalid-value", "%zu bytes are left behind the last element",
                               (size_t)(end - p));
    return 0;
}

static int read_input(struct mfd_reader *r, struct draft *draft)
{
    struct mfd_at root = MFD_AT_ROOT, inputs = MFD_AT_MEMBER(&root, "inputs");
    struct mfd_at at = MFD_AT_INDEX(&inputs, 0), shape = MFD_AT_MEMBER(&at, "shape");
    struct mfd_at data = MFD_AT_MEMBER(&at, "data");
    struct mfd_infer *infer = &draft->infer;
    struct tensor tensor;
    if (!json_is_array(draft->inputs) || json_array_size(draft->inputs) != 1)
        return mfd_reader_fail(r, &inputs, "invalid-value",
                               "there must be one input, \"sequence\" of datatype BYTES");
    if (read_tensor(r, json_array_get(draft->inputs, 0), &at, &tensor))
        return -1;
    if (strcmp(tensor.name, "sequence") != 0 || strcmp(tensor.datatype, "BYTES") != 0)
        return mfd_reader_fail(
            r, &at, "invalid-value",
            "the input is \"sequence\" of datatype BYTES, not \"%.60s\" of %.20s", tensor.name,
            tensor.datatype);
    if (read_shape(r, tensor.shape, &shape, &infer->n, &infer->column))
        return -1;
    infer->sequences = mfd_reader_alloc(r, infer->n, sizeof *infer->sequences);
    if (!infer->sequences)
        return -1;
    if (tensor.data && tensor.binary_size >= 0)
        return mfd_reader_fail(r, &data, "conflicting-members",
                               "give data, or parameters.binary_data_size, not both");
    if (tensor.binary_size >= 0)
        return read_binary(r, &at, draft, (size_t)tensor.binary_size);
    if (!tensor.data)
        return mfd_reader_fail(r, &at, "missing-member", "\"data\" is required here");
    return read_strings(r, tensor.data, &data, infer);
}

struct output {
    const char *name;
    const json_t *parameters;
};

static int read_outputs(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                        struct draft *draft)
{
    static const struct mfd_member members[] = {
        { "name", mfd_read_string, offsetof(struct output, name), true },
        { "parameters", read_any, offsetof(struct output, parameters), false },
    };
    struct mfd_infer *infer = &draft->infer;
    if (!json_is_array(v))
        return mfd_reader_expected(r, at, "an array", v);
    if (json_array_size(v) > MFD_INFER_OUTPUTS)
        return mfd_reader_fail(r, at, "invalid-value", "there are %d outputs", MFD_INFER_OUTPUTS);
    for (size_t i = 0; i < json_array_size(v); i++) {
        struct mfd_at element = MFD_AT_INDEX(at, i), name = MFD_AT_MEMBER(&element, "name");
        const json_t *item = json_array_get(v, i);
        struct output output = { 0 };
        unsigned word;
        if (mfd_read_object(r, item, &element, members, 2, &output) ||
            mfd_read_word(r, json_object_get(item, "name"), &name, mfd_infer_output_names,
                          MFD_INFER_OUTPUTS, &word))
            return -1;
        for (size_t j = 0; j < infer->n_outputs; j++)
            if (infer->outputs[j].what == word)
                return mfd_reader_fail(r, &name, "invalid-value", "\"%s\" is asked for twice",
                                       output.name);
        const json_t *binary = json_object_get(output.parameters, "binary_data");
        infer->outputs[infer->n_outputs].what = (enum mfd_infer_output)word;
        infer->outputs[infer->n_outputs++].binary = binary ? json_is_true(binary) : draft->binary;
    }
    return 0;
}

static int read_parameters(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                           void *out)
{
    struct draft *draft = out;
    struct mfd_at ensemble = MFD_AT_MEMBER(at, "ensemble");
    const json_t *name = json_object_get(v, "ensemble");
    if (!json_is_object(v))
        return mfd_reader_expected(r, at, "an object", v);
    draft->binary = json_is_true(json_object_get(v, "binary_data_output"));
    return name ? mfd_read_word(r, name, &ensemble, mfd_ensemble_names, 3, &draft->infer.ensemble)
                : 0;
}

static int read_request(struct mfd_reader *r, struct draft *draft)
{
    static const struct mfd_member members[] = {
        { "id", mfd_read_string, offsetof(struct draft, infer.id), false },
        { "parameters", read_parameters, 0, false },
        { "inputs", read_any, offsetof(struct draft, inputs), true },
        { "outputs", read_any, offsetof(struct draft, outputs), false },
    };
    struct mfd_at root = MFD_AT_ROOT, outputs = MFD_AT_MEMBER(&root, "outputs");
    if (mfd_read_object(r, draft->infer.document, &root, members, 4, draft))
        return -1;
    if (draft->outputs && read_outputs(r, draft->outputs, &outputs, draft)) /* after parameters */
        return -1;
    if (draft->infer.n_outputs == 0) {
        draft->infer.n_outputs = 1;
        draft->infer.outputs[0].binary = draft->binary;
    }
    if (read_input(r, draft))
        return -1;
    if (draft->used != draft->n_bytes)
        return mfd_reader_fail(r, &root, "invalid-value",
                               "%zu bytes behind the JSON belong to no input",
                               draft->n_bytes - draft->used);
    return 0;
}

int mfd_infer_decode(struct mfd_infer *out, const char *body, size_t size, size_t json_bytes,
                     const struct mfd_limits *limits, struct mfd_problem *problem)
{
    if (json_bytes > size)
        return mfd_problem_set(problem, "bad-request", NULL,
                               MFD_TENSOR_HEADER " is %zu, and the body has %zu bytes", json_bytes,
                               size);
    size_t n = json_bytes ? json_bytes : size;
    struct draft draft = { .infer = { .ensemble = 1 }, .bytes = body + n, .n_bytes = size - n };
    draft.infer.document = mfd_json_load(body, n, limits, problem);
    if (!draft.infer.document)
        return -1;
    struct mfd_reader reader = { .limits = limits, .problem = problem };
    int status = read_request(&reader, &draft);
    draft.infer.blocks = reader.blocks;
    if (status)
        mfd_infer_deinit(&draft.infer);
    else
        *out = draft.infer;
    return status;
}

void mfd_infer_deinit(struct mfd_infer *infer)
{
    json_decref(infer->document);
    mfd_blocks_free(infer->blocks);
    *infer = (struct mfd_infer)MFD_INFER_INIT;
}
