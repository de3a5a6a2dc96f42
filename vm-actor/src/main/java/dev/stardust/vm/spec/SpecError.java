package dev.stardust.vm.spec;

/**
 * One thing that is wrong in a spec.
 *
 * @param line from 1; 0 if the place is not known
 * @param column from 1; 0 if the place is not known
 * @param path the field, for example {@code vms[0].memory}; empty for the document
 */
public record SpecError(String file, int line, int column, String path, String message) {
    @Override
    public String toString() {
        String place = line > 0 ? file + ":" + line + ":" + column : file;
        return place + ": " + (path.isEmpty() ? "" : path + ": ") + message;
    }
}
