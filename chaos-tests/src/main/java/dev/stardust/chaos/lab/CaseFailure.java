package dev.stardust.chaos.lab;

/** A case found what must not be. */
public final class CaseFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CaseFailure(String message) {
        super(message);
    }
}
