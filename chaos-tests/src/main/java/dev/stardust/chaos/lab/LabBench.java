package dev.stardust.chaos.lab;

import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.lab.cases.LinuxCases;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A case that measures, run like a test's: in a lab machine, or on this host where its KVM runs Linux. */
public final class LabBench implements AutoCloseable {
    private final LinuxRun run;
    private final LinuxCase linuxCase;

    /**
     * Prepares.
     *
     * @param caseName the case's
     * @param folder takes images, which go, and the console log, which stays
     * @param more files and folders that the case finds beside the discs ({@link GuestFiles#discs})
     */
    public LabBench(String caseName, Path folder, List<Path> more) throws IOException {
        linuxCase = LinuxCases.named(caseName);
        run = new LinuxRun(LinuxMode.AUTO, folder, more);
    }

    /** Where guests run, for the report. */
    public String place() {
        return run.place();
    }

    /**
     * Runs it.
     *
     * @return what the case noted
     * @throws ToolException if it failed, with its console
     */
    public String run() throws IOException {
        Verdict verdict = run.run(linuxCase.name(), List.of(linuxCase)).get(0);
        if (!verdict.ok()) {
            throw new ToolException(ToolException.INTERNAL, verdict.describe());
        }
        return verdict.detail();
    }

    /** Removes what its labs shared. */
    @Override
    public void close() throws IOException {
        run.close();
    }
}
