/*
 * test_scores.c - what the numbers of a result mean: ranks, probabilities and the loss, of networks that end
 * in logits, Softmax, LogSoftmax or Sigmoid, and of those of one number. Wanted numbers are by hand, or by
 * the definitions written down in double.
 */
#include "tests/common/train_networks.h"

#include "train/executor/executor.h"
#include "train/executor/openmp.h"
#include "train/train.h"

enum { BATCH = 4, INPUTS = 6 };

static struct scores scores_of(enum op ending, int count)
{
    return (struct scores){.ending = ending,
                           .count = count,
                           .classes = count == 1 ? 2 : count,
                           .is_apart = count == 1 || ending == OP_SIGMOID};
}

static void assert_near(double got, double wanted)
{
    if (fabs(got - wanted) > 1e-6)
        fail_msg("%.9g instead of %.9g", got, wanted);
}

/* ---- classes ---- */

static void one_logit_is_judged_by_its_sign(void **state)
{
    const struct scores logit = scores_of(OP_IDENTITY, 1), sigmoid = scores_of(OP_SIGMOID, 1);
    const float values[3] = {-0.1f, 0, 0.1f}, probabilities[3] = {0.4f, 0.5f, 0.6f};
    for (int i = 0; i < 3; i++) {
        const int wanted = i == 2; /* a tie is the lower class */
        assert_int_equal(sned_scores_best(&logit, values + i), wanted);
        assert_int_equal(sned_scores_best(&sigmoid, probabilities + i), wanted);
        assert_int_equal(sned_scores_above(&logit, values + i, wanted), 0);
        assert_int_equal(sned_scores_above(&sigmoid, probabilities + i, !wanted), 1);
    }
}

static void one_number_gives_two_probabilities(void **state)
{
    const struct scores logit = scores_of(OP_IDENTITY, 1), sigmoid = scores_of(OP_SIGMOID, 1);
    float both[2] = {1.0986123f, 0}; /* log 3 */
    sned_scores_probabilities(&logit, both, both);
    assert_near(both[0], 0.25);
    assert_near(both[1], 0.75);
    both[0] = 0.3f;
    sned_scores_probabilities(&sigmoid, both, both);
    assert_near(both[0], 0.7);
    assert_near(both[1], 0.3);
}

static void probabilities_follow_from_the_ending(void **state)
{
    const float logits[3] = {0, 0.6931472f, -0.6931472f},
                logarithms[3] = {-0.6931472f, -1.3862944f, -1.3862944f};
    const float wanted[3] = {2 / 7.0f, 4 / 7.0f, 1 / 7.0f}, shares[3] = {0.5f, 0.25f, 0.25f};
    const struct scores logit = scores_of(OP_IDENTITY, 3), softmax = scores_of(OP_SOFTMAX, 3),
                        logarithm = scores_of(OP_LOG_SOFTMAX, 3), sigmoid = scores_of(OP_SIGMOID, 3);
    float got[4][3];
    sned_scores_probabilities(&logit, logits, got[0]);
    sned_scores_probabilities(&softmax, shares, got[1]);
    sned_scores_probabilities(&logarithm, logarithms, got[2]);
    sned_scores_probabilities(&sigmoid, shares, got[3]);
    for (int c = 0; c < 3; c++) {
        assert_near(got[0][c], wanted[c]);
        assert_near(got[1][c], shares[c]);
        assert_near(got[2][c], shares[c]);
        assert_near(got[3][c], shares[c]);
    }
}

static void evaluation_counts_both_classes_of_one_number(void **state)
{
    const struct scores logit = scores_of(OP_IDENTITY, 1);
    struct evaluation evaluation = {0};
    const float values[3] = {-2, 3, 4};
    const int labels[3] = {0, 1, 0};
    for (int i = 0; i < 3; i++)
        evaluation_add(&evaluation, &logit, values + i, labels[i]);
    evaluation_add(&evaluation, &logit, values, 2); /* no such class: not counted */
    assert_int_equal(evaluation.images, 3);
    assert_true(evaluation.top1 == 2 && evaluation.top5 == 3);
}

/* ---- the loss ---- */

/* Binary cross-entropy and divergence summed over the numbers, as executor.h and loss.c define them. */
static double apart_loss(const float *own, const float *its, int count, const int32_t *labels, double weight,
                         double t)
{
    double loss = 0;
    for (int i = 0; i < BATCH * count; i++) {
        const int label = labels[i / count];
        const double p = 1 / (1 + exp(-own[i])), yes = count == 1 ? label : i % count == label;
        const double q = 1 / (1 + exp(-own[i] / t)), z = 1 / (1 + exp(-its[i] / t));
        loss -= (1 - weight) * (yes * log(p) + (1 - yes) * log(1 - p));
        loss += weight * t * t * (z * log(z / q) + (1 - z) * log((1 - z) / (1 - q)));
    }
    return loss / BATCH;
}

static void check_apart(int count, bool has_sigmoid, double weight)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)INPUTS), 1);
    build_gemm(&b, INPUTS, count);
    const int logits = b.last, bias = b.graph->nodes[0].inputs[2];
    if (has_sigmoid)
        build_unary(&b, OP_SIGMOID);
    struct graph *graph = build_graph(&b);
    const struct executor_options options = {.batch = BATCH, .training = true, .threads = 1};
    const int32_t labels[BATCH] = {0, 1, 1, 0};
    struct executor *executor;
    float input[BATCH * INPUTS], own[BATCH * 3], its[BATCH * 3], gradient[3];
    uint32_t seed = 9;
    double loss;
    size_t correct, wanted = 0;
    const struct teaching teaching = {its, weight, 2, 0};
    assert_int_equal(sned_graph_scores(graph).logits, logits);
    lcg_fill(&seed, input, BATCH * INPUTS, 1);
    lcg_fill(&seed, its, BATCH * 3, 3);
    must(executor_new(&executor, graph, &options, error));
    must(executor_forward(executor, input, BATCH, error));
    must(executor_logits(executor, own, error));
    must(executor_loss_taught(executor, labels, &teaching, &loss, &correct, error));
    assert_near(loss, apart_loss(own, its, count, labels, weight, 2));
    for (int n = 0; count == 1 && n < BATCH; n++)
        wanted += (own[n] > 0) == labels[n];
    if (count == 1)
        assert_int_equal(correct, wanted);
    must(executor_backward(executor, error));
    must(executor_gradient(executor, bias, gradient, error));
    for (int c = 0; c < count; c++) { /* the bias is added to every image's score */
        const float step = 1e-2f;
        float above[BATCH * 3], below[BATCH * 3];
        for (int i = 0; i < BATCH * count; i++) {
            above[i] = own[i] + (i % count == c ? step : 0);
            below[i] = own[i] - (i % count == c ? step : 0);
        }
        const double difference = (apart_loss(above, its, count, labels, weight, 2) -
                                   apart_loss(below, its, count, labels, weight, 2)) /
                                  (2 * step);
        assert_true(fabs(difference - gradient[c]) < 1e-4);
    }
    executor_free(executor);
    sned_graph_free(graph);
}

static void one_number_learns_by_binary_cross_entropy(void **state)
{
    check_apart(1, false, 0);
    check_apart(1, true, 0);
}

static void several_sigmoids_learn_by_binary_cross_entropy(void **state)
{
    check_apart(3, true, 0);
}

static void a_teacher_pulls_numbers_apart_one_by_one(void **state)
{
    check_apart(1, true, 0.4);
    check_apart(3, true, 0.7);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_logit_is_judged_by_its_sign),
        cmocka_unit_test(one_number_gives_two_probabilities),
        cmocka_unit_test(probabilities_follow_from_the_ending),
        cmocka_unit_test(evaluation_counts_both_classes_of_one_number),
        cmocka_unit_test(one_number_learns_by_binary_cross_entropy),
        cmocka_unit_test(several_sigmoids_learn_by_binary_cross_entropy),
        cmocka_unit_test(a_teacher_pulls_numbers_apart_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
