package dev.stardust.chaos.store;

import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.VolumeStreams;
import dev.stardust.chunk.volume.LayeredVolume;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a {@link VolumeWork} has acknowledged, and whether the volumes have it. */
final class VolumeLedger {
    private static final Pattern LINE = Pattern.compile("store: (begin|done) (write|clone|drop) ([0-9]{1,18})");

    /** The version of each block of the disk. */
    private long[] disk = new long[TestDisk.BLOCKS];

    /** A write that is begun and not acknowledged, 0 for none. */
    private long begun;

    /** The blocks of each clone. */
    private final Map<Integer, long[]> clones = new TreeMap<>();

    /** Clones that may be there or not. */
    private final Set<Integer> unknown = new HashSet<>();

    private int writes;

    /** Takes a line of a workload; others are ignored. */
    void read(String line) {
        Matcher m = LINE.matcher(line.strip());
        if (!m.matches()) {
            return;
        }
        boolean done = m.group(1).equals("done");
        long number = Long.parseLong(m.group(3));
        switch (m.group(2)) {
            case "write" -> {
                begun = done ? 0 : number;
                if (done) {
                    writes++;
                    TestDisk.blocks(number).forEach(b -> disk[b] = number);
                }
            }
            case "clone" -> {
                clones.put((int) number, disk.clone());
                note((int) number, done);
            }
            default -> {
                note((int) number, done);
                if (done) {
                    clones.remove((int) number);
                }
            }
        }
    }

    private void note(int clone, boolean done) {
        if (done) {
            unknown.remove(clone);
        } else {
            unknown.add(clone);
        }
    }

    /** Writes that were acknowledged. */
    int writes() {
        return writes;
    }

    /** Tells what is wrong, and takes what is found for settled. */
    void verify(LocalStore store, List<String> wrong) throws IOException {
        Set<Integer> found = new HashSet<>();
        for (String name : store.volumes().names()) {
            int clone = VolumeWork.cloneNumber(name);
            if (name.equals(VolumeWork.DISK)) {
                verifyDisk(store, wrong);
            } else if (!clones.containsKey(clone)) {
                wrong.add("volume " + name + " was removed and is there");
            } else {
                found.add(clone);
                long[] versions = versions(store, name, wrong);
                if (!Arrays.equals(versions, clones.get(clone))) {
                    wrong.add("volume " + name + " has other bytes");
                }
            }
        }
        for (int clone : clones.keySet()) {
            if (!found.contains(clone) && !unknown.contains(clone)) {
                wrong.add("clone " + clone + " was acknowledged and is gone");
            }
        }
        clones.keySet().retainAll(found);
        unknown.clear();
        begun = 0;
    }

    private void verifyDisk(LocalStore store, List<String> wrong) throws IOException {
        long[] versions = versions(store, VolumeWork.DISK, wrong);
        Set<Integer> perhaps = begun > 0 ? TestDisk.blocks(begun) : Set.of();
        List<String> blocks = new ArrayList<>();
        for (int b = 0; b < versions.length; b++) {
            if (versions[b] != disk[b] && !(perhaps.contains(b) && versions[b] == begun)) {
                blocks.add(b + " has version " + versions[b] + ", acknowledged was " + disk[b]);
            }
        }
        if (!blocks.isEmpty()) {
            wrong.add("blocks of the disk: " + blocks);
        }
        disk = versions;
    }

    private static long[] versions(LocalStore store, String name, List<String> wrong) throws IOException {
        long[] versions = new long[TestDisk.BLOCKS];
        try (LayeredVolume volume = store.volumes().open(name)) {
            for (int b = 0; b < versions.length; b++) {
                ByteArrayOutputStream block = new ByteArrayOutputStream();
                VolumeStreams.read(volume, (long) b * TestDisk.BLOCK_BYTES, TestDisk.BLOCK_BYTES, block);
                byte[] content = block.toByteArray();
                versions[b] = TestDisk.version(content);
                if (!Arrays.equals(content, TestDisk.content(b, versions[b]))) {
                    wrong.add("block " + b + " of volume " + name + " is what nobody wrote");
                }
            }
        }
        return versions;
    }
}
