package availability

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// kindTime is the times of the resources of a kind.
type kindTime struct {
	Kind
	units []unitTime
}

// use is a stretch of consecutive phases of a segment that need a resource, in minutes from its start.
type use struct {
	kind *kindTime
	Span
	// first is set when it begins with the segment, last when it ends with it. A use that is last and one that is first, of the
	// same kind, in consecutive segments are one when they take the same resource: no buffer is in between.
	first, last bool
}

// unitSet is a set of resources of a kind, by their indexes.
type unitSet []uint64

// unitChoice is a use at a time: the resources that are free for the work, for the buffer before, and for the buffer after.
type unitChoice struct {
	*use
	Span
	work, before, after unitSet
}

// usesOf returns the uses of the phases of an offering, by start.
func (s *solver) usesOf(phases []Phase) []use {
	var list []use
	var at Minute
	for i, p := range phases {
		end := at + p.Minutes
		for _, id := range p.Kinds {
			j := slices.IndexFunc(list, func(u use) bool { return u.kind.ID == id && u.To == at })
			if j >= 0 && at > 0 {
				list[j].To, list[j].last = end, i == len(phases)-1
				continue
			}
			list = append(list, use{s.kind(id), Span{at, end}, i == 0, i == len(phases)-1})
		}
		at = end
	}
	return list
}

// kind returns the times of a kind. A kind that the salon does not have has no resources.
func (s *solver) kind(id string) *kindTime {
	for _, k := range s.kinds {
		if k.ID == id {
			return k
		}
	}
	k := &kindTime{Kind: Kind{ID: id}}
	if known := s.rules.Kinds[id]; known != nil {
		k.Kind = *known
	}
	s.kinds = append(s.kinds, k)
	return k
}

// all returns the set of all resources of a kind.
func (k *kindTime) all() unitSet {
	set := make(unitSet, (len(k.units)+63)/64)
	for i := range k.units {
		set.set(i, true)
	}
	return set
}

// unitChoices returns the uses of a candidate from a start on. The buffers are the same as the master's.
func unitChoices(c *candidate, start Minute) []unitChoice {
	if len(c.uses) == 0 {
		return nil
	}
	list := make([]unitChoice, len(c.uses))
	for i := range c.uses {
		u := &c.uses[i]
		units := u.kind.units
		words := (len(units) + 63) / 64
		sets := make(unitSet, 3*words)
		choice := unitChoice{u, Span{start + u.From, start + u.To}, sets[:words], sets[words : 2*words], sets[2*words:]}
		before := Span{choice.From - c.offering.BufferBefore, choice.From}
		after := Span{choice.To, choice.To + c.offering.BufferAfter}
		for j := range units {
			choice.work.set(j, !overlaps(units[j].unusable, choice.Span))
			choice.before.set(j, !overlaps(units[j].busy, before))
			choice.after.set(j, !overlaps(units[j].busy, after))
		}
		list[i] = choice
	}
	return list
}

// joinUnits is the part of [solver.join] that is about resources. The choice of a resource for a use only matters to the use
// that continues it. So it is enough to know, for each use at the end of a segment, the set of all resources that it can
// have: this is an exact search.
func (s *solver) joinUnits(before *option, held int, next *option, report *report) (int, bool) {
	if (before == nil || len(before.units) == 0) && (next == nil || len(next.units) == 0) {
		return 0, true
	}
	fits := true
	sets := s.helds.sets(held)
	for i := range sets {
		if u := &before.units[i]; u.last && next.continuing(u) == nil && !sets[i].meets(u.after) {
			fits = false
			report.add(Block{Reason: Buffer, Owner: OwnerResource, Segment: before.link, KindID: u.kind.ID})
		}
	}
	if next == nil {
		return 0, fits
	}
	var handed []unitSet
	for i := range next.units {
		u := &next.units[i]
		set := u.reachable(before, sets)
		if set.isEmpty() || !u.last && !set.meets(u.after) {
			fits = false
			reason := Buffer
			if u.work.isEmpty() {
				reason = NoResource
			}
			report.add(Block{Reason: reason, Owner: OwnerResource, Segment: next.link, KindID: u.kind.ID})
			set = u.kind.all() // whatever speaks against the next segments is reported too
		}
		if u.last {
			handed = hand(handed, i, set)
		}
	}
	if !fits && report == nil {
		return 0, false
	}
	return s.helds.number(handed), fits
}

// hand returns sets with that of the use i, which is at the end of a segment. Uses that are not have none.
func hand(sets []unitSet, i int, set unitSet) []unitSet {
	for len(sets) < i {
		sets = append(sets, nil)
	}
	return append(sets, set)
}

// continuing returns the use of an option that continues a use at the end of the segment before, or nil.
func (o *option) continuing(u *unitChoice) *unitChoice {
	if o == nil {
		return nil
	}
	for i := range o.units {
		if next := &o.units[i]; next.first && u.last && next.kind == u.kind {
			return next
		}
	}
	return nil
}

// reachable returns the resources that a use can have, given those that the uses at the end of the segment before can have. A
// use keeps the resource of the one that it continues, or takes another one, with the buffers of both.
func (u *unitChoice) reachable(before *option, sets []unitSet) unitSet {
	set := slices.Clone(u.before)
	for i := range sets {
		b := &before.units[i]
		if !u.first || !b.last || b.kind != u.kind {
			continue
		}
		change := sets[i].meets(b.after)
		for w := range set {
			if !change {
				set[w] = 0
			}
			set[w] |= sets[i][w]
		}
	}
	return set.and(u.work)
}

// assign returns the resources of the uses of each chosen option. It keeps a resource for as long as it can, and takes the first one
// else.
func (s *solver) assign(chosen []*option) [][]Use {
	reach := make([][]unitSet, len(chosen))
	var before *option
	var sets []unitSet
	for i, o := range chosen {
		var last []unitSet
		for j := range o.units {
			set := o.units[j].reachable(before, sets)
			reach[i] = append(reach[i], set)
			if o.units[j].last {
				last = hand(last, j, set)
			}
		}
		before, sets = o, last
	}
	uses := make([][]Use, len(chosen))
	picked := map[*unitChoice]int{}
	for i := len(chosen) - 1; i >= 0; i-- {
		for j := range chosen[i].units {
			u := &chosen[i].units[j]
			pick := -1
			if i+1 < len(chosen) {
				if next := chosen[i+1].continuing(u); next != nil && reach[i][j].has(picked[next]) {
					pick = picked[next]
				}
			}
			if pick < 0 {
				pick = pickUnit(chosen, reach, i, j)
			}
			picked[u] = pick
			uses[i] = append(uses[i], Use{u.kind.ID, u.kind.units[pick].ID, u.Span})
		}
	}
	return uses
}

// pickUnit returns the resource of a use for which no later one decides, by its segment and its index in that: the first that the uses which it
// continues can have too, as far back as possible.
func pickUnit(chosen []*option, reach [][]unitSet, segment, index int) int {
	use := &chosen[segment].units[index]
	set := reach[segment][index].and(use.after)
	for use.first && segment > 0 {
		segment--
		before := chosen[segment].units
		index = slices.IndexFunc(before, func(u unitChoice) bool { return u.last && u.kind == use.kind })
		if index < 0 {
			break
		}
		kept := set.and(reach[segment][index])
		if kept.isEmpty() {
			break
		}
		set, use = kept, &before[index]
	}
	return set.first()
}

// heldTable numbers lists of sets. The empty list has the number 0.
type heldTable struct {
	numbers map[string]int
	lists   [][]unitSet
}

func (t *heldTable) sets(number int) []unitSet {
	if number == 0 {
		return nil
	}
	return t.lists[number-1]
}

func (t *heldTable) number(sets []unitSet) int {
	if len(sets) == 0 {
		return 0
	}
	var key []byte
	for _, set := range sets {
		key = binary.AppendUvarint(key, uint64(len(set)))
		for _, word := range set {
			key = binary.LittleEndian.AppendUint64(key, word)
		}
	}
	n, ok := t.numbers[string(key)]
	if !ok {
		if t.numbers == nil {
			t.numbers = map[string]int{}
		}
		t.lists = append(t.lists, sets)
		n = len(t.lists)
		t.numbers[string(key)] = n
	}
	return n
}

func (u unitSet) set(i int, is bool) {
	if is {
		u[i/64] |= 1 << (i % 64)
	}
}

func (u unitSet) has(i int) bool { return u[i/64]&(1<<(i%64)) != 0 }

func (u unitSet) isEmpty() bool { return !u.meets(u) }

// meets reports whether two sets have a resource in common.
func (u unitSet) meets(other unitSet) bool {
	for w := range u {
		if u[w]&other[w] != 0 {
			return true
		}
	}
	return false
}

// and returns the resources that two sets have in common.
func (u unitSet) and(other unitSet) unitSet {
	both := make(unitSet, len(u))
	for w := range u {
		both[w] = u[w] & other[w]
	}
	return both
}

// first returns the first resource, or -1.
func (u unitSet) first() int {
	for w := range u {
		if u[w] != 0 {
			return w*64 + bits.TrailingZeros64(u[w])
		}
	}
	return -1
}
