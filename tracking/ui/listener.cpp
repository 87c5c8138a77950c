#include "stet/tracking/ui/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/files.h"
#include "stet/tensor/threads.h"

namespace stet::tracking::ui {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kReadBytes = size_t{16} << 10;
constexpr auto kLeastRate = size_t{16};  // bytes of a response that a client takes in a millisecond
constexpr int kTick = 500;               // milliseconds: how exact time limits are

void set_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

Descriptor listen_at(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    raise("ui: '{}' is no address; 127.0.0.1 is this machine's alone, 0.0.0.0 takes connections from others", address);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  Descriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (socket.get() >= 0) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (socket.get() < 0 || ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0)
    raise_io(fmt::format("{} port {}", address, port), "listen there", errno);
  return socket;
}

int port_of(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

}  // namespace

struct Connection {
  explicit Connection(int fd) : socket(fd) {}
  Descriptor socket;
  RequestReader reader;
  bool looked_at = false;  // its request's head, while the body comes
  bool answering = false;  // a thread has its request
  std::string out;         // what is still to be sent, from `sent` on
  size_t sent = 0;
  bool closes = false;   // when that is sent
  bool refused = false;  // closes, but first throws away what still comes, or a reset could overtake the response
  Clock::time_point since = Clock::now();  // of what its time limit counts from
  Clock::time_point moved = since;         // when its client took something of the response last

  bool sends() const { return sent < out.size(); }
};

class Listener::Impl {
 public:
  Impl(const std::string& address, int port, Refusal refusal, Answer answer, ListenerLimits limits)
      : refusal_(std::move(refusal)), answer_(std::move(answer)), limits_(limits), socket_(listen_at(address, port)) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) raise_io("a pipe", "make it", errno);
    wake_read_ = Descriptor(ends[0]);
    wake_write_ = Descriptor(ends[1]);
    for (const int fd : ends) set_nonblocking(fd);
  }

  int port() const { return port_of(socket_); }

  void stop() noexcept {
    stopping_ = true;
    wake();
  }

  void run() {
    const auto answer = [this] { answer_requests(); };
    std::vector<std::thread> threads;
    threads.push_back(start_thread("ui", answer));
    add_threads(threads, limits_.threads, answer);
    while (!stopping_) turn();
    {
      const std::lock_guard guard(mutex_);
      ended_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

 private:
  struct Job {
    int64_t connection;
    Request request;
  };
  struct Done {
    int64_t connection;
    std::string bytes;
    bool keeps_open;
  };

  void wake() noexcept {
    const char byte = 0;
    [[maybe_unused]] const auto ignored = ::write(wake_write_.get(), &byte, 1);  // a full pipe wakes as well
  }

  // ---- The threads that answer.

  void answer_requests() {
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [&] { return ended_ || (!jobs_.empty() && waiting_bytes_ < limits_.waiting_bytes); });
        if (ended_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      Response response = answer_(job.request);
      compress(response, job.request);
      std::string bytes = serialized(response, job.request.keeps_open, job.request.method != "HEAD");
      {
        const std::lock_guard guard(mutex_);
        waiting_bytes_ += bytes.size();
        done_.push_back({job.connection, std::move(bytes), job.request.keeps_open});
      }
      wake();
    }
  }

  // ---- The thread that reads and writes.

  void turn() {
    std::vector<pollfd> polled{{wake_read_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}};
    std::vector<int64_t> ids;
    for (const auto& [id, c] : connections_) {
      polled.push_back({c.socket.get(), static_cast<short>(c.sends() ? POLLOUT : c.answering ? 0 : POLLIN), 0});
      ids.push_back(id);
    }
    ::poll(polled.data(), polled.size(), connections_.empty() ? -1 : kTick);
    if (polled[0].revents != 0) take_answers();
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto at = connections_.find(ids[i]);
      if (at == connections_.end() || polled[i + 2].revents == 0) continue;
      if (!serve(at->first, at->second, polled[i + 2].revents)) drop(at);
    }
    if (polled[1].revents != 0) accept_all();  // now: the places of those that have left are free
    drop_late();
  }

  void take_answers() {
    std::array<char, 256> bytes;
    while (::read(wake_read_.get(), bytes.data(), bytes.size()) > 0) {}
    std::deque<Done> done;
    {
      const std::lock_guard guard(mutex_);
      done.swap(done_);
    }
    for (Done& d : done) {
      const auto at = connections_.find(d.connection);
      if (at == connections_.end()) {
        sent(d.bytes.size());
        continue;
      }
      at->second.answering = false;
      at->second.out = std::move(d.bytes);
      at->second.closes = !d.keeps_open;
      at->second.since = at->second.moved = Clock::now();
      if (!write_some(at->first, at->second)) drop(at);
    }
  }

  // So many bytes of responses wait no longer.
  void sent(size_t bytes) {
    {
      const std::lock_guard guard(mutex_);
      waiting_bytes_ -= bytes;
    }
    work_.notify_one();
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept(socket_.get(), nullptr, nullptr);
      if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE) make_room();
        return;
      }
      set_nonblocking(fd);
      const int yes = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      Descriptor owned(fd);
      if (connections_.size() >= limits_.connections && !make_room()) continue;  // closes it
      connections_.emplace(++last_id_, owned.release());
    }
  }

  // Closes the connection with which nothing has happened for longest: that waits for a request, or for the rest of
  // one, or whose client has stalled. So who just came makes room for the next one last. False where all are busy.
  bool make_room() {
    const auto waits = [](const Connection& c) { return !c.answering && !c.sends(); };
    return drop_longest([&](const Connection& c) { return waits(c) || is_stalled(c); });
  }

  bool is_stalled(const Connection& c) const { return c.sends() && c.moved < Clock::now() - limits_.stalled; }

  // Closes that one of some connections with which nothing has happened for longest; false where there is none.
  template <class Chosen> bool drop_longest(const Chosen& chosen) {
    const auto last = [](const Connection& c) { return c.sends() ? c.moved : c.since; };
    auto longest = connections_.end();
    for (auto at = connections_.begin(); at != connections_.end(); ++at) {
      if (!chosen(at->second)) continue;
      if (longest == connections_.end() || last(at->second) < last(longest->second)) longest = at;
    }
    if (longest == connections_.end()) return false;
    drop(longest);
    return true;
  }

  using At = std::map<int64_t, Connection>::iterator;
  void drop(At at) {
    if (!at->second.answering) sent(at->second.out.size());
    connections_.erase(at);
  }

  // Do requests wait for responses to be sent?
  bool is_held_up() {
    const std::lock_guard guard(mutex_);
    return !jobs_.empty() && waiting_bytes_ >= limits_.waiting_bytes;
  }

  void drop_late() {
    while (is_held_up() && drop_longest([&](const Connection& c) { return is_stalled(c); })) {}
    const auto now = Clock::now();
    for (auto at = connections_.begin(); at != connections_.end();) {
      const auto next = std::next(at);
      const Connection& c = at->second;
      const auto most = c.sends()              ? limits_.response + std::chrono::milliseconds(c.out.size() / kLeastRate)
                        : c.refused            ? limits_.refused
                        : c.reader.has_begun() ? limits_.request
                                               : limits_.idle;
      if (!c.answering && now - c.since > most) drop(at);
      at = next;
    }
  }

  // False where the connection is at its end.
  bool serve(int64_t id, Connection& c, short events) {
    if (c.sends()) return write_some(id, c);
    if (c.answering) return (events & (POLLERR | POLLHUP | POLLNVAL)) == 0;
    std::array<char, kReadBytes> bytes;
    const ssize_t got = ::recv(c.socket.get(), bytes.data(), bytes.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    if (c.refused) return true;
    if (!c.reader.has_begun()) c.since = Clock::now();
    c.reader.add({bytes.data(), static_cast<size_t>(got)});
    return go_on(id, c);
  }

  // Answers what is whole, and refuses what need not become it.
  bool go_on(int64_t id, Connection& c) {
    if (c.reader.state() == RequestReader::State::refused) {
      refuse(c, {c.reader.status(), "text/plain; charset=utf-8", "this request was refused\n"});
    } else if (c.reader.state() == RequestReader::State::body && !c.looked_at) {
      c.looked_at = true;
      if (const auto refused = refusal_(c.reader.head())) refuse(c, *refused);
    } else if (c.reader.state() == RequestReader::State::whole) {
      c.looked_at = false;
      c.answering = true;
      {
        const std::lock_guard guard(mutex_);
        jobs_.push_back({id, c.reader.take()});
      }
      work_.notify_one();
    }
    return true;
  }

  // The last that this connection gets.
  void refuse(Connection& c, const Response& response) {
    c.out = serialized(response, false, c.reader.head().method != "HEAD");
    c.sent = 0;
    c.closes = c.refused = true;
    c.reader = RequestReader();
    c.since = c.moved = Clock::now();
    const std::lock_guard guard(mutex_);
    waiting_bytes_ += c.out.size();
  }

  bool write_some(int64_t id, Connection& c) {
    const ssize_t wrote = ::send(c.socket.get(), c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL);
    if (wrote < 0) return errno == EAGAIN || errno == EINTR;
    c.sent += static_cast<size_t>(wrote);
    c.moved = Clock::now();
    if (c.sends()) return true;
    c.since = c.moved;
    if (c.closes) ::shutdown(c.socket.get(), SHUT_WR);
    if (c.closes && !c.refused) return false;
    sent(c.out.size());
    c.out = {};
    c.sent = 0;
    return c.refused || go_on(id, c);
  }

  const Refusal refusal_;
  const Answer answer_;
  const ListenerLimits limits_;
  Descriptor socket_, wake_read_, wake_write_;
  std::atomic<bool> stopping_{false};
  int64_t last_id_ = 0;
  std::map<int64_t, Connection> connections_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Job> jobs_;
  std::deque<Done> done_;
  size_t waiting_bytes_ = 0;
  bool ended_ = false;
};

Listener::Listener(const std::string& address, int port, Refusal refusal, Answer answer, ListenerLimits limits)
    : impl_(std::make_unique<Impl>(address, port, std::move(refusal), std::move(answer), limits)) {}
Listener::~Listener() = default;
int Listener::port() const { return impl_->port(); }
void Listener::run() { impl_->run(); }
void Listener::stop() noexcept { impl_->stop(); }

}  // namespace stet::tracking::ui
