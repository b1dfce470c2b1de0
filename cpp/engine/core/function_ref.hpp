// A function that is called while its caller waits: two pointers, where std::function may allocate.

#pragma once

#include <memory>
#include <type_traits>

namespace deepgen {

template <class Signature>
class FunctionRef;

template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
  public:
    template <class Function>
        requires(!std::is_same_v<std::remove_cvref_t<Function>, FunctionRef>)
    FunctionRef(Function &&function) // implicit, so that a lambda can be passed
        : object_(const_cast<void *>(static_cast<const void *>(std::addressof(function)))),
          call_([](void *object, Arguments... arguments) -> Result {
              return (*static_cast<std::remove_reference_t<Function> *>(object))(arguments...);
          }) {}

    Result operator()(Arguments... arguments) const { return call_(object_, arguments...); }

  private:
    void *object_;
    Result (*call_)(void *, Arguments...);
};

} // namespace deepgen
