// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>
#include <utility>

#include <clang-c/Index.h>

#include "mutation/mutants.hpp"

namespace mutation {
namespace {

[[noreturn]] void stop(const std::string& why) {
  std::cerr << "mutate: " << why << "\n";
  std::exit(1);
}

std::string text_of(CXString string) {
  const char* chars = clang_getCString(string);
  std::string text = chars == nullptr ? "" : chars;
  clang_disposeString(string);
  return text;
}

struct Token {
  std::size_t begin;
  std::size_t end;
  std::string text;
};

struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
  friend bool operator==(const Extent&, const Extent&) = default;
  friend auto operator<=>(const Extent&, const Extent&) = default;
};

Extent extent_of(CXCursor cursor) {
  const CXSourceRange range = clang_getCursorExtent(cursor);
  unsigned begin = 0;
  unsigned end = 0;
  clang_getExpansionLocation(clang_getRangeStart(range), nullptr, nullptr, nullptr, &begin);
  clang_getExpansionLocation(clang_getRangeEnd(range), nullptr, nullptr, nullptr, &end);
  return {begin, end};
}

std::string file_of(CXCursor cursor) {
  CXFile file = nullptr;
  clang_getExpansionLocation(clang_getCursorLocation(cursor), &file, nullptr, nullptr, nullptr);
  return file == nullptr ? "" : text_of(clang_getFileName(file));
}

std::vector<CXCursor> children_of(CXCursor cursor) {
  std::vector<CXCursor> children;
  clang_visitChildren(
      cursor,
      [](CXCursor child, CXCursor, CXClientData data) {
        static_cast<std::vector<CXCursor>*>(data)->push_back(child);
        return CXChildVisit_Continue;
      },
      &children);
  return children;
}

/// The type of an expression, without `const`.
std::string plain_type(CXCursor cursor) {
  const std::string spelling =
      text_of(clang_getTypeSpelling(clang_getCanonicalType(clang_getCursorType(cursor))));
  return spelling.starts_with("const ") ? spelling.substr(6) : spelling;
}

/// What stands in the place of an operator; the operands alone for && and ||.
const std::map<std::string, std::vector<std::string>> other_operators = {
    {"<", {"<=", ">="}}, {"<=", {"<", ">"}}, {">", {">=", "<="}}, {">=", {">", "<"}},
    {"==", {"!="}},      {"!=", {"=="}},     {"+", {"-"}},        {"-", {"+"}},
    {"*", {"/"}},        {"/", {"*"}},       {"%", {"*"}},        {"<<", {">>"}},
    {">>", {"<<"}},      {"&", {"|"}},       {"|", {"&"}},        {"^", {"&"}},
    {"+=", {"-="}},      {"-=", {"+="}},     {"*=", {"/="}},      {"/=", {"*="}},
    {"|=", {"&="}},      {"&=", {"|="}},     {"^=", {"&="}},      {"<<=", {">>="}},
    {">>=", {"<<="}},    {"&&", {}},         {"||", {}}};

/// The mutants of one header.
class Finder {
 public:
  Finder(CXTranslationUnit unit, CXFile file, std::size_t size) {
    const CXSourceRange all =
        clang_getRange(clang_getLocationForOffset(unit, file, 0),
                       clang_getLocationForOffset(unit, file, static_cast<unsigned>(size)));
    CXToken* tokens = nullptr;
    unsigned count = 0;
    clang_tokenize(unit, all, &tokens, &count);
    for (unsigned i = 0; i < count; ++i) {
      if (clang_getTokenKind(tokens[i]) == CXToken_Comment) continue;
      const std::string text = text_of(clang_getTokenSpelling(unit, tokens[i]));
      unsigned begin = 0;
      clang_getExpansionLocation(clang_getTokenLocation(unit, tokens[i]), nullptr, nullptr, nullptr,
                                 &begin);
      tokens_.push_back({begin, begin + text.size(), text});
    }
    clang_disposeTokens(unit, tokens, count);
  }

  void add_macro(CXCursor cursor) { macros_.push_back(extent_of(cursor)); }

  void declaration(CXCursor cursor, const std::string& scope) {
    const std::string name = text_of(clang_getCursorSpelling(cursor));
    switch (clang_getCursorKind(cursor)) {
      case CXCursor_Namespace:
      case CXCursor_LinkageSpec:
      case CXCursor_UnexposedDecl:
        for (CXCursor child : children_of(cursor)) declaration(child, scope);
        return;
      case CXCursor_StructDecl:
      case CXCursor_ClassDecl:
      case CXCursor_UnionDecl:
      case CXCursor_ClassTemplate:
      case CXCursor_ClassTemplatePartialSpecialization:
        for (CXCursor child : children_of(cursor)) declaration(child, scope + name + "::");
        return;
      case CXCursor_FunctionDecl:
      case CXCursor_FunctionTemplate:
      case CXCursor_CXXMethod:
      case CXCursor_Constructor:
      case CXCursor_Destructor:
      case CXCursor_ConversionFunction: {
        function_ = scope + name;
        returns_bool_ =
            clang_getCanonicalType(clang_getCursorResultType(cursor)).kind == CXType_Bool;
        for (CXCursor child : children_of(cursor)) {
          if (clang_getCursorKind(child) == CXCursor_CompoundStmt) statement(child);
        }
        return;
      }
      default:
        return;
    }
  }

  Places take() {
    Places places;
    for (auto& [extent, place] : places_) places.push_back(std::move(place));
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    return places;
  }

 private:
  std::size_t token_at(std::size_t offset) const {
    return static_cast<std::size_t>(
        std::lower_bound(tokens_.begin(), tokens_.end(), offset,
                         [](const Token& token, std::size_t at) { return token.begin < at; }) -
        tokens_.begin());
  }
  std::string token_text(std::size_t index) const {
    return index < tokens_.size() ? tokens_[index].text : "";
  }
  std::string token_before(std::size_t offset) const {
    const std::size_t index = token_at(offset);
    return index == 0 ? "" : tokens_[index - 1].text;
  }
  /// The text without comments and line breaks.
  std::string text(Extent extent) const {
    std::string text;
    std::size_t done = extent.begin;
    for (std::size_t i = token_at(extent.begin);
         i < tokens_.size() && tokens_[i].begin < extent.end; ++i) {
      if (!text.empty() && tokens_[i].begin != done) text += ' ';
      text += tokens_[i].text;
      done = tokens_[i].end;
    }
    return text;
  }
  /// Whether a macro makes this text, or a part of it that is not the whole macro.
  bool is_cut_by_macro(Extent extent) const {
    return std::any_of(macros_.begin(), macros_.end(), [&](Extent macro) {
      const bool is_apart = macro.end <= extent.begin || extent.end <= macro.begin;
      const bool is_inside = extent.begin <= macro.begin && macro.end <= extent.end;
      return !is_apart && (!is_inside || macro == extent);
    });
  }

  void add(Extent extent, const char* kind, const std::string& mutated, bool is_statement = false) {
    if (extent.end <= extent.begin || is_cut_by_macro(extent)) return;
    Place& place = places_[{extent.begin, extent.end}];
    place.begin = extent.begin;
    place.end = extent.end;
    place.is_statement = is_statement;
    for (const Mutant& mutant : place.mutants) {
      if (mutant.mutated == mutated) return;
    }
    place.mutants.push_back({function_, mutated, kind});
  }

  void condition(CXCursor cursor, bool can_be_true) {
    const Extent extent = extent_of(cursor);
    if (can_be_true) add(extent, "condition", "true");
    add(extent, "condition", "false");
  }

  /// A check of what a caller has promised, which the tree makes by a function and no macro.
  bool is_debug_check(CXCursor cursor) const {
    if (clang_getCursorKind(cursor) != CXCursor_CallExpr) return false;
    const std::string call = text(extent_of(cursor));
    return call.starts_with("promise(") || call.starts_with("maple::promise(");
  }

  /// Leaves a statement out, if it is one that can be.
  void removal(CXCursor cursor) {
    const CXCursorKind kind = clang_getCursorKind(cursor);
    const bool is_return = kind == CXCursor_ReturnStmt && children_of(cursor).empty();
    if (is_debug_check(cursor)) return;
    if (!clang_isExpression(kind) && kind != CXCursor_BreakStmt && kind != CXCursor_ContinueStmt &&
        !is_return) {
      return;
    }
    Extent extent = extent_of(cursor);
    const std::size_t next = token_at(extent.end);
    if (token_text(next) != ";") return;
    if (is_cut_by_macro(extent)) return;
    extent.end = tokens_[next].end;
    add(extent, "statement", "", true);
  }

  void statement(CXCursor cursor) {
    const CXCursorKind kind = clang_getCursorKind(cursor);
    if (!clang_isStatement(kind)) {
      removal(cursor);
      return expression(cursor);
    }
    std::vector<CXCursor> children = children_of(cursor);
    switch (kind) {
      case CXCursor_IfStmt:
        return if_statement(cursor, children);
      case CXCursor_WhileStmt:
      case CXCursor_ForStmt:
      case CXCursor_DoStmt:
        return loop(cursor, children);
      case CXCursor_CaseStmt:
        if (!children.empty()) children.erase(children.begin());
        for (CXCursor child : children) statement(child);
        return;
      case CXCursor_BreakStmt:
        // The last one of a case that another one follows is often that one's `return`, too.
      case CXCursor_ContinueStmt:
        return removal(cursor);
      case CXCursor_ReturnStmt:
        removal(cursor);
        for (CXCursor child : children) returned(child);
        return;
      case CXCursor_DeclStmt:
        for (CXCursor child : children) local(child);
        return;
      default:
        for (CXCursor child : children) {
          if (is_declaration(child)) {
            local(child);
          } else {
            statement(child);
          }
        }
    }
  }

  static bool is_declaration(CXCursor cursor) {
    return clang_isDeclaration(clang_getCursorKind(cursor)) != 0;
  }

  void if_statement(CXCursor cursor, const std::vector<CXCursor>& children) {
    const std::size_t first = token_at(extent_of(cursor).begin);
    const bool is_constant = token_text(first + 1) == "constexpr";
    const std::size_t opens = first + (is_constant ? 2 : 1);
    std::size_t closes = opens;
    for (int depth = 0; closes < tokens_.size(); ++closes) {
      if (tokens_[closes].text == "(") ++depth;
      if (tokens_[closes].text == ")" && --depth == 0) break;
    }
    for (CXCursor child : children) {
      const Extent extent = extent_of(child);
      if (extent.begin > tokens_[closes].begin) {
        statement(child);
      } else if (!is_constant) {
        if (is_declaration(child) || clang_isStatement(clang_getCursorKind(child))) {
          is_declaration(child) ? local(child) : statement(child);
        } else {
          if (extent.end <= tokens_[closes].begin && token_at(extent.end) == closes) {
            condition(child, true);
          }
          expression(child);
        }
      }
    }
  }

  void loop(CXCursor cursor, const std::vector<CXCursor>& children) {
    const bool is_for = clang_getCursorKind(cursor) == CXCursor_ForStmt;
    for (std::size_t i = 0; i < children.size(); ++i) {
      CXCursor child = children[i];
      if (is_declaration(child)) {
        local(child);
      } else if (clang_isStatement(clang_getCursorKind(child))) {
        statement(child);
      } else {
        const Extent extent = extent_of(child);
        const std::string before = token_before(extent.begin);
        const std::string behind = token_text(token_at(extent.end));
        const bool is_condition =
            is_for ? before == ";" && behind == ";" : behind == ")" && before == "(";
        const bool is_body = behind == ";" && before == ")";
        if (is_body) removal(child);
        if (is_condition) condition(child, false);
        expression(child);
      }
    }
  }

  void returned(CXCursor cursor) {
    expression(cursor);
    const Extent extent = extent_of(cursor);
    const std::string whole = text(extent);
    if (returns_bool_ && places_.find(extent) == places_.end()) {
      add(extent, "condition", "!(" + whole + ")");
    }
  }

  /// A declaration within a function: what it begins with.
  void local(CXCursor cursor) {
    const CXCursorKind kind = clang_getCursorKind(cursor);
    if (kind == CXCursor_StructDecl || kind == CXCursor_ClassDecl) {
      const std::string outer = function_;
      const bool returned_bool = returns_bool_;
      for (CXCursor child : children_of(cursor)) declaration(child, outer + "::");
      function_ = outer;
      returns_bool_ = returned_bool;
      return;
    }
    if (kind != CXCursor_VarDecl && kind != CXCursor_UnexposedDecl) return;
    const Extent extent = extent_of(cursor);
    for (std::size_t i = token_at(extent.begin); i < tokens_.size(); ++i) {
      if (tokens_[i].begin >= extent.end) break;
      if (tokens_[i].text == "=" || tokens_[i].text == "{" || tokens_[i].text == "(") break;
      if (tokens_[i].text == "constexpr" || tokens_[i].text == "static") return;
    }
    for (CXCursor child : children_of(cursor)) {
      const bool is_bound = token_before(extent_of(child).begin) == "[";
      if (clang_isExpression(clang_getCursorKind(child)) && !is_bound) expression(child);
    }
  }

  void literal(CXCursor cursor) {
    const Extent extent = extent_of(cursor);
    const std::string written = text(extent);
    if (written == "true") return add(extent, "constant", "false");
    if (written == "false") return add(extent, "constant", "true");
    add(extent, "constant", written + " + 1");
    if (written.find_first_of("123456789abcdefABCDEF") != std::string::npos) {
      add(extent, "constant", written + " - 1");
    }
  }

  void binary(CXCursor cursor, const std::vector<CXCursor>& children) {
    if (children.size() < 2) return;
    const Extent whole = extent_of(cursor);
    std::set<Extent> operands;
    for (CXCursor child : children) operands.insert(extent_of(child));
    for (const Extent& left : operands) {
      if (left.begin != whole.begin || left.end >= whole.end) continue;
      const std::size_t sign = token_at(left.end);
      const auto found = other_operators.find(token_text(sign));
      if (found == other_operators.end() || sign + 1 >= tokens_.size()) continue;
      const Extent right{tokens_[sign + 1].begin, whole.end};
      if (operands.find(right) == operands.end()) continue;
      const std::string a = text(left);
      const std::string b = text(right);
      if (found->second.empty()) {
        add(whole, "condition", "static_cast<bool>(" + a + ")");
        add(whole, "condition", "static_cast<bool>(" + b + ")");
      }
      for (const std::string& other : found->second) {
        add(whole, "operator", a + " " + other + " " + b);
      }
      return;
    }
  }

  void unary(CXCursor cursor) {
    const Extent whole = extent_of(cursor);
    const std::string written = text(whole);
    if (written.starts_with("!") && !written.starts_with("!="))
      add(whole, "condition", "!" + written);
    if (written.starts_with("++")) add(whole, "operator", "--" + written.substr(2));
    if (written.starts_with("--")) add(whole, "operator", "++" + written.substr(2));
    if (written.ends_with("++"))
      add(whole, "operator", written.substr(0, written.size() - 2) + "--");
    if (written.ends_with("--"))
      add(whole, "operator", written.substr(0, written.size() - 2) + "++");
  }

  /// Arguments of one type that stand beside each other change places.
  void swapped(CXCursor cursor) {
    const int count = clang_Cursor_getNumArguments(cursor);
    const Extent whole = extent_of(cursor);
    for (int i = 0; i + 1 < count; ++i) {
      CXCursor first = clang_Cursor_getArgument(cursor, static_cast<unsigned>(i));
      CXCursor second = clang_Cursor_getArgument(cursor, static_cast<unsigned>(i + 1));
      if (const CXType type = clang_getCanonicalType(clang_getCursorType(first));
          type.kind == CXType_Dependent || type.kind == CXType_Invalid ||
          plain_type(first) != plain_type(second)) {
        continue;
      }
      const Extent a = extent_of(first);
      const Extent b = extent_of(second);
      if (a.end <= a.begin || b.end <= b.begin || a.end > b.begin || text(a) == text(b)) continue;
      if (token_text(token_at(a.end)) != ",") continue;
      std::string before = text({whole.begin, a.begin});
      if (before.ends_with(',')) before += ' ';
      add(whole, "arguments", before + text(b) + ", " + text(a) + text({b.end, whole.end}));
    }
  }

  void expression(CXCursor cursor) {
    const CXCursorKind kind = clang_getCursorKind(cursor);
    if (is_debug_check(cursor) || token_text(token_at(extent_of(cursor).begin)) == "requires") {
      return;
    }
    const std::vector<CXCursor> children = children_of(cursor);
    switch (kind) {
      case CXCursor_CompoundStmt:
        return statement(cursor);
      case CXCursor_TypeRef:
      case CXCursor_TemplateRef:
      case CXCursor_NamespaceRef:
      case CXCursor_DeclRefExpr:
      case CXCursor_UnaryExpr:
        return;  // sizeof, alignof.
      case CXCursor_LambdaExpr: {
        const bool returned_bool = std::exchange(returns_bool_, false);
        for (CXCursor child : children) {
          if (clang_getCursorKind(child) == CXCursor_CompoundStmt) statement(child);
        }
        returns_bool_ = returned_bool;
        return;
      }
      case CXCursor_IntegerLiteral:
      case CXCursor_CXXBoolLiteralExpr:
        return literal(cursor);
      case CXCursor_MemberRefExpr:
        for (CXCursor child : children) {
          if (extent_of(child).begin == extent_of(cursor).begin) expression(child);
        }
        return;
      case CXCursor_ConditionalOperator:
        if (!children.empty()) condition(children[0], true);
        break;
      case CXCursor_UnaryOperator:
        unary(cursor);
        break;
      default:
        if (!clang_isExpression(kind)) return;
        if (kind == CXCursor_CallExpr) swapped(cursor);
        if (kind == CXCursor_CallExpr && children.size() < 3) unary(cursor);
        binary(cursor, children);
    }
    for (CXCursor child : children) expression(child);
  }

  std::vector<Token> tokens_{};
  std::vector<Extent> macros_{};
  std::map<Extent, Place> places_{};
  std::string function_{};
  bool returns_bool_ = false;
};

void require_parsed(CXTranslationUnit unit) {
  for (unsigned i = 0; i < clang_getNumDiagnostics(unit); ++i) {
    CXDiagnostic diagnostic = clang_getDiagnostic(unit, i);
    if (clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error) {
      stop(text_of(clang_formatDiagnostic(diagnostic, clang_defaultDiagnosticDisplayOptions())));
    }
    clang_disposeDiagnostic(diagnostic);
  }
}

}  // namespace

std::map<std::string, Places> find_places(const std::string& source,
                                          const std::vector<std::string>& arguments,
                                          const std::map<std::string, std::string>& headers) {
  std::vector<const char*> given;
  for (const std::string& argument : arguments) given.push_back(argument.c_str());
  CXIndex index = clang_createIndex(0, 0);
  CXTranslationUnit unit = clang_parseTranslationUnit(
      index, source.c_str(), given.data(), static_cast<int>(given.size()), nullptr, 0,
      CXTranslationUnit_DetailedPreprocessingRecord);
  if (unit == nullptr) stop("libclang cannot parse " + source);
  require_parsed(unit);
  std::map<std::string, Finder> finders;
  for (const auto& [path, text] : headers) {
    if (CXFile file = clang_getFile(unit, path.c_str())) {
      finders.try_emplace(path, unit, file, text.size());
    }
  }
  const std::vector<CXCursor> tops = children_of(clang_getTranslationUnitCursor(unit));
  for (CXCursor top : tops) {
    const auto found = finders.find(file_of(top));
    if (found == finders.end()) continue;
    if (clang_getCursorKind(top) == CXCursor_MacroExpansion) found->second.add_macro(top);
  }
  for (CXCursor top : tops) {
    const auto found = finders.find(file_of(top));
    if (found == finders.end()) continue;
    if (clang_isDeclaration(clang_getCursorKind(top)) != 0) found->second.declaration(top, "");
  }
  std::map<std::string, Places> places;
  for (auto& [path, finder] : finders) places[path] = finder.take();
  clang_disposeTranslationUnit(unit);
  clang_disposeIndex(index);
  return places;
}

}  // namespace mutation
