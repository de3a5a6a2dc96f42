/* A guest for machines of QEMU, entered as its PVH note says: 32 bits, flat, interrupts off. It prints "ready", counts at
   2 MiB and writes each number to one of 256 pages from 4 MiB on, and answers what is typed: r asks for a reset, p tells of a
   panic, everything else comes back. */
        .section .note.pvh, "a", @note
        .long 4, 4, 18          /* XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz "Xen"
        .long start

        .text
        .code32
        .globl start
start:
        cli
        mov $text, %esi
1:      lodsb
        test %al, %al
        jz count
        call put
        jmp 1b

count:
        xor %ebx, %ebx
2:      inc %ebx
        mov %ebx, 0x200000
        mov %ebx, %eax
        and $255, %eax
        shl $12, %eax
        mov %ebx, 0x400000(%eax)
        mov %ebx, %eax
        and $1023, %eax
        jnz 2b
        mov $0x3fd, %dx
        in %dx, %al
        test $1, %al
        jz 2b
        mov $0x3f8, %dx
        in %dx, %al
        cmp $'r', %al
        je reset
        cmp $'p', %al
        je panic
        call put
        mov $'\n', %al
        call put
        jmp 2b

reset:
        mov $0xfe, %al
        out %al, $0x64
3:      hlt
        jmp 3b

panic:
        mov $0x505, %dx
        mov $1, %al
        out %al, %dx
        jmp 3b

put:
        mov %al, %cl
        mov $0x3fd, %dx
4:      in %dx, %al
        test $0x20, %al
        jz 4b
        mov %cl, %al
        mov $0x3f8, %dx
        out %al, %dx
        ret

text:   .asciz "ready\n"
