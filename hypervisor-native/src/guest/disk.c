/*
 * Work on the disk: once, the SHA-256 of all of it; then 4 KiB blocks of its tail are written, each time with new
 * content, and blocks written before are read back and checked. Requests are only submitted here and collected later:
 * a slow disk does not hold up the other work.
 */
#include "guest.h"

#define FLUSH_EVERY 64 /* writes */

uint64_t disk_wrote, disk_checked, disk_errors;

static struct {
	enum { FREE, READING, WRITING, FLUSHING } state;
	uint32_t block;
} slots[SLOTS];

static uint32_t *table; /* a block's generation, 0: never written; BUSY while a request for it is under way */
#define BUSY (1U << 31)
static uint64_t blocks, tail; /* of the part that is written: its size in blocks, where it starts in bytes */
static uint64_t writes_since_flush, random_state;
static bool read_is_owed;
static struct pace pace;

static bool succeeded(uint8_t status, const char *what, uint64_t at)
{
	if (!status)
		return true;
	disk_errors++;
	if (may_complain())
		print("error disk %s at=%lu status=%lu\n", what, at, (uint64_t)status);
	return false;
}

void disk_print_sha256(void)
{
	uint64_t begin = now(), asked = 0, hashed = 0, bytes = blk_bytes();
	bool done[SLOTS] = {0};
	struct sha256 s;
	char hex[65];
	sha256_init(&s);
	while (hashed < bytes) {
		/* Slots are used in turn, so the buffer of byte N is known from N. */
		while (asked < bytes && asked - hashed < SLOTS * BUFFER) {
			blk_submit(asked / BUFFER % SLOTS, BLK_READ, asked, bytes - asked < BUFFER ? bytes - asked : BUFFER);
			asked += BUFFER;
		}
		unsigned slot = hashed / BUFFER % SLOTS;
		while (!done[slot]) {
			uint8_t status;
			blk_wait();
			for (int ended; (ended = blk_collect(&status)) >= 0; done[ended] = true)
				if (status)
					panic("disk: a read failed with status %lu near byte %lu", (uint64_t)status, hashed);
		}
		done[slot] = false;
		uint64_t n = bytes - hashed < BUFFER ? bytes - hashed : BUFFER;
		sha256_blocks(&s, blk_buffer[slot], n);
		hashed += n;
	}
	sha256_end(&s, blk_buffer[0], 0, hex);
	print("disk sha256=%s bytes=%lu ms=%lu\n", hex, bytes, ticks_to_us(now() - begin) / 1000);
	memset(blk_buffer, 0, sizeof blk_buffer); /* a VM's zero pages cost nothing to move or keep */
}

static uint64_t tail_bytes(void)
{
	uint64_t bytes = blk_bytes() / PAGE * PAGE;
	return bytes < options.disk_ws_mib * MIB ? bytes : options.disk_ws_mib * MIB;
}

uint64_t disk_table_bytes(void) { return options.disk_kibs ? tail_bytes() / PAGE * sizeof *table : 0; }

void disk_start(uint64_t at, uint64_t time)
{
	blocks = tail_bytes() / PAGE;
	if (!options.disk_kibs || !blocks)
		return;
	table = (uint32_t *)at;
	memset(table, 0, blocks * sizeof *table);
	tail = blk_bytes() / PAGE * PAGE - blocks * PAGE;
	random_state = options.seed | 1;
	pace.every = us_to_ticks(1000000) * 4 / options.disk_kibs;
	pace.next = time;
}

/* A block at random that no request is under way for, or -1 after a few tries. */
static int64_t pick(bool written)
{
	for (int i = 0; i < 8; i++) {
		random_state ^= random_state << 13;
		random_state ^= random_state >> 7;
		random_state ^= random_state << 17;
		uint32_t block = (random_state >> 16) % blocks;
		if (!(table[block] & BUSY) && (table[block] || !written))
			return block;
	}
	return -1;
}

static int free_slot(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].state == FREE)
			return i;
	return -1;
}

static void start_request(int slot, int state, uint32_t block)
{
	slots[slot].state = state;
	slots[slot].block = block;
	if (state == FLUSHING) {
		blk_submit(slot, BLK_FLUSH, 0, 0);
		return;
	}
	if (state == WRITING)
		pattern_write((uint64_t *)blk_buffer[slot], DISK, block, ++table[block]);
	table[block] |= BUSY;
	blk_submit(slot, state == WRITING ? BLK_WRITE : BLK_READ, tail + block * PAGE, PAGE);
}

static void end_read(int slot, uint32_t block)
{
	struct mismatch m;
	uint64_t *found = (uint64_t *)blk_buffer[slot], generation = table[block];
	if (pattern_check(found, DISK, block, generation, &m)) {
		disk_checked++;
		return;
	}
	disk_errors++;
	if (may_complain()) {
		struct mismatch ignored;
		bool stale = generation > 1 && pattern_check(found, DISK, block, generation - 1, &ignored);
		print("error disk at=%lu generation=%lu expected=%016lx found=%016lx%s\n", tail + block * PAGE + m.offset, generation,
		      m.expected, m.found, stale ? " (the content written before)" : "");
	}
	table[block] = 0; /* not read again before it is rewritten: one fault counts once */
}

void disk_collect(void)
{
	uint8_t status;
	for (int slot; (slot = blk_collect(&status)) >= 0;) {
		uint32_t block = slots[slot].block;
		uint64_t at = tail + block * PAGE;
		switch (slots[slot].state) {
		case WRITING:
			table[block] &= ~BUSY;
			if (succeeded(status, "write", at)) {
				disk_wrote++;
				writes_since_flush++;
			} else {
				table[block] = 0; /* what the block holds now is unknown */
			}
			break;
		case READING:
			table[block] &= ~BUSY;
			if (succeeded(status, "read", at))
				end_read(slot, block);
			break;
		default:
			succeeded(status, "flush", 0);
		}
		slots[slot].state = FREE;
	}
}

/* Writes are paced; each is followed by a read, which goes first when slots are scarce; now and then a flush. */
bool disk_step(uint64_t time)
{
	if (!pace.every)
		return false;
	disk_collect();
	int64_t block;
	int slot = free_slot();
	if (slot < 0)
		return false;
	if (writes_since_flush >= FLUSH_EVERY && blk_can_flush()) {
		writes_since_flush = 0;
		start_request(slot, FLUSHING, 0);
	} else if (read_is_owed) {
		read_is_owed = false;
		if ((block = pick(true)) >= 0)
			start_request(slot, READING, block);
	} else if (due(&pace, time)) {
		read_is_owed = true;
		if ((block = pick(false)) >= 0)
			start_request(slot, WRITING, block);
	} else {
		return false;
	}
	return true;
}

/* All that was written is on the disk when this returns. */
void disk_drain(void)
{
	for (int i = 0; i < SLOTS; i++) {
		while (slots[i].state != FREE) {
			blk_wait();
			disk_collect();
		}
	}
	if (disk_wrote && blk_can_flush()) {
		start_request(0, FLUSHING, 0);
		blk_wait();
		disk_collect();
	}
}
