// Tells the thread sanitizer of Swift's Mutex. Its first try is compiled into our code, where the sanitizer sees it; waiting for
// a lock that is held happens in libswiftSynchronization, which is not compiled for it, so that whoever had to wait would seem to
// hold no lock. Preloaded by tools/sanitize/run.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Mutex.Handle's own, in Swift's calling convention: the lock is where `self` is passed.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

static SWIFT void (*lock_slow)(uint32_t thread, SELF);
static SWIFT void (*unlock_slow)(SELF);

__attribute__((constructor)) static void find(void) {
  lock_slow = dlsym(RTLD_NEXT, LOCK_SLOW);
  unlock_slow = dlsym(RTLD_NEXT, UNLOCK_SLOW);
}

static void missing(void) {
  fputs("sanitize: this Swift's Mutex is another one: look at tools/sanitize/mutex.c\n", stderr);
  abort();
}

SWIFT void sanitize_lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT void sanitize_lock_slow(uint32_t thread, SELF) {
  if (!lock_slow) missing();
  lock_slow(thread, self);
  if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void sanitize_unlock_slow(SELF) __asm__(UNLOCK_SLOW);
SWIFT void sanitize_unlock_slow(SELF) {
  if (!unlock_slow) missing();
  if (__tsan_release) __tsan_release(self);
  unlock_slow(self);
}
