package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.net.NetDevice;
import dev.stardust.hypervisor.virtio.net.NetSettings;
import dev.stardust.hypervisor.virtio.net.TapBackend;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Linux and its host reach each other through a tap; megabytes arrive as they were sent. */
final class NetCase implements LinuxCase {
    private static final String TAP = "labtap0";
    private static final String HOST = "10.66.0.1";
    private static final int MTU = 1500;
    private static final int ACCEPT_MS = 30_000;
    private static final byte[] MAC = {0x02, 0x53, 0x44, 0, 0, 7};

    @Override
    public String name() {
        return "net";
    }

    @Override
    public String guestCommands() {
        return """
                load virtio_mmio
                load virtio_net
                echo "address: $(cat /sys/class/net/eth0/address)"
                ip addr add 10.66.0.2/24 dev eth0
                ip link set eth0 up
                ping -c 3 -W 5 10.66.0.1 | grep -q ' 0% packet loss' && echo "pinged"
                dd if=/dev/urandom of=/tmp/data bs=64k count=64 2> /dev/null
                nc 10.66.0.1 5000 < /tmp/data
                echo "sent: $(md5sum < /tmp/data)"
                """;
    }

    @Override
    public void run(LabContext lab) throws IOException, InterruptedException {
        run("tunctl", "-t", TAP);
        NetDevice device = new NetDevice(TapBackend.open(TAP), new NetSettings(MAC, MTU));
        run("ip", "addr", "add", HOST + "/24", "dev", TAP);
        run("ip", "link", "set", TAP, "up");
        try (ServerSocket server = new ServerSocket(5000, 1, InetAddress.getByName(HOST))) {
            server.setSoTimeout(ACCEPT_MS);
            LabGuest guest = lab.start(LinuxGuest.spec(lab, "linux"), List.of(new DevicePart("net", device)));
            LabContext.check(
                    guest.awaitLine("address: ").equals("address: 02:53:44:00:00:07"), "the MAC is not as given");
            guest.awaitLine("pinged");
            String received = Transfer.receive(server).md5();
            LabContext.check(guest.awaitLine("sent: ").split(" ")[1].equals(received), "something else arrived");
            guest.awaitEnd();
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        LabContext.check(
                process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0,
                String.join(" ", command) + " failed");
    }
}
