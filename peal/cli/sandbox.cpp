#include "peal/cli/sandbox.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <linux/fs.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace peal::cli {

namespace {

/// Calls that are allowed whatever their arguments. Those that serve packets stand first.
constexpr std::array allowed{
    // packets and the loop
    "epoll_wait", "recvmsg", "sendmsg", "recvfrom", "sendto", "read", "write", "readv", "writev",
    "futex", "clock_gettime", "accept4", "epoll_ctl", "close", "shutdown", "epoll_create1",
    "epoll_pwait", "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime",
    "timerfd_gettime", "poll", "ppoll", "select", "pselect6",
    // sockets; which ones may be made is said below
    "bind", "listen", "accept", "connect", "getsockname", "getpeername", "getsockopt", "setsockopt",
    "recvmmsg", "sendmmsg", "sendfile",
    // files
    "open", "openat", "openat2", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs",
    "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd",
    "getdents64", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat",
    "renameat2", "link", "linkat", "chmod", "fchmod", "fchmodat", "umask", "lseek", "pread64",
    "pwrite64", "preadv", "pwritev", "truncate", "ftruncate", "fallocate", "fadvise64", "readahead",
    "fsync", "fdatasync", "sync_file_range", "flock", "fcntl", "dup", "dup2", "dup3", "pipe",
    "pipe2", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    // memory; none that can be written and executed, see below
    "brk", "munmap", "mremap", "madvise", "mincore", "mlock", "munlock", "membarrier",
    // threads of this process; no process, see below
    "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "exit", "exit_group",
    "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler",
    "sched_get_priority_min", "sched_get_priority_max", "getpriority", "ioprio_get", "ioprio_set",
    "getcpu",
    // signals to itself, see below
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "rt_sigpending",
    "rt_sigsuspend", "sigaltstack", "restart_syscall", "signalfd4", "pause",
    // time, and who it is
    "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times", "getrusage",
    "getrlimit", "sysinfo", "uname", "getrandom", "gettid", "getpid", "getppid", "getuid",
    "geteuid", "getgid", "getegid", "getgroups", "getresuid", "getresgid"};

/// Calls that are allowed when `argument`, of what `mask` leaves of it, is `value`.
struct Condition {
  const char* call;
  unsigned argument;
  scmp_datum_t mask;
  scmp_datum_t value;
};

constexpr scmp_datum_t whole = ~scmp_datum_t{0};
constexpr scmp_datum_t low_half = 0xFFFFFFFF;

constexpr std::array conditions{
    // No raw packets, no Bluetooth, no kernel crypto; name lookup asks netlink for the addresses
    // there are.
    Condition{"socket", 0, low_half, AF_UNIX}, Condition{"socket", 0, low_half, AF_INET},
    Condition{"socket", 0, low_half, AF_INET6}, Condition{"socket", 0, low_half, AF_NETLINK},
    Condition{"socketpair", 0, low_half, AF_UNIX},
    // Threads, not processes. (clone3 keeps its flags where a filter cannot look: see
    // `refuse_clone3`.)
    Condition{"clone", 0, CLONE_THREAD | CLONE_VM | CLONE_NEWNS | CLONE_NEWUSER,
              CLONE_THREAD | CLONE_VM},
    // What can be written is never executed: code cannot be brought. (Libraries are mapped
    // readable.)
    Condition{"mmap", 2, PROT_WRITE | PROT_EXEC, 0},
    Condition{"mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE},
    Condition{"mmap", 2, PROT_WRITE | PROT_EXEC, PROT_EXEC}, Condition{"mprotect", 2, PROT_EXEC, 0},
    // Threads that work behind the others; names of threads; limits of this process.
    Condition{"setpriority", 0, low_half, PRIO_PROCESS}, Condition{"prctl", 0, whole, PR_SET_NAME},
    Condition{"prctl", 0, whole, PR_GET_NAME}, Condition{"prlimit64", 0, low_half, 0},
    // Whether output is a terminal, its width, what waits on a socket, a file's generation
    // (RocksDB). Not TIOCSTI,
    // which types into the terminal of whoever started it.
    Condition{"ioctl", 1, low_half, TCGETS}, Condition{"ioctl", 1, low_half, TIOCGWINSZ},
    Condition{"ioctl", 1, low_half, FIONREAD}, Condition{"ioctl", 1, low_half, FIONBIO},
    Condition{"ioctl", 1, low_half, FS_IOC_GETVERSION& low_half}};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

/// `result`   as libseccomp gives it: 0 or an error number below it.
void require(int result, const std::string& what) {
  if (result < 0) {
    throw SandboxError("the sandbox (service.sandbox) cannot be entered: " + what + ": " +
                       std::generic_category().message(-result) +
                       ". A kernel without seccomp cannot do it: write service.sandbox = \"off\".");
  }
}

int number_of(const char* call) {
  const int number = seccomp_syscall_resolve_name(call);
  require(number == __NR_SCMP_ERROR ? -ENOSYS : 0, call);
  return number;
}

void allow(const Filter& filter, const char* call) {
  require(seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, number_of(call), 0, nullptr), call);
}

void allow(const Filter& filter, const Condition& condition) {
  const scmp_arg_cmp test{.arg = condition.argument,
                          .op = SCMP_CMP_MASKED_EQ,
                          .datum_a = condition.mask,
                          .datum_b = condition.value};
  require(seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, number_of(condition.call), 1, &test),
          condition.call);
}

/// abort(): a signal to a thread of this process.
void allow_own_signals(const Filter& filter) {
  allow(filter, Condition{"tgkill", 0, low_half, static_cast<scmp_datum_t>(::getpid())});
}

void set(const Filter& filter, scmp_filter_attr attribute, std::uint32_t value) {
  require(seccomp_attr_set(filter.get(), attribute, value), "an attribute");
}

/// A filter that does `otherwise` with calls that it has no rule for; for every thread.
Filter filter_with(std::uint32_t otherwise) {
  Filter filter(seccomp_init(otherwise));
  require(filter ? 0 : -ENOMEM, "no memory");
  set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);  // 32-bit numbers mean other calls
  set(filter, SCMP_FLTATR_CTL_NNP, 1);
  set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  return filter;
}

void load(const Filter& filter) { require(seccomp_load(filter.get()), "seccomp"); }

/// Threads are then made by clone, which can be looked at: that is what the C library does when it
/// hears that there is no clone3. In a filter of its own, for that is nothing to note in the log.
void refuse_clone3() {
  const Filter filter = filter_with(SCMP_ACT_ALLOW);
  require(
      seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(ENOSYS), number_of("clone3"), 0, nullptr),
      "clone3");
  load(filter);
}

}  // namespace

void enter_sandbox() {
  const Filter filter = filter_with(SCMP_ACT_ERRNO(EPERM));
  set(filter, SCMP_FLTATR_CTL_LOG, 1);
  set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: no call waits for two hundred comparisons
  for (const char* call : allowed) {
    allow(filter, call);
  }
  for (const Condition& condition : conditions) {
    allow(filter, condition);
  }
  allow(filter, "clone3");
  allow_own_signals(filter);
  require(::prctl(PR_SET_DUMPABLE, 0UL) == 0 ? 0 : -errno, "PR_SET_DUMPABLE");
  refuse_clone3();
  load(filter);
}

bool is_started_by_systemd() {
  if (std::getenv("INVOCATION_ID") == nullptr && std::getenv("NOTIFY_SOCKET") == nullptr) {
    return false;
  }
  // Both are inherited; this one says for whom they were meant (systemd 248 and later).
  const char* meant = std::getenv("SYSTEMD_EXEC_PID");
  return meant == nullptr || std::to_string(::getpid()) == meant;
}

}  // namespace peal::cli
