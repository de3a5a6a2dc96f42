package dev.stardust.chaos.check;

import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Watches one VM from outside, on a thread of its own: in which workers its vCPU is inside the guest, and what its
 * guest writes on which host. It believes the kernel and the guest, not our records.
 */
public final class GuestWatch implements AutoCloseable {
    private static final long SAMPLE_MS = 5;
    private static final long RESCAN_MS = 100;
    private static final int CONFIRMATIONS = 2;

    private final LocalCluster cluster;
    private final String vm;
    private final Thread thread;
    private final Heartbeats heartbeats = new Heartbeats();
    private final Map<String, SerialTail> tails = new LinkedHashMap<>();
    private final Map<String, Long> written = new TreeMap<>();
    private final Set<String> ranOn = new TreeSet<>();
    private final List<String> wrong = new ArrayList<>();
    private List<VcpuThread> threads = List.of();
    private long scannedNs;
    private long samples;
    private boolean closed;

    /** Watches from now on. */
    public GuestWatch(LocalCluster cluster, String vm) {
        this.cluster = cluster;
        this.vm = vm;
        for (Member member : cluster.members()) {
            tails.put(
                    member.name(), new SerialTail(member.serialLog(vm), line -> heartbeats.line(member.name(), line)));
        }
        thread = new Thread(this::watch, "watch-" + vm);
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        while (sample()) {
            try {
                Thread.sleep(SAMPLE_MS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private synchronized boolean sample() {
        if (closed) {
            return false;
        }
        try {
            long now = System.nanoTime();
            if (samples == 0 || now - scannedNs > RESCAN_MS * 1_000_000) {
                threads = VcpuThread.of(cluster, vm);
                scannedNs = now;
                poll();
            }
            samples++;
            Set<String> hosts = inGuest();
            ranOn.addAll(hosts);
            if (hosts.size() > 1 && confirmed(hosts)) {
                wrong.add("the guest runs on " + hosts + " at once");
            }
        } catch (RuntimeException e) {
            wrong.add("the watch broke off: " + e);
            return false;
        }
        return true;
    }

    private Set<String> inGuest() {
        Set<String> hosts = new HashSet<>();
        for (VcpuThread t : threads) {
            if (t.inGuest()) {
                hosts.add(t.host());
            }
        }
        return hosts;
    }

    /** Threads are read one after the other: only who is still inside when all were read was inside together. */
    private boolean confirmed(Set<String> hosts) {
        for (int i = 0; i < CONFIRMATIONS; i++) {
            if (!inGuest().containsAll(hosts)) {
                return false;
            }
        }
        return true;
    }

    private void poll() {
        tails.forEach((host, tail) -> written.merge(host, tail.poll(), Long::sum));
    }

    /** The number of the guest's last heartbeat. */
    public synchronized long lastHeartbeat() {
        poll();
        return heartbeats.last();
    }

    /** Bytes that the guest wrote so far, by host. */
    public synchronized Map<String, Long> written() {
        poll();
        return Map.copyOf(written);
    }

    /** Hosts on which the guest was seen to run so far. */
    public synchronized Set<String> ranOn() {
        return Set.copyOf(ranOn);
    }

    /** How often was looked. */
    public synchronized long samples() {
        return samples;
    }

    /** Everything that was seen and must not be; to be asked after {@link #finish}, too. */
    public synchronized List<String> wrong() {
        List<String> all = new ArrayList<>(wrong);
        all.addAll(heartbeats.wrong());
        return all;
    }

    /** Ends the watch; the logs are read to their ends. */
    public void finish() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            poll();
            tails.values().forEach(t -> t.unfinished().forEach(heartbeats::unfinished));
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        finish();
        try {
            for (SerialTail tail : tails.values()) {
                tail.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException("closing a serial log", e);
        }
    }
}
