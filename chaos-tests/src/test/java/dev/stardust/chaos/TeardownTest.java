package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TeardownTest {
    @Test
    void undoesLastFirstOnceAndPastFailures() {
        List<String> done = new ArrayList<>();
        Teardown teardown = new Teardown();
        teardown.add(() -> done.add("first"));
        teardown.add(() -> {
            throw new IllegalStateException("cannot");
        });
        teardown.add(() -> done.add("last"));
        teardown.close();
        teardown.close();
        assertEquals(List.of("last", "first"), done);
    }
}
