/*
 * glyph_faces.c - FreeType: which faces have the characters, and their outlines.
 *
 * A face is left out in silence where FreeType cannot read it, it has no outlines or no Unicode table, one of
 * the characters is missing or empty, it is a symbol font, whose letters are no letters, or so thin that its
 * strokes leave nothing on 28 pixels.
 */
#include "io/pictures/glyph_faces.h"
#include "base/memory.h"
#include "io/files/folder.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 4096 }; /* of one outline; a drawing rather than a letter beyond */

/* ---- the characters ---- */

/* The next code point of UTF-8 text, 0 at its end, UINT32_MAX where it is not UTF-8. */
static uint32_t next_code(const unsigned char **text)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    uint32_t code = **text;
    int more = code < 0x80 ? 0 : code >> 5 == 6 ? 1 : code >> 4 == 14 ? 2 : code >> 3 == 30 ? 3 : -1;

    if (code == 0)
        return 0;
    if (more < 0)
        return UINT32_MAX;
    ++*text;
    code &= more ? 0x3fu >> more : 0x7f;
    for (int i = 0; i < more; i++, ++*text) {
        if ((**text & 0xc0) != 0x80)
            return UINT32_MAX;
        code = code << 6 | (**text & 0x3f);
    }
    return code < smallest[more] || code > 0x10ffff ? UINT32_MAX : code;
}

static sned_status parse_characters(struct glyph_faces *faces, const char *characters, sned_error *error)
{
    const unsigned char *text = (const unsigned char *)characters;
    uint32_t code;

    while ((code = next_code(&text))) {
        if (code == UINT32_MAX || code <= ' ' || (code >= 0x7f && code <= 0xa0))
            return sned_fail(error, SNED_ERROR_ARGUMENT, "the characters \"%s\" are not all printable UTF-8",
                             characters);
        if (faces->classes == GLYPH_MAX_CLASSES)
            return sned_fail(error, SNED_ERROR_ARGUMENT, "more than %d characters", GLYPH_MAX_CLASSES);
        for (int i = 0; i < faces->classes; i++)
            if (faces->code[i] == code)
                return sned_fail(error, SNED_ERROR_ARGUMENT, "the characters \"%s\" are not all different",
                                 characters);
        faces->code[faces->classes++] = code;
    }
    if (faces->classes < 2)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "at least two characters are needed, one a class");
    return SNED_OK;
}

/* ---- one face ---- */

/* The middle of the bounding box to 0, 0 and its longer side to 2 * OUTLINE_UNIT. */
static bool center_outline(FT_Outline *outline)
{
    FT_BBox box;

    FT_Outline_Get_CBox(outline, &box);
    FT_Pos width = box.xMax - box.xMin, height = box.yMax - box.yMin, side = width > height ? width : height;
    if (width <= 0 || height <= 0 || side > 1 << 20)
        return false;
    for (int i = 0; i < outline->n_points; i++) {
        FT_Vector *point = &outline->points[i];
        point->x = (2 * point->x - box.xMin - box.xMax) * OUTLINE_UNIT / side;
        point->y = (2 * point->y - box.yMin - box.yMax) * OUTLINE_UNIT / side;
    }
    return true;
}

static bool is_unfit(FT_Face face, const char *path)
{
    static const char *const words[] = {"symbol", "dingbat", "emoji", "icon", "math", "awesome"};
    const char *family = face->family_name ? face->family_name : "";

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(family, words[i]) || strcasestr(path, words[i]))
            return true;
    /* "Thin", "Hairline Italic", and the like. */
    const char *style = face->style_name ? face->style_name : "";
    return strcasestr(style, "thin") || strcasestr(style, "hairline") || strcasestr(path, "-thin") ||
           strcasestr(path, "-hairline");
}

/* Outlines [classes] of an opened face; false where one is not there (those before it are freed). */
static bool take_outlines(struct glyph_faces *faces, FT_Face face, FT_Outline *outlines)
{
    int taken = 0;

    for (; taken < faces->classes; taken++) {
        FT_UInt glyph = FT_Get_Char_Index(face, faces->code[taken]);
        if (glyph == 0 || FT_Load_Glyph(face, glyph, FT_LOAD_NO_SCALE | FT_LOAD_NO_BITMAP) != 0 ||
            face->glyph->format != FT_GLYPH_FORMAT_OUTLINE)
            break;
        FT_Outline *from = &face->glyph->outline;
        if (from->n_points <= 0 || from->n_points > MAX_POINTS || from->n_contours <= 0 ||
            FT_Outline_New(faces->library, (FT_UInt)from->n_points, from->n_contours, &outlines[taken]) != 0)
            break;
        if (FT_Outline_Copy(from, &outlines[taken]) != 0 || !center_outline(&outlines[taken])) {
            FT_Outline_Done(faces->library, &outlines[taken]);
            break;
        }
    }
    if (taken == faces->classes)
        return true;
    while (taken > 0)
        FT_Outline_Done(faces->library, &outlines[--taken]);
    return false;
}

/* Adds the face in file `path` where it can be used. */
static sned_status add_face(struct glyph_faces *faces, const char *path, sned_error *error)
{
    FT_Face face;
    size_t classes = (size_t)faces->classes, first = (size_t)faces->faces * classes;

    if (FT_New_Face(faces->library, path, 0, &face) != 0)
        return SNED_OK;
    bool usable =
        FT_IS_SCALABLE(face) && !is_unfit(face, path) && FT_Select_Charmap(face, FT_ENCODING_UNICODE) == 0;
    sned_status status = SNED_OK;
    if (usable)
        status = sned_resize(&faces->outlines, first + classes, sizeof *faces->outlines, error);
    if (usable && status == SNED_OK && take_outlines(faces, face, faces->outlines + first))
        faces->faces++;
    FT_Done_Face(face);
    return status;
}

/* ---- all faces ---- */

static bool is_font(const char *name)
{
    return text_ends_with(name, ".ttf") || text_ends_with(name, ".otf") || text_ends_with(name, ".pfb");
}

static sned_status search(struct glyph_faces *faces, const char *folder, sned_error *error)
{
    sned_status status;
    struct name_list files = {0};
    char *path = NULL;

    SNED_TRY_DONE(folder_walk(&files, folder, error));
    for (size_t i = 0; i < files.count && faces->faces < GLYPH_MAX_FACES; i++) {
        if (!is_font(files.names[i]))
            continue;
        free(path);
        SNED_TRY_DONE(path_format(&path, error, "%s/%s", folder, files.names[i]));
        SNED_TRY_DONE(add_face(faces, path, error));
    }
    for (int i = 0; i < faces->faces * faces->classes; i++) {
        const FT_Outline *outline = &faces->outlines[i];
        if (outline->n_points > faces->max_points)
            faces->max_points = outline->n_points;
        if (outline->n_contours > faces->max_contours)
            faces->max_contours = outline->n_contours;
    }
done:
    free(path);
    name_list_free(&files);
    return status;
}

sned_status glyph_faces_open(struct glyph_faces *faces, const char *characters, const char *folder,
                             sned_error *error)
{
    sned_status status = SNED_OK;
    static const char install[] = "install the Debian packages fonts-dejavu-core, fonts-liberation and "
                                  "fonts-freefont-ttf";

    *faces = (struct glyph_faces){0};
    SNED_TRY_DONE(parse_characters(faces, characters, error));
    if (!path_is_folder(folder)) {
        status =
            sned_fail(error, SNED_ERROR_DATA, "%s: there is no such folder of fonts: %s", folder, install);
        goto done;
    }
    if (FT_Init_FreeType(&faces->library) != 0) {
        faces->library = NULL;
        status = sned_fail(error, SNED_ERROR_MEMORY, "FreeType cannot be started: out of memory");
        goto done;
    }
    SNED_TRY_DONE(search(faces, folder, error));
    if (faces->faces < GLYPH_MIN_FACES)
        status = sned_fail(error, SNED_ERROR_DATA,
                           "%s: %d font faces have every character of \"%s\", at least %d are needed: %s",
                           folder, faces->faces, characters, GLYPH_MIN_FACES, install);
done:
    if (status != SNED_OK)
        glyph_faces_close(faces);
    return status;
}

void glyph_faces_close(struct glyph_faces *faces)
{
    for (int i = 0; i < faces->faces * faces->classes; i++)
        FT_Outline_Done(faces->library, &faces->outlines[i]);
    free(faces->outlines);
    if (faces->library)
        FT_Done_FreeType(faces->library);
    *faces = (struct glyph_faces){0};
}
