#include "peal/auth/circuit_breaker.hpp"

namespace peal::auth {

CircuitBreaker::Leave CircuitBreaker::ask(Clock::time_point now) {
  if (state_ == State::closed) {
    return Leave::question;
  }
  if (state_ == State::probing || now < open_until_) {
    return Leave::refused;
  }
  state_ = State::probing;
  return Leave::probe;
}

CircuitBreaker::Change CircuitBreaker::succeeded(Leave leave) {
  if (leave == Leave::probe) {
    state_ = State::closed;
    failures_ = 0;
    return Change::closed;
  }
  if (state_ == State::closed) {
    failures_ = 0;
  }
  return Change::none;
}

CircuitBreaker::Change CircuitBreaker::failed(Leave leave, Clock::time_point now) {
  if (leave == Leave::probe) {
    state_ = State::open;
    open_until_ = now + limits_.open_for;
    return Change::none;  // it was open before
  }
  if (state_ != State::closed || ++failures_ < limits_.failures) {
    return Change::none;
  }
  state_ = State::open;
  open_until_ = now + limits_.open_for;
  return Change::opened;
}

void CircuitBreaker::unsaid(Leave leave) {
  if (leave == Leave::probe) {
    state_ = State::open;  // its time is over: the next one asks
  }
}

}  // namespace peal::auth
