package dev.stardust.vm.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkStateTest {
    private static final String GOLDEN =
            """
            {"subnet":"10.213.0.0/20","forwardingBefore":"0","lastAddress":181731330,"nics":[\
            {"vm":"web","index":0,"tap":"sd3e23e81t0","socket":null,"bridge":"sdbr0","mac":"02:53:44:00:01:02","mtu":1500,\
            "address":"10.213.0.2/20","gateway":"10.213.0.1","ports":[{"hostPort":8080,"guestPort":80}]},\
            {"vm":"web","index":1,"tap":"sd3e23e81t1","socket":null,"bridge":"br0","mac":"02:53:44:00:01:03","mtu":9000,\
            "address":null,"gateway":null,"ports":[]}]}""";

    @TempDir
    Path folder;

    private static NetworkState example() {
        return new NetworkState(null, null, 0, List.of())
                .withNat(Subnet.parse("10.213.0.0/20"), "0")
                .with(new GuestNic(
                        "web",
                        0,
                        "sd3e23e81t0",
                        null,
                        "sdbr0",
                        "02:53:44:00:01:02",
                        1500,
                        "10.213.0.2/20",
                        "10.213.0.1",
                        List.of(new PortForward(8080, 80))))
                .with(new GuestNic(
                        "web", 1, "sd3e23e81t1", null, "br0", "02:53:44:00:01:03", 9000, null, null, List.of()));
    }

    @Test
    void fileIsTheDocumentedOneAndReadsBack() throws Exception {
        Path file = folder.resolve("network.json");
        assertEquals(List.of(), NetworkState.read(file).nics(), "no file is no networks");
        example().write(file);
        List<String> lines = Files.readAllLines(file);
        assertTrue(lines.get(0).startsWith("stardust-network 1 crc32c="), lines.get(0));
        assertEquals(GOLDEN, lines.get(1));
        assertEquals(example(), NetworkState.read(file));
        assertEquals(1, example().behindNat().size());
    }

    @Test
    void damagedFileIsRefused() throws Exception {
        Path file = folder.resolve("network.json");
        example().write(file);
        Files.writeString(file, Files.readString(file).replace("sdbr0", "sdbr1"));
        Exception e = assertThrows(UncheckedIOException.class, () -> NetworkState.read(file));
        assertTrue(e.getMessage().contains("is damaged"), e.getMessage());
    }
}
