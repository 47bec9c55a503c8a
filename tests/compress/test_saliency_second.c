/*
 * test_saliency_second.c - criteria that look at data: what a cut by them costs, and what is made good.
 */
#include "tests/compress/compress_fixture.h"

#include "compress/prune/prune.h"

static struct evaluation tested(struct graph *graph)
{
    const struct evaluate_options how = {.threads = 1};
    struct evaluation evaluation = {0};
    uint32_t indices[TRAIN];
    for (uint32_t i = 0; i < TRAIN; i++)
        indices[i] = i;
    assert_int_equal(evaluate_network(graph, dataset, indices, TRAIN, &how, &evaluation, NULL), SNED_OK);
    return evaluation;
}

/* The loss when fc1 keeps `share` of its weights by a criterion, without retraining. */
static double loss_after_cut(const char *name, double share, bool adjusted)
{
    const struct saliency *saliency = saliency_find(name);
    const int node = 3;
    struct graph *graph;
    uint32_t indices[200];
    sned_error error = {0};
    for (uint32_t i = 0; i < 200; i++)
        indices[i] = i;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    struct tensor *weights = &graph->tensors[graph->nodes[node].inputs[1]];
    const size_t count = sned_shape_elements(&weights->shape);
    const struct saliency_context context = {
        .graph = graph, .dataset = dataset, .indices = indices, .count = 200, .threads = 1, .seed = 1};
    float *scores = malloc(count * sizeof *scores), *before = malloc(count * sizeof *before);
    assert_true(scores != NULL && before != NULL);
    memcpy(before, weights->data, count * sizeof *before);
    if (saliency->score(&context, &graph->nodes[node], weights, scores, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(prune_tensor(weights, scores, prune_keep_count(count, share), NULL), SNED_OK);
    if (adjusted && saliency->adjust(&context, graph, &graph->nodes[node], before, &error) != SNED_OK)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < count; i++)
        assert_true(weights->mask[i] || ((float *)weights->data)[i] == 0);
    const double loss = tested(graph).loss;
    free(scores);
    free(before);
    sned_graph_free(graph);
    return loss;
}

/* Filter 0 of the convolution never fires: by magnitude, what reads it would matter. */
static void to_the_loss_a_weight_that_reads_nothing_does_not_matter(void **state)
{
    const size_t plane = (SIDE - 2) * (SIDE - 2), columns = FILTERS * plane;
    struct graph *graph;
    uint32_t indices[50];
    float *scores = malloc(HIDDEN * columns * sizeof *scores), other = 0;
    assert_non_null(scores);
    for (uint32_t i = 0; i < 50; i++)
        indices[i] = i;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    ((float *)graph->tensors[graph->nodes[0].inputs[2]].data)[0] = -100;
    const struct saliency_context context = {
        .graph = graph, .dataset = dataset, .indices = indices, .count = 50, .threads = 1, .seed = 1};
    assert_int_equal(saliency_find("fisher")->score(&context, &graph->nodes[3],
                                                    &graph->tensors[graph->nodes[3].inputs[1]], scores, NULL),
                     SNED_OK);
    for (size_t k = 0; k < HIDDEN; k++)
        for (size_t i = 0; i < columns; i++) {
            assert_true(scores[k * columns + i] >= 0);
            assert_true(i >= plane || scores[k * columns + i] == 0);
            other = fmaxf(other, scores[k * columns + i]);
        }
    assert_true(other > 0);
    free(scores);
    sned_graph_free(graph);
}

static void weights_that_stay_make_good_for_those_that_go(void **state)
{
    const double left = loss_after_cut("obs", 0.1, false), adjusted = loss_after_cut("obs", 0.1, true);
    if (!(adjusted < 0.7 * left))
        fail_msg("a loss of %g adjusted, %g not", adjusted, left);
}

static void compress_takes_them_by_name(void **state)
{
    const char *const names[] = {"fisher", "obs"};
    for (int i = 0; i < 2; i++) {
        struct compress_options options = quick();
        strcpy(options.recipe.saliency, names[i]);
        options.recipe.target_kept = 0.3;
        options.recipe.target_cuts = 1;
        options.recipe.peak = false;
        struct outcome outcome = run(&options);
        size_t kept = 0, count = 0;
        for (int n = 0; n < outcome.integer->node_count; n++) {
            kept += sned_node_kept(outcome.integer, &outcome.integer->nodes[n]);
            count += sned_node_weights(outcome.integer, &outcome.integer->nodes[n]);
        }
        assert_true((double)kept <= 0.3 * (double)count + 1);
        outcome_free(&outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_the_loss_a_weight_that_reads_nothing_does_not_matter),
        cmocka_unit_test(weights_that_stay_make_good_for_those_that_go),
        cmocka_unit_test(compress_takes_them_by_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
