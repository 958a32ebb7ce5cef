// Clients behind a relay agent, and a server that does nothing but answer: the load and the yardstick of tools/bench/dhcp, which compiles it.
//
//   dhcp load INTERFACE MAC SERVER_MAC RELAY SERVER FIRST COUNT OUTSTANDING exchange|offer [plain]
//   dhcp null ADDRESS
//
// `load` is a relay agent with the address RELAY and COUNT clients, FIRST of them being the number of the first; OUTSTANDING of them speak at a
// time, each until it has its ACK, or only its OFFER. They are UEFI PXE clients, unless `plain`. Who is not answered within a second asks again,
// some times. Every answer is looked at: whose it is, its type, and that nobody else has the address. Prints
// `seconds done repeated failed` and the median client's milliseconds.
// `null` answers every DISCOVER and REQUEST at port 67 with an address made of the client's number: no lease, no pool, no options but the needed.
// The most that a server can be compared with.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5 };
enum { batch = 64, most_bytes = 1500, headers = 42, fixed = 240, tries = 10, relay_port = 67 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static uint32_t word(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

static void put_word(unsigned char *bytes, uint32_t value) {
  for (int i = 0; i < 4; i++) bytes[i] = value >> (24 - 8 * i);
}

// An option's value, at least so long; NULL: it is not there.
static const unsigned char *option(const unsigned char *message, int length, int code, int least) {
  for (int at = fixed; at + 1 < length && message[at] != 255;) {
    if (message[at] == 0) {
      at += 1;
      continue;
    }
    int size = message[at + 1];
    if (at + 2 + size > length) return NULL;
    if (message[at] == code) return size >= least ? message + at + 2 : NULL;
    at += 2 + size;
  }
  return NULL;
}

// --- clients ---------------------------------------------------------------------------------------------------------------

struct client {
  uint32_t address, server;  // as offered; 0: not yet
  int tried, over;
  double begun, deadline;
};

struct frame {
  unsigned char bytes[most_bytes];
  int length;
};

static unsigned char addresses[12];  // the server's MAC address, and the relay's
static uint32_t relay, server;
static int are_plain, link_socket, waiting_frames;
static struct frame frames[batch];
static uint32_t first;
static long repeated;

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

// What firmware sends, more or less: EDK2's options in EDK2's order.
static int message(unsigned char *bytes, uint32_t number, const struct client *client) {
  static const unsigned char cookie[] = {99, 130, 83, 99};
  static const unsigned char wishes[] = {55, 9, 1, 3, 6, 12, 15, 43, 54, 60, 67};
  static const unsigned char system[] = {93, 2, 0, 7, 94, 3, 1, 3, 16};
  memset(bytes, 0, fixed);
  memcpy(bytes, (unsigned char[]){1, 1, 6, 1}, 4);
  put_word(bytes + 4, number);
  put_word(bytes + 24, relay);
  memcpy(bytes + 28, (unsigned char[]){2, 1}, 2);
  put_word(bytes + 30, number);
  memcpy(bytes + 236, cookie, 4);
  int at = fixed;
  memcpy(bytes + at, (unsigned char[]){53, 1, client->address ? REQUEST : DISCOVER}, 3);
  at += 3;
  if (client->address) {
    memcpy(bytes + at, (unsigned char[]){50, 4}, 2);
    put_word(bytes + at + 2, client->address);
    memcpy(bytes + at + 6, (unsigned char[]){54, 4}, 2);
    put_word(bytes + at + 8, client->server);
    at += 12;
  }
  memcpy(bytes + at, wishes, sizeof wishes);
  at += sizeof wishes;
  if (!are_plain) {
    memcpy(bytes + at, (unsigned char[]){97, 17, 0}, 3);
    for (int i = 0; i < 16; i += 4) put_word(bytes + at + 3 + i, number);
    at += 19;
    memcpy(bytes + at, system, sizeof system);
    at += sizeof system;
    at += sprintf((char *)bytes + at, "<%cPXEClient:Arch:00007:UNDI:003016", 32);
  }
  bytes[at++] = 255;
  while (at < 300) bytes[at++] = 0;
  return at;
}

// Ethernet, IPv4 and UDP before it; no UDP checksum.
static void send_message(uint32_t number, const struct client *client) {
  if (waiting_frames == batch) send_frames();
  struct frame *frame = &frames[waiting_frames++];
  unsigned char *bytes = frame->bytes;
  int length = message(bytes + headers, number, client);
  memcpy(bytes, addresses, 12);
  memcpy(bytes + 12, (unsigned char[]){8, 0, 0x45, 0, (28 + length) >> 8, 28 + length, 0, 0, 0, 0, 64, IPPROTO_UDP, 0, 0}, 14);
  put_word(bytes + 26, relay);
  put_word(bytes + 30, server);
  uint32_t sum = 0;
  for (int i = 14; i < 34; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  sum = (sum & 0xffff) + (sum >> 16);
  sum = ~((sum & 0xffff) + (sum >> 16));
  bytes[24] = sum >> 8;
  bytes[25] = sum;
  memcpy(bytes + 34, (unsigned char[]){0, relay_port, 0, relay_port, (8 + length) >> 8, 8 + length, 0, 0}, 8);
  frame->length = headers + length;
}

static int by_time(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

// Who has an address of those that were given: an open hash of addresses, as many places as clients four times.
static uint32_t *takers, places;

static int is_taken(uint32_t address) {
  uint32_t place = address * 2654435761u % places;
  while (takers[place] && takers[place] != address) place = (place + 1) % places;
  if (takers[place]) return 1;
  takers[place] = address;
  return 0;
}

static uint32_t address_of(const char *text) {
  struct in_addr address;
  if (inet_pton(AF_INET, text, &address) != 1) errx(2, "%s is not an IPv4 address", text);
  return ntohl(address.s_addr);
}

static int load(int count, char **words) {
  if (count < 11) errx(2, "load INTERFACE MAC SERVER_MAC RELAY SERVER FIRST COUNT OUTSTANDING exchange|offer [plain]");
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < 6; i++) addresses[side * 6 + i] = strtoul(words[side ? 3 : 4] + 3 * i, NULL, 16);
  relay = address_of(words[5]);
  server = address_of(words[6]);
  first = strtoul(words[7], NULL, 10);
  int all = atoi(words[8]), at_once = atoi(words[9]), last_type = strcmp(words[10], "offer") ? ACK : OFFER;
  are_plain = count > 11 && !strcmp(words[11], "plain");
  if (all < 1 || all > 1000000 || at_once < 1) errx(2, "1 to 1000000 clients");
  struct client *clients = calloc(all, sizeof *clients);
  double *times = calloc(all, sizeof *times);
  places = 4 * all + 1;
  takers = calloc(places, sizeof *takers);
  if (!clients || !times || !takers) err(1, "memory");
  link_socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex(words[2])};
  setsockopt(link_socket, SOL_SOCKET, SO_RCVBUFFORCE, &(int){64 << 20}, sizeof(int));
  setsockopt(link_socket, SOL_PACKET, PACKET_QDISC_BYPASS, &(int){1}, sizeof(int));
  setsockopt(link_socket, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_usec = 20000}, sizeof(struct timeval));
  if (bind(link_socket, (struct sockaddr *)&link, sizeof link)) err(1, "%s", words[2]);

  int next = 0, oldest = 0, speaking = 0, done = 0, failed = 0;
  double start = seconds(), looked = start, end = start, now = start;
  while (done + failed < all) {
    for (; speaking < at_once && next < all; next++, speaking++) {
      clients[next].begun = now;
      clients[next].deadline = now + 1;
      send_message(first + next, &clients[next]);
    }
    send_frames();
    static unsigned char got[batch][most_bytes];
    struct mmsghdr messages[batch];
    struct iovec vectors[batch];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < batch; i++) {
      vectors[i] = (struct iovec){got[i], most_bytes};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int found = recvmmsg(link_socket, messages, batch, MSG_WAITFORONE, NULL);
    now = seconds();
    for (int index = 0; index < found; index++) {
      const unsigned char *bytes = got[index], *reply = bytes + headers;
      int length = (int)messages[index].msg_len - headers;
      if (length < fixed || bytes[14] != 0x45 || bytes[23] != IPPROTO_UDP || word(bytes + 30) != relay || bytes[37] != relay_port) continue;
      uint32_t number = word(reply + 4) - first, address = word(reply + 16);
      const unsigned char *type = option(reply, length, 53, 1), *identifier = option(reply, length, 54, 4);
      if (reply[0] != 2 || number >= (unsigned)next || !type || !identifier) continue;
      if (word(reply + 30) != first + number) errx(1, "client %u is told another's hardware address", number);
      struct client *client = &clients[number];
      if (client->over) continue;
      if (*type == OFFER && !client->address) {
        if (!address) errx(1, "client %u is offered no address", number);
        client->address = address;
        client->server = word(identifier);
        client->tried = 0;
        client->deadline = now + 1;
      } else if (*type != ACK || !client->address) {
        if (*type == OFFER) continue;
        errx(1, "client %u gets a message of type %d", number, *type);
      } else if (address != client->address) {
        errx(1, "client %u gets another address than it was offered", number);
      }
      if (*type != last_type) {
        send_message(first + number, client);
        continue;
      }
      if (is_taken(address)) errx(1, "client %u gets an address that another one has", number);
      client->over = 1;
      speaking -= 1;
      end = now;
      times[done++] = now - client->begun;
    }
    if (now - looked < 0.02) continue;
    looked = now;
    while (oldest < next && clients[oldest].over) oldest++;
    for (int i = oldest; i < next; i++) {
      struct client *client = &clients[i];
      if (client->over || now < client->deadline) continue;
      client->deadline = now + 1;
      if (++client->tried >= tries) {
        client->over = 1;
        speaking -= 1;
        failed += 1;
        end = now;
      } else {
        send_message(first + i, client);
        repeated += 1;
      }
    }
  }
  qsort(times, done, sizeof times[0], by_time);
  printf("%.6f %d %ld %d %.6f\n", end - start, done, repeated, failed, done ? times[done / 2] * 1e3 : 0.0);
  return 0;
}

// --- the server that does nothing else -------------------------------------------------------------------------------------

static int null(int count, char **words) {
  if (count != 3) errx(2, "null ADDRESS");
  uint32_t own = address_of(words[2]);
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(relay_port), .sin_addr.s_addr = htonl(own)};
  if (bind(descriptor, (struct sockaddr *)&name, sizeof name)) err(1, "bind");
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &(int){8 << 20}, sizeof(int));
  for (;;) {
    static unsigned char got[batch][most_bytes];
    struct sockaddr_in names[batch];
    struct mmsghdr messages[batch], answers[batch];
    struct iovec vectors[batch];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < batch; i++) {
      vectors[i] = (struct iovec){got[i], most_bytes};
      messages[i].msg_hdr = (struct msghdr){.msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int found = recvmmsg(descriptor, messages, batch, MSG_WAITFORONE, NULL), number = 0;
    for (int i = 0; i < found; i++) {
      unsigned char *bytes = got[i];
      const unsigned char *type = option(bytes, messages[i].msg_len, 53, 1);
      if (!type) continue;
      bytes[0] = 2;
      put_word(bytes + 16, 10u << 24 | 64u << 16 | (word(bytes + 30) & 0x3ffff));
      memcpy(bytes + fixed, (unsigned char[]){53, 1, *type == DISCOVER ? OFFER : ACK, 54, 4}, 5);
      put_word(bytes + fixed + 5, own);
      bytes[fixed + 9] = 255;
      names[i].sin_addr.s_addr = htonl(word(bytes + 24));
      vectors[i].iov_len = 300;
      answers[number++] = messages[i];
    }
    for (int sent = 0; sent < number;) {
      int more = sendmmsg(descriptor, answers + sent, number - sent, 0);
      if (more <= 0) err(1, "sendmmsg");
      sent += more;
    }
  }
}

int main(int count, char **words) {
  if (count > 1 && !strcmp(words[1], "load")) return load(count, words);
  if (count > 1 && !strcmp(words[1], "null")) return null(count, words);
  errx(2, "usage: dhcp load|null ...");
}
