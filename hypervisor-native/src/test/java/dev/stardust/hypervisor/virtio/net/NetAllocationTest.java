package dev.stardust.hypervisor.virtio.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class NetAllocationTest {
    private static final int FRAMES = 20_000;

    /** A frame out, and the same one in again, spread over two buffers. */
    private static void exchange(TestGuest guest) {
        guest.submit(NetDevice.TRANSMIT, 0);
        guest.offer(NetDevice.RECEIVE, 0);
        guest.submit(NetDevice.RECEIVE, 1);
    }

    @Test
    void sendingAndReceivingAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        RateLimit wide = new RateLimit(Rate.perSecond(4_000_000_000L), Rate.perSecond(1_000_000_000));
        NetSettings settings = new NetSettings(new byte[] {2, 0, 0, 0, 0, 1}, 1500, wide, wide);
        try (NetNamespace namespace = new NetNamespace()) {
            namespace.run("ip link add br0 type bridge mcast_snooping 0");
            namespace.run("ip link set br0 up");
            namespace.run("ip tuntap add dev tapa mode tap");
            namespace.run("ip tuntap add dev tapb mode tap");
            namespace.run("ip link set dev tapa master br0 up");
            namespace.run("ip link set dev tapb master br0 up");
            try (TapBackend out = namespace.openPort("tapa");
                    TapBackend in = namespace.openPort("tapb");
                    GuestMemory memory = GuestMemory.create(1 << 20);
                    NetDevice device = new NetDevice(new OutAndIn(out, in), settings);
                    TestGuest guest = new TestGuest(device, memory)) {
                guest.start();
                byte[] frame = TcpFrame.partial(TcpFrame.payload(3000), 1400);
                memory.write(0x1_0000, frame);
                guest.descriptor(NetDevice.TRANSMIT, 0, 0x1_0000, 12, TestGuest.NEXT, 1);
                guest.descriptor(NetDevice.TRANSMIT, 1, 0x1_0000 + 12, frame.length - 12, 0, 0);
                guest.descriptor(NetDevice.RECEIVE, 0, 0x2_0000, 2048, TestGuest.WRITE, 0);
                guest.descriptor(NetDevice.RECEIVE, 1, 0x3_0000, 2048, TestGuest.WRITE, 0);
                for (int i = 0; i < FRAMES; i++) {
                    exchange(guest);
                }
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < FRAMES; i++) {
                    exchange(guest);
                }
                long allocated = threads.getCurrentThreadAllocatedBytes() - before;
                assertEquals((2 * FRAMES) & 0xffff, guest.usedIndex(NetDevice.TRANSMIT));
                assertEquals((2 * 2 * FRAMES) & 0xffff, guest.usedIndex(NetDevice.RECEIVE));
                // What is left is the measuring itself and a rare class that is loaded late.
                assertTrue(allocated < FRAMES, allocated + " bytes for " + FRAMES + " frames out and in");
            }
        }
    }

    /** Sends by one tap and receives by another. */
    private record OutAndIn(TapBackend out, TapBackend in) implements NetBackend {
        @Override
        public long offloads() {
            return out.offloads();
        }

        @Override
        public void useOffloads(long features) {
            out.useOffloads(features);
            in.useOffloads(features);
        }

        @Override
        public int readableFd() {
            return in.readableFd();
        }

        @Override
        public int writableFd() {
            return out.writableFd();
        }

        @Override
        public int read(long address, int length) {
            return in.read(address, length);
        }

        @Override
        public int write(long vectors, int count) {
            return out.write(vectors, count);
        }

        @Override
        public void close() {
            out.close();
            in.close();
        }
    }
}
