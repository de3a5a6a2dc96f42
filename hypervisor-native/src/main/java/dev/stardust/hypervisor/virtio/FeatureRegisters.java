package dev.stardust.hypervisor.virtio;

/** The feature bits that device and driver agree on, through the 32-bit windows that the registers give. */
final class FeatureRegisters {
    private final long offered;
    private int deviceSelect;
    private int driverSelect;
    private long driver;

    FeatureRegisters(long offered) {
        this.offered = offered;
    }

    void reset() {
        restore(0, 0, 0);
    }

    void restore(long driverFeatures, int deviceSelector, int driverSelector) {
        driver = driverFeatures;
        deviceSelect = deviceSelector;
        driverSelect = driverSelector;
    }

    void selectDevice(int window) {
        deviceSelect = window;
    }

    void selectDriver(int window) {
        driverSelect = window;
    }

    int readDevice() {
        return switch (deviceSelect) {
            case 0 -> (int) offered;
            case 1 -> (int) (offered >>> Integer.SIZE);
            default -> 0;
        };
    }

    void writeDriver(int value) {
        switch (driverSelect) {
            case 0 -> driver = Halves.withLow(driver, value);
            case 1 -> driver = Halves.withHigh(driver, value);
            default -> {}
        }
    }

    /** Whether a driver that uses these can be served: nothing that was not offered, and the modern interface. */
    boolean acceptable() {
        return (driver & ~offered) == 0 && (driver & VirtioFeatures.VERSION_1) != 0;
    }

    long offered() {
        return offered;
    }

    long driver() {
        return driver;
    }

    int deviceSelect() {
        return deviceSelect;
    }

    int driverSelect() {
        return driverSelect;
    }
}
