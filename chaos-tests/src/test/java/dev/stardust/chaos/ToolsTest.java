package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ToolsTest {
    private static final int USAGE = 2;

    @Test
    void namingNothingIsAUsageError() {
        assertEquals(USAGE, Tools.run());
        assertEquals(USAGE, Tools.run("bench"));
        assertEquals(USAGE, Tools.run("soak"));
    }

    @Test
    void anUnknownNameIsAUsageError() {
        assertEquals(USAGE, Tools.run("bench", "nothing"));
    }

    @Test
    void impossibleOptionsAreUsageErrors() {
        assertEquals(USAGE, Tools.run("bench", "migrate", "--peers", "vmware"));
        assertEquals(USAGE, Tools.run("bench", "migrate", "--rounds", "0"));
        assertEquals(USAGE, Tools.run("bench", "exits", "--runs", "0"));
        assertEquals(USAGE, Tools.run("bench", "vmm", "--rounds", "0"));
        assertEquals(USAGE, Tools.run("bench", "vmm", "--vms", "0"));
        assertEquals(USAGE, Tools.run("bench", "vmm", "--parts", "start,nothing"));
        assertEquals(USAGE, Tools.run("soak", "leases", "--minutes", "0"));
        assertEquals(USAGE, Tools.run("soak", "hostile", "--steps", "0"));
    }
}
