package dev.stardust.vm.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;

/** What is loaded into QEMU to keep it from what it would do unasked: src/qemu/preload.c. */
final class Preload {
    private static final String LIBRARY = "preload.so";

    private Preload() {}

    /**
     * QEMU's environment.
     *
     * @param folder where the library may be put
     * @param base the file that a clone's RAM starts as, which QEMU may not write, or null
     */
    static Map<String, String> environment(Path folder, Path base) throws IOException {
        Path library = folder.resolve(LIBRARY);
        try (InputStream in = Preload.class.getResourceAsStream(LIBRARY)) {
            Files.copy(in, library, StandardCopyOption.REPLACE_EXISTING);
        }
        Map<String, String> environment = new HashMap<>(Map.of("LD_PRELOAD", library.toString()));
        if (base != null) {
            environment.put("STARDUST_BASE", base.toString());
        }
        return environment;
    }
}
