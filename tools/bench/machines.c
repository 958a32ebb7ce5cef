// Machines that ask an HTTP server at once, each over a connection of its own: the load of tools/bench/configdata, which compiles it.
//
//   machines SERVER PORT < REQUESTS > ANSWERS
//
// REQUESTS has a line for each machine, `ADDRESS PATH`. ANSWERS has, in the same order, a line `MICROSECONDS BYTES` and then the
// answer, header and body: the time is from connect() to the last byte. One thread and few system calls, because it runs on the
// server's processors and real machines do not. Everything else is as it would be for real: a connection each, Content-Length obeyed.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 4096, answer_bytes = 64 << 10, patience_ms = 30000 };

struct machine {
  int descriptor;
  char *request;   // what is left to send; NULL: it was sent
  char *answer;
  size_t filled, expected;  // expected 0: the header is not whole yet
  double began, took;
};

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

// Sends and reads what can be; whether the answer is whole.
static int go_on(struct machine *machine) {
  if (machine->request) {
    ssize_t length = strlen(machine->request);
    ssize_t sent = send(machine->descriptor, machine->request, length, 0);
    if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) return 0;
    if (sent != length) err(1, "send");
    machine->request = NULL;
    return 0;
  }
  for (;;) {
    ssize_t count = recv(machine->descriptor, machine->answer + machine->filled, answer_bytes - 1 - machine->filled, 0);
    if (count < 0 && errno == EAGAIN) return 0;
    if (count < 0) err(1, "recv");
    machine->filled += count;
    machine->answer[machine->filled] = 0;
    if (count == 0 || machine->filled == answer_bytes - 1) return 1;
    if (!machine->expected) {
      char *end = strstr(machine->answer, "\r\n\r\n"), *length = strcasestr(machine->answer, "\r\ncontent-length:");
      if (!end) continue;
      machine->expected = end + 4 - machine->answer + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    }
    if (machine->filled >= machine->expected) return 1;
  }
}

int main(int count, char **words) {
  if (count != 3) errx(2, "usage: machines SERVER PORT < REQUESTS > ANSWERS");
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  if (inet_pton(AF_INET, words[1], &server.sin_addr) != 1) errx(2, "%s is not an IPv4 address", words[1]);
  static struct machine machines[most];
  int all = 0, poll = epoll_create1(0);
  char address[64], path[2048];
  // Made before the clock runs.
  while (scanf("%63s %2047s", address, path) == 2) {
    if (all == most) errx(2, "more than %d machines", most);
    struct machine *machine = &machines[all++];
    struct sockaddr_in own = {.sin_family = AF_INET};
    inet_pton(AF_INET, address, &own.sin_addr);
    machine->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(machine->descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (bind(machine->descriptor, (struct sockaddr *)&own, sizeof own)) err(1, "%s", address);
    if (asprintf(&machine->request, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", path, words[1], words[2]) < 0) err(1, "memory");
    machine->answer = calloc(1, answer_bytes);
    if (!machine->answer) err(1, "memory");
  }
  for (int index = 0; index < all; index++) {
    struct machine *machine = &machines[index];
    machine->began = seconds();
    if (connect(machine->descriptor, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) err(1, "connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = machine};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, machine->descriptor, &event)) err(1, "epoll_ctl");
  }
  for (int waiting = all; waiting > 0;) {
    struct epoll_event events[256];
    int found = epoll_wait(poll, events, 256, patience_ms);
    if (found <= 0) errx(1, "%d machines wait for half a minute", waiting);
    for (int index = 0; index < found; index++) {
      struct machine *machine = events[index].data.ptr;
      if (machine->took > 0 || !go_on(machine)) continue;
      machine->took = seconds() - machine->began;
      waiting -= 1;
    }
  }
  for (int index = 0; index < all; index++) {
    printf("%.0f %zu\n", machines[index].took * 1e6, machines[index].filled);
    fwrite(machines[index].answer, 1, machines[index].filled, stdout);
  }
  return 0;
}
