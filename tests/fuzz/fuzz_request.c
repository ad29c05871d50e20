/* Request bodies: the first byte says whose members, the rest is the body; or options as a query
 * string gives them, NAME=VALUE a line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/decode.h"

/* Every string that a good body refers to is there, and every problem is whole. */
static void use(const struct mfd_body *body)
{
    size_t bytes = body->model ? strlen(body->model) : 0;
    for (size_t i = 0; i < body->n_items; i++) {
        const struct mfd_item *item = &body->items[i];
        if (item->problem) {
            bytes += strlen(item->problem->pointer) + strlen(item->problem->type->slug);
            continue;
        }
        if (item->text ? strlen(item->text) != item->n : !item->chrom)
            abort();
        if (!item->text && body->input == MFD_INPUT_INTERVALS && item->start >= item->end)
            abort();
        bytes += item->ref && item->alt ? strlen(item->ref) + strlen(item->alt) : 0;
    }
    for (size_t i = 0; i < body->n_virtual_tracks; i++)
        bytes += json_object_size(body->virtual_tracks[i].metadata);
    for (size_t i = 0; i < body->tracks.n_where; i++)
        for (size_t j = 0; j < body->tracks.where[i].n; j++)
            bytes += strlen(body->tracks.where[i].labels[j]);
    if (body->scale == MFD_SCALE_UNSAID || body->shifts < 1 || body->shifts > 7 ||
        bytes == SIZE_MAX)
        abort();
}

/* Options of a query, read as the daemon does; 0, or -1 with the problem. */
static int read_options(struct mfd_body *body, char *text, const struct mfd_limits *limits,
                        struct mfd_problem *problem)
{
    mfd_body_defaults(body, MFD_CALL_VARIANTS);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *value = line + strcspn(line, "=");
        if (*value)
            *value++ = '\0';
        int known = mfd_body_option(body, line, value, problem);
        if (known > 0)
            known = mfd_body_member(body, line, value, limits, problem);
        if (known < 0)
            return -1;
    }
    return mfd_body_members(body, limits, problem) ? -1 : mfd_body_check(body, problem);
}

static int try_options(const uint8_t *data, size_t size, const struct mfd_limits *limits,
                       struct mfd_problem *problem)
{
    struct mfd_body body = MFD_BODY_INIT;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    int status = read_options(&body, text, limits, problem);
    if (status == 0)
        use(&body);
    mfd_body_deinit(&body);
    free(text);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mfd_limits limits = MFD_LIMITS_INIT;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_body body;
    if (size == 0)
        return 0;
    enum mfd_call call = (data[0] ^ '0') % 8;
    if (call == 7) {
        if (try_options(data + 1, size - 1, &limits, &problem) == 0)
            return 0;
    } else if (mfd_body_decode(&body, call, (const char *)data + 1, size - 1, &limits, limits.items,
                               &problem) == 0) {
        use(&body);
        mfd_body_deinit(&body);
        return 0;
    }
    struct mfd_buffer out = MFD_BUFFER_INIT;
    mfd_problem_encode(&problem, "id", "/", &out);
    json_t *value = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    if (!value) /* a problem is always JSON, whatever was in the body */
        abort();
    json_decref(value);
    mfd_buffer_deinit(&out);
    return 0;
}
