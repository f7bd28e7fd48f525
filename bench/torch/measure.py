"""Times one step function in slices and keeps its samples."""

import gc
import time


class Measurement:
    """A step with its samples over all slices so far; `per` steps' worth of work in one call."""

    def __init__(self, workload, variant, step, per=1, warm_calls=5, least=7):
        self.workload, self.variant = workload, variant
        self.step, self.per = step, per
        self.warm_calls, self.least = warm_calls, least
        self.warm = False

    def warm_up(self, budget):
        """A few calls and at least a tenth of the budget: caches, allocator, compiler, clock."""
        clock = time.perf_counter
        start = clock()
        for call in range(10**6):
            if call >= self.warm_calls and clock() - start >= budget / 10:
                break
            if call > 0 and clock() - start > budget:
                break
            self.step()
        self.warm = True

    def slice(self, budget):
        """Seconds of every call within the budget; at least `least` calls whatever they take."""
        if not self.warm:
            self.warm_up(budget)
        clock, step, samples = time.perf_counter, self.step, []
        gc.collect()
        gc.disable()
        try:
            end = clock() + budget
            while True:
                before = clock()
                step()
                after = clock()
                samples.append(after - before)
                if after > end and len(samples) >= self.least:
                    break
        finally:
            gc.enable()
        return samples

    def result(self, samples, threads):
        ordered = sorted(samples)
        count = len(ordered)

        def at(share):
            return round(ordered[min(count - 1, int(count * share))] * 1e6 / self.per, 4)

        return {
            "workload": self.workload,
            "variant": self.variant,
            "threads": threads,
            "median_us": at(0.5),
            "p10_us": at(0.1),
            "p90_us": at(0.9),
            "n": count,
        }
