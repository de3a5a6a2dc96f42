package dev.stardust.ops.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What must be so at the end of the demo; kept beside the cluster as {@code expect.json} so that the checker can be run
 * again on a cluster that was kept.
 *
 * @param image path of the raw disk image that every guest has
 * @param nodes data folders of the nodes, by host name
 * @param segmentBytesAtImport bytes in each host's segments when the image had been imported and no VM was there yet
 * @param running where each VM that must run runs: VM to host name
 * @param lost VMs of the host that was killed, which must run nowhere: VM to host name
 * @param dead the host that was killed
 * @param restarted the host whose node process was killed and started again
 * @param migrated the VM that was migrated
 * @param migratedFrom the host it left
 * @param heartbeatBeforeMigration its last heartbeat before
 * @param diskCheckedBeforeMigration blocks it had found right on its disk before
 * @param heartbeatsBeforeNodeKill last heartbeats of the restarted host's VMs when its node was killed
 * @param heartbeatsAtNodeReturn last heartbeats of the same VMs just before the node was started again
 */
public record Expectation(
        String image,
        Map<String, String> nodes,
        Map<String, Long> segmentBytesAtImport,
        Map<String, String> running,
        Map<String, String> lost,
        String dead,
        String restarted,
        String migrated,
        String migratedFrom,
        long heartbeatBeforeMigration,
        long diskCheckedBeforeMigration,
        Map<String, Long> heartbeatsBeforeNodeKill,
        Map<String, Long> heartbeatsAtNodeReturn) {
    private static final ObjectMapper JSON = new ObjectMapper();

    void write(Path file) throws IOException {
        JSON.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), this);
    }

    /** Reads what {@link #write} wrote. */
    public static Expectation read(Path file) throws IOException {
        return JSON.readValue(file.toFile(), Expectation.class);
    }

    List<String> allVms() {
        return java.util.stream.Stream.concat(running.keySet().stream(), lost.keySet().stream())
                .sorted()
                .toList();
    }
}
