// SPDX-License-Identifier: MIT
//
// A host whose spaces have a real lock: one thread changes a space, or any number look at it.
#pragma once

#include <shared_mutex>

#include <vmarea/host/replacing.hpp>
#include <vmarea_shims/userland.hpp>

using vmarea::Service;

template <class Host>
struct ThreadedOf
    : vmarea::Replacing<vmarea::shims::UserlandOf<Host>, Service::lock_space, Service::unlock_space,
                        Service::lock_space_shared, Service::unlock_space_shared> {
  using SpaceLock = std::shared_mutex;
  static vmarea::Result<void> lock_space(SpaceLock& lock) noexcept {
    lock.lock();
    return vmarea::success;
  }
  static void unlock_space(SpaceLock& lock) noexcept { lock.unlock(); }
  static vmarea::Result<void> lock_space_shared(SpaceLock& lock) noexcept {
    lock.lock_shared();
    return vmarea::success;
  }
  static void unlock_space_shared(SpaceLock& lock) noexcept { lock.unlock_shared(); }
};

struct Threaded : ThreadedOf<Threaded> {};

/// The same, which ends the program where a thread would change what it reads.
struct CheckedThreaded : vmarea::shims::Checked<ThreadedOf<CheckedThreaded>> {};
