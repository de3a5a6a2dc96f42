/*
 * The smallest guest that all contenders run: it writes one byte and a newline to COM1 and asks for a reset. It lives
 * from what a start costs, so it does nothing else.
 *
 *	gcc -nostdlib -static -no-pie -Wl,-Ttext-segment=0x100000 -Wl,--build-id=none -Wl,-z,noseparate-code -o hello.elf hello.S
 *
 * The 64-bit entry (our VMM, cvmm) and the PVH entry (QEMU) are the same bytes, which mean the same in both modes.
 */
	.section .note.boot, "a", @note
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	_start
	.long	9, 0, 1			/* a bare kernel: our VMM takes its 64-bit entry */
	.asciz	"Stardust"
	.balign	4

	.text
	.globl	_start
_start:
	mov	$0x3f8, %dx
	mov	$'h', %al
	out	%al, %dx
	mov	$'\n', %al
	out	%al, %dx
	mov	$0xfe, %al
	out	%al, $0x64
0:	hlt
	jmp	0b

	.section .note.GNU-stack, "", @progbits
