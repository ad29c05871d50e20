#include "client/mfd/choice.h"

#include <string.h>

#include "client/mfd/average.h"
#include "client/mfd/compute.h"
#include "client/mfd/contrast.h"
#include "client/mfd/experiment.h"

int choice_check(const struct settings *set, struct mfd_error *err)
{
    bool contrast = set->a.n || set->b.n, chosen = set->tracks.n || set->where.n;
    bool aggregate = set->aggregate && strcmp(set->aggregate, "none") != 0;
    const struct {
        bool wrong;
        const char *why;
    } rules[] = {
        { !set->a.n != !set->b.n, "a difference needs both settings, --a and --b" },
        { contrast && set->over.n, "give --over, or --a and --b, one of them" },
        { contrast && chosen,
          "a difference is between two settings of the metadata; leave --tracks and --where out" },
        { !contrast && set->set.n && chosen,
          "give tracks, or an experiment with --set, one of them" },
        { !contrast && !set->set.n && set->like,
          "--like goes with --set, or with --a and --b; a track as it is goes by --tracks" },
        { set->bias && (contrast || !set->set.n), "--bias goes with --set" },
        { set->held && !contrast, "--held goes with --a and --b" },
        { set->levels && set->scores.n && !list_has(&set->scores, "effect"),
          "--levels are of the effects; have effect among --scores" },
        { aggregate && (contrast || set->over.n || set->set.n),
          "--aggregate is over tracks; averages are a track at a time, and an experiment is one" },
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].wrong)
            return compute_misuse(err, "%s", rules[i].why);
    return average_check(set, err);
}

int choice_add(struct app *app, json_t *options, struct mfd_error *err)
{
    const struct settings *set = &app->set;
    json_t *fields = NULL;
    int status = compute_track_options(options, set, err);
    if (status == MFD_OK && (set->set.n || set->given_settings.n || set->a.n))
        status = experiment_fields(app, &fields, err);
    if (status == MFD_OK && set->a.n)
        status = contrast_add(options, fields, set, err);
    else if (status == MFD_OK && set->set.n)
        status = experiment_add_only(options, fields, set, err);
    if (status == MFD_OK)
        status = average_add(options, fields, set, err);
    json_decref(fields);
    return status;
}
