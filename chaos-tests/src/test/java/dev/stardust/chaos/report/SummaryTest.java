package dev.stardust.chaos.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.NotEmpty;
import org.junit.jupiter.api.Test;

class SummaryTest {
    @Test
    void theMedianOfAnEvenCountLiesBetweenTheMiddleTwo() {
        assertEquals(new Summary(4, 2.5, 9), Summary.of(9, 1, 2, 3));
        assertEquals(new Summary(3, 2, 9), Summary.of(9, 1, 2));
    }

    @Test
    void ofNothingThereIsNoFigure() {
        assertTrue(Double.isNaN(Summary.of(List.of()).median()));
        assertTrue(Double.isNaN(Summary.of(List.of()).worst()));
    }

    @Property
    void halfOfTheFiguresAreOnEitherSideOfTheMedian(@ForAll @NotEmpty List<Integer> figures) {
        Summary summary = Summary.of(figures);
        long below = figures.stream().filter(f -> f < summary.median()).count();
        long above = figures.stream().filter(f -> f > summary.median()).count();
        assertTrue(below * 2 <= figures.size());
        assertTrue(above * 2 <= figures.size());
        assertTrue(figures.stream().allMatch(f -> f <= summary.worst()));
    }
}
