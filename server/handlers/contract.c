/* GET /openapi.json and /problems/{slug}: what this server says of itself. */
#include <string.h>

#include "proto/contract.h"
#include "server/handlers/routes.h"
#include "server/request.h"

static void get_contract(struct mfd_request *rq)
{
    mfd_reply_static(rq, 200, MFD_MEDIA_JSON, mfd_contract_json, mfd_contract_size);
}

static void get_problem(struct mfd_request *rq)
{
    const char *slug = mfd_request_param(rq, "slug");
    const struct mfd_problem_type *type = mfd_problem_find(slug);
    if (strcmp(type->slug, slug) != 0) {
        mfd_reply_fail(rq, "not-found", NULL, "there is no problem type of that name");
        return;
    }
    struct mfd_buffer body = MFD_BUFFER_INIT;
    mfd_buffer_addf(&body, "{\"type\":\"/problems/%s\",\"title\":\"%s\",\"status\":%d}\n",
                    type->slug, type->title, type->status);
    mfd_reply_buffer(rq, 200, MFD_MEDIA_JSON, &body);
}

const struct mfd_route mfd_routes_contract[] = {
    { "GET", "/openapi.json", .handle = get_contract, .where = MFD_ON_LOOP, .scope = MFD_SCOPE_NONE,
      .offers = MFD_MEDIA_JSON },
    { "GET", "/problems/{slug}", .handle = get_problem, .where = MFD_ON_LOOP,
      .scope = MFD_SCOPE_NONE, .offers = MFD_MEDIA_JSON },
    { 0 },
};
