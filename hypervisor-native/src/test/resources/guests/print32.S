/* For 32-bit guests, wherever they lie: prints on COM1; end asks for a reset. EBX, ECX, EDI and EBP are kept. */

/* A line of EAX in hexadecimal. */
print_hex:
        push %ebx
        push %ecx
        mov %eax, %ebx
        mov $8, %ecx
        mov $0x3f8, %edx
1:      rol $4, %ebx
        mov %bl, %al
        and $15, %al
        add $'0', %al
        cmp $'9', %al
        jbe 2f
        add $('a' - '9' - 1), %al
2:      out %al, (%dx)
        dec %ecx
        jnz 1b
        pop %ecx
        pop %ebx
        jmp print_newline

/* A line of the text at ESI up to its NUL. */
print_text:
        mov $0x3f8, %edx
1:      lodsb
        test %al, %al
        jz print_newline
        out %al, (%dx)
        jmp 1b

/* A line of the bytes from ESI up to EDI. */
print_bytes:
        mov $0x3f8, %edx
1:      cmp %edi, %esi
        jae print_newline
        lodsb
        out %al, (%dx)
        jmp 1b

print_newline:
        mov $0x3f8, %edx
        mov $'\n', %al
        out %al, (%dx)
        ret

/* EAX: KiB of RAM by the memory map from EBX up to ECX, whose entries are EDI bytes and have their type at 16. */
sum_ram:
        xor %eax, %eax
1:      cmp %ecx, %ebx
        jae 3f
        cmpl $1, 16(%ebx)
        jne 2f
        mov 8(%ebx), %edx
        shr $10, %edx
        add %edx, %eax
2:      add %edi, %ebx
        jmp 1b
3:      ret

end:    mov $0xfe, %al
        out %al, $0x64
1:      hlt
        jmp 1b
