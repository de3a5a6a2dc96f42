package dev.stardust.vm.network;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A range of IPv4 addresses.
 *
 * @param address the first of them, as 32 bits
 * @param prefixLength bits that all have in common, 0 to 32
 */
public record Subnet(int address, int prefixLength) {
    private static final Pattern ADDRESS = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    private static final int MAX_OCTET = 255;

    public Subnet {
        if (prefixLength < 0 || prefixLength > Integer.SIZE) {
            throw new IllegalArgumentException("a prefix of " + prefixLength + " bits: give 0 to 32");
        }
        if ((address & ~mask(prefixLength)) != 0) {
            throw new IllegalArgumentException(text(address) + "/" + prefixLength + " is an address inside of "
                    + text(address & mask(prefixLength)) + "/" + prefixLength + ": give the latter");
        }
    }

    /**
     * Reads what {@link #toString} writes; an address alone is a range of one.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static Subnet parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return new Subnet(parseAddress(text), Integer.SIZE);
        }
        String bits = text.substring(slash + 1);
        if (!bits.matches("\\d{1,2}")) {
            throw new IllegalArgumentException("'" + text + "' is no subnet like 10.213.0.0/20");
        }
        return new Subnet(parseAddress(text.substring(0, slash)), Integer.parseInt(bits));
    }

    /** An address like 10.213.0.2 as 32 bits. */
    static int parseAddress(String text) {
        Matcher matcher = ADDRESS.matcher(text);
        boolean fits = matcher.matches();
        int address = 0;
        for (int i = 1; fits && i <= matcher.groupCount(); i++) {
            int octet = Integer.parseInt(matcher.group(i));
            fits = octet <= MAX_OCTET;
            address = address << Byte.SIZE | octet;
        }
        if (!fits) {
            throw new IllegalArgumentException("'" + text + "' is no IPv4 address");
        }
        return address;
    }

    static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & MAX_OCTET) + "." + (address >>> 8 & MAX_OCTET) + "."
                + (address & MAX_OCTET);
    }

    private static int mask(int bits) {
        return bits == 0 ? 0 : -1 << (Integer.SIZE - bits);
    }

    boolean contains(int other) {
        return (other & mask(prefixLength)) == address;
    }

    boolean overlaps(Subnet other) {
        return contains(other.address) || other.contains(address);
    }

    String netmask() {
        return text(mask(prefixLength));
    }

    /** Where the host is. */
    int gateway() {
        return address + 1;
    }

    /** The lowest address that a guest may have. */
    int firstGuest() {
        return address + 2;
    }

    /** The highest address that a guest may have; the one above is for broadcasts. */
    int lastGuest() {
        return address + ~mask(prefixLength) - 1;
    }

    @Override
    public String toString() {
        return text(address) + "/" + prefixLength;
    }
}
