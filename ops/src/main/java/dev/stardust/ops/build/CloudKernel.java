package dev.stardust.ops.build;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Debian's newest kernel for virtual machines.
 *
 * @param packageName for example linux-image-6.1.0-18-cloud-amd64
 */
public record CloudKernel(String packageName) {
    private static final String PREFIX = "linux-image-";

    /** The newest that apt knows. */
    public static CloudKernel newest() throws IOException {
        return new CloudKernel(new DebianPackages().newestKernel());
    }

    /** What {@code uname -r} tells of it. */
    public String version() {
        return packageName.substring(PREFIX.length());
    }

    /** Its package, downloaded unless it was before. */
    public Path download() throws IOException {
        DebianPackages packages = new DebianPackages();
        return packages.download(packageName, packages.newestVersion(packageName));
    }
}
