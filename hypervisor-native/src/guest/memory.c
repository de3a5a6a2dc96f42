/* Work on memory: a working set rewritten at a given rate, each page checked before, and all pages checked in turn. */
#include "guest.h"

#define PAGES_PER_STEP 16

uint64_t wrote_pages, checked_pages, ws_pass, errors;
static uint64_t ws_pages, fill_pages;
static uint64_t write_next, check_next; /* page of the working set; page of both areas, working set first */
static struct pace write_pace, check_pace;

static uint64_t *page_at(uint64_t page) { return (uint64_t *)(AREAS + page * PAGE); }

static uint64_t version_of(uint64_t page) /* pages before the cursor have been rewritten in this pass */
{
	return page < ws_pages ? ws_pass + (page < write_next) : 0;
}

static void check(uint64_t page)
{
	struct mismatch m;
	enum area area = page < ws_pages ? WORKING_SET : FILL;
	uint64_t version = version_of(page);
	checked_pages++;
	if (pattern_check(page_at(page), area, page, version, &m))
		return;
	errors++;
	if (may_complain())
		print("error memory area=%s address=%016lx version=%lu expected=%016lx found=%016lx\n",
		      area == FILL ? "fill" : "ws", (uint64_t)page_at(page) + m.offset, version, m.expected, m.found);
	pattern_write(page_at(page), area, page, version); /* made right, so that one fault counts once */
}

uint64_t memory_init(uint64_t ram, uint64_t table_bytes)
{
	ws_pages = options.ws_mib * (MIB / PAGE);
	fill_pages = options.fill_mib * (MIB / PAGE);
	uint64_t table = AREAS + (ws_pages + fill_pages) * PAGE;
	if (table + table_bytes > ram)
		panic("ws_mib and fill_mib need %lu MiB of memory, there are %lu", (table + table_bytes + MIB - 1) / MIB, ram / MIB);
	for (uint64_t page = 0; page < ws_pages + fill_pages; page++)
		pattern_write(page_at(page), page < ws_pages ? WORKING_SET : FILL, page, 0);
	return table;
}

void memory_start(uint64_t time)
{
	uint64_t second = us_to_ticks(1000000);
	write_pace.next = check_pace.next = time;
	if (options.rate_mibs && ws_pages)
		write_pace.every = second / (options.rate_mibs * (MIB / PAGE));
	if (ws_pages + fill_pages)
		check_pace.every = second * options.check_s / (ws_pages + fill_pages);
}

static void rewrite_next(void)
{
	check(write_next);
	pattern_write(page_at(write_next), WORKING_SET, write_next, ws_pass + 1);
	wrote_pages++;
	if (++write_next == ws_pages) {
		write_next = 0;
		ws_pass++;
	}
}

bool memory_step(uint64_t time)
{
	unsigned done = 0;
	while (done < PAGES_PER_STEP && due(&write_pace, time)) {
		rewrite_next();
		done++;
	}
	while (done < PAGES_PER_STEP && due(&check_pace, time)) {
		check(check_next);
		check_next = (check_next + 1) % (ws_pages + fill_pages);
		done++;
	}
	return done;
}
