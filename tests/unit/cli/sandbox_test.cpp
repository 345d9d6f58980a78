// What is left to a process in the sandbox, and what is not. Each test does it in a child, for
// there is no way back.
#include "peal/cli/sandbox.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sched.h>
#include <semaphore>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace peal::cli {
namespace {

/// How a child ended: the code that `run` gave, or 1000 and a signal's number.
int in_a_child(const std::function<int()>& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(run());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// As `in_a_child`, within the sandbox.
int in_the_sandbox(const std::function<int()>& run) {
  return in_a_child([&] {
    enter_sandbox();
    return run();
  });
}

struct Call {
  const char* name;
  long number;
  std::array<long, 6> arguments = {};
};

int error_of(const Call& call) {
  const auto& a = call.arguments;
  errno = 0;
  const long result = ::syscall(call.number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return result == -1 ? errno : 0;
}

// The arguments are such that the call would do nothing bad, or something harmless, if it came
// through: root runs these tests, too.
const std::array forbidden{
    Call{"execve", SYS_execve},
    Call{"execveat", SYS_execveat},
    Call{"fork", SYS_clone, {SIGCHLD}},
    Call{"unshare", SYS_unshare, {CLONE_FS}},
    Call{"setns", SYS_setns, {-1}},
    Call{"ptrace", SYS_ptrace, {-1}},
    Call{"process_vm_readv", SYS_process_vm_readv},
    Call{"process_vm_writev", SYS_process_vm_writev},
    Call{"pidfd_open", SYS_pidfd_open, {1}},
    Call{"kill", SYS_kill, {1, 0}},
    Call{"tgkill", SYS_tgkill, {1, 1, 0}},
    Call{"tkill", SYS_tkill, {1, 0}},
    Call{"mount", SYS_mount},
    Call{"umount2", SYS_umount2},
    Call{"pivot_root", SYS_pivot_root},
    Call{"chroot", SYS_chroot},
    Call{"init_module", SYS_init_module},
    Call{"finit_module", SYS_finit_module, {-1}},
    Call{"delete_module", SYS_delete_module},
    Call{"kexec_load", SYS_kexec_load},
    Call{"reboot", SYS_reboot},
    Call{"swapon", SYS_swapon},
    Call{"bpf", SYS_bpf, {-1}},
    Call{"perf_event_open", SYS_perf_event_open},
    Call{"userfaultfd", SYS_userfaultfd, {-1}},
    Call{"io_uring_setup", SYS_io_uring_setup},
    Call{"keyctl", SYS_keyctl, {-1}},
    Call{"add_key", SYS_add_key},
    Call{"request_key", SYS_request_key},
    Call{"setuid", SYS_setuid, {0}},
    Call{"setgid", SYS_setgid, {0}},
    Call{"setreuid", SYS_setreuid, {-1, -1}},
    Call{"setresuid", SYS_setresuid, {-1, -1, -1}},
    Call{"setresgid", SYS_setresgid, {-1, -1, -1}},
    Call{"setgroups", SYS_setgroups, {-1}},
    Call{"setfsuid", SYS_setfsuid, {-1}},
    Call{"capset", SYS_capset},
    Call{"chown", SYS_chown},
    Call{"mknodat", SYS_mknodat, {-1}},
    Call{"open_by_handle_at", SYS_open_by_handle_at, {-1}},
    Call{"clock_settime", SYS_clock_settime, {-1}},
    Call{"sethostname", SYS_sethostname, {0, -1}},
    Call{"personality", SYS_personality, {0xFFFFFFFF}},
    Call{"memfd_create", SYS_memfd_create},
    Call{"seccomp", SYS_seccomp, {-1}},
    Call{"setsid", SYS_setsid},
    Call{"syslog", SYS_syslog, {-1}},
    Call{"prctl", SYS_prctl, {PR_SET_DUMPABLE, 1}},
    Call{"prlimit64 of another one", SYS_prlimit64, {1, RLIMIT_NOFILE}},
    Call{"ioctl TIOCSTI", SYS_ioctl, {-1, TIOCSTI}},
    Call{"setpriority of a user", SYS_setpriority, {PRIO_USER, 0, 0}},
    Call{"socket AF_PACKET", SYS_socket, {AF_PACKET, SOCK_RAW}},
    Call{"socket AF_ALG", SYS_socket, {AF_ALG, SOCK_SEQPACKET}},
    Call{"socket AF_VSOCK", SYS_socket, {AF_VSOCK, SOCK_STREAM}},
    Call{"mmap to write and run",
         SYS_mmap,
         {0, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1}},
    Call{"mprotect to run", SYS_mprotect, {0, 0, PROT_READ | PROT_EXEC}},
    Call{"pkey_mprotect", SYS_pkey_mprotect, {0, 0, PROT_READ | PROT_EXEC, -1}},
    Call{"no call at all", 1023},
};

TEST(Sandbox, RefusesWhatAServerDoesNotNeed) {
  for (const Call& call : forbidden) {
    EXPECT_EQ(in_the_sandbox([&] { return error_of(call); }), EPERM) << call.name;
  }
}

TEST(Sandbox, RefusesItAlsoToThreadsThatWereThereBefore) {
  const int code = in_a_child([] {
    std::binary_semaphore is_in{0};
    std::atomic<int> error{0};
    std::thread before([&] {
      is_in.acquire();
      error = error_of({"ptrace", SYS_ptrace, {-1}});
    });
    enter_sandbox();
    is_in.release();
    before.join();
    return error.load();
  });
  EXPECT_EQ(code, EPERM);
}

TEST(Sandbox, MakesThreadsAndNoProcesses) {
  EXPECT_EQ(in_the_sandbox([] {
              int seen = 0;
              std::thread([&seen] { seen = error_of({"execve", SYS_execve}); }).join();
              return seen;
            }),
            EPERM);
  EXPECT_EQ(in_the_sandbox([] { return ::fork() == -1 ? errno : 0; }), EPERM);
  EXPECT_EQ(in_the_sandbox([] { return error_of({"clone3", SYS_clone3}); }), ENOSYS);
}

TEST(Sandbox, LeavesFilesSocketsAndNames) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "file";
  EXPECT_EQ(in_the_sandbox([&] {
              std::ofstream(path) << "text" << std::flush;
              std::string text;
              std::ifstream(path) >> text;
              return text == "text" ? 0 : 1;
            }),
            0);
  EXPECT_EQ(in_the_sandbox([] {
              for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) {
                const int fd = ::socket(family, family == AF_NETLINK ? SOCK_RAW : SOCK_STREAM, 0);
                if (fd < 0 && errno == EPERM) {
                  return family;
                }
                ::close(fd);
              }
              return 0;
            }),
            0);
  EXPECT_EQ(in_the_sandbox([] {
              addrinfo* found = nullptr;
              const int result = ::getaddrinfo("localhost", "1883", nullptr, &found);
              if (found != nullptr) {
                ::freeaddrinfo(found);
              }
              return result;
            }),
            0);
}

TEST(Sandbox, LeavesAbort) {
  EXPECT_EQ(in_the_sandbox([]() -> int { std::abort(); }), 1000 + SIGABRT);
}

TEST(Sandbox, IsSeenFromOutside) {
  EXPECT_EQ(in_the_sandbox([] {
              std::ifstream file("/proc/self/status");
              int found = 0;
              for (std::string line; std::getline(file, line);) {
                found += line == "Seccomp:\t2" ? 1 : line == "NoNewPrivs:\t1" ? 2 : 0;
              }
              return found + (::prctl(PR_GET_NAME, std::array<char, 16>().data()) == 0 ? 4 : 0);
            }),
            7);
  EXPECT_EQ(in_a_child([] {
              enter_sandbox();
              return ::access("/proc/self/mem", W_OK) == 0 && ::geteuid() != 0 ? 1 : 0;
            }),
            0)
      << "not dumpable: its memory belongs to root";
}

TEST(Sandbox, IsWantedWhenSystemdStartedThisProcess) {
  const auto claim = [](const char* invocation, const char* notify, const std::string& pid) {
    return in_a_child([&] {
      for (const auto& [name, value] :
           {std::pair{"INVOCATION_ID", invocation},
            {"NOTIFY_SOCKET", notify},
            {"SYSTEMD_EXEC_PID", pid.empty() ? nullptr : pid.c_str()}}) {
        if (value == nullptr) {
          ::unsetenv(name);
        } else {
          ::setenv(name,
                   std::string_view(value) == "mine" ? std::to_string(::getpid()).c_str() : value,
                   1);
        }
      }
      return is_started_by_systemd() ? 1 : 0;
    });
  };
  EXPECT_EQ(claim(nullptr, nullptr, ""), 0);
  EXPECT_EQ(claim(nullptr, nullptr, "mine"), 0);
  EXPECT_EQ(claim("0123", nullptr, ""), 1);
  EXPECT_EQ(claim(nullptr, "/run/notify", ""), 1);
  EXPECT_EQ(claim("0123", "/run/notify", "mine"), 1);
  EXPECT_EQ(claim("0123", "/run/notify", "1"), 0) << "a child of a service is none";
}

}  // namespace
}  // namespace peal::cli
