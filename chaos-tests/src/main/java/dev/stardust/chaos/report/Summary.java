package dev.stardust.chaos.report;

import java.util.Arrays;
import java.util.Collection;

/**
 * What a set of figures comes to.
 *
 * @param count how many there were
 * @param median the middle one, or the mean of the two in the middle; NaN of none
 * @param worst the largest; NaN of none
 */
public record Summary(int count, double median, double worst) {
    /** The summary of figures in any order. */
    public static Summary of(Collection<? extends Number> figures) {
        double[] sorted =
                figures.stream().mapToDouble(Number::doubleValue).sorted().toArray();
        if (sorted.length == 0) {
            return new Summary(0, Double.NaN, Double.NaN);
        }
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Summary(sorted.length, median, sorted[sorted.length - 1]);
    }

    /** The summary of these figures. */
    public static Summary of(double... figures) {
        return of(Arrays.stream(figures).boxed().toList());
    }
}
