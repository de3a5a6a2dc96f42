package dev.stardust.hypervisor.sandbox;

import static dev.stardust.hypervisor.sandbox.SandboxNumbers.*;

import dev.stardust.hypervisor.sandbox.SandboxNumbers.SockFilter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** A program of the kernel's classic BPF: one register, forward jumps, ends with a return. */
final class BpfProgram {
    private static final int MAX_JUMP = 255;

    private final List<Instruction> instructions;

    BpfProgram() {
        instructions = new ArrayList<>();
    }

    /** A copy that can go on differently. */
    BpfProgram(BpfProgram begin) {
        instructions = new ArrayList<>(begin.instructions);
    }

    /** {@code whenTrue} and {@code whenFalse} count the instructions to be left out. */
    record Instruction(int code, int whenTrue, int whenFalse, int operand) {}

    /** Loads the 32-bit word at this offset of the input. */
    void load(int offset) {
        add(BPF_LD | BPF_ABS, 0, 0, offset);
    }

    void and(int mask) {
        add(BPF_ALU | BPF_AND, 0, 0, mask);
    }

    void jumpIfEqual(long value, int whenTrue, int whenFalse) {
        add(BPF_JMP | BPF_JEQ, whenTrue, whenFalse, value);
    }

    /** Compares without sign. */
    void jumpIfAtLeast(long value, int whenTrue, int whenFalse) {
        add(BPF_JMP | BPF_JGE, whenTrue, whenFalse, value);
    }

    void end(long result) {
        add(BPF_RET, 0, 0, result);
    }

    private void add(long code, int whenTrue, int whenFalse, long operand) {
        if (whenTrue > MAX_JUMP || whenFalse > MAX_JUMP) {
            throw new IllegalArgumentException("a jump over more than " + MAX_JUMP + " instructions");
        }
        if (instructions.size() == BPF_MAXINSNS) {
            throw new IllegalArgumentException("more than " + BPF_MAXINSNS + " instructions");
        }
        instructions.add(new Instruction((int) code, whenTrue, whenFalse, (int) operand));
    }

    List<Instruction> instructions() {
        return List.copyOf(instructions);
    }

    /** As {@code struct sock_filter[]}, off the heap. */
    ByteBuffer encode() {
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(instructions.size() * SockFilter.SIZE).order(ByteOrder.nativeOrder());
        int at = 0;
        for (Instruction i : instructions) {
            bytes.putShort(at + SockFilter.CODE, (short) i.code());
            bytes.put(at + SockFilter.JT, (byte) i.whenTrue());
            bytes.put(at + SockFilter.JF, (byte) i.whenFalse());
            bytes.putInt(at + SockFilter.K, i.operand());
            at += SockFilter.SIZE;
        }
        return bytes;
    }
}
