#include "tests/util/test.h"

#include <stdio.h>

#include "proto/decode.h"

static const struct mfd_limits small = {
    .json_bytes = 4096,
    .json_depth = 6,
    .json_values = 400,
    .items = 4,
    .unscored = 2,
    .track_ids = 3,
    .virtual_tracks = 2,
    .columns = 2,
    .labels = 3,
    .string_bytes = 16,
    .sequence_bases = 32,
};

#define P MFD_CALL_PREDICT
#define F MFD_CALL_FEATURES
#define V MFD_CALL_VARIANTS
#define N MFD_CALL_NORMALIZE
#define M MFD_CALL_MARGINAL
#define C MFD_CALL_CONTRAST

/* JSON with ' for ", to be legible here. */
static char *quote(const char *text, char *out, size_t size)
{
    size_t n = strlen(text);
    assert_true(n < size);
    for (size_t i = 0; i <= n; i++)
        out[i] = text[i] == '\'' ? '"' : text[i];
    return out;
}

static int decode(struct mfd_body *body, enum mfd_call call, const char *text,
                  struct mfd_problem *problem)
{
    char json[5000];
    quote(text, json, sizeof json);
    return mfd_body_decode(body, call, json, strlen(json), &small, small.items, problem);
}

static const struct malformed {
    enum mfd_call call;
    const char *body, *slug, *pointer;
} malformed[] = {
    /* the document */
    { P, "", "malformed-json", "" },
    { P, "nonsense", "malformed-json", "" },
    { P, "{", "malformed-json", "" },
    { P, "{'sequences':['A'}", "malformed-json", "/sequences" },
    { P, "{'sequences':['A']}x", "malformed-json", "" },
    { P, "{'sequences':['A'],}", "malformed-json", "" },
    { P, "{'model':'\\u0000','sequences':['A']}", "malformed-json", "/model" },
    { P, "{'model':'\\ud800','sequences':['A']}", "malformed-json", "/model" },
    { P, "{'model':'\xff','sequences':['A']}", "malformed-json", "/model" },
    { P, "{'model':01}", "malformed-json", "/model" },
    { P, "{'model':1e999}", "malformed-json", "/model" },
    { P, "{'model':NaN}", "malformed-json", "/model" },
    { P, "{'pad':99999999999999999999}", "malformed-json", "/pad" },
    { P, "{'model':'a','model':'b'}", "duplicate-member", "/model" },
    { P, "{'tracks':{'where':{'x':['a'],'x':['b']}}}", "duplicate-member", "/tracks/where/x" },
    { V, "{'variants':[{'pos':1,'pos':2}]}", "duplicate-member", "/variants/0/pos" },
    { P, "[[[[[[[1]]]]]]]", "over-limit", "/0/0/0/0/0/0" },
    { P, "{'a':{'b/c':{'d':{'e':{'f':{'g':{}}}}}}}", "over-limit", "/a/b~1c/d/e/f/g" },
    { P, "[]", "wrong-type", "" },
    { P, "3", "wrong-type", "" },
    { P, "null", "wrong-type", "" },
    /* members */
    { P, "{}", "missing-member", "" },
    { V, "{}", "missing-member", "" },
    { P, "{'track':1,'sequences':['A']}", "unknown-member", "/track" },
    { P, "{'a/b~c':1,'sequences':['A']}", "unknown-member", "/a~1b~0c" },
    { P, "{'variants':['x']}", "unknown-member", "/variants" },
    { V, "{'variants':['x'],'sequences':['A']}", "unknown-member", "/sequences" },
    { F, "{'sequences':['A'],'tracks':{}}", "unknown-member", "/tracks" },
    { F, "{'sequences':['A'],'scale':'logit'}", "unknown-member", "/scale" },
    { P, "{'sequences':['A'],'scores':['effect']}", "unknown-member", "/scores" },
    { P, "{'sequences':['A'],'intervals':['x']}", "conflicting-members", "/intervals" },
    { P, "{'sequences':['A'],'tracks':{},'virtual_tracks':[{'id':'v','metadata':{'x':1}}]}",
      "conflicting-members", "/virtual_tracks" },
    /* inputs as a whole */
    { P, "{'sequences':[]}", "invalid-value", "/sequences" },
    { P, "{'sequences':'ACGT'}", "wrong-type", "/sequences" },
    { P, "{'sequences':{}}", "wrong-type", "/sequences" },
    { P, "{'sequences':['A','A','A','A','A']}", "over-limit", "/sequences" },
    { V, "{'variants':null}", "wrong-type", "/variants" },
    { V, "{'variants':[1,2,3,4,5]}", "over-limit", "/variants" },
    { P, "{'sequences':[6,'A',7,8]}", "over-limit", "/sequences" },
    /* shared members */
    { P, "{'sequences':['A'],'model':7}", "wrong-type", "/model" },
    { P, "{'sequences':['A'],'model':''}", "invalid-value", "/model" },
    { P, "{'sequences':['A'],'model':'aaaaaaaaaaaaaaaaa'}", "over-limit", "/model" },
    { P, "{'sequences':['A'],'genome':null}", "wrong-type", "/genome" },
    { P, "{'sequences':['A'],'strict':1}", "wrong-type", "/strict" },
    { P, "{'sequences':['A'],'dry_run':'yes'}", "wrong-type", "/dry_run" },
    { P, "{'sequences':['A'],'pad':null}", "wrong-type", "/pad" },
    { P, "{'sequences':['A'],'ensemble':'both'}", "invalid-value", "/ensemble" },
    { P, "{'sequences':['A'],'ensemble':14}", "wrong-type", "/ensemble" },
    { P, "{'sequences':['A'],'ensemble':{'shifts':7}}", "missing-member", "/ensemble" },
    { P, "{'sequences':['A'],'ensemble':{'shifts':8,'strands':true}}", "invalid-value",
      "/ensemble/shifts" },
    { P, "{'sequences':['A'],'ensemble':{'shifts':0,'strands':true}}", "invalid-value",
      "/ensemble/shifts" },
    { P, "{'sequences':['A'],'ensemble':{'shifts':1.5,'strands':true}}", "wrong-type",
      "/ensemble/shifts" },
    { P, "{'sequences':['A'],'ensemble':{'shifts':1,'strands':2}}", "wrong-type",
      "/ensemble/strands" },
    { P, "{'sequences':['A'],'ensemble':{'shifts':1,'strands':true,'x':1}}", "unknown-member",
      "/ensemble/x" },
    /* what to answer */
    { P, "{'sequences':['A'],'components':'total'}", "wrong-type", "/components" },
    { P, "{'sequences':['A'],'components':[]}", "invalid-value", "/components" },
    { P, "{'sequences':['A'],'components':['total','total']}", "invalid-value", "/components/1" },
    { P, "{'sequences':['A'],'components':['bias']}", "invalid-value", "/components/0" },
    { P, "{'sequences':['A'],'components':[1]}", "wrong-type", "/components/0" },
    { P, "{'sequences':['A'],'scale':'log'}", "invalid-value", "/scale" },
    { P, "{'sequences':['A'],'scale':''}", "invalid-value", "/scale" },
    { P, "{'sequences':['A'],'scale':['logit']}", "wrong-type", "/scale" },
    { P, "{'sequences':['A'],'components':['biological'],'scale':'probability'}",
      "unsupported-component", "/scale" },
    { V, "{'variants':['x'],'scores':['swap'],'scale':'probability'}", "unsupported-component",
      "/scale" },
    { V, "{'variants':['x'],'scores':['delta']}", "invalid-value", "/scores/0" },
    { V, "{'variants':['x'],'features':['total']}", "invalid-value", "/features/0" },
    { F, "{'sequences':['A'],'subspaces':['both']}", "invalid-value", "/subspaces/0" },
    { F, "{'sequences':['A'],'subspaces':'both'}", "wrong-type", "/subspaces" },
    /* tracks */
    { P, "{'sequences':['A'],'tracks':['t']}", "wrong-type", "/tracks" },
    { P, "{'sequences':['A'],'tracks':{'id':['t']}}", "unknown-member", "/tracks/id" },
    { P, "{'sequences':['A'],'tracks':{'ids':'t'}}", "wrong-type", "/tracks/ids" },
    { P, "{'sequences':['A'],'tracks':{'ids':[]}}", "invalid-value", "/tracks/ids" },
    { P, "{'sequences':['A'],'tracks':{'ids':['t',5]}}", "wrong-type", "/tracks/ids/1" },
    { P, "{'sequences':['A'],'tracks':{'ids':['']}}", "invalid-value", "/tracks/ids/0" },
    { P, "{'sequences':['A'],'tracks':{'ids':['a','b','c','d']}}", "over-limit", "/tracks/ids" },
    { P, "{'sequences':['A'],'tracks':{'where':[]}}", "wrong-type", "/tracks/where" },
    { P, "{'sequences':['A'],'tracks':{'where':{}}}", "invalid-value", "/tracks/where" },
    { P, "{'sequences':['A'],'tracks':{'where':{'x':'CTCF'}}}", "wrong-type", "/tracks/where/x" },
    { P, "{'sequences':['A'],'tracks':{'where':{'x':[]}}}", "invalid-value", "/tracks/where/x" },
    { P, "{'sequences':['A'],'tracks':{'where':{'x':[2015]}}}", "wrong-type", "/tracks/where/x/0" },
    { P, "{'sequences':['A'],'tracks':{'where':{'x':['a','b','c','d']}}}", "over-limit",
      "/tracks/where/x" },
    { P, "{'sequences':['A'],'tracks':{'where':{'a':['a'],'b':['b'],'c':['c']}}}", "over-limit",
      "/tracks/where" },
    { P, "{'sequences':['A'],'tracks':{'aggregate':'sum'}}", "invalid-value", "/tracks/aggregate" },
    /* virtual tracks */
    { P, "{'sequences':['A'],'virtual_tracks':{}}", "wrong-type", "/virtual_tracks" },
    { P, "{'sequences':['A'],'virtual_tracks':[]}", "invalid-value", "/virtual_tracks" },
    { P, "{'sequences':['A'],'virtual_tracks':['v']}", "wrong-type", "/virtual_tracks/0" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v'}]}", "missing-member",
      "/virtual_tracks/0" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'metadata':{'x':'y'}}]}", "missing-member",
      "/virtual_tracks/0" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{}}]}", "invalid-value",
      "/virtual_tracks/0/metadata" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{'x':['y',1]}}]}", "wrong-type",
      "/virtual_tracks/0/metadata/x/1" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{'x':true}}]}", "wrong-type",
      "/virtual_tracks/0/metadata/x" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{'x':'yyyyyyyyyyyyyyyyy'}}]}",
      "over-limit", "/virtual_tracks/0/metadata/x" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{'a':1,'b':2,'c':3}}]}",
      "over-limit", "/virtual_tracks/0/metadata" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{'x':1},'bias':'zero'}]}",
      "invalid-value", "/virtual_tracks/0/bias" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{'x':1},'bias':true}]}",
      "wrong-type", "/virtual_tracks/0/bias" },
    { P, "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{'x':1},'bias':1e300}]}",
      "invalid-value", "/virtual_tracks/0/bias" },
    { P,
      "{'sequences':['A'],'virtual_tracks':[{'id':'v','metadata':{'x':1}},{'id':'v','metadata':"
      "{'x':2}}]}",
      "invalid-value", "/virtual_tracks/1/id" },
    { P,
      "{'sequences':['A'],'virtual_tracks':[{'id':'u','metadata':{'x':1}},{'id':'v','metadata':"
      "{'x':2}},{'id':'w','metadata':{'x':2}}]}",
      "over-limit", "/virtual_tracks" },
    /* averages, contrasts, notations */
    { M, "{'sequences':['A']}", "missing-member", "" },
    { M, "{'sequences':['A'],'over':'x'}", "wrong-type", "/over" },
    { M, "{'sequences':['A'],'over':['x',1]}", "wrong-type", "/over/1" },
    { M, "{'sequences':['A'],'over':['x','y','z']}", "over-limit", "/over" },
    { M, "{'sequences':['A'],'over':['x'],'distribution':'flat'}", "invalid-value",
      "/distribution" },
    { M, "{'sequences':['A'],'over':['x'],'levels':0}", "wrong-type", "/levels" },
    { M, "{'sequences':['A'],'over':['x'],'a':{}}", "unknown-member", "/a" },
    { C, "{'sequences':['A'],'a':{'x':1}}", "missing-member", "" },
    { C, "{'sequences':['A'],'a':{'x':1},'b':[]}", "wrong-type", "/b" },
    { C, "{'sequences':['A'],'a':{'x':{}},'b':{'x':1}}", "wrong-type", "/a/x" },
    { C, "{'sequences':['A'],'a':{'x':1},'b':{'x':1},'held':'all'}", "invalid-value", "/held" },
    { C, "{'sequences':['A'],'a':{'x':1},'b':{'x':1},'like':5}", "wrong-type", "/like" },
    { C, "{'sequences':['A'],'a':{'x':1},'b':{'x':1},'tracks':{}}", "unknown-member", "/tracks" },
    { N, "{'variants':['x'],'model':'m'}", "unknown-member", "/model" },
    { N, "{'variants':[]}", "invalid-value", "/variants" },
};

static void every_malformed_request_is_refused_with_its_type_and_place(void **state)
{
    (void)state;
    size_t n = sizeof malformed / sizeof *malformed;
    assert_true(n >= 60);
    for (size_t i = 0; i < n; i++) {
        const struct malformed *m = &malformed[i];
        struct mfd_problem problem = MFD_PROBLEM_INIT;
        struct mfd_body body = { .n_items = 77 };
        if (!decode(&body, m->call, m->body, &problem))
            fail_msg("accepted: %s", m->body);
        if (strcmp(problem.type->slug, m->slug) || strcmp(problem.pointer, m->pointer) ||
            !problem.has_pointer)
            fail_msg("%s: %s at \"%s\", not %s at \"%s\" (%s)", m->body, problem.type->slug,
                     problem.pointer, m->slug, m->pointer, problem.detail);
        assert_true(strlen(problem.detail) > 5);
        assert_int_equal(problem.limit != NULL, strcmp(m->slug, "over-limit") == 0);
        assert_int_equal(body.n_items, 77); /* outputs are untouched */
    }
}

static const struct malformed bad_items[] = {
    /* the second of two inputs */
    { P, "{'sequences':['A',7]}", "wrong-type", "/sequences/1" },
    { P, "{'sequences':['A','']}", "invalid-value", "/sequences/1" },
    { P, "{'sequences':['A',{'id':'x'}]}", "missing-member", "/sequences/1" },
    { P, "{'sequences':['A',{'sequence':4}]}", "wrong-type", "/sequences/1/sequence" },
    { P, "{'sequences':['A',{'sequence':'A','start':4}]}", "unknown-member", "/sequences/1/start" },
    { P, "{'sequences':['A','AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']}", "over-limit", "/sequences/1" },
    { P, "{'intervals':['c:1-2',null]}", "wrong-type", "/intervals/1" },
    { P, "{'intervals':['c:1-2',{'chrom':'c','start':0}]}", "missing-member", "/intervals/1" },
    { P, "{'intervals':['c:1-2',{'chrom':'c','start':-1,'end':5}]}", "invalid-value",
      "/intervals/1/start" },
    { P, "{'intervals':['c:1-2',{'chrom':'c','start':5,'end':5}]}", "bad-interval",
      "/intervals/1" },
    { P, "{'intervals':['c:1-2',{'chrom':'c','start':0,'end':9223372036854775807}]}",
      "invalid-value", "/intervals/1/end" },
    { P, "{'intervals':['c:1-2',{'chrom':20,'start':0,'end':5}]}", "wrong-type",
      "/intervals/1/chrom" },
    { P, "{'intervals':['c:1-2',{'chrom':'c','start':0.5,'end':5}]}", "wrong-type",
      "/intervals/1/start" },
    { P, "{'intervals':['c:1-2','aaaaaaaaaaaaaaaaa']}", "over-limit", "/intervals/1" },
    { V, "{'variants':['c-1-A-C',[]]}", "wrong-type", "/variants/1" },
    { V, "{'variants':['c-1-A-C',{}]}", "missing-member", "/variants/1" },
    { V, "{'variants':['c-1-A-C',{'chrom':'c','pos':0,'ref':'A','alt':'C'}]}", "invalid-value",
      "/variants/1/pos" },
    { V, "{'variants':['c-1-A-C',{'chrom':'c','pos':'5','ref':'A','alt':'C'}]}", "wrong-type",
      "/variants/1/pos" },
    { V, "{'variants':['c-1-A-C',{'chrom':'c','pos':5,'ref':'','alt':'C'}]}", "invalid-value",
      "/variants/1/ref" },
    { V, "{'variants':['c-1-A-C',{'chrom':'c','pos':5,'ref':'A','alt':['C','G']}]}", "wrong-type",
      "/variants/1/alt" },
    { V, "{'variants':['c-1-A-C',{'chrom':'c','pos':5,'ref':'A','alt':'C','qual':1}]}",
      "unknown-member", "/variants/1/qual" },
    { V, "{'variants':['c-1-A-C',{'id':7,'chrom':'c','pos':5,'ref':'A','alt':'C'}]}", "wrong-type",
      "/variants/1/id" },
};

static void a_bad_input_keeps_its_problem_and_takes_nothing_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_items / sizeof *bad_items; i++) {
        const struct malformed *m = &bad_items[i];
        struct mfd_problem problem = MFD_PROBLEM_INIT;
        struct mfd_body body;
        if (decode(&body, m->call, m->body, &problem))
            fail_msg("%s: %s", m->body, problem.detail);
        assert_null(problem.type);
        assert_int_equal(body.n_items, 2);
        assert_null(body.items[0].problem);
        assert_non_null(body.items[0].text);
        const struct mfd_problem *kept = body.items[1].problem;
        assert_non_null(kept);
        if (strcmp(kept->type->slug, m->slug) || strcmp(kept->pointer, m->pointer))
            fail_msg("%s: %s at %s", m->body, kept->type->slug, kept->pointer);
        mfd_body_deinit(&body);
    }
}

static void a_bad_input_is_named_by_its_id_where_it_has_one(void **state)
{
    (void)state;
    struct mfd_problem problem;
    struct mfd_body body;
    assert_int_equal(
        decode(&body, V, "{'variants':[{'id':'rs1','chrom':5},{'id':{},'x':1}]}", &problem), 0);
    assert_string_equal(body.items[0].id, "rs1");
    assert_null(body.items[1].id);
    mfd_body_deinit(&body);
}

static void inputs_are_read_in_all_their_shapes(void **state)
{
    (void)state;
    struct mfd_problem problem;
    struct mfd_body body;
    assert_int_equal(
        decode(&body, P, "{'sequences':['ACGT',{'id':'s','sequence':'acg'}]}", &problem), 0);
    assert_int_equal(body.input, MFD_INPUT_SEQUENCES);
    assert_null(body.items[0].id);
    assert_int_equal(body.items[0].n, 4);
    assert_string_equal(body.items[1].id, "s");
    assert_string_equal(body.items[1].text, "acg");
    mfd_body_deinit(&body);

    assert_int_equal(decode(&body, P,
                            "{'intervals':['c:1-9',{'chrom':'c','start':3,'end':9,'id':'i'}]}",
                            &problem),
                     0);
    assert_int_equal(body.input, MFD_INPUT_INTERVALS);
    assert_string_equal(body.items[0].text, "c:1-9");
    assert_null(body.items[1].text);
    assert_int_equal(body.items[1].start, 3);
    assert_int_equal(body.items[1].end, 9);
    mfd_body_deinit(&body);

    assert_int_equal(
        decode(&body, V, "{'variants':['c-1-A-C',{'chrom':'c','pos':5,'ref':'A','alt':'<DEL>'}]}",
               &problem),
        0);
    assert_int_equal(body.items[1].start, 4); /* 1-based on the wire */
    assert_string_equal(body.items[1].alt, "<DEL>");
    mfd_body_deinit(&body);
}

static void defaults_are_those_of_the_contract(void **state)
{
    (void)state;
    struct mfd_problem problem;
    struct mfd_body body;
    assert_int_equal(decode(&body, P, "{'sequences':['A']}", &problem), 0);
    assert_int_equal(body.components, MFD_PART_TOTAL);
    assert_int_equal(body.scale, MFD_SCALE_PROBABILITY);
    assert_int_equal(body.shifts, 1);
    assert_true(body.strands && !body.pad && !body.strict && !body.dry_run);
    assert_null(body.model);
    mfd_body_deinit(&body);
    assert_int_equal(decode(&body, P, "{'sequences':['A'],'components':['technical']}", &problem),
                     0);
    assert_int_equal(body.scale, MFD_SCALE_LOGIT);
    mfd_body_deinit(&body);
    assert_int_equal(decode(&body, V, "{'variants':['x']}", &problem), 0);
    assert_int_equal(body.scores, MFD_SCORE_EFFECT);
    assert_int_equal(body.scale, MFD_SCALE_LOGIT);
    assert_int_equal(body.shifts, 7);
    assert_int_equal(body.subspaces, 0);
    mfd_body_deinit(&body);
    assert_int_equal(decode(&body, F, "{'sequences':['A']}", &problem), 0);
    assert_int_equal(body.subspaces, MFD_SUBSPACE_BIOLOGICAL | MFD_SUBSPACE_TECHNICAL);
    mfd_body_deinit(&body);
}

static void selections_and_virtual_tracks_are_read_in_order(void **state)
{
    (void)state;
    struct mfd_problem problem;
    struct mfd_body body;
    assert_int_equal(decode(&body, P,
                            "{'sequences':['A'],'tracks':{'ids':['b','a'],'where':{'x':['1','2'],"
                            "'y':['3']},'aggregate':'max'}}",
                            &problem),
                     0);
    assert_int_equal(body.tracks.n_ids, 2);
    assert_string_equal(body.tracks.ids[0], "b");
    assert_int_equal(body.tracks.n_where, 2);
    assert_string_equal(body.tracks.where[0].column, "x");
    assert_int_equal(body.tracks.where[0].n, 2);
    assert_string_equal(body.tracks.where[1].labels[0], "3");
    assert_int_equal(body.tracks.aggregate, MFD_AGGREGATE_MAX);
    mfd_body_deinit(&body);

    assert_int_equal(
        decode(&body, V,
               "{'variants':['x'],'virtual_tracks':[{'id':'u','metadata':{'x':'a',"
               "'y':-2.5}},{'id':'v','bias':-1.5,'like':'t','metadata':{'x':['','a'],'y':null}}]}",
               &problem),
        0);
    assert_int_equal(body.n_virtual_tracks, 2);
    assert_int_equal(body.virtual_tracks[0].bias, MFD_VIRTUAL_BIAS_NONE);
    assert_true(json_number_value(json_object_get(body.virtual_tracks[0].metadata, "y")) == -2.5);
    assert_null(body.virtual_tracks[0].like);
    assert_int_equal(body.virtual_tracks[1].bias, MFD_VIRTUAL_BIAS_NUMBER);
    assert_true(body.virtual_tracks[1].bias_number == -1.5);
    assert_string_equal(body.virtual_tracks[1].like, "t");
    mfd_body_deinit(&body);
}

static void a_mistyped_member_is_answered_with_the_nearest_one(void **state)
{
    (void)state;
    struct mfd_problem problem;
    struct mfd_body body;
    assert_int_equal(decode(&body, P, "{'Sequences':['A']}", &problem), -1);
    assert_non_null(strstr(problem.detail, "\"sequences\"?"));
    assert_int_equal(decode(&body, P, "{'zzzzzzzzzz':['A']}", &problem), -1);
    assert_non_null(strstr(problem.detail, "virtual_tracks"));
}

static void an_integer_is_one_however_it_is_written(void **state)
{
    (void)state;
    struct mfd_problem problem;
    struct mfd_body body;
    assert_int_equal(decode(&body, P,
                            "{'intervals':[{'chrom':'c','start':4e7,'end':4.00128e7},"
                            "{'chrom':'c','start':1.0,'end':2.5}]}",
                            &problem),
                     0);
    assert_int_equal(body.items[0].start, 40000000);
    assert_int_equal(body.items[0].end, 40012800);
    assert_string_equal(body.items[1].problem->type->slug, "wrong-type");
    assert_string_equal(body.items[1].problem->pointer, "/intervals/1/end");
    mfd_body_deinit(&body);
    assert_int_equal(decode(&body, P,
                            "{'intervals':[{'chrom':'c','start':-1.0,'end':2},"
                            "{'chrom':'c','start':0,'end':1e300}]}",
                            &problem),
                     0);
    assert_string_equal(body.items[0].problem->type->slug, "invalid-value");
    assert_string_equal(body.items[1].problem->type->slug, "wrong-type");
    mfd_body_deinit(&body);
}

static void a_body_that_is_no_json_is_told_how_it_is_sent(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = { { "\x1f\x8b\b", "application/gzip" },
                  { "##fileformat=VCFv4.2\n", "text/vcf" },
                  { "{", "line 1" } };
    struct mfd_problem problem;
    struct mfd_body body;
    for (size_t i = 0; i < 3; i++) {
        problem = (struct mfd_problem)MFD_PROBLEM_INIT;
        assert_int_equal(decode(&body, V, cases[i].text, &problem), -1);
        assert_non_null(strstr(problem.detail, cases[i].words));
    }
    assert_int_equal(decode(&body, P, "\xef\xbb\xbf{'sequences':['A']}", &problem), 0);
    mfd_body_deinit(&body);
    assert_int_equal(decode(&body, P, "\xef\xbb\xbf", &problem), -1);
}

static void sizes_are_judged_before_anything_is_parsed(void **state)
{
    (void)state;
    struct mfd_problem problem;
    struct mfd_body body;
    static char large[5000];
    memset(large, ' ', sizeof large);
    assert_int_equal(mfd_body_decode(&body, P, large, sizeof large, &small, 4, &problem), -1);
    assert_string_equal(problem.limit, "json_bytes");
    assert_int_equal(problem.actual, 5000);
    memset(large, '[', 3000); /* not valid either, but too deep comes first */
    assert_int_equal(mfd_body_decode(&body, P, large, 3000, &small, 4, &problem), -1);
    assert_string_equal(problem.limit, "json_depth");
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(large + i, "1,", 2);
    large[0] = '[';
    assert_int_equal(mfd_body_decode(&body, P, large, 4000, &small, 4, &problem), -1);
    assert_string_equal(problem.limit, "json_values");
    struct mfd_limits deep = small;
    deep.json_depth = 1000000; /* more than there are frames for */
    memset(large, '[', 4000);
    assert_int_equal(mfd_body_decode(&body, P, large, 4000, &deep, 4, &problem), -1);
    assert_int_equal(problem.maximum, MFD_JSON_DEPTH_MAX);
}

static void brackets_inside_strings_are_no_structure(void **state)
{
    (void)state;
    struct mfd_problem problem;
    struct mfd_body body;
    assert_int_equal(decode(&body, P, "{'model':'[[{{\\\\\\'[[[[','sequences':['A']}", &problem),
                     0);
    mfd_body_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_malformed_request_is_refused_with_its_type_and_place),
        cmocka_unit_test(a_bad_input_keeps_its_problem_and_takes_nothing_down),
        cmocka_unit_test(a_bad_input_is_named_by_its_id_where_it_has_one),
        cmocka_unit_test(inputs_are_read_in_all_their_shapes),
        cmocka_unit_test(defaults_are_those_of_the_contract),
        cmocka_unit_test(selections_and_virtual_tracks_are_read_in_order),
        cmocka_unit_test(a_mistyped_member_is_answered_with_the_nearest_one),
        cmocka_unit_test(an_integer_is_one_however_it_is_written),
        cmocka_unit_test(a_body_that_is_no_json_is_told_how_it_is_sent),
        cmocka_unit_test(sizes_are_judged_before_anything_is_parsed),
        cmocka_unit_test(brackets_inside_strings_are_no_structure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
