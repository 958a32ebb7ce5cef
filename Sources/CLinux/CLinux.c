#include "CLinux.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_ioctl(int fd, unsigned long request, void *argument) { return ioctl(fd, request, argument); }

int clinux_direct(void) { return O_DIRECT; }

int clinux_open(const char *path, int flags, unsigned int mode) { return open(path, flags, mode); }

int clinux_fcntl(int fd, int command, long argument) { return fcntl(fd, command, argument); }

int clinux_finit_module(int fd, const char *parameters, int flags) {
  return (int)syscall(SYS_finit_module, fd, parameters, flags);
}

int clinux_wait_exited(int status) { return WIFEXITED(status); }

void clinux_set_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }

int clinux_wait_readable(int one, int other, int64_t nanoseconds) {
  struct pollfd entries[] = {{.fd = one, .events = POLLIN}, {.fd = other, .events = POLLIN}};
  struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  return ppoll(entries, 2, nanoseconds < 0 ? NULL : &limit, NULL);
}

// Control data of one datagram: an in_pktinfo and nothing else.
union clinux_control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

int clinux_receive_datagrams(int fd, struct clinux_datagram *datagrams, unsigned int count) {
  struct mmsghdr messages[CLINUX_MOST_DATAGRAMS];
  struct iovec vectors[CLINUX_MOST_DATAGRAMS];
  struct sockaddr_in names[CLINUX_MOST_DATAGRAMS];
  union clinux_control controls[CLINUX_MOST_DATAGRAMS];
  if (count > CLINUX_MOST_DATAGRAMS) count = CLINUX_MOST_DATAGRAMS;
  memset(messages, 0, count * sizeof messages[0]);
  for (unsigned int i = 0; i < count; i++) {
    vectors[i] = (struct iovec){datagrams[i].bytes, datagrams[i].capacity};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &vectors[i], .msg_iovlen = 1,
        .msg_control = &controls[i], .msg_controllen = sizeof controls[i]};
  }
  int received = recvmmsg(fd, messages, count, MSG_DONTWAIT, 0);
  for (int i = 0; i < received; i++) {
    struct msghdr *header = &messages[i].msg_hdr;
    datagrams[i].length = messages[i].msg_len;
    datagrams[i].is_whole = !(header->msg_flags & MSG_TRUNC);
    datagrams[i].remote = names[i].sin_addr.s_addr;
    datagrams[i].remote_port = names[i].sin_port;
    datagrams[i].local = 0;
    datagrams[i].interface = 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control))
      if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        datagrams[i].local = info.ipi_addr.s_addr;
        datagrams[i].interface = (unsigned int)info.ipi_ifindex;
      }
  }
  return received;
}

int clinux_send_datagrams(int fd, const struct clinux_datagram *datagrams, unsigned int count) {
  struct mmsghdr messages[CLINUX_MOST_DATAGRAMS];
  struct iovec vectors[CLINUX_MOST_DATAGRAMS];
  struct sockaddr_in names[CLINUX_MOST_DATAGRAMS];
  union clinux_control controls[CLINUX_MOST_DATAGRAMS];
  if (count > CLINUX_MOST_DATAGRAMS) count = CLINUX_MOST_DATAGRAMS;
  memset(messages, 0, count * sizeof messages[0]);
  memset(controls, 0, count * sizeof controls[0]);
  for (unsigned int i = 0; i < count; i++) {
    vectors[i] = (struct iovec){datagrams[i].bytes, datagrams[i].length};
    names[i] = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = datagrams[i].remote_port, .sin_addr.s_addr = datagrams[i].remote};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    if (!datagrams[i].local && !datagrams[i].interface) continue;
    messages[i].msg_hdr.msg_control = &controls[i];
    messages[i].msg_hdr.msg_controllen = sizeof controls[i];
    struct cmsghdr *control = CMSG_FIRSTHDR(&messages[i].msg_hdr);
    control->cmsg_level = IPPROTO_IP;
    control->cmsg_type = IP_PKTINFO;
    control->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    struct in_pktinfo info = {
        .ipi_ifindex = (int)datagrams[i].interface, .ipi_spec_dst.s_addr = datagrams[i].local};
    memcpy(CMSG_DATA(control), &info, sizeof info);
  }
  return sendmmsg(fd, messages, count, MSG_DONTWAIT);
}
