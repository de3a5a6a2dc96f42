package dev.stardust.hypervisor.virtio.scsi;

/** Response codes of the transport, sections 5.6.6.1 and 5.6.6.2. */
final class ScsiResponse {
    static final int OK = 0;
    static final int OVERRUN = 1;
    static final int BAD_TARGET = 3;
    static final int FAILURE = 9;
    static final int FUNCTION_REJECTED = 11;
    static final int INCORRECT_LUN = 12;

    private ScsiResponse() {}
}
