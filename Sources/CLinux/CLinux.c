#include "CLinux.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_ioctl(int fd, unsigned long request, void *argument) { return ioctl(fd, request, argument); }

int clinux_open(const char *path, int flags, unsigned int mode) { return open(path, flags, mode); }

int clinux_fcntl(int fd, int command, long argument) { return fcntl(fd, command, argument); }

int clinux_finit_module(int fd, const char *parameters, int flags) {
  return (int)syscall(SYS_finit_module, fd, parameters, flags);
}

int clinux_wait_exited(int status) { return WIFEXITED(status); }

void clinux_set_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }
