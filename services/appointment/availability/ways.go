package availability

// state is what the rest of a chain depends on: the candidate of the link before, and the resources held at its end.
type state struct {
	node
	before int // none when it does not matter
	held   int
}

const none = -1

// startState is the state before a chain.
func startState(start Minute) state { return state{node{0, start}, none, 0} }

// state is the state after an option.
func (o *option) state(held int) state { return state{node{o.link + 1, o.To}, o.index, held} }

// follow returns the state after an option, and the option itself if the next one depends on it. It does not when nothing is
// handed on and the buffer after is free, unless the same master goes on and has no free buffer before. Options that make no
// difference so have one state: that keeps the number of states small.
func (s *solver) follow(o *option, held int) (state, *option) {
	next := o.state(held)
	if held == 0 && o.after && (o.again < 0 || s.optionsAt(next.node)[o.again].startsFresh()) {
		next.before = none
		return next, nil
	}
	return next, o
}

// startsFresh reports whether it makes no difference that the same master did the segment before.
func (o *option) startsFresh() bool { return !o.fits || o.before }

// ways returns in how many ways masters can be chosen for the links from st.link on, counted up to one more than
// mostAlternatives. before is the option of the link before, if that matters.
func (s *solver) ways(st state, before *option) int {
	if st.link == len(s.chain) {
		if _, ok := s.join(before, st.held, nil, nil); ok {
			return 1
		}
		return 0
	}
	if n, ok := s.memo[st]; ok {
		return n
	}
	sum := 0
	options := s.optionsAt(st.node)
	for i := range options {
		o := &options[i]
		if !o.fits {
			continue
		}
		if held, ok := s.join(before, st.held, o, nil); ok {
			sum += s.ways(s.follow(o, held))
		}
		if sum > mostAlternatives {
			sum = mostAlternatives + 1
			break
		}
	}
	s.memo[st] = sum
	return sum
}

// choices yields the possible choices of options, the best first, until yield returns false. It returns false then.
func (s *solver) choices(st state, before *option, chosen []*option, yield func([]*option) bool) bool {
	if st.link == len(s.chain) {
		return yield(chosen)
	}
	options := s.optionsAt(st.node)
	for _, i := range s.rank(st.link) {
		o := &options[i]
		if !o.fits {
			continue
		}
		held, ok := s.join(before, st.held, o, nil)
		if !ok {
			continue
		}
		next, last := s.follow(o, held)
		if s.ways(next, last) > 0 && !s.choices(next, last, append(chosen, o), yield) {
			return false
		}
	}
	return true
}
