package dev.stardust.ops.node;

import dev.stardust.chunk.manifest.DiskData;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.RawFile;
import dev.stardust.vm.actor.StoredFile;
import java.io.IOException;
import java.nio.file.Path;

/** Puts files into the ring. What is put is durable; nothing names it yet. */
final class RingFiles {
    private final Member member;

    RingFiles(Member member) {
        this.member = member;
    }

    ImportResult put(DiskData data, Progress progress) throws IOException {
        return new ImageImporter(member.chunks().newSink()).importImage(data, true, progress);
    }

    StoredFile put(Path file, Progress progress) throws IOException {
        try (RawFile data = RawFile.ofFile(file)) {
            ImportResult result = put(data, progress);
            return new StoredFile(result.root().hex(), result.sizeBytes(), result.sha256());
        }
    }
}
