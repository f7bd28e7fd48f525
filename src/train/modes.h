/* Training or evaluation mode of a whole model, and back to what each layer had. */
#ifndef TP_TRAIN_MODES_H
#define TP_TRAIN_MODES_H

#include <taper/nn.h>

typedef struct tp_modes {
    tp_module *root;
    size_t count, room;
    bool *evaluating; /* of each layer, children before parents */
} tp_modes;

/* Notes the modes. False when out of memory, which is reported. */
bool tp_modes_save(tp_modes *modes, tp_location at, const char *op, tp_module *root);
/* Puts them back and ends the note. Does nothing for one that was not saved. */
void tp_modes_restore(tp_modes *modes);

#endif
