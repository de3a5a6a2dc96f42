/*
 * Prints what a Multiboot 2 loader told it: the magic; of each tag its type, then texts, for a module also its address
 * within the page and its bytes, the KiB above 1 MiB, the KiB of RAM by the memory map, the load address; at last
 * whether the tags end where the total size says, and asks for a reset. It lies anywhere. TAGS are more header tags.
 */
.code32
.globl _start

#ifndef TAGS
#define TAGS
#endif

        .align 8
header: .long 0xe85250d6, 0, header_end - header, -(0xe85250d6 + header_end - header)
        .short 1, 0             /* demands: command line, memory map, ACPI 2.0 */
        .long 20, 1, 6, 15, 0
        .short 6, 0             /* modules at pages */
        .long 8
        .short 5, 1             /* a framebuffer, if there is one */
        .long 20, 640, 480, 32, 0
        TAGS
        .short 0, 0
        .long 8
header_end:

_start: mov $0x80000, %esp
        mov %ebx, %ebp          /* the start of all */
        call print_hex
        add $8, %ebx            /* a tag */
1:      mov (%ebx), %eax
        call print_hex
        mov (%ebx), %eax
        lea 8(%ebx), %esi
        cmp $0, %eax
        je 9f
        cmp $1, %eax
        je 2f
        cmp $2, %eax
        je 2f
        cmp $3, %eax
        je 3f
        cmp $4, %eax
        je 4f
        cmp $6, %eax
        je 5f
        cmp $21, %eax
        je 6f
        jmp 8f
2:      call print_text
        jmp 8f
3:      lea 16(%ebx), %esi
        call print_text
        mov 8(%ebx), %eax
        and $0xfff, %eax
        call print_hex
        mov 8(%ebx), %esi
        mov 12(%ebx), %edi
        call print_bytes
        jmp 8f
4:      mov 12(%ebx), %eax
        call print_hex
        jmp 8f
5:      push %ebx
        mov 4(%ebx), %ecx
        add %ebx, %ecx
        mov 8(%ebx), %edi
        add $16, %ebx
        call sum_ram
        pop %ebx
        call print_hex
        jmp 8f
6:      mov 8(%ebx), %eax
        call print_hex
8:      mov 4(%ebx), %eax       /* to the next one */
        add $7, %eax
        and $-8, %eax
        add %eax, %ebx
        jmp 1b
9:      lea 8(%ebx), %eax
        sub %ebp, %eax
        sub (%ebp), %eax        /* 0 if the total size is right */
        call print_hex
        jmp end

#include "print32.S"
