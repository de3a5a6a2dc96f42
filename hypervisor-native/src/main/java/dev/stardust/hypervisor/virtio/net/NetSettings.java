package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.limit.RateLimit;
import java.util.HexFormat;

/**
 * How a network is shown to its guest.
 *
 * @param mac the guest's address when its driver starts, 6 bytes, not a multicast address
 * @param mtu most bytes of an IP packet, {@value #MIN_MTU} to {@value #MAX_MTU}
 * @param receiveLimit what the guest may receive at first
 * @param transmitLimit what the guest may send at first
 */
public record NetSettings(byte[] mac, int mtu, RateLimit receiveLimit, RateLimit transmitLimit) {
    /** Least MTU, of IPv4 (RFC 791). */
    public static final int MIN_MTU = 68;

    /** Most that the configuration space can name. */
    public static final int MAX_MTU = 65_535;

    public NetSettings {
        mac = mac.clone();
        if (mac.length != NetConfig.MAC_BYTES || (mac[0] & 1) != 0) {
            throw new IllegalArgumentException(
                    "a network device with the address " + text(mac) + ": 6 bytes are needed, the first of them even");
        }
        if (mtu < MIN_MTU || mtu > MAX_MTU) {
            throw new IllegalArgumentException("an MTU of " + mtu + ": give " + MIN_MTU + " to " + MAX_MTU);
        }
    }

    /** No limit. */
    public NetSettings(byte[] mac, int mtu) {
        this(mac, mtu, RateLimit.NONE, RateLimit.NONE);
    }

    @Override
    public byte[] mac() {
        return mac.clone();
    }

    /** The address as people write it. */
    String macText() {
        return text(mac);
    }

    private static String text(byte[] mac) {
        return HexFormat.ofDelimiter(":").formatHex(mac);
    }
}
