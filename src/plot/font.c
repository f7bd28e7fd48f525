/* A font of strokes for pictures made of dots: the printable characters of ASCII. */
#include <math.h>
#include <string.h>

#include "plot/canvas.h"

/* Each glyph is a list of strokes. '-' goes straight from point to point, '~' smoothly through them. A point is two digits to
 * base 36, x and y, in twentieths of the font's size; the baseline is y = 4, small letters reach to e, capitals to i. */
static const char *const glyphs[95] = {
    "",                                            /* space */
    "-0i08 -0405",                                 /* ! */
    "-0i0f -3i3f",                                 /* " */
    "-3i14 -7i54 -0d8d -0989",                     /* # */
    "~9f7h5i2h0f2c7a9785542507 -5j53",             /* $ */
    "~2i0g2d4g2i ~a986a4c6a9 -9i34",               /* % */
    "~b43d2g4i6g5e1a072454788a",                   /* & */
    "-0i0f",                                       /* ' */
    "~3j1g0b1633",                                 /* ( */
    "~0j2g3b2603",                                 /* ) */
    "-3i3c -0h6d -6h0d",                           /* * */
    "-4e46 -0a8a",                                 /* + */
    "-1502",                                       /* , */
    "-0a5a",                                       /* - */
    "-0405",                                       /* . */
    "-036i",                                       /* / */
    "~4i1g0b1644768b7g4i",                         /* 0 */
    "-1f5i54",                                     /* 1 */
    "~0e1h4i7h8e6a3704 -0484",                     /* 2 */
    "~0f1h4i7h7d3b ~3b7a87643406",                 /* 3 */
    "-6i0888 -6i64",                               /* 4 */
    "-7i1i0b ~0b4c7b88754406",                     /* 5 */
    "~7h4i1f09154475887b4c1b09",                   /* 6 */
    "-0i8i34",                                     /* 7 */
    "~4b1d1g4i7g7d4b ~4b1a07154475877a4b",         /* 8 */
    "~1544778d7h4i1h0e1b4a7b8d",                   /* 9 */
    "-0405 -0c0d",                                 /* : */
    "-1502 -1c1d",                                 /* ; */
    "-8e0a86",                                     /* < */
    "-0c8c -0888",                                 /* = */
    "-0e8a06",                                     /* > */
    "~0f1h3i6h7f5b38 -3435",                       /* ? */
    "~9c7d4b4877998c -9c98 ~98a7cadf8i3i0d082495", /* @ */
    "-046ic4 -29a9",                               /* A */
    "-6b0b -64040i6i ~6i8h9f8c6b ~6b9aa79564",     /* B */
    "~bf9h6i2g0b266495b7",                         /* C */
    "-44040i4i ~4i9gbb9644",                       /* D */
    "-94040i9i -0b8b",                             /* E */
    "-040i9i -0b7b",                               /* F */
    "~bf9h6i2g0b266495b7 -7bbbb7",                 /* G */
    "-0i04 -aia4 -0bab",                           /* H */
    "-0i04",                                       /* I */
    "-6i68 ~6855341507",                           /* J */
    "-0i04 -9i0a -4da4",                           /* K */
    "-0i0494",                                     /* L */
    "-040i68cic4",                                 /* M */
    "-040ia4ai",                                   /* N */
    "~6i2g0b2664a6cbag6i",                         /* O */
    "-040i6i ~6i9hae9b6a -6a0a",                   /* P */
    "~6i2g0b2664a6cbag6i -88c3",                   /* Q */
    "-040i6i ~6i9hae9b6a -6a0a -5aa4",             /* R */
    "~9f7h5i2h0f2c7a9785542507",                   /* S */
    "-0iai -5i54",                                 /* T */
    "-0i08 ~08155495a8 -a8ai",                     /* U */
    "-0i54ai",                                     /* V */
    "-0i448ic4gi",                                 /* W */
    "-0ia4 -ai04",                                 /* X */
    "-0i5bai -5b54",                               /* Y */
    "-0iai04a4",                                   /* Z */
    "-3j0j0333",                                   /* [ */
    "-0i63",                                       /* \ */
    "-0j3j3303",                                   /* ] */
    "-0d4i8d",                                     /* ^ */
    "-0282",                                       /* _ */
    "-0i2f",                                       /* ` */
    "-8e84 ~8b7d4e1d0915447587",                   /* a */
    "-0i04 ~0b1d4e7d8975441507",                   /* b */
    "~8c7d4e1d0915447586",                         /* c */
    "-8i84 ~8b7d4e1d0915447587",                   /* d */
    "-0989 ~897d4e1d0915447586",                   /* e */
    "-343f ~3f4h6i -0e6e",                         /* f */
    "-8e83 ~8b7d4e1d0915447587 ~83714011",         /* g */
    "-0i04 ~0b2d4e7d8b -8b84",                     /* h */
    "-0e04 -0h0i",                                 /* i */
    "-3e32 ~322000 -3h3i",                         /* j */
    "-0i04 -7e08 -3a84",                           /* k */
    "-0i04",                                       /* l */
    "-0e04 ~0b2d4e6d7b -7b74 ~7b9dbeddeb -ebe4",   /* m */
    "-0e04 ~0b2d4e7d8b -8b84",                     /* n */
    "~897d4e1d0915447589",                         /* o */
    "-0e00 ~0b1d4e7d8975441507",                   /* p */
    "-8e80 ~8b7d4e1d0915447587",                   /* q */
    "-0e04 ~0a1c3e5e",                             /* r */
    "~7c5e2e0c1a6876542406",                       /* s */
    "-3h36 ~364464 -0e6e",                         /* t */
    "-0e07 ~0715446587 -8e84",                     /* u */
    "-0e448e",                                     /* v */
    "-0e347eb4ee",                                 /* w */
    "-0e84 -8e04",                                 /* x */
    "-0e44 -8e20",                                 /* y */
    "-0e8e0484",                                   /* z */
    "~4j2h2d0b292543",                             /* { */
    "-0j02",                                       /* | */
    "~0j2h2d4b292503",                             /* } */
    "~0a2c4b6a8c",                                 /* ~ */
};
static const char unknown[] = "-040i8i8404";

enum { UNITS = 20, BASELINE = 4, GAP = 3, SPACE = 6, CURVE_STEPS = 6 };

static int digit_of(char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; }

/* The glyph of the next character, and past it. Dashes and the sign of times have relatives in ASCII. */
static const char *next_glyph(const char **text) {
    unsigned char c = (unsigned char)**text;
    ++*text;
    if (c >= 0x20 && c < 0x7f) return glyphs[c - 0x20];
    if (c < 0xc0) return "";
    const char *rest = *text;
    while (((unsigned char)**text & 0xc0) == 0x80) ++*text;
    if (c == 0xe2 && memcmp(rest, "\x80\x93", 2) == 0) return glyphs['-' - 0x20];
    if (c == 0xe2 && memcmp(rest, "\x80\x94", 2) == 0) return glyphs['-' - 0x20];
    if (c == 0xe2 && memcmp(rest, "\x88\x92", 2) == 0) return glyphs['-' - 0x20];
    if (c == 0xc3 && *rest == '\x97') return glyphs['x' - 0x20];
    return unknown;
}

static int glyph_width(const char *glyph) {
    int width = 0;
    if (!*glyph) return SPACE - GAP;
    for (const char *p = glyph; *p;) {
        if (*p == '-' || *p == '~' || *p == ' ') {
            p++;
            continue;
        }
        if (digit_of(*p) > width) width = digit_of(*p);
        p += 2;
    }
    return width;
}

double tp_text_width(const char *text, double size) {
    int units = 0;
    while (text && *text) units += glyph_width(next_glyph(&text)) + GAP;
    return size * units / UNITS;
}

/* ---- drawing ---- */

typedef struct pen {
    tp_raster *raster;
    const tp_label *label;
    double x, unit,
        width; /* where the glyph begins along the text; size of a unit; of the stroke */
    tp_colour colour;
} pen;

/* Where a point of the glyph lies in the raster. */
static tp_point place(const pen *p, double u, double v) {
    double along = p->x + u * p->unit, up = (v - BASELINE) * p->unit, s = p->raster->scale;
    if (p->label->upright) return (tp_point){p->label->x * s - up, p->label->y * s - along};
    return (tp_point){p->label->x * s + along, p->label->y * s - up};
}

/* A point between b and c on the curve of Catmull and Rom through a, b, c, d. */
static double between(double a, double b, double c, double d, double t) {
    return 0.5 *
           (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
}

static void draw_stroke(const pen *p, const tp_point *points, int count, bool smooth) {
    bool closed = points[0].x == points[count - 1].x && points[0].y == points[count - 1].y;
    for (int i = 0; i + 1 < count; i++) {
        tp_point b = points[i], c = points[i + 1];
        tp_point a = i ? points[i - 1] : closed ? points[count - 2] : b;
        tp_point d = i + 2 < count ? points[i + 2] : closed ? points[1] : c;
        int steps = smooth ? CURVE_STEPS : 1;
        tp_point from = place(p, b.x, b.y);
        for (int k = 1; k <= steps; k++) {
            double t = (double)k / steps;
            tp_point to =
                smooth ? place(p, between(a.x, b.x, c.x, d.x, t), between(a.y, b.y, c.y, d.y, t))
                       : place(p, c.x, c.y);
            tp_raster_stroke(p->raster, from, to, p->width, p->colour);
            from = to;
        }
    }
}

static void draw_glyph(const pen *p, const char *glyph) {
    enum { MOST = 24 };
    tp_point points[MOST];
    while (*glyph) {
        bool smooth = *glyph++ == '~';
        int count = 0;
        for (; *glyph && *glyph != '-' && *glyph != '~'; glyph += 2) {
            if (*glyph == ' ') break;
            if (count < MOST) points[count++] = (tp_point){digit_of(glyph[0]), digit_of(glyph[1])};
        }
        while (*glyph == ' ') glyph++;
        if (count) draw_stroke(p, points, count, smooth);
    }
}

void tp_font_draw(tp_raster *raster, const tp_label *label) {
    double size = label->size * raster->scale, width = tp_text_width(label->text, size);
    pen p = {.raster = raster, .label = label, .unit = size / UNITS};
    p.width = size * (label->bold ? 0.115 : 0.08);
    p.colour = tp_ink_colours[raster->dark][label->ink];
    p.x = p.unit * GAP / 2;
    if (label->anchor == TP_ANCHOR_MIDDLE) p.x -= width / 2;
    if (label->anchor == TP_ANCHOR_END) p.x -= width;
    for (const char *text = label->text; *text;) {
        const char *glyph = next_glyph(&text);
        draw_glyph(&p, glyph);
        p.x += (glyph_width(glyph) + GAP) * p.unit;
    }
}
