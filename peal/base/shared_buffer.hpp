// The one thing that is shared: bytes that never change, with a count of their holders.
//
// A published message is made once and then referred to by queues, output buffers and other
// workers. The count is atomic because the holders may live on different workers; nothing else in
// it is ever written after it was made. The memory comes from one `::operator new` (header and
// bytes together) and goes when the last holder lets go.
#pragma once

#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

namespace peal {

/// Base of everything that is shared this way. A derived type must be trivially destructible and
/// allocated with
/// `::operator new`, its bytes behind it in the same block.
class SharedBuffer {
 public:
  SharedBuffer(const SharedBuffer&) = delete;
  SharedBuffer& operator=(const SharedBuffer&) = delete;

  /// One more holder.    threads   any that already holds it.
  void retain() const { holders_.fetch_add(1, std::memory_order_relaxed); }

  /// One holder less; the last one frees the block.    threads   any.
  void release() const {
    // A single holder needs no read-modify-write: nobody else can gain a hold meanwhile.
    if (holders_.load(std::memory_order_acquire) == 1 ||
        holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      ::operator delete(const_cast<SharedBuffer*>(this));
    }
  }

 protected:
  SharedBuffer() = default;
  ~SharedBuffer() = default;

 private:
  mutable std::atomic<std::uint32_t> holders_{1};
};

/// One hold on a `T` that derives from `SharedBuffer`. As big as a pointer.
template <typename T>
class SharedRef {
 public:
  SharedRef() = default;
  /// Takes over a hold that the caller already has.
  static SharedRef adopt(const T* object) {
    SharedRef ref;
    ref.object_ = object;
    return ref;
  }
  /// Adds a hold.
  static SharedRef share(const T* object) {
    if (object != nullptr) {
      object->retain();
    }
    return adopt(object);
  }
  SharedRef(const SharedRef& other) : SharedRef(share(other.object_)) {}
  SharedRef(SharedRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  SharedRef& operator=(SharedRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~SharedRef() {
    if (object_ != nullptr) {
      object_->release();
    }
  }

  [[nodiscard]] const T* get() const { return object_; }
  /// Gives the hold to the caller.
  [[nodiscard]] const T* leak() { return std::exchange(object_, nullptr); }
  const T* operator->() const { return object_; }
  const T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  const T* object_ = nullptr;
};

}  // namespace peal
