package dev.stardust.ops.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Bytes as people write them: {@code 4096}, {@code 64KiB}, {@code 10GiB}. */
final class Bytes implements ITypeConverter<Long> {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,15})(B|[KMGT]iB)?", Pattern.CASE_INSENSITIVE);
    private static final String UNITS = "bkmgt";

    @Override
    public Long convert(String text) {
        Matcher m = TEXT.matcher(text);
        if (!m.matches()) {
            throw new TypeConversionException(
                    "'" + text + "' is no number of bytes: write it like 4096, 64KiB, 512MiB or 10GiB");
        }
        String unit = m.group(2) == null ? "b" : m.group(2).toLowerCase(Locale.ROOT);
        try {
            return Math.multiplyExact(Long.parseLong(m.group(1)), 1L << (10 * UNITS.indexOf(unit.charAt(0))));
        } catch (ArithmeticException e) {
            throw new TypeConversionException("'" + text + "' is too large");
        }
    }
}
