// The time a session spends without a connection: when its will is due and when it ends.
#pragma once

#include "peal/base/timer_wheel.hpp"
#include "peal/broker/session.hpp"

namespace peal::broker {

class SessionKeeper;

struct Session::Absence final : TimerTarget {
  Absence(SessionKeeper& session_keeper, SessionHandle session)
      : keeper(session_keeper), handle(session), will(*this), end(*this) {}
  /// Reports to the keeper, which acts once no timer is being fired.
  void on_timer(Timer& timer) override;

  SessionKeeper& keeper;
  SessionHandle handle;
  Timer will;
  Timer end;
};

}  // namespace peal::broker
