#include "CAgentInit.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

// Swift's runtime looks itself up under /proc while it initialises and aborts when that is not mounted, so PID 1 of an
// initramfs must mount it before main, and before C++'s static initialisers (priority 101 is the first allowed).
__attribute__((constructor(101))) static void mount_kernel_file_systems(void) {
  if (getpid() != 1) return;
  mkdir("/proc", 0755);
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
  mkdir("/sys", 0755);
  mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
  mkdir("/dev", 0755);
  mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, 0);
  // Orphans become children of PID 1: ignored, they are reaped by the kernel.
  signal(SIGCHLD, SIG_IGN);
}
