// Clients that read by TFTP, and a sender that does nothing but send: the load and the yardstick of tools/bench/tftp, which compiles it.
//
//   tftp read SERVER PORT FILE BLKSIZE WINDOW SECONDS [delay MICROSECONDS] [loss PER_MILLION] [drop EVERY AT]
//   tftp many INTERFACE MAC SERVER_MAC SERVER PORT FILE BLKSIZE FIRST COUNT
//   tftp raw PORT SIZE lockstep|sendmmsg|segments
//
// `read` reads FILE again and again until the time is up, and prints `bytes seconds transfers dropped time-outs`. It handles what comes so many
// microseconds late, which is a longer round trip; loses DATA and ACK at random; or drops, once, each block whose number modulo EVERY is AT.
// `many` reads it once with COUNT clients in one instant, each with an IP address of its own beginning with FIRST, lock-step, with the patience
// of firmware, and prints `seconds served failed requests-repeated acks-repeated` and the median client's seconds.
// `raw` serves SIZE bytes to one client at a time: no file, no timer, no second client. The most that a server can be compared with.
//
// FILE's 32-bit words count from 0, little-endian, which is looked at once per block, so BLKSIZE is a multiple of 4.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };
enum { most_segments = 64, most_segmented = 65000, batch = 64, datagram_bytes = 65536 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static int udp(uint32_t address, int port) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = address};
  if (descriptor < 0) err(1, "socket");
  if (bind(descriptor, (struct sockaddr *)&own, sizeof own)) err(1, "bind");
  return descriptor;
}

static int request(char *packet, const char *file, int block_size, int window) {
  int length = 0;
  packet[length++] = 0;
  packet[length++] = RRQ;
  length += sprintf(packet + length, "%s", file) + 1;
  length += sprintf(packet + length, "octet") + 1;
  length += sprintf(packet + length, "blksize") + 1;
  length += sprintf(packet + length, "%d", block_size) + 1;
  if (window > 1) {
    length += sprintf(packet + length, "windowsize") + 1;
    length += sprintf(packet + length, "%d", window) + 1;
  }
  return length;
}

// The value of an option of a request or an OACK; 0: it is not there.
static int option(const char *packet, int length, const char *name) {
  for (int start = 2; start < length;) {
    int size = strnlen(packet + start, length - start) + 1;
    if (start + size < length && !strcasecmp(packet + start, name)) return atoi(packet + start + size);
    start += size;
  }
  return 0;
}

// --- one client ------------------------------------------------------------------------------------------------------------

static int block_size, asked_window, delay, loss, drop_every, drop_at;
static uint64_t random_state = 88172645463325252u;
static long dropped, timeouts;
static uint64_t all_bytes;

static int is_lost(void) {
  if (!loss) return 0;
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % 1000000 < (unsigned)loss;
}

// What came is seen late. The last part of the wait is spent looking at the clock: a sleep ends too late.
static void wait_until(double then) {
  double left;
  while ((left = then - seconds()) > 0)
    if (left > 150e-6) {
      struct timespec limit = {0, (left - 100e-6) * 1e9};
      nanosleep(&limit, NULL);
    }
}

struct read {
  int descriptor, window;
  uint64_t last;  // the block that came last in order
  int in_window, told, ended;
};

static void acknowledge(struct read *read, double seen) {
  unsigned char packet[4] = {0, ACK, read->last >> 8, read->last};
  read->in_window = 0;
  if (delay) wait_until(seen + delay / 1e6);
  if (is_lost()) return;
  send(read->descriptor, packet, sizeof packet, 0);
}

static void data(struct read *read, const unsigned char *packet, int length, double seen) {
  uint16_t number = packet[2] << 8 | packet[3], expected = read->last + 1;
  if (number == expected) {
    static uint64_t last_dropped;
    uint64_t block = read->last + 1;
    if (is_lost()) return;
    if (drop_every && block % drop_every == (unsigned)drop_at && last_dropped != block) {
      last_dropped = block;
      dropped += 1;
      return;
    }
    uint32_t word;
    memcpy(&word, packet + 4, sizeof word);
    if (length >= 8 && word != (uint32_t)(read->last * block_size / 4)) errx(1, "block %ld holds something else", (long)block);
    read->last = block;
    read->told = 0;
    all_bytes += length - 4;
    read->in_window += 1;
    read->ended = length - 4 < block_size;
    if (read->ended || read->in_window == read->window) acknowledge(read, seen);
  } else if ((uint16_t)(number - expected) < 32768) {
    if (read->told || is_lost()) return;
    read->told = 1;
    acknowledge(read, seen);
  } else if (number == (uint16_t)read->last && read->in_window == 0) {
    if (!is_lost()) acknowledge(read, seen);
  }
}

static void one_read(struct sockaddr_in server, const char *file, double end) {
  static unsigned char buffers[batch][datagram_bytes];
  static char controls[batch][CMSG_SPACE(sizeof(int))];
  struct read read = {.descriptor = udp(INADDR_ANY, 0), .window = 1};
  setsockopt(read.descriptor, SOL_UDP, UDP_GRO, &(int){1}, sizeof(int));
  setsockopt(read.descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &(int){8 << 20}, sizeof(int));
  setsockopt(read.descriptor, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 1}, sizeof(struct timeval));
  char packet[600];
  int length = request(packet, file, block_size, asked_window), begun = 0;
  sendto(read.descriptor, packet, length, 0, (struct sockaddr *)&server, sizeof server);
  while (!read.ended) {
    struct mmsghdr messages[batch];
    struct iovec vectors[batch];
    struct sockaddr_in names[batch];
    for (int i = 0; i < batch; i++) {
      vectors[i] = (struct iovec){buffers[i], datagram_bytes};
      messages[i].msg_hdr = (struct msghdr){
          .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &vectors[i], .msg_iovlen = 1,
          .msg_control = controls[i], .msg_controllen = sizeof controls[i]};
    }
    int count = recvmmsg(read.descriptor, messages, asked_window > 1 ? batch : 1, MSG_WAITFORONE, NULL);
    double seen = seconds();
    if (seen > end) {
      // Told, so that the server does not go on meanwhile.
      if (begun) send(read.descriptor, "\0\5\0\0enough", 11, 0);
      break;
    }
    if (count < 0) {
      timeouts += 1;
      read.told = 0;
      if (begun) acknowledge(&read, seen);
      else sendto(read.descriptor, packet, length, 0, (struct sockaddr *)&server, sizeof server);
      continue;
    }
    for (int i = 0; i < count && !read.ended; i++) {
      int got = messages[i].msg_len, size = got;
      struct cmsghdr *control = CMSG_FIRSTHDR(&messages[i].msg_hdr);
      if (control && control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) memcpy(&size, CMSG_DATA(control), sizeof size);
      for (int start = 0; start < got && !read.ended; start += size) {
        unsigned char *datagram = buffers[i] + start;
        int bytes = got - start < size ? got - start : size;
        if (bytes < 4) continue;
        if (datagram[1] == ERROR) errx(1, "refused: %.*s", bytes - 4, datagram + 4);
        if (!begun) {
          begun = 1;
          if (connect(read.descriptor, (struct sockaddr *)&names[i], sizeof names[i])) err(1, "connect");
          if (datagram[1] != OACK || option((char *)datagram, bytes, "blksize") != block_size) errx(1, "blksize was not granted");
          int granted = option((char *)datagram, bytes, "windowsize");
          if (asked_window > 1 && granted != asked_window) errx(1, "windowsize was not granted");
          read.window = granted ? granted : 1;
        }
        if (datagram[1] == OACK && read.last == 0) acknowledge(&read, seen);
        else if (datagram[1] == DATA) data(&read, datagram, bytes, seen);
      }
    }
  }
  close(read.descriptor);
}

static int read_again(int count, char **words) {
  if (count < 8) errx(2, "read SERVER PORT FILE BLKSIZE WINDOW SECONDS ...");
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(words[3]))};
  inet_pton(AF_INET, words[2], &server.sin_addr);
  block_size = atoi(words[5]);
  asked_window = atoi(words[6]);
  for (int i = 8; i < count; i++) {
    if (!strcmp(words[i], "delay") && i + 1 < count) delay = atoi(words[++i]);
    else if (!strcmp(words[i], "loss") && i + 1 < count) loss = atoi(words[++i]);
    else if (!strcmp(words[i], "drop") && i + 2 < count) drop_every = atoi(words[++i]), drop_at = atoi(words[++i]);
    else errx(2, "what is %s?", words[i]);
  }
  prctl(PR_SET_TIMERSLACK, 1);
  double start = seconds(), end = start + atof(words[7]);
  long transfers = 0;
  for (; seconds() < end; transfers++) one_read(server, words[4], end);
  printf("%llu %.6f %ld %ld %ld\n", (unsigned long long)all_bytes, seconds() - start, transfers, dropped, timeouts);
  return 0;
}

// --- many clients ----------------------------------------------------------------------------------------------------------

// They speak through one packet socket: real ones would be on processors of their own, and the kernel's work for thousands of sockets
// would be the server's loss here. Nobody has their address, so that the kernel leaves their packets alone.
enum { most_clients = 4096, patience = 4, tries = 6, own_port = 2048, seen_bytes = 64, headers = 42 };

struct client {
  uint16_t peer;  // the server's port for it, as on the wire; 0: it has not answered
  uint16_t last;
  int tried, over;
  double deadline;
};

struct frame {
  unsigned char bytes[600];
  int length;
};

static unsigned char addresses[12];  // the server's MAC address, and that of all clients
static struct sockaddr_in crowded_server;
static struct frame frames[batch];
static int waiting_frames, link_socket;

static void send_frames(void) {
  struct mmsghdr messages[batch];
  struct iovec vectors[batch];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < waiting_frames; i++) {
    vectors[i] = (struct iovec){frames[i].bytes, frames[i].length};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (int sent = 0; sent < waiting_frames;) {
    int more = sendmmsg(link_socket, messages + sent, waiting_frames - sent, 0);
    if (more < 0 && errno != ENOBUFS) err(1, "sendmmsg");
    if (more > 0) sent += more;
  }
  waiting_frames = 0;
}

// Ethernet, IPv4 and UDP before it; no UDP checksum.
static void send_packet(uint32_t from, uint16_t port, const void *packet, int length) {
  if (waiting_frames == batch) send_frames();
  struct frame *frame = &frames[waiting_frames++];
  unsigned char *bytes = frame->bytes;
  memcpy(bytes, addresses, 12);
  memcpy(bytes + 12, (unsigned char[]){8, 0, 0x45, 0, (20 + 8 + length) >> 8, 20 + 8 + length, 0, 0, 0x40, 0, 64, IPPROTO_UDP}, 12);
  memset(bytes + 24, 0, 2);
  memcpy(bytes + 26, &from, 4);
  memcpy(bytes + 30, &crowded_server.sin_addr, 4);
  uint32_t sum = 0;
  for (int i = 14; i < 34; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  sum = (sum & 0xffff) + (sum >> 16);
  sum = ~((sum & 0xffff) + (sum >> 16));
  bytes[24] = sum >> 8;
  bytes[25] = sum;
  memcpy(bytes + 34, &(uint16_t){htons(own_port)}, 2);
  memcpy(bytes + 36, &port, 2);
  memcpy(bytes + 38, &(uint16_t){htons(8 + length)}, 2);
  memcpy(bytes + headers, packet, length);
  frame->length = headers + length;
}

static int by_time(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

static int many(int count, char **words) {
  if (count != 11) errx(2, "many INTERFACE MAC SERVER_MAC SERVER PORT FILE BLKSIZE FIRST COUNT");
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < 6; i++) addresses[side * 6 + i] = strtoul(words[side ? 3 : 4] + 3 * i, NULL, 16);
  crowded_server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[6]))};
  inet_pton(AF_INET, words[5], &crowded_server.sin_addr);
  struct in_addr first;
  if (inet_pton(AF_INET, words[9], &first) != 1) errx(2, "%s is not an IPv4 address", words[9]);
  block_size = atoi(words[8]);
  int all = atoi(words[10]), served = 0, failed = 0;
  long requests = 0, acknowledgements = 0;
  static struct client clients[most_clients];
  static double times[most_clients];
  if (all < 1 || all > most_clients) errx(2, "1 to %d clients", most_clients);
  link_socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex(words[2])};
  setsockopt(link_socket, SOL_SOCKET, SO_RCVBUFFORCE, &(int){64 << 20}, sizeof(int));
  setsockopt(link_socket, SOL_PACKET, PACKET_QDISC_BYPASS, &(int){1}, sizeof(int));
  // The beginning of a packet is enough.
  struct sock_filter cut = BPF_STMT(BPF_RET | BPF_K, seen_bytes);
  setsockopt(link_socket, SOL_SOCKET, SO_ATTACH_FILTER, &(struct sock_fprog){1, &cut}, sizeof(struct sock_fprog));
  setsockopt(link_socket, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_usec = 100000}, sizeof(struct timeval));
  if (bind(link_socket, (struct sockaddr *)&link, sizeof link)) err(1, "%s", words[2]);
  char packet[600];
  int length = request(packet, words[7], block_size, 1);
  double start = seconds(), looked = start, end = start;
  for (int i = 0; i < all; i++) {
    clients[i].deadline = start + patience;
    send_packet(htonl(ntohl(first.s_addr) + i), crowded_server.sin_port, packet, length);
  }
  send_frames();
  while (served + failed < all) {
    static unsigned char got[batch][seen_bytes];
    struct mmsghdr messages[batch];
    struct iovec vectors[batch];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < batch; i++) {
      vectors[i] = (struct iovec){got[i], seen_bytes};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int found = recvmmsg(link_socket, messages, batch, MSG_WAITFORONE, NULL);
    double now = seconds();
    for (int index = 0; index < found; index++) {
      unsigned char *bytes = got[index];
      if (messages[index].msg_len < headers + 4 || bytes[14] != 0x45 || bytes[23] != IPPROTO_UDP || bytes[42]) continue;
      uint32_t to;
      memcpy(&to, bytes + 30, 4);
      uint32_t number = ntohl(to) - ntohl(first.s_addr);
      if (number >= (unsigned)all) continue;
      struct client *client = &clients[number];
      uint16_t port;
      memcpy(&port, bytes + 34, 2);
      int size = (bytes[38] << 8 | bytes[39]) - 8 - 4, code = bytes[43], is_last = 0;
      if (client->over || (client->peer && client->peer != port)) continue;
      client->peer = port;
      if (code == ERROR) {
        client->over = 1;
        failed += 1;
        end = now;
        continue;
      }
      if (code == DATA) {
        uint16_t block = bytes[44] << 8 | bytes[45];
        if (block != (uint16_t)(client->last + 1)) continue;  // a duplicate; the last ACK is repeated by the timer
        uint32_t word;
        memcpy(&word, bytes + headers + 4, sizeof word);
        if (size >= 4 && word != (uint32_t)client->last * block_size / 4) errx(1, "block %d holds something else", block);
        client->last = block;
        is_last = size < block_size;
      } else if (code != OACK || client->last) {
        continue;
      }
      send_packet(to, client->peer, (unsigned char[]){0, ACK, client->last >> 8, client->last}, 4);
      client->tried = 0;
      client->deadline = now + patience;
      if (!is_last) continue;
      client->over = 1;
      end = now;
      times[served++] = end - start;
    }
    send_frames();
    if (now - looked < 0.1) continue;
    looked = now;
    for (int i = 0; i < all; i++) {
      struct client *client = &clients[i];
      if (client->over || now < client->deadline) continue;
      client->deadline = now + patience;
      uint32_t own = htonl(ntohl(first.s_addr) + i);
      if (++client->tried >= tries) {
        client->over = 1;
        failed += 1;
        end = now;
      } else if (client->peer) {
        send_packet(own, client->peer, (unsigned char[]){0, ACK, client->last >> 8, client->last}, 4);
        acknowledgements += 1;
      } else {
        send_packet(own, crowded_server.sin_port, packet, length);
        requests += 1;
      }
    }
    send_frames();
  }
  qsort(times, served, sizeof times[0], by_time);
  printf("%.6f %d %d %ld %ld %.6f\n", end - start, served, failed, requests, acknowledgements, served ? times[served / 2] : 0.0);
  return 0;
}

// --- the sender that does nothing else -------------------------------------------------------------------------------------

static int raw(int count, char **words) {
  if (count != 5) errx(2, "raw PORT SIZE lockstep|sendmmsg|segments");
  uint64_t size = atol(words[3]);
  int segments = !strcmp(words[4], "segments"), listening = udp(INADDR_ANY, atoi(words[2]));
  unsigned char *content = malloc(size + 8);
  if (!content) err(1, "memory");
  for (uint64_t offset = 0; offset < size; offset += 4) memcpy(content + offset, &(uint32_t){offset / 4}, 4);
  for (;;) {
    char packet[1024];
    struct sockaddr_in client;
    socklen_t name = sizeof client;
    ssize_t length = recvfrom(listening, packet, sizeof packet - 1, 0, (struct sockaddr *)&client, &name);
    if (length < 4 || packet[1] != RRQ) continue;
    packet[length] = 0;
    int block_size = option(packet, length, "blksize"), window = option(packet, length, "windowsize");
    int descriptor = udp(INADDR_ANY, 0), answer = 2;
    if (connect(descriptor, (struct sockaddr *)&client, sizeof client)) err(1, "connect");
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &(int){4 << 20}, sizeof(int));
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 2}, sizeof(struct timeval));
    packet[1] = OACK;
    answer += sprintf(packet + answer, "blksize") + 1;
    answer += sprintf(packet + answer, "%d", block_size) + 1;
    if (window) {
      answer += sprintf(packet + answer, "windowsize") + 1;
      answer += sprintf(packet + answer, "%d", window) + 1;
    } else {
      window = 1;
    }
    send(descriptor, packet, answer, 0);
    uint64_t last = size / block_size + 1, acknowledged = 0;
    for (;;) {
      unsigned char ack[64];
      if (recv(descriptor, ack, sizeof ack, 0) < 4 || ack[1] != ACK) break;
      acknowledged += (uint16_t)((ack[2] << 8 | ack[3]) - acknowledged);
      if (acknowledged >= last) break;
      struct mmsghdr messages[256];
      struct iovec vectors[256][2];
      unsigned char headers[256][4];
      memset(messages, 0, sizeof messages);
      int number = 0;
      for (uint64_t block = acknowledged + 1; block <= last && number < window && number < 256; block++, number++) {
        uint64_t start = (block - 1) * block_size, end = start + block_size < size ? start + block_size : size;
        memcpy(headers[number], (unsigned char[]){0, DATA, block >> 8, block}, 4);
        vectors[number][0] = (struct iovec){headers[number], 4};
        vectors[number][1] = (struct iovec){content + start, end - start};
        messages[number].msg_hdr.msg_iov = vectors[number];
        messages[number].msg_hdr.msg_iovlen = 2;
      }
      if (!segments || number == 1) {
        for (int sent = 0; sent < number;) {
          int more = number == 1 ? sendmsg(descriptor, &messages[0].msg_hdr, 0) > 0 : sendmmsg(descriptor, messages + sent, number - sent, 0);
          if (more <= 0) err(1, "sendmmsg");
          sent += more;
        }
        continue;
      }
      int most = most_segmented / (block_size + 4) < most_segments ? most_segmented / (block_size + 4) : most_segments;
      for (int sent = 0; sent < number; sent += most) {
        union {
          struct cmsghdr header;
          char bytes[CMSG_SPACE(sizeof(uint16_t))];
        } control = {.header = {.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t))}};
        memcpy(CMSG_DATA(&control.header), &(uint16_t){block_size + 4}, sizeof(uint16_t));
        struct msghdr message = {
            .msg_iov = vectors[sent], .msg_iovlen = 2 * (number - sent < most ? number - sent : most),
            .msg_control = &control, .msg_controllen = sizeof control};
        if (sendmsg(descriptor, &message, 0) < 0) err(1, "sendmsg");
      }
    }
    close(descriptor);
  }
}

int main(int count, char **words) {
  if (count > 1 && !strcmp(words[1], "read")) return read_again(count, words);
  if (count > 1 && !strcmp(words[1], "many")) return many(count, words);
  if (count > 1 && !strcmp(words[1], "raw")) return raw(count, words);
  errx(2, "usage: tftp read|many|raw ...");
}
