/* mfdd: the daemon. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/genome/genome.h"
#include "core/model/model.h"
#include "server/app_life.h"
#include "server/certificate.h"
#include "server/demo.h"
#include "server/keys.h"
#include "server/notify.h"
#include "server/options.h"
#include "server/settings.h"

enum { EXIT_USAGE = 2 };

/* Where the daemon's own data lives when nobody said so. */
static int choose_state_dir(struct mfd_settings *s, struct mfd_error *err)
{
    const char *given = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    struct mfd_buffer b = MFD_BUFFER_INIT;
    if (s->state_dir[0])
        return MFD_OK;
    if (given && given[0])
        mfd_buffer_add(&b, given, strcspn(given, ":"));
    else if (xdg && xdg[0])
        mfd_buffer_addf(&b, "%s/mfd", xdg);
    else if (home && home[0])
        mfd_buffer_addf(&b, "%s/.local/state/mfd", home);
    else
        return mfd_fail(err, MFD_EINVAL,
                        "there is no place for a state directory; set --state-dir");
    free(s->state_dir);
    s->state_dir = mfd_buffer_steal(&b, NULL);
    if (s->state_dir)
        return MFD_OK;
    s->state_dir = mfd_strdup("");
    return mfd_fail_nomem(err);
}

static int read_settings(struct mfd_settings *s, const struct mfd_options *o, struct mfd_error *err)
{
    int status = mfd_settings_init(s, err);
    if (status == MFD_OK && o->config)
        status = mfd_settings_read(s, o->config, err);
    for (size_t i = 0; i < o->n_overrides && status == MFD_OK; i++)
        status = mfd_settings_set(s, o->overrides[i], err);
    if (status == MFD_OK && o->demo)
        status = mfd_demo_add(s, err);
    return status < 0 ? status : mfd_settings_check(s, err);
}

/* As many descriptors as connections need, where the system lets us. */
static void raise_files(const struct mfd_settings *s)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)s->limits.connections + 256;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= want)
        return;
    limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < want)
        mfd_log(MFD_LOG_WARNING, "only %llu descriptors for %lld connections; raise LimitNOFILE",
                (unsigned long long)limit.rlim_cur, (long long)s->limits.connections);
}

static int serve(struct mfd_settings *s, const struct mfd_options *o, struct mfd_error *err)
{
    struct mfd_app *app = NULL;
    char *temporary = NULL;
    int status = MFD_OK;
    if (o->demo && !s->state_dir[0]) {
        status = mfd_demo_state(s, err);
        temporary = status < 0 ? NULL : mfd_strdup(s->state_dir);
    }
    if (status == MFD_OK)
        status = choose_state_dir(s, err);
    if (status < 0)
        return status;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of that write */
    mfd_settings_apply_log(s);
    raise_files(s);
    const struct mfd_app_options options = {
        .settings = s,
        .config_path = o->config,
        .overrides = (const char *const *)o->overrides,
        .n_overrides = o->n_overrides,
        .listen_fd = mfd_notify_socket(),
    };
    status = mfd_app_new(&app, &options, err);
    if (status == MFD_OK)
        mfd_app_run(app);
    mfd_app_free(app);
    if (temporary)
        mfd_demo_forget(temporary);
    free(temporary);
    return status;
}

static int print_config(const struct mfd_settings *s)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_settings_print(s, &text);
    int status = text.failed ? MFD_ENOMEM : MFD_OK;
    if (status == MFD_OK)
        fputs(text.data, stdout);
    mfd_buffer_deinit(&text);
    return status;
}

/* What the configuration names must be there, too: as the daemon would open it. */
static int check_files(const struct mfd_settings *s, struct mfd_error *err)
{
    int status =
        s->tls_certificate[0] ? mfd_certificate_check(s->tls_certificate, s->tls_key, err) : MFD_OK;
    for (size_t i = 0; i < s->models.n && status == MFD_OK; i++) {
        struct mfd_model *model = NULL;
        status = mfd_model_open(&model, s->models.at[i].path, err);
        if (status < 0)
            mfd_fail_prefix(err, status, "model %s", s->models.at[i].name);
        mfd_model_unref(model);
    }
    for (size_t i = 0; i < s->genomes.n && status == MFD_OK; i++) {
        struct mfd_genome *genome = NULL;
        status = mfd_genome_open(&genome, s->genomes.at[i].path, err);
        if (status < 0)
            mfd_fail_prefix(err, status, "genome %s", s->genomes.at[i].name);
        mfd_genome_unref(genome);
    }
    return status;
}

static int run(struct mfd_settings *s, const struct mfd_options *o, struct mfd_error *err)
{
    int status;
    switch (o->command) {
    case MFD_CMD_HELP:
        fputs(mfd_options_help, stdout);
        return MFD_OK;
    case MFD_CMD_VERSION:
        puts("mfdd " MFD_VERSION);
        return MFD_OK;
    default:
        break;
    }
    status = read_settings(s, o, err);
    if (status == MFD_OK && o->command == MFD_CMD_CHECK_CONFIG)
        return check_files(s, err);
    if (status < 0)
        return status;
    if (o->command == MFD_CMD_PRINT_CONFIG)
        return print_config(s);
    if (o->command == MFD_CMD_SERVE)
        return serve(s, o, err);
    status = choose_state_dir(s, err);
    return status < 0 ? status : mfd_keys_run(o, s->state_dir, err);
}

int main(int argc, char **argv)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_options options;
    struct mfd_settings settings = { 0 };
    int code = EXIT_SUCCESS;
    if (mfd_options_parse(&options, argc, argv, &err) < 0)
        code = EXIT_USAGE;
    else if (run(&settings, &options, &err) < 0)
        code = EXIT_FAILURE;
    if (code != EXIT_SUCCESS)
        fprintf(stderr, "mfdd: %s\n", err.message);
    mfd_settings_deinit(&settings);
    mfd_options_deinit(&options);
    return code;
}
