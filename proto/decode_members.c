/* Options of a query string that are more than a word: they become the members of a JSON request
 * that they are, and are read as these. */
#include <stdio.h>
#include <string.h>

#include "proto/decode.h"
#include "proto/decode_settings.h"
#include "proto/decode_tracks.h"

enum form { LIST, WORD, BOOLEAN, JSON };

static int read_where(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    ((struct mfd_selection *)out)->given = true;
    return mfd_read_where(r, v, at, out);
}

#define AT(field) offsetof(struct mfd_body, field)

/* As in decode.c; a member of the table a form. */
static const struct mfd_member members[] = {
    { "where", read_where, AT(tracks), false },
    { "virtual_tracks", mfd_read_virtuals, 0, false },
    { "over", mfd_read_over, 0, false },
    { "distribution", mfd_read_distribution, AT(distribution), false },
    { "settings", mfd_read_given, 0, false },
    { "levels", mfd_read_bool, AT(levels), false },
    { "a", mfd_read_setting, AT(a), false },
    { "b", mfd_read_setting, AT(b), false },
    { "like", mfd_read_string, AT(like), false },
    { "held", mfd_read_held, AT(held), false },
};
static const enum form forms[] = { JSON, JSON, LIST, WORD, JSON, BOOLEAN, JSON, JSON, WORD, WORD };
#define MEMBERS (sizeof members / sizeof *members)
_Static_assert(sizeof forms / sizeof *forms == MEMBERS, "every member has its form");

/* There is no body to point into: say in words where it is. */
static int tell_place(struct mfd_problem *problem, const char *name)
{
    char detail[sizeof problem->detail];
    const char *inside = problem->has_pointer ? problem->pointer : "";
    snprintf(detail, sizeof detail, "%.40s%.120s: %.340s", name, inside, problem->detail);
    memcpy(problem->detail, detail, sizeof detail);
    problem->has_pointer = false;
    return -1;
}

static json_t *split(const char *value)
{
    json_t *list = json_array();
    for (const char *at = value; list; at++) {
        size_t n = strcspn(at, ",");
        json_array_append_new(list, json_stringn(at, n));
        at += n;
        if (!*at)
            break;
    }
    return list;
}

static json_t *parse(enum form form, const char *value, const struct mfd_limits *limits,
                     struct mfd_problem *problem)
{
    bool truth = strcmp(value, "true") == 0;
    switch (form) {
    case LIST:
        return split(value);
    case BOOLEAN:
        return truth || strcmp(value, "false") == 0 ? json_boolean(truth) : json_string(value);
    case JSON:
        return mfd_json_load(value, strlen(value), limits, problem);
    case WORD:
        break;
    }
    return json_string(value);
}

int mfd_body_member(struct mfd_body *body, const char *name, const char *value,
                    const struct mfd_limits *limits, struct mfd_problem *problem)
{
    size_t i = 0;
    while (i < MEMBERS && strcmp(members[i].name, name) != 0)
        i++;
    if (i == MEMBERS)
        return 1;
    if (!body->options && !(body->options = json_object()))
        return mfd_problem_nomem(problem);
    if (json_object_get(body->options, name))
        return mfd_problem_set(problem, "invalid-parameter", NULL,
                               "%s is given twice; it may stand there once", name);
    json_t *parsed = parse(forms[i], value, limits, problem);
    if (!parsed)
        return problem->type ? tell_place(problem, name) : mfd_problem_nomem(problem);
    return json_object_set_new(body->options, name, parsed) ? mfd_problem_nomem(problem) : 0;
}

int mfd_body_members(struct mfd_body *body, const struct mfd_limits *limits,
                     struct mfd_problem *problem)
{
    const struct mfd_at root = MFD_AT_ROOT;
    struct mfd_reader reader = { .limits = limits, .problem = problem, .blocks = body->blocks };
    if (!body->options)
        return 0;
    int status = mfd_read_object(&reader, body->options, &root, members, MEMBERS, body);
    body->blocks = reader.blocks;
    return status ? tell_place(problem, "parameter ") : 0;
}
