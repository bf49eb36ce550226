# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of each SPI pair that the kernel had, where charon may have been killed."""

# how long charon may have had an SA that it could not have kept yet when it was killed
UNKEPT = 1.0
# how long a later run may see one before it tells of it, and its being busy
GRACE = 14.0
FATES = ("both", "unknown-sa", "unseen", "excused", "missing")


class Pair:
    """An SPI pair, named by its outbound half."""

    def __init__(self, side, spi):
        states = side.kernel.outbound[spi]
        self.spi = spi
        self.begun = min(state.first for state in states)
        # an address change removes an SA and adds it again
        self.gone = states[-1].gone
        self._side = side

    @property
    def end(self):
        """When it was gone, or never."""
        return self.gone or float("inf")

    def is_unknown(self):
        """Whether a run that began later has told of it as nobody's."""
        return any(self.spi == record.spi("spi") and self.begun < run["started"]
                   for record in self._side.of("unknown-sa")
                   for run in [self._side.run_of(record)] if run)

    def is_unseen(self):
        """Whether nobody can have known it: charon was killed at once, and it was gone
        before a later run had to tell of it."""
        runs = self._side.runs
        unkept = any(run["end"] == "kill" and run["started"] <= self.begun and
                     self.begun <= run["ended"] < self.begun + UNKEPT for run in runs.values())
        seen = any(run["started"] > self.begun and GRACE < min(
            self.end, run.get("ended", self.end)) - self._side.awake(pid)
                   for pid, run in runs.items())
        return unkept and not seen


def pairs(side):
    """Every pair that an outbound policy has pointed at, with what became of it."""
    recorded = {op: {record.spi("out-spi") for record in side.of(op)}
                for op in ("start", "destroy")}
    found = []
    for spi in sorted(side.kernel.used & set(side.kernel.outbound)):
        pair = Pair(side, spi)
        begun, ended = (spi in recorded[op] for op in ("start", "destroy"))
        if begun and ended:
            fate = "both"
        elif not begun and not ended and pair.is_unknown():
            fate = "unknown-sa"
        elif not begun and not ended and pair.is_unseen():
            fate = "unseen"
        elif (begun or side.excused(pair.begun, pair.begun)) and (
                ended or pair.gone is None or side.excused(pair.begun, pair.gone)):
            fate = "excused"
        else:
            fate = "missing"
        found.append((pair, fate, begun, ended))
    return found


def holes(side):
    """Numbers that are missing in the records of each run, by its number."""
    numbers = {}
    for record in side.records:
        numbers.setdefault(record.key, set()).add(int(record.number("rec-seq")))
    return {key: max(found) - len(found) for key, found in numbers.items()}


def overtaken(side):
    """SAs of which the end came to the kernel before the beginning."""
    places = {}
    for place, record in enumerate(side.records):
        if record.kind in ("start", "destroy"):
            name = (record.key, record.fields.get("child-sa"))
            places.setdefault(name, {}).setdefault(record.kind, place)
    return sum(found["start"] > found["destroy"] for found in places.values()
               if len(found) == 2)


def count(sides):
    """The counts of all sides, in words."""
    fates = [fate for side in sides for _, fate, _, _ in pairs(side)]
    words = [f"{len(fates)} SPI pairs"]
    words += [f"{fates.count(fate)} {fate}" for fate in FATES if fates.count(fate)]
    words.append(f"{sum(side.doubles for side in sides)} duplicates")
    late = sum(overtaken(side) for side in sides)
    words += [f"{late} overtaken"] if late else []
    words.append(f"{sum(sum(holes(side).values()) for side in sides)} gaps")
    return ", ".join(words)
