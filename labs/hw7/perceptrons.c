/* hw7.12: Perceptrons compute any function of binary inputs */
#include <stdio.h>
#include <string.h>

#include "lab.h"

enum { MOST_INPUTS = 6, MOST_ROWS = 1 << MOST_INPUTS };

/* A perceptron says 1 where w x + b > 0. The hidden layer has one for each row of the table whose answer is 1: weight +1 where
 * the row has a 1, -1 where it has a 0, and the bias 1/2 minus the number of ones. Then w x + b is 1/2 on its own row and at
 * most -1/2 on every other. The output perceptron says 1 where any of them does: weights 1, bias -1/2. */
static tp_module *build(const char *table, int inputs, int *hidden) {
    float w[MOST_ROWS * MOST_INPUTS], b[MOST_ROWS], ones[MOST_ROWS];
    int count = 0;
    for (int row = 0; table[row]; row++) {
        if (table[row] != '1') continue;
        b[count] = 0.5F;
        for (int i = 0; i < inputs; i++) {
            int bit = row >> (inputs - 1 - i) & 1;
            w[count * inputs + i] = bit ? 1 : -1;
            b[count] -= (float)bit;
        }
        ones[count++] = 1;
    }
    if (count == 0) { /* never 1: one perceptron that never fires */
        for (int i = 0; i < inputs; i++) w[i] = 0;
        b[0] = -1, ones[0] = 1, count = 1;
    }
    tp_module *net = tp_nn_sequential(tp_nn_linear(inputs, count), tp_nn_step(),
                                      tp_nn_linear(count, 1), tp_nn_step());
    float minus_half = -0.5F;
    TP_NO_GRAD {
        TP_SCOPE {
            tp_copy_(tp_get_tensor(net, "0.weight"), tp_from_data(w, tp_shape(count, inputs)));
            tp_copy_(tp_get_tensor(net, "0.bias"), tp_from_data(b, tp_shape(count)));
            tp_copy_(tp_get_tensor(net, "2.weight"), tp_from_data(ones, tp_shape(1, count)));
            tp_copy_(tp_get_tensor(net, "2.bias"), tp_from_data(&minus_half, tp_shape(1)));
        }
    }
    *hidden = count;
    return net;
}

/* The network as a picture, and its numbers as a table: a perceptron fires where the sum of its weighted inputs is above its threshold,
 * the bias with its sign turned. */
static void draw(lab *l, tp_module *net, int inputs, int hidden) {
    tp_tensor *w = tp_get_tensor(net, "0.weight"), *b = tp_get_tensor(net, "0.bias");
    tp_tensor *v = tp_get_tensor(net, "2.weight"), *c = tp_get_tensor(net, "2.bias");
    tp_figure *f = tp_figure_new("The network of perceptrons");
    TP_SCOPE { tp_plot_network(f, tp_list(w, v), .biases = tp_list(tp_neg(b), tp_neg(c))); }
    lab_figure(l, f, "network",
               "Solid lines are weights of +1, dashed ones of -1; in each circle its threshold");
    const char *cells[(MOST_ROWS + 1) * 3];
    for (int h = 0; h < hidden; h++) {
        const char *weights = "";
        for (int i = 0; i < inputs; i++)
            weights = lab_text(l, "%s%+.0f ", weights, tp_get(w, h, i));
        cells[3 * h] = lab_text(l, "h%d", h + 1);
        cells[3 * h + 1] = weights;
        cells[3 * h + 2] = lab_text(l, "%.1f", -tp_get(b, h));
    }
    const char **last = cells + 3 * hidden;
    last[0] = "y", last[1] = "+1 each", last[2] = lab_text(l, "%.1f", -tp_get(c, 0));
    lab_table(l, (const char *const[]){"perceptron", "weights", "threshold"}, 3, cells,
              (size_t)hidden + 1);
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.12", "Perceptrons compute any function of binary inputs",
                       "table");
    const char *table = lab_option(l, "table", "0110");
    int inputs = 0, rows = (int)strlen(table);
    while (inputs < MOST_INPUTS && 1 << inputs < rows) inputs++;
    if (rows < 2 || 1 << inputs != rows || strspn(table, "01") != strlen(table)) {
        fprintf(
            stderr,
            "hw7.12: --table takes the answers for all rows in order, 2, 4, 8, ... %d of 0 and 1: 0110 is XOR\n",
            MOST_ROWS);
        return 2;
    }
    int hidden;
    tp_module *net = build(table, inputs, &hidden);
    lab_say(
        l,
        "The function: %s, %d inputs. The network: one hidden perceptron for each row whose answer is 1, which "
        "fires on this row alone, and an output perceptron that fires when any of them does: %d + 1 perceptrons. "
        "No training: the weights are written down.",
        table, inputs, hidden);
    lab_section(l, "The network");
    draw(l, net, inputs, hidden);

    lab_section(l, "All rows");
    const char *cells[MOST_ROWS * 4];
    int right = 0;
    for (int row = 0; row < rows; row++) {
        char bits[2 * MOST_INPUTS + 1] = "";
        float x[MOST_INPUTS];
        for (int i = 0; i < inputs; i++) {
            x[i] = (float)(row >> (inputs - 1 - i) & 1);
            strcat(bits, x[i] > 0 ? "1 " : "0 ");
        }
        double y = 0;
        TP_SCOPE { y = tp_item(tp_call(net, tp_from_data(x, tp_shape(1, inputs)))); }
        right += (int)y == table[row] - '0';
        cells[4 * row] = lab_text(l, "%s", bits);
        cells[4 * row + 1] = lab_text(l, "%c", table[row]);
        cells[4 * row + 2] = lab_text(l, "%.0f", y);
        cells[4 * row + 3] = (int)y == table[row] - '0' ? "right" : "WRONG";
    }
    lab_table(l, (const char *const[]){"x", "wanted", "network", ""}, 4, cells, (size_t)rows);
    lab_result(l, "Rows computed", "%d of %d", right, rows);
    lab_say(
        l,
        "Since any table can be written so, perceptrons with one hidden layer compute every function of binary "
        "inputs. One perceptron alone cannot: it says 1 on one side of a line, and the ones of XOR lie on both.");
    tp_module_free(net);
    return lab_end(l) || right != rows;
}
