package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DiskLimit;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class MessageTest {
    private static final CreateMachine SPEC = new CreateMachine(
            "web-1",
            3,
            256,
            new Cpus(1, CpuTemplate.X86_64_V2),
            Boot.of("/k", "a=1"),
            null,
            "/s",
            List.of(new DiskFiles("/e", "/d", "disk0", true, new DiskLimit(100, 0))),
            new Devices(
                    List.of(new Devices.Nic("tap0", "02:53:44:00:01:02", 1500, 100)),
                    true,
                    "/v",
                    true,
                    new DiskFiles("/c", "/x", "cd", true, DiskLimit.NONE),
                    true),
            "INCOMING");

    @Test
    void messagesComeBackAsTheyWere() throws IOException {
        Message.Request request = new Message.Request(7, "create", WorkerCodec.toTree(SPEC));
        Message.Request read = (Message.Request) Message.decode(request.encode());
        assertEquals(7, read.id());
        assertEquals(SPEC, WorkerCodec.fromTree(read.body(), CreateMachine.class));

        MachineInfo info = new MachineInfo("a", 1, "t", Phase.FAILED, "why");
        Message.Event event =
                (Message.Event) Message.decode(new Message.Event("machine", WorkerCodec.toTree(info)).encode());
        assertEquals(info, WorkerCodec.fromTree(event.body(), MachineInfo.class));

        Message.Reply failed = (Message.Reply) Message.decode(
                new Message.Reply(9, null, new WorkerException(WorkerException.Code.CONFLICT, "no")).encode());
        assertEquals(WorkerException.Code.CONFLICT, failed.error().code());
        assertEquals("no", failed.error().getMessage());

        byte[] state = {0, -1, 5};
        Message.Reply saved = (Message.Reply)
                Message.decode(new Message.Reply(1, WorkerCodec.toTree(new Protocol.SavedState(state)), null).encode());
        assertTrue(Arrays.equals(
                state,
                WorkerCodec.fromTree(saved.body(), Protocol.SavedState.class).state()));
    }

    @Property(tries = 2000)
    void anyBytesGiveAMessageOrAnIoException(@ForAll @Size(min = 1, max = 200) byte[] bytes) {
        decode(bytes);
    }

    @Property(tries = 2000)
    void aDamagedRequestGivesAMessageOrAnIoException(
            @ForAll @IntRange(max = 255) int value, @ForAll @IntRange(max = 1000) int where) {
        byte[] bytes = new Message.Request(7, "create", WorkerCodec.toTree(SPEC)).encode();
        bytes[where % bytes.length] = (byte) value;
        decode(bytes);
    }

    private static void decode(byte[] bytes) {
        try {
            if (Message.decode(bytes) instanceof Message.Request request) {
                WorkerCodec.fromTree(request.body(), CreateMachine.class);
            }
        } catch (IOException | WorkerException e) {
            assertTrue(!e.toString().isEmpty());
        }
    }

    @Test
    void aFrameOfMillionsOfTinyTokensIsRefusedBeforeItFillsTheHeap() {
        byte[] bomb = new byte[Frames.MAX_LENGTH];
        bomb[0] = (byte) 0x9f; // an array of open length, then empty arrays
        Arrays.fill(bomb, 1, bomb.length, (byte) 0x80);
        assertThrows(IOException.class, () -> Message.decode(bomb));
        byte[] deep = new byte[100_000];
        Arrays.fill(deep, (byte) 0x81);
        assertThrows(IOException.class, () -> Message.decode(deep));
    }

    @Test
    void aBodyThatDoesNotFitIsToldByField() {
        ObjectNode body = JsonNodeFactory.instance.objectNode().put("vm", "a").put("epoch", "x");
        WorkerException e = assertThrows(WorkerException.class, () -> WorkerCodec.fromTree(body, Protocol.Vm.class));
        assertEquals(WorkerException.Code.BAD_REQUEST, e.code());
        ObjectNode extra = JsonNodeFactory.instance
                .objectNode()
                .put("vm", "a")
                .put("epoch", 1)
                .put("other", 1);
        assertTrue(assertThrows(WorkerException.class, () -> WorkerCodec.fromTree(extra, Protocol.Vm.class))
                .getMessage()
                .contains("other"));
    }
}
