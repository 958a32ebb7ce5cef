// What Swift's Glibc module lacks: headers it does not export and macros it cannot evaluate. Declarations and
// accessors only; LinuxSystem is the one module that imports this.
#ifndef SIDERITE_CLINUX_H
#define SIDERITE_CLINUX_H

#include <ifaddrs.h>            // getifaddrs
#include <linux/filter.h>       // sock_fprog
#include <linux/ipmi.h>         // ipmi_req, ipmi_recv
#include <linux/nvme_ioctl.h>   // nvme_passthru_cmd
#include <linux/reboot.h>       // LINUX_REBOOT_CMD_*
#include <malloc.h>             // mallopt, malloc_trim
#include <net/ethernet.h>       // ETHERTYPE_IP
#include <net/if.h>             // ifreq
#include <net/if_arp.h>         // ARPHRD_*
#include <net/route.h>          // rtentry
#include <netinet/in.h>         // sockaddr_in
#include <netpacket/packet.h>   // sockaddr_ll
#include <sys/eventfd.h>        // eventfd
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/un.h>             // sockaddr_un
#include <sys/wait.h>

#include <stdint.h>

// Macros of negative numbers without parentheses.
static const int clinux_malloc_arena_max = M_ARENA_MAX;
static const int clinux_malloc_mmap_threshold = M_MMAP_THRESHOLD;
static const int clinux_malloc_trim_threshold = M_TRIM_THRESHOLD;

// ioctl(2) is variadic, which Swift cannot call.
int clinux_ioctl(int fd, unsigned long request, void *argument);

// Made with sizeof, which Swift does not evaluate in macros.
static const unsigned long clinux_ipmi_send_command = IPMICTL_SEND_COMMAND;
static const unsigned long clinux_ipmi_receive_message = IPMICTL_RECEIVE_MSG_TRUNC;

// <linux/fs.h> has these, and cannot be read together with glibc 2.36's <sys/mount.h>: see CLinuxBlock.c.
unsigned long clinux_block_read_only(void);         // BLKROGET
unsigned long clinux_block_size(void);              // BLKGETSIZE64
unsigned long clinux_block_sector_size(void);       // BLKSSZGET
unsigned long clinux_block_flush_buffers(void);     // BLKFLSBUF
unsigned long clinux_block_reread_partitions(void); // BLKRRPART
unsigned long clinux_block_discard(void);           // BLKDISCARD
unsigned long clinux_block_secure_discard(void);    // BLKSECDISCARD
unsigned long clinux_block_zero_out(void);          // BLKZEROOUT

// Made with sizeof, too.
static const unsigned long clinux_nvme_admin_command = NVME_IOCTL_ADMIN_CMD;
static const unsigned long clinux_nvme_namespace = NVME_IOCTL_ID;

// O_DIRECT is only declared to GNU sources.
int clinux_direct(void);

// open(2) is variadic.
int clinux_open(const char *path, int flags, unsigned int mode);

// fcntl(2) is variadic.
int clinux_fcntl(int fd, int command, long argument);

// No libc wrapper exists for finit_module(2).
int clinux_finit_module(int fd, const char *parameters, int flags);

// pthread_setname_np(3) is only declared to GNU sources.
void clinux_set_thread_name(const char *name);

// Function-like macros over the bits of a wait status.
int clinux_wait_exited(int status);

// recvmmsg(2) and sendmmsg(2) are only declared to GNU sources, and control messages are walked by macros.
// One datagram of a batch; addresses and port in network order. Receiving fills in everything but bytes and capacity.
struct clinux_datagram {
  void *bytes;
  uint32_t capacity;
  uint32_t length;
  uint32_t local;        // the address it came to (IP_PKTINFO), or shall come from; 0: the socket's
  uint32_t interface;    // the interface's index, or 0
  uint32_t remote;
  uint16_t remote_port;
  uint8_t is_whole;      // not cut to the capacity
};

// The most of one call: what its arrays take of the stack stays below 16 kB.
#define CLINUX_MOST_DATAGRAMS 64

// ppoll(2) is only declared to GNU sources. Waits until one of two can be read; negative nanoseconds: without end.
int clinux_wait_readable(int one, int other, int64_t nanoseconds);

// How many datagrams were received, or sent; -1 with errno. Never waits.
int clinux_receive_datagrams(int fd, struct clinux_datagram *datagrams, unsigned int count);
int clinux_send_datagrams(int fd, const struct clinux_datagram *datagrams, unsigned int count);

// UDP of both families: their names are unions that Swift cannot take apart safely, control messages are walked by macros.
// Port and address in network order; family 0: none.
struct clinux_endpoint {
  uint16_t family;
  uint16_t port;
  uint32_t scope;        // IPv6: the interface's index
  uint64_t address[2];   // in memory as on the wire; IPv4: the first 4 bytes
};

int clinux_bind(int fd, const struct clinux_endpoint *endpoint);
int clinux_connect(int fd, const struct clinux_endpoint *endpoint);
int clinux_local_endpoint(int fd, struct clinux_endpoint *endpoint);
int clinux_report_destinations(int fd, int family);   // IP_PKTINFO
int clinux_path_mtu(int fd, int family);              // of a connected socket; -1 with errno
int clinux_can_segment(int fd);                       // UDP_SEGMENT is known
int clinux_share_port(int fd);                        // SO_REUSEPORT

// Of sockets that share a port, gives each datagram to one by its source address: the same for all ports of a host.
int clinux_spread_by_source(int fd, int family, unsigned int sockets);

// The bytes of one datagram, -1 with errno. Never wait. `destination` is what it was sent to, if that is reported.
long clinux_receive(int fd, void *bytes, size_t capacity, struct clinux_endpoint *from, struct clinux_endpoint *destination);
long clinux_receive_connected(int fd, void *bytes, size_t capacity);
long clinux_send(int fd, const void *bytes, size_t length, const struct clinux_endpoint *to);

// Numbered pieces of one content, a datagram each: 2 bytes that are the same in all, 2 that count up, then the piece. All pieces
// but the last are of one size.
struct clinux_pieces {
  uint16_t tag;
  uint16_t first_number;    // 65535 is followed by 0
  uint32_t count;           // at most CLINUX_MOST_DATAGRAMS are sent
  const uint8_t *content;   // from the first piece on
  size_t content_size;
  uint32_t piece_size;
  uint32_t per_message;     // datagrams that the kernel cuts from one message (UDP_SEGMENT); 1: none
};

// One system call. How many datagrams were sent, from the front; -1 with errno of the first. `to` NULL: connected.
int clinux_send_pieces(int fd, const struct clinux_pieces *pieces, const struct clinux_endpoint *to);

// timerfd(2): the next expiry, in so many nanoseconds from now, at least 1; what was set before no longer counts. -1 with errno.
int clinux_timer_create(void);
int clinux_timer_set(int fd, int64_t nanoseconds);

// epoll(7), whose events are packed unions. -1 with errno.
int clinux_poll_create(void);
int clinux_poll_add(int poll, int fd, uint64_t number);
int clinux_poll_wait(int poll, uint64_t *numbers, int most, int milliseconds);

#endif
