package dev.stardust.ops.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which node to talk to, and with which token: flags, else environment, else the local defaults. */
final class NodeOptions {
    @Option(
            names = "--node",
            paramLabel = "HOST:PORT",
            description = "the node to talk to (default: $STARDUST_NODE, else 127.0.0.1:7700)")
    private String node;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "file with the API token (default: $STARDUST_TOKEN_FILE, else 'token' in the data folder)")
    private Path tokenFile;

    ApiClient client() {
        String address = node != null ? node : System.getenv().getOrDefault("STARDUST_NODE", "127.0.0.1:7700");
        int colon = address.lastIndexOf(':');
        if (colon <= 0 || !address.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new CliException(CliException.USAGE, "--node must be HOST:PORT, not '" + address + "'");
        }
        return new ApiClient(address, token());
    }

    private String token() {
        Path file = tokenFile != null ? tokenFile : defaultTokenFile();
        try {
            return Files.exists(file) ? Files.readString(file).strip() : "";
        } catch (IOException e) {
            throw new CliException(CliException.REFUSED, "cannot read the token file " + file + ": " + e.getMessage());
        }
    }

    private static Path defaultTokenFile() {
        String named = System.getenv("STARDUST_TOKEN_FILE");
        return named != null ? Path.of(named) : DataFolder.defaultPath().resolve("token");
    }
}
