package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.vm.guest.Execution;
import dev.stardust.vm.guest.ExitStatus;
import dev.stardust.vm.guest.GuestAgent;
import dev.stardust.vm.guest.GuestCommand;
import dev.stardust.vm.guest.OutputListener;
import dev.stardust.vm.guest.WorkloadStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;

/** What a host asks of a guest's agent. The guest has busybox and no links to it. */
final class AgentWork {
    private static final int FILE_BYTES = 100_000;
    private static final Instant OTHER_TIME = Instant.parse("2031-05-06T07:08:09Z");
    private static final long TOLERANCE_S = 30;

    private final GuestAgent agent;
    private final Path folder;
    private final ExecutorService threads;

    AgentWork(GuestAgent agent, Path folder, ExecutorService threads) {
        this.agent = agent;
        this.folder = folder;
        this.threads = threads;
    }

    /** Output, errors and code of commands come back; the words of the command line were heeded. */
    void commands() {
        expect("nova\n", 7, run("busybox", "sh", "-c", "busybox hostname; exit 7"));
        expect("1 (init) S", 0, run("busybox", "head", "-c", "10", "/proc/1/stat"));
        Said mounts = run("busybox", "grep", "^/dev/vda / ext4 rw", "/proc/mounts");
        LabContext.check(mounts.exit.code() == 0, "its root is another one: " + mounts);
    }

    /** It runs once, takes its secret, and whoever attaches sees all of it. */
    void workload() throws IOException {
        GuestCommand command = GuestCommand.of(
                "busybox",
                "sh",
                "-c",
                "read secret < /run/secrets/word; echo got $secret; read line; echo $line; exit 3");
        byte[] secret = "swordfish\n".getBytes(StandardCharsets.US_ASCII);
        long pid = LabGuest.await(agent.startWorkload(command.withInput(), Map.of("word", secret)));
        WorkloadStatus status = LabGuest.await(agent.workloadStatus());
        LabContext.check(status.equals(new WorkloadStatus(WorkloadStatus.State.RUNNING, pid, null)), "it is " + status);
        Said said = new Said();
        Execution attached = LabGuest.await(agent.attach(said));
        LabGuest.await(attached.write("from the host\n".getBytes(StandardCharsets.US_ASCII)));
        said.exit = LabGuest.await(attached.exit());
        expect("got swordfish\nfrom the host\n", 3, said);
        checkExited();
    }

    private void checkExited() {
        WorkloadStatus status = LabGuest.await(agent.workloadStatus());
        LabContext.check(
                status.state() == WorkloadStatus.State.EXITED && status.exit().equals(ExitStatus.returned(3)),
                "the workload is " + status);
    }

    /** A file goes to the guest and comes back. */
    void copies() throws IOException {
        byte[] bytes = new byte[FILE_BYTES];
        new Random(11).nextBytes(bytes);
        Path sent = Files.write(folder.resolve("sent"), bytes);
        LabGuest.await(agent.upload(sent, "/many/file", threads));
        expect(Integer.toString(FILE_BYTES) + "\n", 0, run("busybox", "stat", "-c", "%s", "/many/file"));
        Path back = folder.resolve("back");
        LabGuest.await(agent.download("/many/file", back, threads));
        LabContext.check(Arrays.equals(bytes, Files.readAllBytes(back)), "another file came back");
    }

    /** The guest is the one that was saved, and takes the time that it is told. */
    void afterRestore() {
        checkExited();
        LabGuest.await(agent.setTime(OTHER_TIME));
        Said date = run("busybox", "date", "+%s");
        long offS = Long.parseLong(date.output().strip()) - OTHER_TIME.getEpochSecond();
        LabContext.check(offS >= 0 && offS < TOLERANCE_S, "its clock is " + offS + " s off");
        expect(Integer.toString(FILE_BYTES) + "\n", 0, run("busybox", "stat", "-c", "%s", "/many/file"));
    }

    private Said run(String... command) {
        Said said = new Said();
        said.exit = LabGuest.await(
                LabGuest.await(agent.start(GuestCommand.of(command), said)).exit());
        return said;
    }

    private static void expect(String output, int code, Said said) {
        LabContext.check(said.output().equals(output) && said.exit.code() == code, "a command said " + said);
    }

    /** What a command wrote, in all less than it may write without being asked for more. */
    private static final class Said implements OutputListener {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private volatile ExitStatus exit;

        @Override
        public synchronized void output(byte[] more) {
            bytes.writeBytes(more);
        }

        @Override
        public synchronized void errors(byte[] more) {
            bytes.writeBytes(more);
        }

        synchronized String output() {
            return bytes.toString(StandardCharsets.UTF_8);
        }

        @Override
        public String toString() {
            return "'" + output() + "', " + exit;
        }
    }
}
