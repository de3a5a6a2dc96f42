package dev.stardust.vm.spec;

import java.util.List;
import java.util.stream.Collectors;

/** A spec is not what it should be; the message has a line for each error. */
public final class SpecException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<SpecError> errors;

    public SpecException(List<SpecError> errors) {
        super(errors.stream().map(SpecError::toString).collect(Collectors.joining("\n")));
        this.errors = List.copyOf(errors);
    }

    /** All that was found, in the order of the file. */
    public List<SpecError> errors() {
        return errors;
    }
}
