#include "peal/auth/http_fetch.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <curl/curl.h>
#include <deque>
#include <map>
#include <mutex>
#include <sodium.h>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <utility>

#include "peal/auth/http_url.hpp"

namespace peal::auth {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t answer_header_bytes = 64UL * 1'024;
/// Between two looks at nothing.
constexpr std::chrono::milliseconds idle{60'000};
/// Kept for the next request, of all hosts.
constexpr long idle_connections = 64;
/// A certificate authority's file that was changed holds after this many seconds.
constexpr long authorities_seconds = 60;

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiCloser {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// One request on its way. Stays where it is: the library holds its address.
struct Transfer {
  Transfer(HttpRequest what, HttpFetcher::Done then)
      : request(std::move(what)), done(std::move(then)), deadline(Clock::now() + request.timeout) {}
  ~Transfer() { sodium_memzero(request.body.data(), request.body.size()); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  HttpRequest request;
  HttpFetcher::Done done;
  Clock::time_point deadline;
  std::string origin;
  std::unique_ptr<curl_slist, ListCloser> headers;
  HttpAnswer answer;
  std::size_t header_bytes = 0;
  const char* excess = nullptr;  // what there was too much of
  std::array<char, CURL_ERROR_SIZE> error_text{};
};
using TransferRef = std::unique_ptr<Transfer>;
using Easy = std::unique_ptr<CURL, EasyCloser>;

HttpResult fault(HttpFault fault, std::string text) {
  return std::unexpected(HttpError{.fault = fault, .text = std::move(text)});
}

std::size_t take_body(char* bytes, std::size_t /*one*/, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (size > transfer.request.max_body_bytes - transfer.answer.body.size()) {
    transfer.excess = "the answer is longer than allowed";
    return 0;
  }
  transfer.answer.body.append(bytes, size);
  return size;
}

std::size_t take_header(char* /*bytes*/, std::size_t /*one*/, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.header_bytes += size;
  if (transfer.header_bytes > answer_header_bytes) {
    transfer.excess = "the answer's header is longer than allowed";
    return 0;
  }
  return size;
}

template <typename Value>
bool set(CURL* easy, CURLoption option, Value value) {
  return curl_easy_setopt(easy, option, value) == CURLE_OK;
}

/// What holds for every request.
bool set_manners(CURL* easy) {
  return set(easy, CURLOPT_NOSIGNAL, 1L) && set(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
         set(easy, CURLOPT_FOLLOWLOCATION, 0L) && set(easy, CURLOPT_PROXY, "") &&
         set(easy, CURLOPT_NOPROXY, "*") &&
         set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
         set(easy, CURLOPT_USERAGENT, "peal") &&
         // Otherwise a name that is being looked up holds the thread when its time is over.
         set(easy, CURLOPT_QUICK_EXIT, 1L);
}

bool set_trust(CURL* easy, const HttpRequest& request) {
  if (!request.ca_file.empty()) {
    // The folder of the system's authorities would be believed besides.
    if (!set(easy, CURLOPT_CAINFO, request.ca_file.c_str()) ||
        !set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr))) {
      return false;
    }
  }
  return set(easy, CURLOPT_SSL_VERIFYPEER, 1L) && set(easy, CURLOPT_SSL_VERIFYHOST, 2L) &&
         set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
         set(easy, CURLOPT_CA_CACHE_TIMEOUT, authorities_seconds);
}

bool set_question(CURL* easy, Transfer& transfer) {
  const HttpRequest& request = transfer.request;
  for (const std::string& header : request.headers) {
    curl_slist* const so_far = transfer.headers.release();
    curl_slist* const longer = curl_slist_append(so_far, header.c_str());
    transfer.headers.reset(longer != nullptr ? longer : so_far);
    if (longer == nullptr) {
      return false;
    }
  }
  if (request.method == HttpMethod::post &&
      !(set(easy, CURLOPT_POST, 1L) &&
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size())) &&
        set(easy, CURLOPT_POSTFIELDS, request.body.data()))) {
    return false;
  }
  return set(easy, CURLOPT_URL, request.url.c_str()) &&
         set(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
}

bool set_limits(CURL* easy, Transfer& transfer) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(transfer.deadline - Clock::now());
  const auto milliseconds = static_cast<long>(std::max<std::int64_t>(left.count(), 1));
  const auto most = static_cast<curl_off_t>(transfer.request.max_body_bytes);
  return set(easy, CURLOPT_TIMEOUT_MS, milliseconds) &&
         set(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds) &&
         set(easy, CURLOPT_MAXFILESIZE_LARGE, most) &&
         set(easy, CURLOPT_WRITEFUNCTION, &take_body) && set(easy, CURLOPT_WRITEDATA, &transfer) &&
         set(easy, CURLOPT_HEADERFUNCTION, &take_header) &&
         set(easy, CURLOPT_HEADERDATA, &transfer) &&
         set(easy, CURLOPT_ERRORBUFFER, transfer.error_text.data());
}

/// returns   null: out of memory, or a library that lacks what it should have.
Easy easy_for(Transfer& transfer) {
  Easy easy(curl_easy_init());
  if (easy && set_manners(easy.get()) && set_trust(easy.get(), transfer.request) &&
      set_question(easy.get(), transfer) && set_limits(easy.get(), transfer)) {
    return easy;
  }
  return {};
}

HttpResult result_of(CURL* easy, CURLcode code, Transfer& transfer) {
  if (transfer.excess != nullptr || code == CURLE_FILESIZE_EXCEEDED) {
    return fault(HttpFault::service, transfer.excess != nullptr
                                         ? transfer.excess
                                         : "the answer is longer than allowed");
  }
  if (code != CURLE_OK) {
    const bool has_text = transfer.error_text[0] != '\0';
    return fault(HttpFault::service,
                 has_text ? transfer.error_text.data() : curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  transfer.answer.status = static_cast<int>(status);
  return std::move(transfer.answer);
}

/// Signals are for the threads that know what to do with them; those of the library inherit this.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

/// What the fetcher's thread works on. Only `arrived_`, `waiting_count_` and `is_over_` are shared.
class HttpFetcher::State {
 public:
  explicit State(const HttpLimits& limits) : limits_(limits), multi_(curl_multi_init()) {
    if (!multi_) {
      throw std::runtime_error("libcurl has no memory");
    }
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, idle_connections);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~State() {
    thread_.request_stop();
    curl_multi_wakeup(multi_.get());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool add(HttpRequest& request, Done& done) {
    {
      const std::scoped_lock lock(mutex_);
      if (is_over_ || waiting_count_ >= limits_.waiting) {
        return false;
      }
      arrived_.push_back(std::make_unique<Transfer>(std::move(request), std::move(done)));
      ++waiting_count_;
    }
    curl_multi_wakeup(multi_.get());
    return true;
  }

 private:
  struct Host {
    std::size_t running = 0;
    std::deque<TransferRef> waiting;
  };
  struct Running {
    Easy easy;
    TransferRef transfer;
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] std::vector<TransferRef> arrivals();
  void sort_arrivals();
  void drop_late(Clock::time_point now);
  void start_waiting();
  void start(TransferRef transfer);
  void finish_ended();
  void abandon_all();
  void left_the_queue();
  [[nodiscard]] int poll_milliseconds() const;

  HttpLimits limits_;
  std::unique_ptr<CURLM, MultiCloser> multi_;
  std::map<std::string, Host> hosts_;
  std::unordered_map<CURL*, Running> running_;
  /// No request waits longer than until then.
  Clock::time_point earliest_deadline_ = Clock::time_point::max();

  std::mutex mutex_;
  std::vector<TransferRef> arrived_;
  std::size_t waiting_count_ = 0;
  bool is_over_ = false;
  std::jthread thread_;  // behind what it uses
};

void HttpFetcher::State::run(const std::stop_token& stop) {
  block_signals();
  while (!stop.stop_requested()) {
    sort_arrivals();
    drop_late(Clock::now());
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    finish_ended();
    start_waiting();
    curl_multi_poll(multi_.get(), nullptr, 0, poll_milliseconds(), nullptr);
  }
  abandon_all();
}

std::vector<TransferRef> HttpFetcher::State::arrivals() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(arrived_, {});
}

void HttpFetcher::State::left_the_queue() {
  const std::scoped_lock lock(mutex_);
  --waiting_count_;
}

void HttpFetcher::State::sort_arrivals() {
  for (TransferRef& transfer : arrivals()) {
    auto origin = http_origin(transfer->request.url);
    std::string problem = origin ? std::string() : origin.error();
    for (const std::string& header : transfer->request.headers) {
      if (problem.empty()) {
        problem = http_header_problem(header);
      }
    }
    if (!problem.empty()) {
      left_the_queue();
      transfer->done(fault(HttpFault::service, std::move(problem)));
      continue;
    }
    transfer->origin = std::move(origin->text);
    earliest_deadline_ = std::min(earliest_deadline_, transfer->deadline);
    hosts_[transfer->origin].waiting.push_back(std::move(transfer));
  }
}

void HttpFetcher::State::drop_late(Clock::time_point now) {
  if (now < earliest_deadline_) {
    return;
  }
  earliest_deadline_ = Clock::time_point::max();
  std::vector<TransferRef> late;
  for (auto& [origin, host] : hosts_) {
    std::deque<TransferRef> in_time;
    for (TransferRef& transfer : host.waiting) {
      if (transfer->deadline <= now) {
        late.push_back(std::move(transfer));
      } else {
        earliest_deadline_ = std::min(earliest_deadline_, transfer->deadline);
        in_time.push_back(std::move(transfer));
      }
    }
    host.waiting = std::move(in_time);
  }
  for (const TransferRef& transfer : late) {
    left_the_queue();
    transfer->done(fault(HttpFault::busy, "too many wait for the service"));
  }
}

void HttpFetcher::State::start_waiting() {
  for (auto at = hosts_.begin(); at != hosts_.end();) {
    Host& host = at->second;
    while (host.running < limits_.at_once_per_host && !host.waiting.empty()) {
      TransferRef transfer = std::move(host.waiting.front());
      host.waiting.pop_front();
      left_the_queue();
      start(std::move(transfer));
    }
    at = host.running == 0 && host.waiting.empty() ? hosts_.erase(at) : std::next(at);
  }
}

void HttpFetcher::State::start(TransferRef transfer) {
  if (transfer->request.is_wanted && !transfer->request.is_wanted()) {
    transfer->done(fault(HttpFault::unwanted, "nobody waits for the answer"));
    return;
  }
  Easy easy = easy_for(*transfer);
  if (!easy || curl_multi_add_handle(multi_.get(), easy.get()) != CURLM_OK) {
    transfer->done(fault(HttpFault::service, "libcurl cannot begin the request"));
    return;
  }
  ++hosts_[transfer->origin].running;
  CURL* key = easy.get();
  running_.emplace(key, Running{.easy = std::move(easy), .transfer = std::move(transfer)});
}

void HttpFetcher::State::finish_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    const auto found = running_.find(message->easy_handle);
    if (message->msg != CURLMSG_DONE || found == running_.end()) {
      continue;
    }
    const CURLcode code = message->data.result;  // gone with the handle
    Running ended = std::move(found->second);
    running_.erase(found);
    --hosts_[ended.transfer->origin].running;
    curl_multi_remove_handle(multi_.get(), ended.easy.get());
    ended.transfer->done(result_of(ended.easy.get(), code, *ended.transfer));
  }
}

void HttpFetcher::State::abandon_all() {
  {
    const std::scoped_lock lock(mutex_);
    is_over_ = true;
  }
  std::vector<TransferRef> all = arrivals();
  for (auto& [origin, host] : hosts_) {
    std::move(host.waiting.begin(), host.waiting.end(), std::back_inserter(all));
  }
  for (auto& [key, running] : running_) {
    curl_multi_remove_handle(multi_.get(), key);
    running.easy.reset();
    all.push_back(std::move(running.transfer));
  }
  running_.clear();
  for (const TransferRef& transfer : all) {
    transfer->done(fault(HttpFault::stopped, "the server stops"));
  }
}

int HttpFetcher::State::poll_milliseconds() const {
  if (earliest_deadline_ == Clock::time_point::max()) {
    return static_cast<int>(idle.count());
  }
  const auto until =
      std::chrono::ceil<std::chrono::milliseconds>(earliest_deadline_ - Clock::now());
  return static_cast<int>(std::clamp(until, std::chrono::milliseconds(0), idle).count());
}

HttpFetcher::HttpFetcher(const HttpLimits& limits) {
  if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw std::runtime_error("libcurl or libsodium cannot begin");
  }
  state_ = std::make_unique<State>(limits);
}

HttpFetcher::~HttpFetcher() = default;

bool HttpFetcher::fetch(HttpRequest request, Done done) { return state_->add(request, done); }

}  // namespace peal::auth
