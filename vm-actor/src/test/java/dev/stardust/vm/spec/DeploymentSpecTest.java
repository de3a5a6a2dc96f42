package dev.stardust.vm.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.vm.network.PortForward;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeploymentSpecTest {
    private static final String GOOD =
            """
            # six of one kind and one of another
            name: demo
            vms:
              - name: web
                count: 2
                image: debian
                memory: 256MiB
                args: "fill_mib=16 rate_mibs=2"
                disks:
                  - {image: data, readonly: true, limit: 100MiB/s, iops: 2000}
                isolation: strict
                cpu: x86-64-v3
                labels: {tier: front, n: 1}
                restart: never
                spread: true
              - name: db
                base: warm
                cpus: 1
                kernel: /boot/guest.elf
                networks:
                  - {mac: 02:53:44:00:01:02, limit: 100Mbit, ports: [8080:80, "22022:22"]}
                  - {type: bridged, bridge: br0, mtu: 9000}
                rng: true
                vsock: true
                balloon: true
                cd: debian-iso
                console: virtio
            """;

    @Test
    void aFileIsReadWithItsReplicasAndDefaults() {
        DeploymentSpec spec = DeploymentSpec.parse("demo.yaml", GOOD);
        assertEquals("demo", spec.name());
        assertEquals(
                List.of("web-1", "web-2", "db"),
                spec.vms().stream().map(VmSpec::name).toList());
        assertEquals(
                new VmSpec(
                        "web-2",
                        null,
                        256,
                        new Cpus(1, CpuTemplate.X86_64_V3),
                        Boot.of(null, "fill_mib=16 rate_mibs=2"),
                        List.of(
                                new VmSpec.Disk("debian", false, DiskLimit.NONE),
                                new VmSpec.Disk("data", true, new DiskLimit(100, 2000))),
                        List.of(),
                        Extras.NONE,
                        true,
                        Map.of("tier", "front", "n", "1"),
                        "demo/web",
                        Hypervisor.AUTO,
                        Workload.OF_IMAGE),
                spec.vms().get(1));
        assertEquals(
                new VmSpec(
                        "db",
                        "warm",
                        0,
                        Cpus.ONE,
                        Boot.of("/boot/guest.elf", ""),
                        List.of(),
                        List.of(
                                new VmSpec.Network(
                                        null,
                                        "02:53:44:00:01:02",
                                        1500,
                                        100,
                                        List.of(new PortForward(8080, 80), new PortForward(22022, 22))),
                                new VmSpec.Network("br0", null, 9000, 0, List.of())),
                        new Extras(true, true, true, "debian-iso", true, List.of()),
                        false,
                        Map.of(),
                        null,
                        Hypervisor.AUTO,
                        Workload.OF_IMAGE),
                spec.vms().get(2));
    }

    @Test
    void aSpreadDeploymentIsOneGroupUnlessAnEntryIsItsOwn() {
        String text = "name: d\nspread: true\nvms:\n- {name: a, memory: 8MiB}\n- {name: b, memory: 8MiB, spread: true}";
        assertEquals(
                List.of("d", "d/b"),
                DeploymentSpec.parse("f", text).vms().stream()
                        .map(VmSpec::spread)
                        .toList());
    }

    private static List<VolumeMount> volumes(String fields) {
        return DeploymentSpec.parse("f", "name: d\nvms:\n- {name: a, memory: 8MiB, volumes: [" + fields + "]}")
                .vms()
                .get(0)
                .extras()
                .volumes();
    }

    @Test
    void volumesAreNamedAndHaveAFolderOfTheGuest() {
        assertEquals(
                List.of(new VolumeMount("data", "/data", false, 0), new VolumeMount("l.1", "/var/log", true, 2048)),
                volumes("{name: data, path: /data}, {name: l.1, path: /var/log, readOnly: true, size: 2GiB}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{name: /srv, path: /data}|folders of the host",
                "{name: data}|vms[0].volumes[0].path",
                "{name: data, path: /proc/x}|a volume's path",
                "{name: data, path: /a, size: 1MiB}|a volume's size",
                "{name: data, path: /a}, {name: data, path: /b}|already",
                "{name: a, path: /a}, {name: b, path: /a}|already"
            })
    void aVolumeThatCannotBeIsToldWithItsField(String fields, String why) {
        SpecException refused = assertThrows(SpecException.class, () -> volumes(fields));
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }

    @Test
    void severalVmsOnlyReadAVolume() {
        String text = "name: d\nvms:\n- {name: a, count: 2, memory: 8MiB, volumes: [{name: v, path: /v}]}";
        SpecException refused = assertThrows(SpecException.class, () -> DeploymentSpec.parse("f", text));
        assertTrue(refused.getMessage().contains("one VM at a time writes"), refused.getMessage());
        assertEquals(
                2,
                DeploymentSpec.parse("f", text.replace("path: /v", "path: /v, readOnly: true"))
                        .vms()
                        .size());
    }

    @Test
    void theExampleReads() throws Exception {
        Path example = Path.of("../examples/demo.yaml");
        DeploymentSpec spec = DeploymentSpec.parse(example.toString(), Files.readString(example));
        assertEquals(6, spec.vms().size());
        assertEquals("star-6", spec.vms().get(5).name());
        assertTrue(spec.vms().get(5).spread().startsWith("demo"));
    }

    @Test
    void theExampleOfALinuxVmReads() throws Exception {
        Path example = Path.of("../examples/web.yaml");
        VmSpec web = DeploymentSpec.parse(example.toString(), Files.readString(example))
                .vms()
                .get(0);
        assertEquals("busybox", web.disks().get(0).image());
        assertEquals(
                List.of("httpd", "-f", "-p", "80", "-h", "/var/www"),
                web.workload().command());
        assertEquals(5, web.workload().health().intervalS());
        assertEquals(8080, web.networks().get(0).ports().get(0).hostPort());
        assertEquals(Hypervisor.AUTO, web.hypervisor());
    }

    @Test
    void theLinuxVmsOfTheUserGuideRead() throws Exception {
        String guide = Files.readString(Path.of("../docs/user-guide.md"));
        Matcher blocks = Pattern.compile("(?s)```(yaml|json)\\n(.*?)```").matcher(guide);
        int read = 0;
        while (blocks.find()) {
            // The list of all fields has some that exclude each other.
            if (blocks.group(2).contains("httpd")) {
                DeploymentSpec.parse("user-guide." + blocks.group(1), blocks.group(2));
                read++;
            }
        }
        assertEquals(2, read);
    }

    @Test
    void theSameInJsonReadsTheSame() {
        String json =
                """
                {\t"name": "demo",
                \t"vms": [{"name": "a", "memory": "1GiB", "spread": true, "labels": {"k": "v"}}]}
                """;
        String yaml = "name: demo\nvms:\n- {name: a, memory: 1GiB, spread: true, labels: {k: v}}\n";
        assertEquals(DeploymentSpec.parse("x.yaml", yaml), DeploymentSpec.parse("x.json", json));
        assertEquals(1024, DeploymentSpec.parse("x.json", json).vms().get(0).memoryMib());
    }

    @Test
    void everyErrorIsToldAtOnceWithItsPlaceAndTheNearestField() {
        String text =
                """
                name: demo
                vms:
                  - name: web
                    memroy: 256MiB
                    cpus: 33
                  - name: Web_2
                    memory: 4GiB
                    disks:
                      - {imagee: x}
                    zzz: 1
                replicas: 3
                """;
        assertEquals(
                List.of(
                        "d.yaml:3:5: vms[0].memory: this field is needed, for example 256MiB, unless there is a base",
                        "d.yaml:4:5: vms[0].memroy: unknown field; did you mean memory?",
                        "d.yaml:5:11: vms[0].cpus: a whole number is needed, 1 to 32 are allowed, this is '33'",
                        "d.yaml:6:11: vms[1].name: a name of 1 to 40 of a-z, 0-9 and - is needed, this is 'Web_2'",
                        "d.yaml:7:13: vms[1].memory: memory like 256MiB or 1GiB is needed, from 8MiB to 3072MiB, this is '4GiB'",
                        "d.yaml:9:9: vms[1].disks[0].image: this field is needed: an image's name",
                        "d.yaml:9:10: vms[1].disks[0].imagee: unknown field; did you mean image?",
                        "d.yaml:10:5: vms[1].zzz: unknown field; known are name, count, image, base, memory, cpus, cpu,"
                                + " kernel, initrd, args, boot, isoEntry, disks, networks, rng, vsock, balloon, cd, console, volumes, restart,"
                                + " isolation, labels, spread, hypervisor, command, env, workdir, user, secrets, tty, stdin, health",
                        "d.yaml:11:1: replicas: unknown field; known are name, vms, spread"),
                errors("d.yaml", text));
    }

    @Test
    void eachLimitIsChecked() {
        refused("memory: 7MiB", "from 8MiB to 3072MiB");
        refused("memory: 256", "memory like 256MiB");
        refused("memory: 8MiB\n    count: 0", "1 to 1000");
        refused("memory: 8MiB\n    count: 1001", "1 to 1000");
        refused(
                "memory: 8MiB\n    restart: always",
                "never, the only restart policy for now, is needed, this is 'always'");
        refused("memory: 8MiB\n    isolation: none", "shared or strict");
        refused("memory: 8MiB\n    args: " + "x".repeat(2048), "at most 2047 bytes");
        refused("memory: 8MiB\n    args: \"a\\nb\"", "printable ASCII");
        refused("memory: 8MiB\n    spread: often", "true or false");
        refused("memory: 8MiB\n    kernel: guest.elf", "absolute path");
        refused("memory: 8MiB\n    labels: {a: [1]}", "label");
        refused("memory: 8MiB\n    memory: 9MiB", "there twice");
        refused("memory: 8MiB\n    networks: [" + "{},".repeat(5) + "]", "at most 4 items");
        refused("memory: 8MiB\n    count: 2\n    networks: [{ports: [80:80]}]", "several VMs cannot share it");
        refused("memory: 8MiB\n    disks: [" + "{image: a},".repeat(9) + "]", "at most 8 items");
        assertTrue(errors("f", "name: d\nvms: [{name: " + "a".repeat(39) + ", count: 9, memory: 8MiB}]")
                .get(0)
                .contains("longer than 40"));
        assertTrue(errors("f", "name: d\nvms: []").get(0).contains("at least one VM"));
        assertTrue(errors("f", "name: d\nvms:\n" + "- {name: NAME, count: 1000, memory: 8MiB}\n".repeat(11))
                .get(0)
                .contains("a name of 1 to 40"));
    }

    @Test
    void eachLimitOfANetworkIsChecked() {
        for (String[] network : new String[][] {
            {"type: host", "nat or bridged is needed"},
            {"type: bridged", "this field is needed for a bridged network"},
            {"type: bridged, bridge: br/0", "the name of a bridge on the hosts is needed"},
            {"bridge: br0", "a network of type nat has no bridge"},
            {"mac: 01:00:00:00:00:00", "its first byte even, is needed"},
            {"mtu: 575", "576 to 9000"},
            {"limit: 100", "like 100Mbit is needed"},
            {"limit: 0Mbit", "like 100Mbit is needed"},
            {"ports: [80]", "like 8080:80 are needed, this is '80'"},
            {"ports: [80:65536]", "like 8080:80 are needed"},
            {"type: bridged, bridge: br0, ports: [80:80]", "to networks of type nat only"},
            {"port: [80:80]", "did you mean ports?"}
        }) {
            refused("memory: 8MiB\n    networks: [{" + network[0] + "}]", network[1]);
        }
    }

    @Test
    void aNameTwiceIsRefusedAlsoWhenItComesFromACount() {
        assertEquals(
                List.of("f:4:9: vms[1].name: the name a-2 is taken by vms[0]"),
                errors("f", "name: d\nvms:\n- {name: a, count: 2, memory: 8MiB}\n- name: a-2\n  memory: 8MiB\n"));
    }

    @Test
    void whatIsNoPlainDocumentIsRefusedWithItsPlace() {
        assertTrue(errors("f.yaml", "name: [a").get(0).startsWith("f.yaml:1:9: "));
        assertEquals(List.of("f.yaml: the document is empty"), errors("f.yaml", "# nothing\n"));
        assertTrue(errors("f.yaml", "name: a\nvms: []\n---\nname: b\n").get(0).contains("second document"));
        assertTrue(errors("f.yaml", "name: &x a\nvms: *x\n").get(0).contains("aliases"));
        assertTrue(errors("f.yaml", "name: !!java.lang.String a\n").get(0).contains("tags"));
        assertTrue(errors("f.json", "{\"name\": }").get(0).startsWith("f.json:1:10: "));
        assertTrue(errors("f.yaml", "- a\n").get(0).contains("a map of fields is needed"));
        assertTrue(errors("f.yaml", "[".repeat(1000)).get(0).contains("depth"));
        assertTrue(errors("f.yaml", "x".repeat(NodeParser.MAX_CHARACTERS + 1))
                .get(0)
                .contains("longer"));
    }

    @Property(tries = 1000)
    void anyTextGivesASpecOrASpecException(@ForAll String text) {
        parse("f.yaml", text);
        parse("f.json", text);
    }

    @Property(tries = 2000)
    void aDamagedFileGivesASpecOrASpecException(@ForAll("damaged") String text) {
        parse("f.yaml", text);
    }

    @Provide
    Arbitrary<String> damaged() {
        Arbitrary<String> pieces = Arbitraries.of(
                "- ",
                ": ",
                "\n",
                "\n  ",
                "{",
                "}",
                "[",
                "]",
                "&a ",
                "*a",
                "!!int ",
                "? ",
                "| ",
                "> ",
                "'",
                "\"",
                "#",
                "%YAML 9.9\n",
                "---\n",
                "...\n",
                "null",
                "-1",
                "1e999",
                "0x_",
                "999999999999999",
                "\t",
                "\u0000",
                "name",
                "memory",
                "vms",
                "<<: ",
                "\ud800",
                "@",
                "`");
        return net.jqwik.api.Combinators.combine(
                        Arbitraries.integers().between(0, GOOD.length() - 1),
                        Arbitraries.integers().between(0, 20),
                        pieces.list().ofMaxSize(4))
                .as((at, cut, put) -> GOOD.substring(0, at)
                        + String.join("", put)
                        + GOOD.substring(Math.min(GOOD.length(), at + cut)));
    }

    private static void parse(String file, String text) {
        try {
            assertFalse(DeploymentSpec.parse(file, text).vms().isEmpty());
        } catch (SpecException e) {
            assertFalse(e.errors().isEmpty());
            assertTrue(e.errors().stream().allMatch(error -> error.toString().startsWith(file + ":")));
        }
    }

    private static List<String> errors(String file, String text) {
        return assertThrows(SpecException.class, () -> DeploymentSpec.parse(file, text)).errors().stream()
                .map(SpecError::toString)
                .toList();
    }

    private static void refused(String fields, String expected) {
        List<String> errors = errors("f.yaml", "name: d\nvms:\n  - name: a\n    " + fields + "\n");
        assertEquals(1, errors.size(), errors.toString());
        assertTrue(errors.get(0).contains(expected), errors.get(0));
    }
}
