package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.HostileSubject;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

/**
 * A network card under a hostile driver: its network checks that it is given only whole frames, with nothing asked of it
 * that was not agreed on.
 */
public final class HostileNic implements HostileSubject {
    private static final byte[] MAC = {2, 0, 0, 0, 0, 1};
    private static final int HEADER = NetBackend.HEADER_BYTES;
    private static final int[] ARRIVING = {13, HEADER + 60, HEADER + 1514, 4000, NetBackend.MAX_BYTES + 1};
    private static final int[] COMMAND_DATA = {
        0, 1, 6, 8, 14, 20, ControlHandler.MAX_BYTES - 2, ControlHandler.MAX_BYTES
    };
    private static final int MOST_WAITING = 8;
    private static final long RECEIVED = 0x8000;

    private final MemoryNet net = new MemoryNet();
    private final NetDevice device = new NetDevice(net, new NetSettings(MAC, 1500));

    @Override
    public VirtioDevice device() {
        return device;
    }

    @Override
    public void putRequest(int queue, TestChain chain, Random random) {
        net.forgetSent();
        switch (queue) {
            case NetDevice.RECEIVE -> {
                if (net.waiting() < MOST_WAITING) {
                    net.arrive(arriving(random));
                }
                for (int i = random.nextInt(4); i >= 0; i--) {
                    chain.writable(random.nextInt(0x800));
                }
            }
            case NetDevice.TRANSMIT -> {
                chain.readable(header(random));
                for (int i = random.nextInt(4); i >= 0; i--) {
                    chain.readable(new byte[random.nextInt(0x800)]);
                }
            }
            default -> putCommand(chain, random);
        }
    }

    private static byte[] arriving(Random random) {
        byte[] frame = new byte[ARRIVING[random.nextInt(ARRIVING.length)]];
        frame[0] = (byte) random.nextInt(4);
        frame[NetHeader.GSO_TYPE_OFFSET] = (byte) (random.nextInt(4) == 0 ? random.nextInt(6) : 0);
        return frame;
    }

    /** Most ask for what is allowed. */
    private static byte[] header(Random random) {
        boolean partial = random.nextBoolean();
        boolean large = partial && random.nextInt(4) == 0;
        return ByteBuffer.allocate(HEADER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) (partial ? NetHeader.FLAG_NEEDS_CSUM : 0))
                .put((byte) (large ? random.nextInt(6) : 0))
                .putShort((short) random.nextInt(200))
                .putShort((short) random.nextInt(1500))
                .putShort((short) random.nextInt(60))
                .putShort((short) random.nextInt(20))
                .array();
    }

    private static void putCommand(TestChain chain, Random random) {
        chain.readable((byte) random.nextInt(5), (byte) random.nextInt(3));
        byte[] data = new byte[COMMAND_DATA[random.nextInt(COMMAND_DATA.length)]];
        for (int i = 0; i < data.length && i < 24; i++) {
            data[i] = (byte) (random.nextInt(8) == 0 ? random.nextInt(4) : 0);
        }
        chain.readable(data).writable(random.nextInt(8) == 0 ? 0 : 1);
    }

    /** The network is full, or fails, or somebody pulls the cable, or a limit comes and goes. */
    @Override
    public void disturb(Random random) {
        boolean well = random.nextBoolean();
        switch (random.nextInt(4)) {
            case 0 -> net.setRoom(well ? Integer.MAX_VALUE : random.nextInt(4));
            case 1 -> net.failWith(well ? 0 : Errno.EIO);
            case 2 -> device.setLink(well);
            default -> setLimits(well ? RateLimit.NONE : new RateLimit(Rate.perSecond(1 << 20), Rate.perSecond(100)));
        }
    }

    private void setLimits(RateLimit both) {
        device.setLimits(both, both);
    }

    @Override
    public void expectService(TestGuest guest, GuestMemory memory) {
        net.setRoom(Integer.MAX_VALUE);
        net.failWith(0);
        device.setLink(true);
        setLimits(RateLimit.NONE);
        net.forgetWaiting();
        net.forgetSent();
        byte[] frame = new byte[HEADER + 60];
        Arrays.fill(frame, HEADER, frame.length, (byte) 0x5a);
        new TestChain(memory, TestGuest.descriptors(NetDevice.TRANSMIT), 0x5000, RECEIVED).readable(frame);
        guest.submit(NetDevice.TRANSMIT, 0);
        HostileSubject.expect(
                net.sent().size() == 1 && Arrays.equals(frame, net.sent().get(0)), "a frame was not sent as it was");
        net.arrive(frame);
        new TestChain(memory, TestGuest.descriptors(NetDevice.RECEIVE), RECEIVED, RECEIVED + 0x1000).writable(2000);
        guest.submit(NetDevice.RECEIVE, 0);
        byte[] received = new byte[frame.length];
        memory.read(RECEIVED, received);
        received[NetHeader.NUM_BUFFERS_OFFSET] = 0;
        HostileSubject.expect(
                guest.usedLength(NetDevice.RECEIVE, 0) == frame.length && Arrays.equals(frame, received),
                "a frame was not received as it was");
    }

    @Override
    public void close() {
        net.close();
    }
}
