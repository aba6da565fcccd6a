package demo

// outcome is what became of an appointment.
type outcome int

const (
	completed outcome = iota
	noShow
	cancelled
	confirmed // still to come
	pending   // still to come, not confirmed
)

// segmentData is one service of an appointment, by a master, an index of masters.
type segmentData struct {
	master  int
	service string
}

// appointmentData is one appointment. Its day counts Mondays to Fridays from today, its time is the salon's.
type appointmentData struct {
	day, hour, minute int
	customer          int // an index of customers or, below zero, of guests from the end: -1 is the first
	segments          []segmentData
	outcome           outcome
	stars             int32 // for the first master; 0: not rated
	comment, reply    string
}

// by is an appointment of one segment.
func by(master int, service string) []segmentData { return []segmentData{{master, service}} }

// The indexes of masters.
const (
	mira = iota
	jonas
	aiko
	lena
	omar
	nina
	zoe
	luis
)

var appointments = []appointmentData{
	{-34, 9, 0, 0, by(mira, "Balayage"), completed, 5, "The best colour I ever had. Mira listened and explained every step.", "Thank you, Anna! See you in spring."},
	{-33, 13, 0, 1, by(jonas, "Cut and blow-dry"), completed, 4, "Great cut, a little wait at the door.", ""},
	{-31, 10, 30, 2, by(aiko, "Gel manicure"), completed, 5, "Tiny cherry blossoms on every nail!", "それは嬉しいです. Come back soon."},
	{-29, 15, 0, 3, by(omar, "Full body massage"), completed, 5, "My back is new.", ""},
	{-27, 11, 0, 4, by(lena, "Hydrating facial"), completed, 4, "Very gentle with my sensitive skin.", "Thank you for your trust."},
	{-26, 11, 0, 1, by(zoe, "Signature cut"), completed, 5, "Found my salon for when I am in town.", ""},
	{-24, 9, 30, 5, by(jonas, "Trim"), noShow, 0, "", ""},
	{-22, 16, 0, 6, by(nina, "Leg waxing"), completed, 3, "Fine, but it took longer than planned.", "Sorry for the delay, next time is on time."},
	{-20, 10, 0, 7, by(mira, "Full colour"), completed, 5, "", ""},
	{-17, 10, 0, 0, []segmentData{{lena, "Classic facial"}, {nina, "Brow shaping and tint"}}, completed, 5, "So relaxing that I fell asleep.", ""},
	{-15, 14, 0, 1, by(omar, "Back massage"), completed, 4, "Strong hands, good music.", ""},
	{-13, 10, 0, -1, by(aiko, "Classic manicure"), completed, 0, "", ""},
	{-12, 9, 0, 2, by(nina, "Brow shaping and tint"), completed, 5, "Exactly the shape I wanted.", ""},
	{-10, 17, 0, 3, by(jonas, "Cut and blow-dry"), completed, 5, "Jonas knows curly hair.", ""},
	{-8, 11, 30, 4, by(aiko, "Classic manicure"), cancelled, 0, "", ""},
	{-6, 13, 30, 5, by(mira, "Cut and blow-dry"), completed, 4, "", ""},
	{-4, 10, 0, 6, by(aiko, "Spa pedicure"), completed, 5, "Worth every cent.", ""},
	{-3, 15, 0, 0, by(mira, "Trim"), completed, 0, "", ""},
	{-2, 15, 30, 7, by(lena, "Lash lift"), completed, 0, "", ""},
	{1, 9, 0, 0, []segmentData{{mira, "Full colour"}, {mira, "Cut and blow-dry"}}, confirmed, 0, "", ""},
	{1, 14, 0, 1, by(jonas, "Trim"), confirmed, 0, "", ""},
	{2, 10, 0, 2, by(aiko, "Gel manicure"), pending, 0, "", ""},
	{2, 12, 0, 3, by(omar, "Full body massage"), confirmed, 0, "", ""},
	{3, 10, 0, -1, by(nina, "Lash lift"), confirmed, 0, "", ""},
	{3, 11, 0, 4, by(lena, "Hydrating facial"), pending, 0, "", ""},
	{4, 16, 0, 5, by(nina, "Lash lift"), pending, 0, "", ""},
	{5, 12, 0, 3, []segmentData{{luis, "Single process colour"}, {zoe, "Signature cut"}}, pending, 0, "", ""},
	{6, 9, 30, 6, by(mira, "Balayage"), confirmed, 0, "", ""},
	{8, 16, 0, -2, by(lena, "Classic facial"), confirmed, 0, "", ""},
	{9, 13, 0, 7, by(jonas, "Updo"), pending, 0, "", ""},
}
