/*
 * Sleeps in hlt, woken each millisecond by the local APIC's timer. At 2 MiB: interrupts taken, wake-ups, and an exact
 * sum of a page that is rewritten at every wake-up. Resets when the page is not as it was left.
 */
.set IDT, 0x110000
.set PAGE, 0x300000
.globl _start
_start:
        lea handler(%rip), %rax
        mov $IDT + 0x40 * 16, %edi
        mov %ax, (%rdi)
        movw $0x10, 2(%rdi)
        movw $0x8e00, 4(%rdi)
        shr $16, %rax
        mov %ax, 6(%rdi)
        lidt idtr(%rip)
        mov $0xfee00000, %ebx
        movl $0x1ff, 0xf0(%rbx)
        movl $0xb, 0x3e0(%rbx)
        movl $0x20040, 0x320(%rbx)
        movl $1000000, 0x380(%rbx)
1:      sti
        hlt
        cli
        mov $PAGE, %edi
        mov $64, %ecx
        mov 0x200008, %rax
2:      cmp %rax, (%rdi)
        jne 3f
        incq (%rdi)
        add $64, %rdi
        dec %ecx
        jnz 2b
        incq 0x200008
        jmp 1b
3:      mov $0xfe, %al
        out %al, $0x64
handler:
        incq 0x200000
        push %rdx
        mov $0xfee000b0, %edx
        movl $0, (%rdx)
        pop %rdx
        iretq
idtr:   .word 0xfff
        .quad IDT
