/* Colours that people with colour-blindness tell apart, and that differ in brightness too (Okabe and Ito, 2008); on dark
 * ground the same hues, lighter. */
#include "plot/canvas.h"

#define INK(hex) \
    { ((hex) >> 16) & 255, ((hex) >> 8) & 255, (hex)&255 }

const tp_colour tp_ink_colours[2][TP_INKS] = {
    {INK(0x14181f), INK(0x4d5663), INK(0xe3e6ea), INK(0x8a93a0), INK(0xffffff), INK(0xffffff),
     INK(0xd55e00), INK(0x0072b2), INK(0xd55e00), INK(0x009e73), INK(0xb0579a), INK(0xc98500),
     INK(0x3e9bd4), INK(0x5b6470)},
    {INK(0xeef1f5), INK(0xb3bcc8), INK(0x323a46), INK(0x7f8996), INK(0x14181f), INK(0x0b0e13),
     INK(0xff8a3d), INK(0x5ab0ee), INK(0xff8a3d), INK(0x2cc79a), INK(0xe79ac6), INK(0xf2b84b),
     INK(0x9ad7f5), INK(0xc9d0d9)},
};

const char *const tp_ink_names[TP_INKS] = {"text", "muted", "grid", "axis", "paper", "on", "neg",
                                           "s1",   "s2",    "s3",   "s4",   "s5",    "s6", "s7"};

const double tp_dash_lengths[TP_DASHES][4] = {{0}, {7, 4}, {2, 3}, {8, 3, 2, 3}};
