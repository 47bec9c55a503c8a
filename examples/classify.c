/*
 * classify.c - what is in a picture? A whole program around sned.h, to start your own from.
 *
 *     cc examples/classify.c $(pkg-config --cflags --libs sned) -o classify
 *     ./classify MODEL.sned PICTURE.ppm
 *
 * It takes binary PPM and PGM pictures (P5 and P6 with up to 255 shades), because they can be read in a few
 * lines; djpeg, pngtopnm and most picture tools write them. A picture of another size than the network's is
 * cropped and resized as the model says that it was in the training. For JPEG and PNG, and the finer points
 * of resizing, see `sned run`.
 */
#include <ctype.h>
#include <math.h>
#include <sned.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A picture as it lies in its file: rows from the top, the channels of a pixel side by side. */
struct picture {
    int channels, height, width; /* 1 channel: gray; 3: red, green, blue */
    uint8_t *pixels;             /* [height][width][channels], 0 to 255 */
};

/* No picture of this program's has more pixels: a header that says otherwise asks for no memory. */
enum { MAX_SIDE = 65535, MAX_PIXELS = 100 * 1000 * 1000 };

/* ---- Reading a picture. Nothing that the file says is believed before it has been checked. ---- */

/* The next number of a header, or -1: from 1 to `limit`, after blanks and comments. */
static int read_number(FILE *file, int limit)
{
    int c, number = 0;
    while ((c = getc(file)) == '#' || isspace(c))
        if (c == '#')
            while ((c = getc(file)) != '\n' && c != EOF)
                continue;
    for (; isdigit(c) && number <= limit; c = getc(file))
        number = 10 * number + (c - '0');
    /* One blank ends a number; after the header's last one the pixels begin. */
    return isspace(c) && number >= 1 && number <= limit ? number : -1;
}

/* Says what is wrong, or returns NULL; picture->pixels is for free() in either case. */
static const char *read_pixels(struct picture *picture, FILE *file)
{
    int p = getc(file), kind = getc(file);
    if (p != 'P' || (kind != '5' && kind != '6'))
        return "is not a binary PGM or PPM file (P5 or P6)";
    picture->channels = kind == '5' ? 1 : 3;
    picture->width = read_number(file, MAX_SIDE);
    picture->height = read_number(file, MAX_SIDE);
    int white = read_number(file, 65535);
    if (picture->width < 0 || picture->height < 0 || white < 0)
        return "its header is damaged";
    if (white > 255)
        return "has more than 255 shades; this program reads one byte a sample";
    size_t size = (size_t)picture->width * (size_t)picture->height;
    if (size > MAX_PIXELS)
        return "is too large";
    size *= (size_t)picture->channels;
    picture->pixels = malloc(size);
    if (!picture->pixels)
        return "is too large for this machine's memory";
    if (fread(picture->pixels, 1, size, file) != size)
        return "ends before its last pixel";
    /* The model wants 0 to 255, whatever this file calls white. */
    for (size_t i = 0; i < size; i++) {
        int value = picture->pixels[i] < white ? picture->pixels[i] : white;
        picture->pixels[i] = (uint8_t)((value * 255 + white / 2) / white);
    }
    return NULL;
}

static bool read_picture(struct picture *picture, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return false;
    }
    const char *wrong = read_pixels(picture, file);
    fclose(file);
    if (wrong)
        fprintf(stderr, "%s: %s\n", path, wrong);
    return !wrong;
}

/* ---- From the picture to the network's input. ---- */

/* Channel 0, 1 or 2 of the model at a pixel of the picture; `color` is the model's order of channels. */
static int sample(const struct picture *picture, int y, int x, const char *color, int channel)
{
    const uint8_t *pixel =
        picture->pixels + ((size_t)y * (size_t)picture->width + (size_t)x) * (size_t)picture->channels;
    if (picture->channels == 1) /* a gray picture has all channels alike */
        return pixel[0];
    if (!strcmp(color, "gray")) /* luma, as JPEG weighs it */
        return (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000;
    return pixel[!strcmp(color, "BGR") ? 2 - channel : channel];
}

/* The mean of the picture's rows y0 to y1 and columns x0 to x1, the last ones not included but the first ones
 * always: where the model's input is larger than the picture, its pixels are repeated. */
static uint8_t mean(const struct picture *picture, int64_t y0, int64_t y1, int64_t x0, int64_t x1,
                    const char *color, int channel)
{
    int64_t sum = 0, count = 0;
    y1 = y1 > y0 ? y1 : y0 + 1;
    x1 = x1 > x0 ? x1 : x0 + 1;
    for (int64_t y = y0; y < y1; y++)
        for (int64_t x = x0; x < x1; x++, count++)
            sum += sample(picture, (int)y, (int)x, color, channel);
    return (uint8_t)((sum + count / 2) / count);
}

/* How much of the picture's width and height the model shall see. */
static void choose_part(int64_t *width, int64_t *height, const sned_model_info *model,
                        const struct picture *picture)
{
    const int64_t side = atoi(model->resize); /* 0 where it is a word */
    *width = picture->width;
    *height = picture->height;
    if (side > 0) {
        /* With a short side of `side` pixels, the model would have the middle ones of them. */
        const int64_t shorter = *width < *height ? *width : *height;
        *width = shorter * model->width / side;
        *height = shorter * model->height / side;
    } else if (strcmp(model->resize, "squash") != 0) { /* the largest part with the model's proportions */
        if (*width * model->height > *height * model->width)
            *width = *height * model->width / model->height; /* the picture is too wide */
        else
            *height = *width * model->height / model->width; /* too high, or just right */
    }
    *width = *width > 0 ? *width : 1;
    *height = *height > 0 ? *height : 1;
}

/*
 * The middle of the picture, in the model's size and layout: `input` is [channels][height][width]. A value is
 * the mean of the pixels that fall on it, so that a large picture is not merely sampled; a picture of the
 * model's size stays as it is.
 */
static void fill_input(uint8_t *input, const sned_model_info *model, const struct picture *picture)
{
    int64_t width, height;
    choose_part(&width, &height, model, picture);
    int64_t left = (picture->width - width) / 2, top = (picture->height - height) / 2;
    for (int c = 0; c < model->channels; c++)
        for (int h = 0; h < model->height; h++)
            for (int w = 0; w < model->width; w++)
                *input++ = mean(picture, top + h * height / model->height,
                                top + (h + 1) * height / model->height, left + w * width / model->width,
                                left + (w + 1) * width / model->width, model->color, c);
}

/* ---- From scores to words. ---- */

/* The best classes by score, best first. The scores are used up. */
static void print_best(const sned_model *model, float *scores, int classes, int wanted)
{
    for (int k = 0; k < wanted && k < classes; k++) {
        int best = 0;
        for (int i = 1; i < classes; i++)
            if (scores[i] > scores[best])
                best = i;
        const char *label = sned_model_get_label(model, best); /* a file need not name its classes */
        printf("%10.3f  %-4d %s\n", (double)scores[best], best, label ? label : "");
        scores[best] = -INFINITY; /* not chosen again */
    }
}

/* Runs the picture through the model and prints what it is. One exit, so that all is freed. */
static bool classify(const sned_model *model, const char *path)
{
    const sned_model_info *info = sned_model_get_info(model);
    struct picture picture = {0};
    sned_context *context = NULL;
    sned_error error;
    bool done = false;
    size_t size = (size_t)info->channels * (size_t)info->height * (size_t)info->width;
    uint8_t *input = malloc(size);
    float *scores = malloc((size_t)info->classes * sizeof *scores);

    if (!input || !scores) {
        fprintf(stderr, "out of memory\n");
        goto done;
    }
    if (!*info->color) { /* what it takes is no picture */
        fprintf(stderr, "this network does not take pictures\n");
        goto done;
    }
    if (!read_picture(&picture, path))
        goto done;
    fill_input(input, info, &picture);
    /* A context holds what one thread needs to run a model: keep it for as many pictures as come. Mean and
     * scale of the input are the library's business; it wants plain pixels. */
    if (sned_context_new(&context, model, &error) || sned_run_pixels(context, input, 1, scores, &error)) {
        fprintf(stderr, "%s\n", error.message);
        goto done;
    }
    printf("%s: %d x %d pixels, to %d x %d %s\n", path, picture.width, picture.height, info->width,
           info->height, info->color);
    print_best(model, scores, info->classes, 5);
    done = true;
done:
    sned_context_free(context);
    free(scores);
    free(input);
    free(picture.pixels);
    return done;
}

int main(int argc, char **argv)
{
    sned_model *model;
    sned_error error;
    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL.sned PICTURE.ppm\n", argv[0]);
        return 2;
    }
    if (sned_open(&model, argv[1], &error)) {
        fprintf(stderr, "%s\n", error.message); /* it names the file */
        return 1;
    }
    bool done = classify(model, argv[2]);
    sned_close(model);
    return done ? 0 : 1;
}
