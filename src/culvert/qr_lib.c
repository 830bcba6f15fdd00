/* QR codes by libqrencode, PNG by libpng. */
#include <errno.h>
#include <png.h>
#include <qrencode.h>
#include <stdint.h>
#include <stdlib.h>
#include "qr.h"
#include "wipe.h"

/* MARGIN: the quiet zone that readers want, in modules. PIXELS a module of a PNG. */
enum { MARGIN = 4, PIXELS = 6 };

/* Dark or light, the margin too; outside of that light. */
static bool is_dark(const QRcode *code, int x, int y)
{
	x -= MARGIN;
	y -= MARGIN;
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       (code->data[y * code->width + x] & 1);
}

/* Two rows a line, in half blocks: light is drawn, so that it is right on a dark terminal. */
static int print_terminal(struct textbuf *out, const QRcode *code)
{
	static const char *const blocks[2][2] = {
		{"\u2588", "\u2580"}, {"\u2584", " "}}; /* [is upper dark][is lower dark] */
	int side = code->width + 2 * MARGIN;

	for (int y = 0; y < side; y += 2) {
		/* White on black, whatever the colours of the terminal are. */
		textbuf_add(out, "\x1b[97;40m");
		for (int x = 0; x < side; x++)
			textbuf_add(out, blocks[is_dark(code, x, y)]
					       [y + 1 < side && is_dark(code, x, y + 1)]);
		textbuf_add(out, "\x1b[0m\n");
	}
	return 0;
}

static int print_svg(struct textbuf *out, const QRcode *code)
{
	int side = code->width + 2 * MARGIN;

	textbuf_addf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		"shape-rendering=\"crispEdges\">\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path d=\"",
		side, side, side, side);
	for (int y = 0; y < side; y++)
		for (int x = 0; x < side; x++)
			if (is_dark(code, x, y))
				textbuf_addf(out, "M%d %dh1v1h-1z", x, y);
	textbuf_add(out, "\"/>\n</svg>\n");
	return 0;
}

static uint8_t *draw_pixels(const QRcode *code, size_t side)
{
	uint8_t *pixels = malloc(side * side);

	for (size_t i = 0; pixels && i < side * side; i++)
		pixels[i] =
			is_dark(code, (int)(i % side / PIXELS), (int)(i / side / PIXELS)) ? 0 : 255;
	return pixels;
}

static int print_png(struct textbuf *out, const QRcode *code)
{
	size_t side = (size_t)(code->width + 2 * MARGIN) * PIXELS;
	png_image image = {.version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)side,
		.height = (png_uint_32)side,
		.format = PNG_FORMAT_GRAY};
	png_alloc_size_t len = PNG_IMAGE_PNG_SIZE_MAX(image);
	uint8_t *pixels = draw_pixels(code, side);
	char *room = pixels ? textbuf_reserve(out, len) : NULL;
	int error = -ENOMEM;

	if (room && png_image_write_to_memory(&image, room, &len, 0, pixels, 0, NULL)) {
		out->len += len;
		error = 0;
	}
	if (pixels)
		wipe(pixels, side * side);
	free(pixels);
	return error;
}

int qr_print(struct textbuf *out, enum qr_form form, struct span text)
{
	static int (*const print[])(struct textbuf * out, const QRcode *code) = {
		[QR_TERMINAL] = print_terminal, [QR_PNG] = print_png, [QR_SVG] = print_svg};
	/* The lowest level of correction: a screen has no scratches, and the code is smallest. */
	QRcode *code =
		QRcode_encodeData((int)text.len, (const unsigned char *)text.at, 0, QR_ECLEVEL_L);
	int error;

	if (!code)
		return errno == ERANGE ? -E2BIG : errno == ENOMEM ? -ENOMEM : -EINVAL;
	error = print[form](out, code);
	wipe(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return error ? error : textbuf_status(out);
}
