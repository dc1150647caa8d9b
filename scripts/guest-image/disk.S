/* The first sector of a disk that boots: says so on the first serial port, tells what is in the second sector of every disk that the
 * firmware sees (its first 16 bytes), and halts. No console of the firmware is used: there may be none. */
	.code16
	.text
base:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	sti
	ljmp $0, $(start - base + 0x7c00)

start:
	movb %dl, %bh
	movw $(booted - base + 0x7c00), %si
	call text
	movb %bh, %al
	call hex
	call line
	movb $0x80, %dl
next:
	movw $0x8000, %di
	movw $8, %cx
	xorw %ax, %ax
	rep stosw
	movw $(packet - base + 0x7c00), %si
	movb $0x42, %ah
	pushw %dx
	int $0x13
	popw %dx
	jc absent
	movw $(disk - base + 0x7c00), %si
	call text
	movb %dl, %al
	call hex
	movb $' ', %al
	call put
	movw $0x8000, %si
	movb $0, 0x8010
	call text
	call line
absent:
	incb %dl
	cmpb $0x90, %dl
	jne next
	movw $(done - base + 0x7c00), %si
	call text
	call line
halt:
	hlt
	jmp halt

text:
	lodsb
	testb %al, %al
	jz text_end
	call put
	jmp text
text_end:
	ret
line:
	movb $'\r', %al
	call put
	movb $'\n', %al
	jmp put
hex:
	pushw %ax
	shrb $4, %al
	call digit
	popw %ax
digit:
	andb $15, %al
	cmpb $10, %al
	jb decimal
	addb $('a' - '0' - 10), %al
decimal:
	addb $'0', %al
put:
	pushw %dx
	pushw %ax
	movw $0x3fd, %dx
wait:
	inb %dx, %al
	testb $0x20, %al
	jz wait
	popw %ax
	movw $0x3f8, %dx
	outb %al, %dx
	popw %dx
	ret

booted:	.asciz "DISK-BOOTED "
disk:	.asciz "DISK-SEEN "
done:	.asciz "DISK-DONE"
	.balign 4
packet:	.byte 16, 0
	.word 1, 0x8000, 0
	.quad 1
	.org 510
	.word 0xaa55
	.ascii "second sector"
	.org 1024
