package dev.stardust.hypervisor.limit;

/** What a disk or one direction of a network is allowed. */
public record RateLimit(Rate bytes, Rate operations) {
    /** Everything. */
    public static final RateLimit NONE = new RateLimit(Rate.UNLIMITED, Rate.UNLIMITED);
}
