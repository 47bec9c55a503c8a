/*
 * test_sned_ends.c - what format 1.2 adds: the STATES and OUTPUTS sections byte for byte, and what lies in
 * them; which files are of that version.
 */
#include "codec/sections.h"
#include "tests/common/sned_files.h"

enum { MINOR = 7 /* its offset */ };

/* several_ends_graph's activations by number: 0 input, 1 memory, 2 before (states), 3 mix, 4 blend, 5 change,
 * 6 and 7 pieces, 8 flatten, 9 gate, 10 sigmoid, 11 fc, 12 softmax. So what lies 12 back is the input. The
 * scales are 0.05 and 0.04. */
static const char states_section[] = "\2"
                                     "\6memory\4\3\5\5\1\xcd\xcc\x4c\x3d\x08"
                                     "\6before\4\3\5\5\2\x0a\xd7\x23\x3d\x0c";
static const char outputs_section[] = "\3"
                                      "\x08"
                                      "change:0\7"
                                      "\x08"
                                      "pieces:1\5"
                                      "\x09"
                                      "sigmoid:0\2";
enum { STATES_SIZE = sizeof states_section - 1, OUTPUTS_SIZE = sizeof outputs_section - 1 };

/* The file with these in place of its own. */
static sned_status try_ends(const struct buffer *file, struct section states, struct section outputs)
{
    struct container container;
    struct buffer made = {0};
    assert_int_equal(sned_container_read(&container, file->data, file->size, NULL), SNED_OK);
    const struct section sections[4] = {container.graph, container.weights, states, outputs};
    assert_int_equal(sned_container_write(sections, 4, 2, &made, NULL), SNED_OK);
    const sned_status status = try_unpack(made.data, made.size);
    sned_buffer_free(&made);
    return status;
}

static struct section section_of(uint8_t kind, const char *data, size_t size)
{
    return (struct section){kind, (const uint8_t *)data, size};
}

static void states_and_outputs_are_written_as_the_document_says(void **state)
{
    struct buffer file = pack_new_as(several_ends_graph, 0.3f, 1, FORMAT_GAP16);
    struct container container;
    assert_int_equal(sned_container_read(&container, file.data, file.size, NULL), SNED_OK);
    assert_int_equal(container.states.size, STATES_SIZE);
    assert_memory_equal(container.states.data, states_section, STATES_SIZE);
    assert_int_equal(container.outputs.size, OUTPUTS_SIZE);
    assert_memory_equal(container.outputs.data, outputs_section, OUTPUTS_SIZE);
    assert_int_equal(file.data[MINOR], 2);
    sned_buffer_free(&file);
}

struct lie {
    const char *what, *data;
    size_t size;
    sned_status status;
};

#define LIE(what, data, status)                                                                              \
    {                                                                                                        \
        what, data, sizeof(data) - 1, status                                                                 \
    }

static void states_that_lie_are_refused(void **state)
{
#define MEMORY "\6memory\4\3\5\5\1\xcd\xcc\x4c\x3d"
#define BEFORE "\6before\4\3\5\5\2\x0a\xd7\x23\x3d\x0c"
    static const struct lie lies[] = {
        LIE("none of them", "\0", SNED_ERROR_FORMAT),
        LIE("one fewer than nodes read", "\1" MEMORY "\x08", SNED_ERROR_FORMAT),
        LIE("more than there are bytes", "\x40" MEMORY "\x08" BEFORE, SNED_ERROR_FORMAT),
        LIE("65 of them", "\x41" MEMORY "\x08" BEFORE, SNED_ERROR_FORMAT),
        LIE("a byte too many", "\2" MEMORY "\x08" BEFORE "\0", SNED_ERROR_FORMAT),
        LIE("becomes what is not there", "\2" MEMORY "\x0d" BEFORE, SNED_ERROR_FORMAT),
        LIE("becomes a state", "\2" MEMORY "\x0b" BEFORE, SNED_ERROR_FORMAT),
        LIE("becomes what has another shape", "\2" MEMORY "\6" BEFORE, SNED_ERROR_SHAPE),
        LIE("becomes what has another quantization", "\2" MEMORY "\7" BEFORE, SNED_ERROR_FORMAT),
        LIE("of one dimension", "\2\6memory\1\1\xcd\xcc\x4c\x3d\x08" BEFORE, SNED_ERROR_FORMAT),
        LIE("with an axis of 0", "\2\6memory\4\0\5\5\1\xcd\xcc\x4c\x3d\x08" BEFORE, SNED_ERROR_FORMAT),
        LIE("with a quantization of 4", "\2\6memory\4\3\5\5\4\xcd\xcc\x4c\x3d\x08" BEFORE, SNED_ERROR_FORMAT),
        LIE("without quantization", "\2\6memory\4\3\5\5\0\x08" BEFORE, SNED_ERROR_FORMAT),
    };
    struct buffer file = pack_new_as(several_ends_graph, 0.3f, 1, FORMAT_GAP16);
    const struct section outputs = section_of(SECTION_OUTPUTS, outputs_section, OUTPUTS_SIZE);
    assert_int_equal(try_ends(&file, section_of(SECTION_STATES, states_section, STATES_SIZE), outputs),
                     SNED_OK);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        if (try_ends(&file, section_of(SECTION_STATES, lies[i].data, lies[i].size), outputs) !=
            lies[i].status)
            fail_msg("%s", lies[i].what);
    for (size_t size = 0; size < STATES_SIZE; size++)
        assert_int_not_equal(try_ends(&file, section_of(SECTION_STATES, states_section, size), outputs),
                             SNED_OK);
    sned_buffer_free(&file);
}

static void outputs_that_lie_are_refused(void **state)
{
#define SIGMOID "\1s\2"
    static const struct lie lies[] = {
        LIE("one more", "\2" SIGMOID "\1a\7", SNED_OK),
        LIE("one more without a name", "\2" SIGMOID "\0\7", SNED_OK),
        LIE("not the sigmoid, which stands at an output alone", "\1\1a\7", SNED_ERROR_UNSUPPORTED),
        LIE("none more", "\0", SNED_ERROR_FORMAT),
        LIE("64 more", "\x40" SIGMOID "\1a\7", SNED_ERROR_FORMAT),
        LIE("a byte too many", "\2" SIGMOID "\1a\7\0", SNED_ERROR_FORMAT),
        LIE("the input", "\2" SIGMOID "\1a\x0c", SNED_ERROR_FORMAT),
        LIE("a state", "\2" SIGMOID "\1a\x0b", SNED_ERROR_FORMAT),
        LIE("one that is not there", "\2" SIGMOID "\1a\x0d", SNED_ERROR_FORMAT),
        LIE("the first output", "\2" SIGMOID "\1a\0", SNED_ERROR_FORMAT),
        LIE("the first one's name", "\2" SIGMOID "\6logits\7", SNED_ERROR_FORMAT),
        LIE("one of them twice", "\2" SIGMOID "\1a\2", SNED_ERROR_FORMAT),
        LIE("a name twice", "\2" SIGMOID "\1s\7", SNED_ERROR_FORMAT),
        LIE("a name that goes on", "\2" SIGMOID "\5a\7", SNED_ERROR_FORMAT),
    };
    struct graph *graph = several_ends_graph(0.3f, 1);
    struct buffer file = pack_as(graph, FORMAT_GAP16);
    const struct section states = section_of(SECTION_STATES, states_section, STATES_SIZE);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const sned_status status =
            try_ends(&file, states, section_of(SECTION_OUTPUTS, lies[i].data, lies[i].size));
        if (status != lies[i].status)
            fail_msg("%s: %s", lies[i].what, sned_status_name(status));
    }
    for (size_t size = 0; size < OUTPUTS_SIZE; size++)
        assert_int_not_equal(try_ends(&file, states, section_of(SECTION_OUTPUTS, outputs_section, size)),
                             SNED_OK);
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

/* ---- the version ---- */

static struct maker begin_small(void)
{
    const struct shape input = sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)4, (int64_t)4);
    struct maker maker = maker_begin("small", &input, 0.5f, 1);
    add_conv(&maker, "conv", 2, 3, 3, 1, true);
    return maker;
}

static void expect_minor(struct graph *graph, int minor)
{
    struct buffer file = pack_as(graph, FORMAT_GAP16);
    assert_int_equal(file.data[MINOR], minor);
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

static void a_split_makes_a_file_of_1_2(void **state)
{
    static const int64_t halves[2] = {1, 1};
    struct maker maker = begin_small();
    int pieces[2];
    add_split(&maker, "halves", 1, halves, 2, pieces);
    expect_minor(maker_end(&maker), 2);
}

static void a_second_output_makes_a_file_of_1_2(void **state)
{
    struct maker maker = begin_small();
    int outputs[2] = {-1, maker.last};
    add_one(&maker, "flatten", OP_FLATTEN, 0, U8)->u.flatten.axis = 1;
    outputs[0] = maker.last;
    MUST(sned_graph_set_outputs(maker.graph, outputs, 2, NULL));
    expect_minor(maker_end(&maker), 2);
}

static void a_state_makes_a_file_of_1_2(void **state)
{
    struct maker maker = begin_small();
    const struct shape input = maker.graph->tensors[maker.graph->input].shape;
    const int before = add_state(&maker, "before", &input, S8);
    maker.graph->states[0].next = maker.graph->input;
    add(&maker, "both", OP_CONCAT, (int[]){maker.graph->input, before}, 2, 0, S8)->u.concat.axis = 1;
    expect_minor(maker_end(&maker), 2);
}

/* Where 16 bits are made by a Gemm and only given another shape, as they always were, and where they are read
 * by another Gemm. */
static void only_sixteen_bits_inside_make_a_file_of_1_2(void **state)
{
    for (int inside = 0; inside < 2; inside++) {
        struct maker maker = begin_small();
        add_one(&maker, "flatten", OP_FLATTEN, 0, U8)->u.flatten.axis = 1;
        add_gemm(&maker, "fc1", 3, 32, S16);
        if (inside)
            add_gemm(&maker, "fc2", 3, 3, S16);
        add_one(&maker, "reshape", OP_RESHAPE, 0, S16)->u.reshape.shape =
            sned_shape(3, (int64_t)1, (int64_t)3, (int64_t)1);
        expect_minor(maker_end(&maker), inside ? 2 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_and_outputs_are_written_as_the_document_says),
        cmocka_unit_test(states_that_lie_are_refused),
        cmocka_unit_test(outputs_that_lie_are_refused),
        cmocka_unit_test(a_split_makes_a_file_of_1_2),
        cmocka_unit_test(a_second_output_makes_a_file_of_1_2),
        cmocka_unit_test(a_state_makes_a_file_of_1_2),
        cmocka_unit_test(only_sixteen_bits_inside_make_a_file_of_1_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
