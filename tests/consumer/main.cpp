// The same program in C++: the plain functions behind the macros.
#include <cstdio>
#include <taper/taper.h>

int main() {
    const float values[] = {1, 2, 3, 4};
    tp_data_args args = {};
    args.data = values;
    args.shape = tp_shape(4);
    args.requires_grad = true;
    tp_tensor *x = tp_from_data_at(TP_HERE, args);
    tp_scalar_args ten = {};
    ten.value = 10;
    tp_tensor *y = tp_add(tp_mul(x, tp_scalar_at(TP_HERE, ten)), x);
    for (int i = 0; i < 4; i++) std::printf("%s%g", i ? " " : "", tp_get(y, i));
    std::printf("\n");
    tp_shutdown();
    return 0;
}
