package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.GuestTools;
import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.hypervisor.virtio.net.NetDevice;
import dev.stardust.hypervisor.virtio.net.NetSettings;
import dev.stardust.hypervisor.virtio.net.TapBackend;
import dev.stardust.vm.disk.DiskOpener;
import dev.stardust.vm.disk.VolumeBlockBackend;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * fio on a disk and iperf3 over a network card, in the same guest under our VMM and under QEMU's microvm, in turns. Our disk
 * is a volume of the chunk store, as every disk of ours; QEMU's is a raw file. Both lie in memory (tmpfs), both are
 * written in full before. Notes {@code NAME WORD=N} for each figure.
 */
public final class IoBench implements LinuxCase {
    /** Folder and disk image of {@link GuestTools} beside the discs, with fio and iperf3. */
    public static final String TOOLS = "tools";

    public static final String TOOLS_IMAGE = "tools.ext4";

    /** Folder of {@link GuestTools} with QEMU, and below it the folder of QEMU's firmware. */
    public static final String QEMU = MicrovmGuest.QEMU;

    public static final String FIRMWARE = MicrovmGuest.FIRMWARE;

    /** The contenders in the notes. */
    public static final List<String> NAMES = List.of("stardust", "qemu");

    /** Before what our threads took while the guest received, in a note. */
    public static final String PROFILE = "while receiving: ";

    private static final int ROUNDS = 2;
    private static final int DISK_MIB = 96;
    private static final int MTU = 1500;
    private static final byte[] MAC = {0x02, 0x53, 0x44, 0, 0, 8};
    private static final String MAC_TEXT = "02:53:44:00:00:08";
    private static final String RESULT = "figure ";
    private static final String LAST = "figures end";
    private static final String BEFORE_RECEIVING = "figure send_kbits";
    private static final int RUN_LIMIT_S = 150;

    @Override
    public String name() {
        return "bench-io";
    }

    @Override
    public Duration limit() {
        return Duration.ofMinutes(9);
    }

    @Override
    public String guestCommands() {
        return """
                load virtio_mmio
                load virtio_blk
                load virtio_net
                for disk in /sys/block/vd*; do
                  case $(cat $disk/serial) in
                  bench) bench=/dev/${disk##*/} ;;
                  tools) tools=/dev/${disk##*/} ;;
                  esac
                done
                mkdir -p /t /lib /dev/shm
                mount -t ext4 -o ro $tools /t
                mount -t tmpfs shm /dev/shm
                ln -s /t/lib /lib64
                ln -s /t/lib /lib/x86_64-linux-gnu
                ip link set lo up
                ip addr add 10.66.0.2/24 dev eth0
                ip link set eth0 up
                f() { # name, columns, options: columns 8 and 49 are IOPS, 7 and 48 KiB/s of reads and writes
                  name=$1 column=$2
                  shift 2
                  echo "figure $name=$(/t/bin/fio --name=b --filename=$bench --thread --direct=1 --ioengine=libaio \\
                    --minimal --terse-version=3 --eta=never "$@" | cut -d';' -f$column)"
                }
                f fill_kibs 48 --rw=write --bs=128k --iodepth=8
                timed="--time_based --runtime=4 --ramp_time=1"
                f randread_iops 8 --rw=randread --bs=4k --iodepth=16 $timed
                f randwrite_iops 49 --rw=randwrite --bs=4k --iodepth=16 $timed
                f read_kibs 7 --rw=read --bs=128k --iodepth=8 $timed
                f write_kibs 48 --rw=write --bs=128k --iodepth=8 $timed
                n() { echo "figure $1=$(/t/bin/iperf3 -c 10.66.0.1 -t 4 -O 1 -f k $2 | awk '/receiver/{print $7}')"; }
                n send_kbits
                n receive_kbits -R
                echo "figures end"
                """;
    }

    @Override
    public void run(LabContext lab) throws IOException, InterruptedException {
        Path segments = lab.folder().resolve("segments");
        Path extents = lab.folder().resolve("bench.extents");
        Path empty = lab.folder().resolve("empty");
        makeEmpty(empty);
        try (ChunkStore store = ChunkStore.open(segments)) {
            ImportResult image = new ImageImporter(store).importImage(empty, (done, of) -> {});
            ExtentMap.write(extents, image.manifest(), image.root(), store);
        }
        MemoryDisk tools = MemoryDisk.of(lab.files().discs().resolve(TOOLS_IMAGE));
        try (DiskOpener opener = new DiskOpener(segments)) {
            for (int i = 0; i < ROUNDS * NAMES.size(); i++) {
                String name = NAMES.get(i % NAMES.size());
                Path serial = lab.serialLog(name + "-" + i);
                try (BenchNetwork network = BenchNetwork.make(lab, "benchtap" + i)) {
                    if (name.equals("stardust")) {
                        Path delta = lab.folder().resolve("bench.delta");
                        Files.deleteIfExists(delta);
                        ours(lab, name + "-" + i, network.tap(), opener.open(extents, delta, false), tools);
                        Files.deleteIfExists(delta);
                    } else {
                        qemu(lab, serial, network.tap());
                    }
                }
                for (String line : MicrovmGuest.lines(serial)) {
                    if (line.startsWith(RESULT)) {
                        lab.note(name + " " + line.substring(RESULT.length()));
                    }
                }
            }
        }
    }

    private static void makeEmpty(Path file) throws IOException {
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength((long) DISK_MIB << 20);
        }
    }

    private static void ours(LabContext lab, String name, String tap, VolumeBlockBackend disk, MemoryDisk tools)
            throws IOException {
        MachineSpec spec = LinuxGuest.spec(lab, name)
                .withDisks(List.of(new MachineSpec.Disk("bench", false), new MachineSpec.Disk("tools", true)));
        NetDevice card = new NetDevice(TapBackend.open(tap), new NetSettings(MAC, MTU));
        LabGuest guest = lab.start(spec, List.of(new DevicePart("net", card)), disk, tools);
        try {
            guest.awaitLine(BEFORE_RECEIVING);
            ThreadTimes before = ThreadTimes.now();
            guest.awaitLine(LAST);
            lab.note(PROFILE + ThreadTimes.now().since(before));
        } finally {
            LabGuest.await(guest.machine().destroy());
        }
    }

    private static void qemu(LabContext lab, Path serial, String tap) throws IOException, InterruptedException {
        Path disk = lab.folder().resolve("bench.raw");
        makeEmpty(disk);
        Path tools = lab.files().discs().resolve(TOOLS_IMAGE);
        List<String> devices = new ArrayList<>(List.of("-object", "iothread,id=io"));
        devices.addAll(List.of("-drive", "file=" + disk + ",format=raw,if=none,id=bench"));
        devices.addAll(List.of("-device", "virtio-blk-device,drive=bench,serial=bench,iothread=io"));
        devices.addAll(List.of("-drive", "file=" + tools + ",format=raw,if=none,id=tools,read-only=on"));
        devices.addAll(List.of("-device", "virtio-blk-device,drive=tools,serial=tools"));
        devices.addAll(List.of("-netdev", "tap,id=net,ifname=" + tap + ",script=no,downscript=no"));
        devices.addAll(List.of("-device", "virtio-net-device,netdev=net,mac=" + MAC_TEXT));
        try (MicrovmGuest guest = MicrovmGuest.start(lab, serial, devices)) {
            guest.awaitLine(LAST, RUN_LIMIT_S);
        } finally {
            Files.deleteIfExists(disk);
        }
    }
}
