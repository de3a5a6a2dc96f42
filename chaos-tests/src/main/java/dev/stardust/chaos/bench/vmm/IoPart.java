package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.bench.Microvm;
import dev.stardust.chaos.lab.GuestTools;
import dev.stardust.chaos.lab.LabBench;
import dev.stardust.chaos.lab.cases.IoBench;
import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Disk and network of a Linux guest. */
final class IoPart {
    private static final String METHOD =
            "fio (direct, libaio, 4 KiB with 16 and 128 KiB with 8 in flight, 4 s each after"
                    + " a second) and iperf3 (one TCP stream, 4 s) in the same guest under ours and under QEMU's microvm, in"
                    + " turns, in one boot of the lab: virtio-mmio, one queue, one vCPU, 256 MiB. Our disk is a volume of the"
                    + " chunk store, written in full before; QEMU's is a raw file with an I/O thread. Both lie in memory. The"
                    + " network is a tap, its other end iperf3's server in the lab.";

    /** What QEMU's microvm loads, and the folder where Debian puts it. */
    private static final Map<String, String> FIRMWARE = Map.of(
            "bios-microvm.bin", "/usr/share/seabios",
            "linuxboot_dma.bin", "/usr/share/qemu");

    private static final Map<String, String> ROWS = rows();

    private static Map<String, String> rows() {
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("randread_iops", "4 KiB random reads, IOPS");
        rows.put("randwrite_iops", "4 KiB random writes, IOPS");
        rows.put("read_kibs", "128 KiB sequential reads, KiB/s");
        rows.put("write_kibs", "128 KiB sequential writes, KiB/s");
        rows.put("send_kbits", "iperf3, guest sends, kbit/s");
        rows.put("receive_kbits", "iperf3, guest receives, kbit/s");
        return rows;
    }

    void measure(Path parent, Report report) throws IOException {
        Path folder = Files.createDirectory(parent.resolve("io"));
        Path tools = GuestTools.folder(folder.resolve(IoBench.TOOLS), Map.of("fio", "fio", "iperf3", "iperf3"));
        Path image = GuestTools.image(tools, folder.resolve(IoBench.TOOLS_IMAGE));
        Path qemu = GuestTools.folder(folder.resolve(IoBench.QEMU), Map.of(Microvm.PROGRAM, "qemu-system-x86"));
        Path firmware = Files.createDirectory(qemu.resolve(IoBench.FIRMWARE));
        for (Map.Entry<String, String> file : FIRMWARE.entrySet()) {
            Files.copy(Path.of(file.getValue(), file.getKey()), firmware.resolve(file.getKey()));
        }
        try (LabBench bench =
                new LabBench("bench-io", Files.createDirectory(folder.resolve("lab")), List.of(tools, image, qemu))) {
            report.add("## Disk and network");
            report.add(METHOD + " Guests ran in " + bench.place() + ".");
            String notes = bench.run();
            report.add(table(IoFigures.parse(notes)));
            report.add("Processor time of our threads while the guest received, each time:" + profile(notes));
        }
    }

    private static String profile(String notes) {
        return Arrays.stream(notes.split(", "))
                .filter(note -> note.startsWith(IoBench.PROFILE))
                .map(note -> note.substring(IoBench.PROFILE.length()))
                .collect(Collectors.joining("\n- ", "\n\n- ", ""));
    }

    static Table table(IoFigures figures) {
        Table table = new Table("", "Stardust", "QEMU", "ratio");
        ROWS.forEach((word, title) -> {
            double ours = figures.median("stardust", word);
            double theirs = figures.median("qemu", word);
            table.row(title, whole(ours), whole(theirs), String.format(Locale.ROOT, "%.2f", ours / theirs));
        });
        return table;
    }

    private static String whole(double figure) {
        return String.format(Locale.ROOT, "%.0f", figure);
    }
}
