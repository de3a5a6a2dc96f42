/*
 * Prints what a Multiboot 1 loader told it: magic, flags, KiB above 1 MiB, command line, loader; of each module its
 * text, its address within the page, its bytes; the KiB of RAM by the memory map; a word of its bss. Then it asks for a
 * reset. FLAGS are those of its header.
 */
.code32
.globl _start

        .align 4
header: .long 0x1badb002, FLAGS, -(0x1badb002 + FLAGS)
        .long header, header, load_end, bss_end, _start

_start: mov $0x80000, %esp
        mov %ebx, %ebp
        call print_hex
        mov (%ebp), %eax
        call print_hex
        mov 8(%ebp), %eax
        call print_hex
        mov 16(%ebp), %esi
        call print_text
        mov 64(%ebp), %esi
        call print_text

        mov 20(%ebp), %ecx
        mov 24(%ebp), %ebx
1:      test %ecx, %ecx
        jz 2f
        mov 8(%ebx), %esi
        call print_text
        mov (%ebx), %eax
        and $0xfff, %eax
        call print_hex
        mov (%ebx), %esi
        mov 4(%ebx), %edi
        call print_bytes
        add $16, %ebx
        dec %ecx
        jmp 1b

2:      mov 48(%ebp), %ebx
        mov 44(%ebp), %ecx
        add %ebx, %ecx
        mov (%ebx), %edi        /* an entry's size, which is before it and not part of it */
        add $4, %edi
        add $4, %ebx
        call sum_ram
        call print_hex
        mov bss, %eax
        call print_hex
        jmp end

#include "print32.S"

load_end:
        .bss
bss:    .skip 64
bss_end:
