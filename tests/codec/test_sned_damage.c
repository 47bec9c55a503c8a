/*
 * test_sned_damage.c - every way in which a .sned file can be wrong: damaged bytes, and well-made bytes that
 * lie.
 */
#include "base/bytes.h"
#include "base/hash.h"
#include "codec/sections.h"
#include "tests/common/sned_files.h"

/* ---- damaged files ---- */

/* Between them: every section, every operator, every weight format, filters left out. */
static const struct {
    graph_maker make;
    float density;
    int format; /* forced, or -1 */
} whole_files[] = {
    {small_graph, 0.3f, -1},
    {every_operator_graph, 0.3f, -1},
    {every_operator_graph, 0.3f, FORMAT_DENSE8},
    {small_graph, 0.05f, FORMAT_DENSE8},
    {small_graph, 0.05f, FORMAT_CCOO16},
    {small_graph, 0.05f, FORMAT_GAP16},
    {small_graph, 0.05f, FORMAT_RANS},
};
enum { WHOLE_FILES = sizeof whole_files / sizeof *whole_files };

/* In a block of exactly its size, so that a sanitizer sees a reader that goes past the end. */
static uint8_t *make_whole_file(int index, size_t *size)
{
    struct graph *graph = whole_files[index].make(whole_files[index].density, 1);
    struct buffer file = {0};
    int force[64];
    for (int i = 0; i < graph->node_count; i++)
        force[i] = whole_files[index].format;
    assert_int_equal(sned_pack(graph, &(struct pack_options){.force = force}, &file, NULL, NULL, NULL),
                     SNED_OK);
    uint8_t *data = malloc(file.size);
    memcpy(data, file.data, file.size);
    *size = file.size;
    sned_buffer_free(&file);
    sned_graph_free(graph);
    return data;
}

static void every_flipped_bit_is_found(void **state)
{
    for (int i = 0; i < WHOLE_FILES; i++) {
        size_t size;
        uint8_t *file = make_whole_file(i, &size);
        for (size_t bit = 0; bit < size * 8; bit++) {
            file[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(try_unpack(file, size), SNED_OK);
            file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(try_unpack(file, size), SNED_OK);
        free(file);
    }
}

static void every_cut_is_found(void **state)
{
    for (int i = 0; i < WHOLE_FILES; i++) {
        size_t whole;
        uint8_t *file = make_whole_file(i, &whole);
        for (size_t size = 0; size < whole; size++) {
            uint8_t *cut = malloc(size ? size : 1);
            memcpy(cut, file, size);
            assert_int_equal(try_unpack(cut, size), SNED_ERROR_TRUNCATED);
            free(cut);
        }
        free(file);
    }
    assert_int_equal(try_unpack(NULL, 0), SNED_ERROR_TRUNCATED);
}

static void bytes_behind_the_end_are_found(void **state)
{
    struct buffer file = pack_new(small_graph, 0.3f, 1);
    assert_int_equal(sned_buffer_append(&file, "\0", 1, NULL), SNED_OK);
    assert_int_equal(try_unpack(file.data, file.size), SNED_ERROR_FORMAT);
    sned_buffer_free(&file);
}

static void other_files_are_told_apart(void **state)
{
    struct buffer file = pack_new(small_graph, 0.3f, 1);
    assert_int_equal(try_unpack("\x89PNG\r\n\x1a\n and so on, and so on", 30), SNED_ERROR_FORMAT);
    assert_int_equal(try_unpack("P", 1), SNED_ERROR_FORMAT);
    file.data[6] = 2; /* the major version, whatever its checksum */
    assert_int_equal(try_unpack(file.data, file.size), SNED_ERROR_VERSION);
    file.data[6] = 0;
    assert_int_equal(try_unpack(file.data, file.size), SNED_ERROR_FORMAT);
    sned_buffer_free(&file);
}

/* ---- files with valid checksums and other contents ---- */

struct parts {
    uint8_t major, minor;
    int count;
    struct {
        uint8_t kind;
        struct buffer content;
    } section[8];
};

static uint64_t take_varint(const uint8_t **at)
{
    uint64_t value = 0;
    int shift = 0;
    do
        value |= (uint64_t)(**at & 0x7f) << shift, shift += 7;
    while (*(*at)++ & 0x80);
    return value;
}

static struct parts take_apart(const struct buffer *file)
{
    struct parts parts = {file->data[6], file->data[7], file->data[8], {{0}}};
    uint64_t sizes[8];
    const uint8_t *at = file->data + 9;
    for (int i = 0; i < parts.count; i++, at += 8) {
        parts.section[i].kind = *at++;
        sizes[i] = take_varint(&at);
    }
    at += 8;
    for (int i = 0; i < parts.count; at += sizes[i++])
        assert_int_equal(sned_buffer_append(&parts.section[i].content, at, sizes[i], NULL), SNED_OK);
    assert_ptr_equal(at, file->data + file->size);
    return parts;
}

static void parts_free(struct parts *parts)
{
    for (int i = 0; i < parts->count; i++)
        sned_buffer_free(&parts->section[i].content);
}

static struct buffer put_together(const struct parts *parts)
{
    struct writer writer = {0};
    sned_write_bytes(&writer, "\x89SNED\n", 6);
    sned_write_u8(&writer, parts->major);
    sned_write_u8(&writer, parts->minor);
    sned_write_u8(&writer, (uint8_t)parts->count);
    for (int i = 0; i < parts->count; i++) {
        const struct buffer *content = &parts->section[i].content;
        sned_write_u8(&writer, parts->section[i].kind);
        sned_write_varint(&writer, content->size);
        sned_write_u64(&writer, sned_hash(content->data, content->size));
    }
    sned_write_u64(&writer, sned_hash(writer.buffer.data, writer.buffer.size));
    for (int i = 0; i < parts->count; i++)
        sned_write_bytes(&writer, parts->section[i].content.data, parts->section[i].content.size);
    assert_int_equal(writer.status, SNED_OK);
    return writer.buffer;
}

static sned_status try_parts(const struct parts *parts)
{
    struct buffer file = put_together(parts);
    sned_status status = try_unpack(file.data, file.size);
    sned_buffer_free(&file);
    return status;
}

static struct parts small_parts(void)
{
    struct buffer file = pack_new_as(small_graph, 0.3f, 1, FORMAT_GAP16);
    struct parts parts = take_apart(&file);
    sned_buffer_free(&file);
    return parts;
}

/* What whole_files promises; the first byte of a plain file's WEIGHTS is conv1's form. */
static void the_damaged_files_had_every_form_of_weights(void **state)
{
    unsigned formats = 0, dead = 0;
    for (int i = 0; i < WHOLE_FILES; i++) {
        size_t size;
        uint8_t *file = make_whole_file(i, &size);
        struct parts parts = take_apart(&(struct buffer){file, size, size});
        if (parts.section[0].kind == SECTION_MIXED) {
            formats |= 1u << FORMAT_MIXED;
        } else {
            const uint8_t form = parts.section[1].content.data[0];
            formats |= 1u << (form & 15);
            dead |= 1u << (form >> 7);
        }
        parts_free(&parts);
        free(file);
    }
    assert_int_equal(formats, (1 << FORMAT_COUNT) - 1);
    assert_int_equal(dead, 3);
}

static void add_section(struct parts *parts, uint8_t kind, const void *data, size_t size)
{
    parts->section[parts->count].kind = kind;
    parts->section[parts->count].content = (struct buffer){0};
    assert_int_equal(sned_buffer_append(&parts->section[parts->count++].content, data, size, NULL), SNED_OK);
}

static void minor_versions_and_optional_sections_are_skipped(void **state)
{
    struct parts parts = small_parts();
    assert_int_equal(try_parts(&parts), SNED_OK);
    parts.minor = 9;
    add_section(&parts, 200, "from the future", 15);
    add_section(&parts, 255, "", 0);
    assert_int_equal(try_parts(&parts), SNED_OK);
    struct buffer file = put_together(&parts);
    file.data[file.size - 1] ^= 1; /* skipped, but its checksum is not */
    assert_int_equal(try_unpack(file.data, file.size), SNED_ERROR_CHECKSUM);
    sned_buffer_free(&file);
    parts_free(&parts);
}

static void unknown_required_sections_are_refused(void **state)
{
    struct parts parts = small_parts();
    parts.section[2].kind = 77; /* was LABELS */
    assert_int_equal(try_parts(&parts), SNED_ERROR_UNSUPPORTED);
    parts_free(&parts);
}

static void sections_must_be_there_once_and_in_order(void **state)
{
    struct parts parts = small_parts();
    parts.section[1].kind = 200;
    parts.section[2].kind = 201;
    parts.section[3].kind = 202;
    assert_int_equal(try_parts(&parts), SNED_ERROR_FORMAT); /* no WEIGHTS */
    parts.section[1].kind = 1;
    assert_int_equal(try_parts(&parts), SNED_ERROR_FORMAT); /* GRAPH twice */
    parts_free(&parts);

    parts = small_parts();
    parts.section[2].kind = 129;
    parts.section[3].kind = 128;
    assert_int_equal(try_parts(&parts), SNED_ERROR_FORMAT);
    parts_free(&parts);

    parts = (struct parts){.major = 1};
    assert_int_equal(try_parts(&parts), SNED_ERROR_FORMAT);
}

static void labels_provenance_and_resizing_are_checked(void **state)
{
    static const struct {
        uint8_t kind;
        const char *content;
        size_t size;
        sned_status status;
    } cases[] = {
        {128, "\0", 1, SNED_OK},
        {128, "\2\1a\0", 4, SNED_OK},
        {128, "", 0, SNED_ERROR_FORMAT},
        {128, "\2\1a", 3, SNED_ERROR_FORMAT},            /* fewer names than announced */
        {128, "\1\1ab", 4, SNED_ERROR_FORMAT},           /* more bytes than names */
        {128, "\1\2a", 3, SNED_ERROR_FORMAT},            /* a name that goes on */
        {128, "\1\1\0", 3, SNED_ERROR_FORMAT},           /* a zero byte */
        {128, "\1\2\xc0\x80", 4, SNED_ERROR_FORMAT},     /* a zero byte in two */
        {128, "\1\3\xed\xa0\x80", 5, SNED_ERROR_FORMAT}, /* half of a UTF-16 pair */
        {128, "\1\1\xff", 3, SNED_ERROR_FORMAT},
        {128, "\xff\xff\xff\xff\7\1a", 7, SNED_ERROR_FORMAT}, /* 2^31 - 1 names */
        {128, "\x81\0\1a", 4, SNED_ERROR_FORMAT},             /* a longer form than needed */
        {129, "", 0, SNED_OK},
        {129, "{}", 2, SNED_OK},
        {129, "{\0}", 3, SNED_ERROR_FORMAT},
        {129, "\x80", 1, SNED_ERROR_FORMAT},
        {130, "\1", 1, SNED_OK},
        {130, "\2", 1, SNED_OK},
        {130, "\3\6", 2, SNED_OK}, /* the input's side */
        {130, "\3\5", 2, SNED_ERROR_FORMAT},
        {130, "\3\x80\x80\4", 4, SNED_ERROR_FORMAT}, /* 65536 */
        {130, "\3", 1, SNED_ERROR_FORMAT},
        {130, "", 0, SNED_ERROR_FORMAT},
        {130, "\0", 1, SNED_ERROR_FORMAT}, /* what is so without the section */
        {130, "\4", 1, SNED_ERROR_FORMAT},
        {130, "\1\6", 2, SNED_ERROR_FORMAT}, /* a byte too many */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parts parts = small_parts();
        sned_buffer_free(&parts.section[2].content);
        sned_buffer_free(&parts.section[3].content);
        parts.count = 2;
        add_section(&parts, cases[i].kind, cases[i].content, cases[i].size);
        if (try_parts(&parts) != cases[i].status)
            fail_msg("case %zu", i);
        parts_free(&parts);
    }
}

static void replace(struct buffer *content, const char *from, size_t from_size, const char *to,
                    size_t to_size)
{
    uint8_t *at = memmem(content->data, content->size, from, from_size);
    assert_non_null(at);
    struct buffer made = {0};
    sned_buffer_append(&made, content->data, (size_t)(at - content->data), NULL);
    sned_buffer_append(&made, to, to_size, NULL);
    sned_buffer_append(&made, at + from_size, (size_t)(content->data + content->size - at) - from_size, NULL);
    sned_buffer_free(content);
    *content = made;
}

static void graphs_that_lie_are_refused(void **state)
{
    static const struct {
        const char *what, *from;
        size_t from_size;
        const char *to;
        size_t to_size;
        sned_status status;
    } cases[] = {
        {"a name of 0 bytes", "\5pool1", 6, "\0", 1, SNED_ERROR_FORMAT},
        {"a name twice", "\5pool1", 6, "\5conv1", 6, SNED_ERROR_FORMAT},
        {"a name that goes on", "\5pool1", 6, "\x7fpool1", 6, SNED_ERROR_FORMAT},
        {"fc1 reads a later activation", "\3fc1\0", 5, "\3fc1\x7f", 5, SNED_ERROR_FORMAT},
        {"fc1 has 4 outputs, more than its record", "\3fc1\0\3\x24", 6, "\3fc1\0\4\x24", 6,
         SNED_ERROR_FORMAT},
        {"fc1 has no output", "\3fc1\0\3\x24", 6, "\3fc1\0\0\x24", 6, SNED_ERROR_FORMAT},
        {"fc1 has 2^38 weights", "\3fc1\0\3\x24", 6, "\3fc1\0\x80\x80\x20\x80\x80\x20", 10,
         SNED_ERROR_FORMAT},
        {"fc1 has 2^29 weights", "\3fc1\0\3\x24", 6, "\3fc1\0\x80\x80\x04\x80\x40", 9, SNED_ERROR_FORMAT},
        {"rank 9", "\5input\4", 7, "\5input\x09", 7, SNED_ERROR_FORMAT},
        {"rank 1", "\5input\4", 7, "\5input\1", 7, SNED_ERROR_FORMAT},
        {"an axis of 0", "\5input\4\1\6", 9, "\5input\4\1\0", 9, SNED_ERROR_FORMAT},
        {"another input than the weights take", "\5input\4\1\6\6", 10, "\5input\4\1\7\x09", 10,
         SNED_ERROR_SHAPE},
        {"an unknown color", "\4gray", 5, "\4grey", 5, SNED_ERROR_FORMAT},
        {"a long color", "\4gray", 5, "\x08graygray", 9, SNED_ERROR_FORMAT},
        {"2^16 nodes", "logits\0\4", 8, "logits\0\x80\x80\4", 10, SNED_ERROR_FORMAT},
        {"0 nodes", "logits\0\4", 8, "logits\0\0", 8, SNED_ERROR_FORMAT},
        {"the input is the output", "logits\0\4", 8, "logits\4\4", 8, SNED_ERROR_FORMAT},
        {"an unknown operator", "\6\x04\0\5pool1", 9, "\x63\x04\0\5pool1", 9, SNED_ERROR_UNSUPPORTED},
        {"flags that are kept", "\6\x04\0\5pool1", 9, "\6\x04\x80\5pool1", 9, SNED_ERROR_FORMAT},
        {"a pool with a bias", "\6\x04\0\5pool1", 9, "\6\x04\2\5pool1", 9, SNED_ERROR_FORMAT},
        {"a wrong quantization", "\6\x04\0\5pool1", 9, "\6\x05\0\5pool1", 9, SNED_ERROR_FORMAT},
        {"a wrong clamp", "\6\x04\0\5pool1", 9, "\6\x1c\0\5pool1", 9, SNED_ERROR_FORMAT},
        {"a wrong window", "\5pool1\0\2\2", 9, "\5pool1\0\x82\2", 9, SNED_ERROR_FORMAT},
        {"pads of both kinds", "\5pool1\0\2\2", 9, "\5pool1\0\x1a\2", 9, SNED_ERROR_FORMAT},
        {"a kernel of 0", "\5pool1\0\2\2", 9, "\5pool1\0\2\0", 9, SNED_ERROR_SHAPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parts parts = small_parts();
        replace(&parts.section[0].content, cases[i].from, cases[i].from_size, cases[i].to, cases[i].to_size);
        sned_status status = try_parts(&parts);
        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].what, sned_status_name(status));
        parts_free(&parts);
    }
}

static void records_that_lie_are_refused(void **state)
{
    static const struct {
        const char *what;
        size_t offset; /* in WEIGHTS, whose first record is conv1's, dense */
        uint8_t value;
        sned_status status;
    } cases[] = {
        {"an entropy coding", 0, 0x10, SNED_ERROR_UNSUPPORTED},
        {"mixed, which has no stream of its own", 0, 0x03, SNED_ERROR_UNSUPPORTED},
        {"an unknown format", 0, 0x0f, SNED_ERROR_UNSUPPORTED},
        {"a map of filters that are not there", 0, 0x80, SNED_ERROR_FORMAT},
        {"more weights than follow", 1, 0x7f, SNED_ERROR_FORMAT},
        {"fewer weights than the layer has", 1, 0x10, SNED_ERROR_FORMAT},
        {"a weight of -128", 2, 0x80, SNED_ERROR_FORMAT},
    };
    struct graph *graph = small_graph(1, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer file = pack_as(graph, FORMAT_DENSE8);
        struct parts parts = take_apart(&file);
        parts.section[1].content.data[cases[i].offset] = cases[i].value;
        sned_status status = try_parts(&parts);
        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].what, sned_status_name(status));
        parts_free(&parts);
        sned_buffer_free(&file);
    }
    sned_graph_free(graph);
}

static void every_cut_inside_a_section_is_refused(void **state)
{
    struct parts parts = small_parts();
    for (int i = 0; i < 3; i++) { /* PROVENANCE may have any length */
        size_t whole = parts.section[i].content.size;
        for (size_t size = 0; size < whole; size++) {
            parts.section[i].content.size = size;
            assert_int_not_equal(try_parts(&parts), SNED_OK);
        }
        parts.section[i].content.size = whole;
        assert_int_equal(sned_buffer_append(&parts.section[i].content, "\0", 1, NULL), SNED_OK);
        assert_int_not_equal(try_parts(&parts), SNED_OK);
        parts.section[i].content.size = whole;
    }
    parts_free(&parts);
}

/* Whatever is in the sections: an error or a graph that packs again, never a crash. */
static void hostile_contents_are_survived(void **state)
{
    struct random random;
    int accepted = 0;
    sned_random_seed(&random, 11, 0);
    for (int i = 0; i < 6000; i++) {
        struct buffer file =
            pack_new_as(makers[i % 3], i % 3 ? 0.3f : 0.0f, 1, i % 2 ? FORMAT_GAP16 : FORMAT_DENSE8);
        struct parts parts = take_apart(&file);
        struct buffer *content = &parts.section[i % 7 == 0 ? 1 : i % 11 == 0 ? parts.count - 1 : 0].content;
        for (uint32_t changes = 1 + sned_random_below(&random, 3); changes > 0; changes--) {
            uint32_t at = sned_random_below(&random, (uint32_t)content->size);
            switch (sned_random_below(&random, 4)) {
            case 0:
                content->data[at] ^= (uint8_t)(1u << sned_random_below(&random, 8));
                break;
            case 1:
                content->data[at] = (uint8_t)sned_random_next(&random);
                break;
            case 2:
                content->data[at] = (uint8_t[]){0, 1, 0x7f, 0x80, 0xff}[sned_random_below(&random, 5)];
                break;
            default: /* a byte less */
                memmove(content->data + at, content->data + at + 1, content->size - at - 1);
                content->size--;
            }
        }
        sned_buffer_free(&file);
        file = put_together(&parts);
        struct graph *graph = NULL;
        if (sned_unpack(&graph, file.data, file.size, NULL, NULL, NULL) == SNED_OK) {
            struct buffer again = pack(graph);
            sned_buffer_free(&again);
            accepted++;
        }
        sned_graph_free(graph);
        sned_buffer_free(&file);
        parts_free(&parts);
    }
    assert_in_range(accepted, 50, 5000); /* weights and names may be anything */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(every_cut_is_found),
        cmocka_unit_test(bytes_behind_the_end_are_found),
        cmocka_unit_test(other_files_are_told_apart),
        cmocka_unit_test(the_damaged_files_had_every_form_of_weights),
        cmocka_unit_test(minor_versions_and_optional_sections_are_skipped),
        cmocka_unit_test(unknown_required_sections_are_refused),
        cmocka_unit_test(sections_must_be_there_once_and_in_order),
        cmocka_unit_test(labels_provenance_and_resizing_are_checked),
        cmocka_unit_test(graphs_that_lie_are_refused),
        cmocka_unit_test(records_that_lie_are_refused),
        cmocka_unit_test(every_cut_inside_a_section_is_refused),
        cmocka_unit_test(hostile_contents_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
