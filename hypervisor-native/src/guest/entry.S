/*
 * Everything that runs in kernel mode (CPL0): the entry, the interrupt handlers and the idle trap.
 *
 * A KVM without hardware support executes user mode natively and emulates kernel mode instruction by instruction,
 * so the guest enters user mode at once and does all its work there, with interrupts on and port I/O allowed by the
 * bitmap in the TSS. (IOPL 3 would do on hardware; such a KVM's iretq drops it.)
 * Code here stays plain (no SSE, no locked instructions) and short.
 *
 * Two ways in: _start is the 64-bit entry, as of Linux; pvh_start is the PVH entry (32-bit, an ELF note tells its
 * address). Our VMM knows both, QEMU the second.
 */
	.file	"entry.S"		/* else the object's temporary name gets into the image */
	.set	KCODE, 0x10		/* the selectors of the loader's own GDT, kept */
	.set	UDATA, 0x23
	.set	UCODE, 0x2b
	.set	TSS, 0x30
	.set	USER_FLAGS, 0x202	/* IF */
	.set	PORTS, 0x400		/* user mode may use the ports below */
	.set	LAPIC_EOI, 0xfee000b0

	.section .note.boot, "a", @note
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	pvh_start
	.long	9, 0, 1			/* a bare kernel: our VMM appends devices and clock to the command line */
	.asciz	"Stardust"
	.balign	4

	.text
	.code32
pvh_start:				/* ebx: struct hvm_start_info; flat segments, no paging */
	mov	%ebx, boot_pvh
	mov	$0x620, %eax		/* CR4: PAE, OSFXSR, OSXMMEXCPT */
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	/* EFER.LME */
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	$0x80010033, %eax	/* CR0: PG, WP, NE, ET, MP, PE */
	mov	%eax, %cr0
	lgdt	gdtr
	ljmp	$KCODE, $enter

	.code64
	.globl	_start
_start:					/* rsi: Linux's struct boot_params */
	mov	%rsi, boot_params
enter:
	lgdt	gdtr
	lidt	idtr
	mov	$tss, %eax		/* a descriptor splits its base in three: more than a relocation can do */
	mov	%ax, gdt + TSS + 2
	shr	$16, %eax
	mov	%al, gdt + TSS + 4
	mov	%ah, gdt + TSS + 7
	mov	$TSS, %eax
	ltr	%ax
	mov	$pml4, %eax
	mov	%rax, %cr3
	mov	$0xff, %al		/* the PICs are masked before interrupts are let in: GSIs go to them as well */
	out	%al, $0x21
	out	%al, $0xa1
	mov	$UDATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	$kernel_stack, %esp
	mov	$guest_main, %eax
user:					/* to user mode at rax, on an empty stack */
	push	$UDATA
	push	$user_stack - 8		/* as a call would leave it: 16-byte aligned plus 8 */
	push	$USER_FLAGS
	push	$UCODE
	push	%rax
	iretq

/*
 * void idle(uint64_t seen): sleeps until an interrupt comes, unless one came since `seen` was read from irqs.
 * hlt is not allowed in user mode: it traps to on_gp, which does it. The check runs there with interrupts off, so
 * that no wake-up is lost between the caller's last look and the halt.
 */
	.globl	idle
idle:
	mov	%rdi, %rax
idle_hlt:
	hlt
	ret

on_gp:
	cmpq	$idle_hlt, 8(%rsp)
	jne	2f
	add	$8, %rsp		/* the error code */
	incq	(%rsp)			/* step over the one-byte hlt */
	cmp	%rax, irqs
	jne	1f
	sti
	hlt
	cli
1:	iretq
2:	push	$13
	jmp	fault

/* An interrupt is only counted; user mode looks at the counters. */
	.macro	interrupt name
	.globl	on_\name, \name\()_irqs
on_\name:
	push	%rdx
	incq	irqs
	incq	\name\()_irqs
	mov	$LAPIC_EOI, %edx
	movl	$0, (%rdx)
	pop	%rdx
	iretq
	.pushsection .bss
\name\()_irqs: .skip 8
	.popsection
	.endm

	interrupt timer
	interrupt disk

	.globl	on_spurious
on_spurious:				/* must not be acknowledged */
	iretq

/* Exceptions 0 to 31. Those without an error code push a zero, so that fault sees one layout. */
	.macro	exception n
	.pushsection .rodata
	.quad	1f
	.popsection
1:
	.if	\n == 13
	jmp	on_gp
	.else
	.if	(\n != 8) && (\n != 17) && (\n != 21) && (\n != 29) && (\n != 30) && ((\n < 10) || (\n > 14))
	push	$0
	.endif
	push	$\n
	jmp	fault
	.endif
	.endm

	.pushsection .rodata
	.balign	8
	.globl	exceptions
exceptions:
	.popsection
	.altmacro
	.set	i, 0
	.rept	32
	exception %i
	.set	i, i + 1
	.endr

/* An unexpected exception is told from user mode, where code is fast and may do anything. */
fault:
	pop	fault_vector
	pop	fault_error
	pop	fault_rip
	mov	%cr2, %rax
	mov	%rax, fault_cr2
	mov	$guest_fault, %eax
	jmp	user

	.data
	.balign	16
gdt:	.quad	0, 0
	.quad	0x00af9b000000ffff	/* 10 kernel code */
	.quad	0x00cf93000000ffff	/* 18 kernel data */
	.quad	0x00cff3000000ffff	/* 20 user data */
	.quad	0x00affb000000ffff	/* 28 user code */
	.quad	0x0000890000000000 + tss_end - tss - 1, 0	/* 30 TSS */
gdtr:	.word	gdtr - gdt - 1
	.quad	gdt
idtr:	.word	256 * 16 - 1
	.quad	idt
	.balign	16
tss:	.long	0
	.quad	kernel_stack		/* RSP0 */
	.fill	0x66 - 12, 1, 0
	.word	0x68			/* where the bitmap of forbidden ports begins */
	.fill	PORTS / 8, 1, 0
	.byte	0xff
tss_end:

/*
 * Page tables: 4 GiB one to one by 2 MiB pages, for user mode too. Accessed and dirty are set beforehand, so that
 * the processor has no reason to write them. The first 2 MiB are read-only: a null pointer does not go unnoticed.
 */
	.balign	4096
pml4:	.quad	pdpt + 0x27
	.fill	511, 8, 0
pdpt:	.quad	pd + 0x27, pd + 0x1027, pd + 0x2027, pd + 0x3027
	.fill	508, 8, 0
pd:	.quad	0xe5
	.set	i, 1
	.rept	2047
	.quad	(i << 21) + 0xe7
	.set	i, i + 1
	.endr

	.bss
	.globl	irqs, boot_params, boot_pvh, fault_vector, fault_error, fault_rip, fault_cr2, idt
	.balign	8
irqs:	.skip	8
boot_params: .skip 8
boot_pvh: .skip	8
fault_vector: .skip 8
fault_error: .skip 8
fault_rip: .skip 8
fault_cr2: .skip 8
	.balign	4096
idt:	.skip	4096
	.skip	4096
kernel_stack:
	.skip	32768
user_stack:

	.section .note.GNU-stack, "", @progbits
