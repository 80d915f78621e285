// SPDX-License-Identifier: MIT
#include "json_lines.hpp"

#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <vmarea_shims/proc/smaps_field.hpp>

namespace follow {
namespace {

// The order of the keys is ours.
using Json = nlohmann::ordered_json;

/// Names are bytes; what is no UTF-8 in them becomes U+FFFD.
std::string line_of(const Json& value) {
  constexpr int in_one_line = -1;
  return value.dump(in_one_line, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json object_of(const ShownArea& area) {
  Json object{{"start", area.range.start},
              {"end", area.range.end},
              {"access", access_letters(area.flags)},
              {"flags", vmarea::shims::flag_letters(area.flags)},
              {"kind", name_of(area.kind)}};
  if (!area.name.empty()) object["name"] = area.name;
  if (area.file == FileId{}) return object;
  object["offset"] = area.offset_bytes;
  object["device"] = {area.file.major, area.file.minor};
  object["inode"] = area.file.inode;
  return object;
}

Json array_of(const std::vector<ShownArea>& areas) {
  Json array = Json::array();
  for (const ShownArea& area : areas) array.push_back(object_of(area));
  return array;
}

Json event_of(std::string_view name, const Moment& moment) {
  Json event{{"event", name}, {"microseconds", moment.microseconds}};
  if (moment.space != 0) event["space"] = moment.space;
  if (moment.process != 0) event["process"] = moment.process;
  if (moment.thread != 0) event["thread"] = moment.thread;
  return event;
}

void add_call(Json& event, const Call& call) {
  event["call"] = call.kind->name;
  Json arguments = Json::array();
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (call.kind->arguments[i] == Argument::none) break;
    arguments.push_back(call.arguments[i]);
  }
  event["arguments"] = std::move(arguments);
  event["text"] = print_call(call);
}

void add_change(Json& event, const AreaChange& change) {
  event["removed"] = array_of(change.removed);
  event["added"] = array_of(change.added);
  event["changed"] = Json::array();
  for (const auto& [was, is] : change.changed) {
    event["changed"].push_back(Json{{"was", object_of(was)}, {"is", object_of(is)}});
  }
  event["splits"] = change.splits;
  event["merges"] = change.merges;
}

std::string_view name_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::compared:
      return "compared";
    case Comparison::told_address:
      return "told_address";
    case Comparison::told_result:
      return "told_result";
    case Comparison::not_modelled:
      return "not_modelled";
    case Comparison::none:
      return "none";
  }
  return {};
}

}  // namespace

void JsonLines::begun(const Beginning& beginning) {
  constexpr int format = 1;
  file_.write(line_of({{"event", "start"},
                       {"format", format},
                       {"machine", beginning.machine},
                       {"kernel", beginning.kernel},
                       {"command", beginning.command}}));
}

void JsonLines::appeared(const Moment& moment, const Appearance& appearance) {
  Json event = event_of(appearance.parent == 0 ? "exec" : "fork", moment);
  if (appearance.parent != 0) event["parent"] = appearance.parent;
  if (!appearance.program.empty()) event["program"] = appearance.program;
  event["areas"] = array_of(appearance.areas);
  file_.write(line_of(event));
}

void JsonLines::shared(const Moment& moment) {
  file_.write(line_of(event_of("share", moment)));
}

void JsonLines::called(const Moment& moment, const MadeCall& made, const AreaChange& change) {
  Json event = event_of("call", moment);
  event["number"] = made.number;
  add_call(event, *made.call);
  event["result"] = made.raw;
  if (made.has_failed()) event["errno"] = errno_name(static_cast<int>(-made.raw));
  event["comparison"] = name_of(made.comparison);
  add_change(event, change);
  file_.write(line_of(event));
}

void JsonLines::lost(const Moment& moment, const Call& call) {
  Json event = event_of("lost", moment);
  add_call(event, call);
  file_.write(line_of(event));
}

void JsonLines::changed_between_calls(const Moment& moment, const AreaChange& change) {
  Json event = event_of("between", moment);
  add_change(event, change);
  file_.write(line_of(event));
}

void JsonLines::mismatched(const Moment& moment, std::uint64_t call, std::string_view text) {
  Json event = event_of("mismatch", moment);
  if (call != 0) event["number"] = call;
  event["text"] = text;
  file_.write(line_of(event));
}

void JsonLines::unfollowed(const Moment& moment, std::string_view reason) {
  Json event = event_of("unfollowed", moment);
  event["reason"] = reason;
  file_.write(line_of(event));
}

void JsonLines::exiting(const Moment& moment, std::uint64_t calls) {
  Json event = event_of("exit", moment);
  event["calls"] = calls;
  file_.write(line_of(event));
}

void JsonLines::gone(const Moment& moment) {
  file_.write(line_of(event_of("gone", moment)));
}

void JsonLines::ended(const Ending& ending) {
  Json event{{"event", "end"},
             {"microseconds", ending.microseconds},
             {"program", ending.program},
             {"verdict", ending.verdict},
             {"mismatches", ending.mismatches},
             {"processes", ending.processes}};
  event["calls"] = Json::object();
  for (const auto& [name, number] : ending.calls) event["calls"][std::string(name)] = number;
  if (ending.wait_status && WIFEXITED(*ending.wait_status)) {
    event["status"] = WEXITSTATUS(*ending.wait_status);
  } else if (ending.wait_status) {
    event["signal"] = WTERMSIG(*ending.wait_status);
  }
  event["notes"] = ending.notes;
  file_.write(line_of(event));
}

}  // namespace follow
