package demo

import "time"

// sessionData is a group session. Its day and time count as those of appointments do.
type sessionData struct {
	day, hour, minute int
	master            int // an index of masters
	service           string
	customers         []int // as in appointmentData; each has a place
}

// The group sessions, all ahead: the first is full, the last ones have all places left.
var sessions = []sessionData{
	{7, 14, 30, lena, "Make-up class", []int{1, 2, 4, 5, 6, 7}},
	{10, 14, 30, lena, "Make-up class", []int{3, -1, -2}},
	{17, 15, 0, lena, "Make-up class", []int{2}},
	{25, 15, 0, lena, "Make-up class", nil},
	{30, 15, 0, lena, "Make-up class", nil},
}

// at is when a session begins on a date.
func (g sessionData) at(date time.Time) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), g.hour, g.minute, 0, 0, date.Location())
}
