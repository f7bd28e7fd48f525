/* The command as a user and as a script meet it: what it prints, what it leaves, and its exit status. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/runtime.h>

#include "support/shell.h"

/* A run that takes a moment only. */
#define SMALL "--data digits --limit 400 --test-limit 200 --batch-size 20 --no-plots"

/* The number behind a key in the last line; fails where there is none. */
static double number(const answer *a, const char *key) {
    size_t length = strlen(a->text);
    while (length && a->text[length - 1] == '\n') length--;
    const char *last = a->text;
    for (const char *c = a->text; c < a->text + length; c++)
        if (*c == '\n') last = c + 1;
    char quoted[64], *stop;
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    const char *found = *last == '{' ? strstr(last, quoted) : NULL;
    if (!found) fail_msg("no %s in the last line of:\n%s", quoted, a->text);
    found += strlen(quoted);
    double value = strtod(found, &stop);
    if (stop == found) fail_msg("%s is no number in:\n%s", quoted, a->text);
    return value;
}

static int exists(const char *run, const char *name) {
    char path[512];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s/%s", folder, run, name);
    return stat(path, &info) == 0 && info.st_size > 0;
}

static void version_and_help(void **state) {
    (void)state;
    check(shell(TAPER " version"), 0, tp_version());
    check(shell(TAPER " --version"), 0, "instruction set");
    check(shell(TAPER), 2, "usage: taper VERB");
    check(shell(TAPER " help"), 0, "usage: taper VERB");
    static const char *const verbs[] = {"train",   "eval",    "predict", "summary", "data",
                                        "inspect", "convert", "compare", "bench",   "version"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        char usage[64], first[32768];
        snprintf(usage, sizeof usage, "usage: taper %s", verbs[i]);
        strcpy(first, check(shell(TAPER " help %s", verbs[i]), 0, usage)->text);
        assert_string_equal(check(shell(TAPER " %s --help", verbs[i]), 0, usage)->text, first);
    }
    /* the spellings that scripts rely on */
    static const char *const options[] = {
        "--data NAME", "--model NAME", "--epochs N",   "--batch-size N",   "--optimizer NAME",
        "--lr X",      "--momentum X", "--seed N",     "--weight-decay X", "--threads N",
        "--per-class", "--val-split",  "--patience N", "--min-delta X",    "--out DIR",
        "--resume",    "--quiet",      "--json"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check(shell(TAPER " help train"), 0, options[i]);
}

static void mistakes_get_the_right_word(void **state) {
    (void)state;
    check(shell(TAPER " trian"), 2, "did you mean train?");
    check(shell(TAPER " help layers"), 0, "leaky_relu[:SLOPE]");
    check(shell(TAPER " help models"), 0, "squeezenet1_1");
    check(shell(TAPER " help evil"), 2, "did you mean eval?");
    check(shell(TAPER " train --epohcs 3"), 2, "did you mean --epochs?");
    check(shell(TAPER " train --frobnicate"), 2, "taper help train");
    check(shell(TAPER " train --epochs"), 2, "needs a value");
    check(shell(TAPER " train --epochs three"), 2, "whole number");
    check(shell(TAPER " train --epochs 0"), 2, "at least 1");
    check(shell(TAPER " train --epochs=2.5"), 2, "whole number");
    check(shell(TAPER " train --lr fast"), 2, "a number");
    check(shell(TAPER " train --lr nan"), 2, "a number");
    check(shell(TAPER " train --json=yes"), 2, "stands alone");
    check(shell(TAPER " train --optimizer adm"), 2, "did you mean adam?");
    check(shell(TAPER " train --schedule cosin"), 2, "did you mean cosine?");
    check(shell(TAPER " train --data mnits"), 2, "did you mean mnist?");
    check(shell(TAPER " train --data no/such"), 2, "no folder or file \"no/such\"");
    check(shell(TAPER " train --val-split 1"), 2, "--val-count");
    check(shell(TAPER " train --nesterov"), 2, "--momentum");
    check(shell(TAPER " train -e 3"), 2, "two dashes");
    check(shell(TAPER " train flatten linear:10"), 2, "quotes");
    check(shell(TAPER " eval"), 2, "which run");
    check(shell(TAPER " eval no/such"), 1, "no run or file \"no/such\"");
    check(shell(TAPER " predict"), 2, "which run");
    check(shell(TAPER " data stat"), 2, "did you mean stats?");
    check(shell(TAPER " summary --shape 3xx4"), 2, "1x28x28");
    check(shell(TAPER " train --out never --resume"), 1, "no config.json");
    /* the caret stands under the wrong word */
    check(shell(TAPER " train " SMALL " --model 'flatten linaer:10' --out caret"), 1,
          "  flatten linaer:10\n          ^\n  no such layer; did you mean \"linear\"?");
    check(shell(TAPER " train " SMALL " --model logistc --out caret"), 1, "did you mean logistic?");
    check(shell(TAPER " train " SMALL " --model resnte18:small --out caret"), 1,
          "did you mean resnet18?");
    check(shell(TAPER " train " SMALL " --model resnet18:tiny --out caret"), 1,
          "\"tiny\" is none of its options");
    check(shell(TAPER " train " SMALL " --model 'conv:8 (conv:9)+' --out caret"), 1,
          "  conv:8 (conv:9)+\n         ^\n  (9, 24, 24) comes out of it");
    assert_false(exists("caret", "config.json"));
}

/* A network by name, trained, found again, and summed up as published or with options. */
static void models_have_names(void **state) {
    (void)state;
    const answer *a =
        check(shell(TAPER " train --limit 300 --test-limit 100 --epochs 1 --no-progress"
                          " --model lenet5:dropout=0 --out named --json"),
              0, "model lenet5:dropout=0: 61706 parameters");
    double accuracy = number(a, "test_accuracy");
    a = check(shell(TAPER " eval named --limit 100 --json"), 0, "accuracy");
    assert_float_equal(number(a, "test_accuracy"), accuracy, 0);
    check(shell(TAPER " summary named"), 0, "(N, 120, 1, 1)");
    check(shell(TAPER " summary alexnet"), 0, "61,100,840");
    check(shell(TAPER " summary resnet18:small,classes=10 --shape 3x32x32 --batch-size 4"), 0,
          "to evaluate a batch of 4");
    check(shell(TAPER " summary mobilenet_v2:width=0.5 --shape 1x64x64"), 0, "1,968,392");
}

static void train_leaves_a_folder(void **state) {
    (void)state;
    char json[32768];
    const answer *a = check(shell(TAPER " train --data digits --limit 2000 --test-limit 500"
                                        " --epochs 4 --val-split 0.1 --out a/run --json"),
                            0, "synthetic digits: 1800 pictures to train on, 200 for validation");
    strcpy(json, a->text);
    assert_int_equal(number(a, "epochs_run"), 4);
    assert_int_equal(number(a, "parameters"), 109386);
    assert_int_equal(number(a, "steps"), 4 * 57);
    assert_true(number(a, "test_accuracy") > 0.7 && number(a, "test_accuracy") <= 1);
    assert_true(number(a, "test_loss") > 0);
    assert_true(number(a, "train_loss") > 0 && number(a, "val_loss") > 0);
    assert_true(number(a, "train_seconds") > 0);
    double accuracy = number(a, "test_accuracy"), loss = number(a, "test_loss");
    static const char *const files[] = {
        "config.json",       "history.csv",   "history.jsonl", "checkpoint.safetensors",
        "model.safetensors", "confusion.csv", "curves.svg",    "result.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (!exists("a/run", files[i])) fail_msg("no %s", files[i]);
    check(shell("wc -l < a/run/history.csv"), 0, "5");
    /* eval finds the model and the data by itself, and comes to the same numbers */
    a = check(shell(TAPER " eval a/run --limit 500 --json"), 0, "precision");
    assert_float_equal(number(a, "test_accuracy"), accuracy, 0);
    assert_float_equal(number(a, "test_loss"), loss, 0);
    /* so does the file of weights alone */
    a = check(shell("cp a/run/model.safetensors alone.safetensors && " TAPER
                    " eval alone.safetensors --limit 500 --quiet --json"),
              0, "accuracy");
    assert_float_equal(number(a, "test_accuracy"), accuracy, 0);
    check(shell(TAPER " summary a/run"), 0, "109,386");
    /* the confusion matrix holds every test picture */
    check(shell("tail -n +2 a/run/confusion.csv | tr -d '\"' |"
                " awk -F, '{for (i = 2; i <= NF; i++) n += $i} END {print n}'"),
          0, "500");
}

static void quiet_is_quiet(void **state) {
    (void)state;
    const answer *a = check(shell(TAPER " train " SMALL " --epochs 1 --out q --quiet"), 0, NULL);
    assert_string_equal(a->text, "");
    a = check(shell(TAPER " train " SMALL " --epochs 1 --out q --quiet --json"), 0, "{");
    assert_int_equal(a->text[0], '{');
    assert_ptr_equal(strchr(a->text, '\n'), a->text + strlen(a->text) - 1);
}

static void subsets_and_splits(void **state) {
    (void)state;
    check(shell(TAPER " train " SMALL " --epochs 1 --per-class 20 --out p"), 0,
          "200 pictures to train on, 200 to test");
    check(shell(TAPER " train " SMALL " --epochs 1 --val-count 60 --per-class 12 --out p"), 0,
          "120 pictures to train on, 60 for validation");
    check(shell(TAPER " train " SMALL " --epochs 1 --patience 3 --out p"), 0,
          "360 pictures to train on, 40 for validation");
    check(shell(TAPER " train " SMALL " --per-class 4000 --out p"), 1, "taper: ");
    const answer *a = check(shell(TAPER " train " SMALL " --epochs 50 --patience 1 --min-delta 100"
                                        " --out p --json"),
                            0, NULL);
    assert_int_equal(number(a, "epochs_run"), 2);
}

/* Every optimiser and schedule trains and comes to a finite loss. */
static void optimizers_and_schedules(void **state) {
    (void)state;
    static const char *const options[] = {"--optimizer sgd --momentum 0.9 --nesterov",
                                          "--optimizer adamw",
                                          "--optimizer rmsprop --lr 0.001",
                                          "--optimizer adagrad",
                                          "--schedule step --step-size 1 --gamma 0.5",
                                          "--schedule cosine --warmup 10",
                                          "--schedule onecycle --lr 0.01",
                                          "--schedule plateau",
                                          "--warmup 5 --clip-norm 1",
                                          "--label-smoothing 0.1 --weight-decay 0.001",
                                          "--best --val-split 0.2 --workers 1 --threads 1"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const answer *a =
            check(shell(TAPER " train " SMALL " --epochs 3 --quiet --json --out o %s", options[i]),
                  0, "{");
        assert_true(number(a, "train_loss") < 2.3);
    }
}

static void a_resumed_run_ends_in_the_same_bytes(void **state) {
    (void)state;
    const char *options = "--model 'flatten linear:16 relu dropout:0.3 linear:10' --seed 7"
                          " --optimizer sgd --lr 0.05 --momentum 0.9 --val-split 0.2 --quiet";
    check(shell(TAPER " train " SMALL " --epochs 4 --out whole %s", options), 0, NULL);
    check(shell(TAPER " train " SMALL " --epochs 2 --out parts %s", options), 0, NULL);
    check(shell("cmp whole/model.safetensors parts/model.safetensors"), 1, "differ");
    /* only what changes is said again */
    const answer *a = check(shell(TAPER " train --resume --out parts --epochs 4 --json --no-plots"),
                            0, "320 pictures to train on, 80 for validation");
    assert_int_equal(number(a, "epochs_run"), 4);
    check(shell("cmp whole/model.safetensors parts/model.safetensors"), 0, NULL);
    check(shell("cut -d, -f1-7 whole/history.csv > w; cut -d, -f1-7 parts/history.csv | cmp - w"),
          0, NULL);
    check(shell("printf '{\"options\": {\"epochs\": 3}}' > parts/config.json; " TAPER
                " train --resume --out parts"),
          1, "config.json: damaged at byte");
    check(shell("printf '{\"options\": {\"epohcs\": \"3\"}}' > parts/config.json; " TAPER
                " train --resume --out parts"),
          1, "did you mean --epochs?");
}

/* Ctrl-C: the run is saved, says how to go on, and does. */
static void an_interrupted_run_can_be_resumed(void **state) {
    (void)state;
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], 1);
        dup2(out[1], 2);
        close(out[0]);
        alarm(120); /* should the test fail to stop it */
        if (chdir(folder) == 0)
            execl(TAPER, TAPER, "train", "--data", "digits", "--limit", "4000", "--test-limit",
                  "100", "--epochs", "100000", "--out", "stopped", "--no-plots", (char *)NULL);
        _exit(99);
    }
    close(out[1]);
    char text[8192];
    size_t size = 0;
    ssize_t got = 0;
    bool asked = false;
    while (size < sizeof text - 1 &&
           (got = read(out[0], text + size, sizeof text - 1 - size)) > 0) {
        size += (size_t)got;
        text[size] = 0;
        if (!asked && strstr(text, "\nepoch")) asked = kill(child, SIGINT) == 0;
    }
    int status = 0;
    close(out[0]);
    waitpid(child, &status, 0);
    assert_true(asked);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 130 ||
        !strstr(text, "taper train --out stopped --resume"))
        fail_msg("status %d:\n%s", status, text);
    assert_true(exists("stopped", "checkpoint.safetensors"));
    const answer *a =
        check(shell(TAPER " train --out stopped --resume --epochs 3 --json --no-plots"), 0, "{");
    assert_true(number(a, "epochs_run") >= 2);
}

static void predictions(void **state) {
    (void)state;
    check(shell(TAPER " train " SMALL " --epochs 2 --out m --quiet"), 0, NULL);
    const answer *a = check(shell(TAPER " predict m 5 17 --json"), 0, "{\"index\": 5, \"label\": ");
    assert_int_equal(number(a, "index"), 17);
    assert_true(number(a, "probability") > 0.1 && number(a, "probability") <= 1);
    check(shell("LC_ALL=C " TAPER " predict m 5 --count 1"), 0, "#5 is ");
    /* every picture of --wrong is wrong */
    check(shell(TAPER " predict m --wrong --count 40 --json > wrong && wc -l < wrong"), 0, "40");
    check(shell("awk '{if ($4 == $6) exit 1}' wrong"), 0, NULL);
    check(shell(TAPER " predict m 10000"), 1, "from 0 to 9999");
    check(shell(TAPER " predict m seven"), 1, "no picture \"seven\"");
    /* a file of pictures without labels: two of 28 x 28, black */
    check(shell("{ printf '\\000\\000\\010\\003\\000\\000\\000\\002\\000\\000\\000\\034\\000\\000"
                "\\000\\034'; head -c 1568 /dev/zero; } > black && " TAPER
                " predict m --pictures black --json"),
          0, "{\"index\": 1, \"prediction\": ");
    check(shell(TAPER " predict m --pictures w --json"), 1, "taper: ");
}

static void data_and_bench(void **state) {
    (void)state;
    check(shell(TAPER " data list"), 0, "kmnist");
    check(shell(TAPER " data stats digits --split test"), 0, "10000 pictures of 28 x 28 in 10");
    check(shell("LC_ALL=C " TAPER " data show digits --count 3 --from 7"), 0, "#9 is ");
    check(shell(TAPER " data show digits --from 60000"), 1, "the last one is 59999");
    const answer *a =
        check(shell(TAPER " bench --seconds 0.01 --threads 1 --model 'flatten linear:10' --json"),
              0, "{");
    assert_true(number(a, "step_us") > 0 && number(a, "gflops") > 0);
    check(shell(TAPER " summary 'linear:3 tanh' --shape 8"), 0, "(N, 3)");
}

/* A folder with three classes of pictures of one colour each, and one that cannot be read; test has one that train has too. */
static void make_pictures(void) {
    check(
        shell(
            "mkdir -p pets/train/cat pets/train/dog pets/test/dog && for i in 1 2 3 4 5 6 7 8; do "
            "printf 'P6 4 4 255\\n%%048d' $i > pets/train/cat/$i.ppm; "
            "printf 'P6 4 4 255\\n%%048d' 9$i > pets/train/dog/$i.ppm; done; "
            "cp pets/train/dog/3.ppm pets/test/dog/a.ppm; printf 'P6 4 4 255\\n%%048d' 77 > pets/test/dog/b.ppm"),
        0, NULL);
}

static void pictures_in_files(void **state) {
    (void)state;
    make_pictures();
    check(shell(TAPER " data stats pets"), 0, "16 pictures of 4 x 4 in 2 classes");
    check(shell(TAPER " data stats pets"), 0, "colour, RGB");
    check(shell(TAPER " data stats pets"), 0, "parts: train 16, test 2\n");
    check(shell(TAPER " data stats pets/train/cat"), 1, "nor a CSV list");
    check(shell(TAPER " data stats pets --split valid"), 1, "no part for validation");
    check(shell(TAPER " data show pets --count 2"), 0, "#1 is cat");
    check(shell(TAPER " data show pets --sheet s.svg --per-class 3"), 0, "s.svg");
    assert_true(exists(".", "s.svg"));
    check(shell(TAPER " data check pets"), 1, "leaked: train 10 (");
    check(shell("printf x > pets/train/cat/9.ppm; " TAPER " data check pets"), 1,
          "cat/9.ppm: no PNG");
    check(shell("rm pets/train/cat/9.ppm pets/test/dog/a.ppm; " TAPER " data check pets"), 0,
          "0 in two parts");
    check(shell(TAPER " data check digits-of-mine"), 1, "no data set");
    check(shell(TAPER " data fetch mnits"), 1, "did you mean mnist?");
    check(shell(TAPER " train --data pets --epochs 2 --batch-size 4 --out r --quiet --no-plots"), 0,
          NULL);
    check(shell(TAPER " predict r pets/test/dog/b.ppm --json"), 0,
          "\"file\": \"pets/test/dog/b.ppm\"");
    check(shell(TAPER " predict r pets/test/dog/none.ppm"), 1, "No such file");
    check(shell(TAPER " eval r --split train --quiet"), 0, "of 16 pictures");
    /* a picture of one's own needs the run alone, not what it was trained on */
    check(shell("cp pets/train/dog/3.ppm 'a \"dog\".ppm' && mv pets away && " TAPER
                " predict r 'a \"dog\".ppm' --json > alone; mv away pets; cat alone"),
          0, "{\"file\": \"a \\\"dog\\\".ppm\", \"prediction\": ");
    check(shell("cp r/model.safetensors w.safetensors && " TAPER
                " predict r pets/train/dog/3.ppm --json > folder && " TAPER
                " predict w.safetensors pets/train/dog/3.ppm --json | cmp - folder && cat folder"),
          0, "\"name\": \"");
    check(shell(TAPER " inspect w.safetensors"), 0, "[\"cat\", \"dog\"]");
}

/* The same as a list, with a part of its own for validation; pictures of two sizes are made alike. */
static void pictures_in_a_list(void **state) {
    (void)state;
    make_pictures();
    check(
        shell(
            "{ echo file,label,split; for i in 1 2 3 4 5 6; do echo cat/$i.ppm,cat,train; echo dog/$i.ppm,dog,train; done;"
            " echo cat/7.ppm,cat,val; echo dog/8.ppm,dog,test; } > pets/train/list.csv;"
            " printf 'P6 8 2 255\\n%%048d' 5 > pets/train/cat/5.ppm"),
        0, NULL);
    check(shell(TAPER " train --data pets/train --epochs 1 --batch-size 4 --out l --no-plots"), 0,
          "12 pictures to train on, 1 for validation, 1 to test");
    check(shell("grep image-size l/config.json"), 0, "\"64\"");
    check(shell(TAPER " predict l --json"), 0, "\"name\": ");
    check(shell(TAPER " train --data pets/train/cat/1.ppm"), 2, "takes .csv and .npz");
}

/* ---- sweeps, reports, trials ---- */

static void sweeps_and_reports(void **state) {
    (void)state;
    check(shell(TAPER " sweep --lr 0.01,0.001 --seed 1,2 " SMALL " --epochs 1 --out sweep"), 0,
          "4/4");
    check(shell("test -s sweep/report.html && ls sweep"), 0, "lr=0.01_seed=2");
    check(shell("grep -c 'Test accuracy by lr' sweep/report.html"), 0, NULL);
    check(shell(TAPER " sweep --lr 0.01,0.001 --seed 1,2 " SMALL " --out sweep --resume --quiet"),
          0, "");
    check(shell(TAPER " sweep --lr 0.01 --out one"), 2, "several values");
    check(shell(TAPER " sweep --lrr 1,2"), 2, "did you mean --lr");
    check(shell(TAPER " sweep --lr 1,,2"), 2, "a value is missing");
    check(shell(TAPER " sweep --lr 1,x"), 2, "takes a number");
    check(shell(TAPER
                " report sweep/lr=0.01_seed=1 sweep/lr=0.001_seed=1 --out both.html --title Both"),
          0, "both.html");
    check(shell("grep -c '<h1>Both</h1>' both.html"), 0, NULL);
    check(shell(TAPER " report sweep/lr=0.01_seed=1 sweep/lr=0.01_seed=2 --out seeds.html --quiet"),
          0, NULL);
    check(shell("grep -c '>2 seeds<' seeds.html"), 0, NULL);
    check(shell(TAPER " report sweep/lr=0.01_seed=1 --quiet"), 0, NULL);
    check(shell("grep -c 'Confusion matrix' sweep/lr=0.01_seed=1/report.html"), 0, NULL);
    check(shell(TAPER " report"), 2, "which runs");
    check(shell(TAPER " report nowhere elsewhere"), 1, "not the folder of a run");
}

static void trials_and_doctor(void **state) {
    (void)state;
    const answer *a =
        check(shell(TAPER " train --find-lr " SMALL " --out trial --json"), 0, "suggestion");
    assert_true(number(a, "lr") > 1e-5);
    check(
        shell(
            "test -s trial/find-lr.svg && test -s trial/find-lr.csv && ! test -e trial/config.json"),
        0, NULL);
    check(shell(TAPER " train --overfit-one-batch " SMALL " --json"), 0, "\"learned\": true");
    check(shell(TAPER " train --overfit-one-batch " SMALL " --lr 1e-9"), 1, "cannot be learned");
    const char *model = "--model \"flatten linear:10 softmax\"";
    check(shell(TAPER " train " SMALL " --epochs 1 --out hints %s", model), 0,
          "hint: softmax before");
    a = check(shell(TAPER " train " SMALL " --epochs 1 --out hints --doctor off %s", model), 0,
              NULL);
    assert_null(strstr(a->text, "hint:"));
    check(shell(TAPER " train --doctor perhaps"), 2, "there is no setting of --doctor");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_and_help),
        cmocka_unit_test(models_have_names),
        cmocka_unit_test(mistakes_get_the_right_word),
        cmocka_unit_test(train_leaves_a_folder),
        cmocka_unit_test(quiet_is_quiet),
        cmocka_unit_test(subsets_and_splits),
        cmocka_unit_test(optimizers_and_schedules),
        cmocka_unit_test(a_resumed_run_ends_in_the_same_bytes),
        cmocka_unit_test(an_interrupted_run_can_be_resumed),
        cmocka_unit_test(sweeps_and_reports),
        cmocka_unit_test(trials_and_doctor),
        cmocka_unit_test(predictions),
        cmocka_unit_test(data_and_bench),
        cmocka_unit_test(pictures_in_files),
        cmocka_unit_test(pictures_in_a_list),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
