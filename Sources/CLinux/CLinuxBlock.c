#include <linux/fs.h>
#include <stddef.h>

unsigned long clinux_block_read_only(void) { return BLKROGET; }
unsigned long clinux_block_size(void) { return BLKGETSIZE64; }
unsigned long clinux_block_sector_size(void) { return BLKSSZGET; }
unsigned long clinux_block_flush_buffers(void) { return BLKFLSBUF; }
unsigned long clinux_block_reread_partitions(void) { return BLKRRPART; }
unsigned long clinux_block_discard(void) { return BLKDISCARD; }
unsigned long clinux_block_secure_discard(void) { return BLKSECDISCARD; }
unsigned long clinux_block_zero_out(void) { return BLKZEROOUT; }
