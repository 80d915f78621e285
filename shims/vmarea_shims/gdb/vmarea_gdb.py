# SPDX-License-Identifier: MIT
#
# Pretty printers for gdb: (gdb) source vmarea_gdb.py
#
#   $1 = ENOMEM                                                     Error, Result
#   $2 = rd wr mr mw me ac                                          Flags
#   $3 = 7ffff7fef000-7ffff7ff3000                                  Range
#   $4 = 7ffff7fef000-7ffff7ff3000 rw-p 7ffff7fef anonymous ac      Description, Area
#   $5 = 2 areas = {7ffff7fef000-... , 7ffff7ff3000-...}            AddressSpace, SpaceState
#
# They print what the text of the library says, which a test compares. The areas of a space are
# found by walking the nodes of the shims' maple tree; of another tree only the count is shown.
import errno
import re

import gdb
import gdb.printing

LETTERS = dict(enumerate((
    "rd wr ex sh mr mw me ms gd um pf gu uw lo io sr "
    "rr dc de lf ac nr ht sf ar wf dd sd mm hg nh mg"
).split())) | {37: "ss", 40: "dp", 41: "ui", 42: "sl"}
READ, WRITE, EXEC, SHARED, MAY_READ, MAY_WRITE, MAY_EXEC, MAY_SHARE = (1 << i for i in range(8))
ACCESS = READ | WRITE | EXEC
MAY_ACCESS = MAY_READ | MAY_WRITE | MAY_EXEC


def flag_words(bits):
    return [LETTERS.get(i, f"#{i}") for i in range(64) if bits >> i & 1]


def access_text(bits):
    return "".join(letter if bits & bit else "-" for letter, bit in zip("rwx", (1, 2, 4)))


def range_text(value):
    return f"{int(value['start']):x}-{int(value['end']):x}"


def error_text(number):
    names = errno.errorcode | {0: "success", errno.EOPNOTSUPP: "EOPNOTSUPP"}
    return names.get(number, f"errno {number}")


def handle_text(value):
    code = value.type.strip_typedefs().code
    if code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_INT, gdb.TYPE_CODE_ENUM):
        return f"0x{int(value.cast(gdb.lookup_type('unsigned long'))):x}"
    return "?"


def attribute_words(attributes):
    names = (("policy", "policy"), ("userfault_context", "userfaultfd"), ("name", "name"))
    return [f"{word} {int(attributes[field]):x}" for field, word in names if int(attributes[field])]


def area_text(area):
    flags = int(area["flags"]["bits_"])
    words = [range_text(area)]
    words.append(access_text(flags) + ("s" if flags & MAY_SHARE else "p"))
    words.append(f"{int(area['page_offset']):x}")
    file = handle_text(area["file"])
    if file not in ("0x0", "?"):
        words.append(f"file {file}")
    else:
        words.append("special" if int(area["hooks"]) else "anonymous")
    identity = int(area["identity"]["bits_"])
    if identity:
        words.append(f"identity {identity & ~1:x}" + (" of a fork child" if identity & 1 else ""))
    if int(area["attributes"]):
        words += attribute_words(area["attributes"].dereference())
    both = SHARED | MAY_SHARE
    said = ACCESS | MAY_ACCESS | (both if flags & both in (0, both) else 0)
    words += flag_words(flags & ~said)
    if missing := MAY_ACCESS & ~flags:
        words += ["no"] + flag_words(missing)
    return " ".join(words)


def areas_below(node, height, area_type):
    """The areas of a node of the maple tree, in the order of their addresses."""
    for i in range(int(node["count"])):
        pointer = node["value_or_child"][i]
        if height == 0:
            yield pointer.cast(area_type.pointer()).dereference()
        else:
            yield from areas_below(pointer.cast(node.type.pointer()).dereference(), height - 1,
                                   area_type)


def areas_of(state):
    """All areas of a space; None where its tree is not the shims'."""
    tree = state["tree"]
    tree_type = tree.type.strip_typedefs()
    if not re.match(r"vmarea::shims::(\w+::)?MapleTree<", tree_type.name):
        return None
    word = int(tree["root_"])
    if word == 0:
        return []
    node_type = tree["nodes_"].type.strip_typedefs().template_argument(0)
    node = gdb.Value(word & ~63).cast(node_type.pointer()).dereference()
    return areas_below(node, word & 63, tree_type.template_argument(0))


class Printer:
    def __init__(self, value):
        self.value = value


class ErrorPrinter(Printer):
    def to_string(self):
        return error_text(int(self.value))


class ResultPrinter(Printer):
    def to_string(self):
        error = int(self.value["error_"])
        if error != 0 or not any(field.name == "value_" for field in self.value.type.fields()):
            return error_text(error)
        value = self.value["value_"]
        handle = handle_text(value)
        return value if handle == "?" else handle


class FlagsPrinter(Printer):
    def to_string(self):
        return " ".join(flag_words(int(self.value["bits_"]))) or "none"


class ProtectionPrinter(Printer):
    def to_string(self):
        bits = int(self.value["bits_"])
        return access_text(bits) + (f"|0x{bits & ~7:x}" if bits & ~7 else "")


class RangePrinter(Printer):
    def to_string(self):
        return range_text(self.value)


class AreaPrinter(Printer):
    def to_string(self):
        return area_text(self.value)


class SpacePrinter(Printer):
    def __init__(self, value):
        is_state = any(field.name == "tree" for field in value.type.fields())
        super().__init__(value if is_state else value["state_"])

    def to_string(self):
        count = int(self.value["area_count"])
        return f"{count} area" + ("" if count == 1 else "s")

    def children(self):
        for i, area in enumerate(areas_of(self.value) or ()):
            yield f"[{i}]", area

    def display_hint(self):
        return "array"


def make_printers():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("vmarea")
    for name, regexp, printer in (
        ("Error", "^vmarea::Error$", ErrorPrinter),
        ("Result", "^vmarea::Result<.*>$", ResultPrinter),
        ("Flags", "^vmarea::BitSet<vmarea::FlagsTag, .*>$", FlagsPrinter),
        ("Protection", "^vmarea::BitSet<vmarea::ProtectionTag, .*>$", ProtectionPrinter),
        ("Range", "^vmarea::Range$", RangePrinter),
        ("Area", "^vmarea::(Area|Description)<.*>$", AreaPrinter),
        ("AddressSpace", "^vmarea::(AddressSpace|SpaceState)<.*>$", SpacePrinter),
    ):
        printers.add_printer(name, regexp, printer)
    return printers


gdb.printing.register_pretty_printer(gdb.current_objfile(), make_printers(), replace=True)
