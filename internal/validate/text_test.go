package validate_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/validate"
)

// texts are what people, and those who mean ill, write into a name.
var texts = []struct {
	name, in string
	line     bool // accepted as one line
	block    bool // accepted as several
}{
	{"plain", "Anna Berg", true, true},
	{"apostrophe and hyphen", "Siobhán O’Neill-Łukasik", true, true},
	{"markup is only text", `<script>alert(1)</script> =cmd() '; DROP TABLE x; --`, true, true},
	{"wildcards are only text", `%_\`, true, true},
	{"digits", "42", true, true},
	{"one symbol", "€", true, true},
	{"emoji", "💇", true, true},
	{"emoji with a skin tone", "💇🏽‍♀️", true, true},
	{"emoji family joined by U+200D", "👩‍👩‍👧", true, true},
	{"name and emoji family", "Mia 👩‍👩‍👧‍👦", true, true},
	{"flag of regional indicators", "🇩🇪", true, true},
	{"flag of tag characters", "🏴\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F", true, true},
	{"keycap", "1️⃣", true, true},
	{"emoji newer than our tables", "\U0001FAFF", true, true},
	{"Hebrew", "שָׁלוֹם כֹּהֵן", true, true},
	{"Arabic with vowel signs", "مُحَمَّدٌ", true, true},
	{"Persian with U+200C", "می\u200cخواهم", true, true},
	{"Hindi", "क्षत्रिय", true, true},
	{"Thai", "น้ำผึ้ง", true, true},
	{"Vietnamese decomposed", "Nguye\u0302\u0303n", true, true},
	{"Korean", "김민지", true, true},
	{"Tibetan stack", "བསྒྲུབས", true, true},
	{"ideographic space between", "山田　花子", true, true},
	{"four combining marks", "a\u0301\u0323\u0331\u0332", true, true},

	{"NUL", "An\x00na", false, false},
	{"CR LF inside", "Anna\r\nBcc: x", false, true},
	{"LF inside", "Anna\nBerg", false, true},
	{"CR inside", "Anna\rBerg", false, false},
	{"tab inside", "Anna\tBerg", false, true},
	{"line break at the end", "Anna\n", false, true},
	{"vertical tab", "Anna\vBerg", false, false},
	{"escape", "Anna\x1b[31m", false, false},
	{"delete", "Anna\x7f", false, false},
	{"C1 control", "Anna\u0085Berg", false, false},
	{"line separator", "Anna\u2028Berg", false, false},
	{"paragraph separator", "Anna\u2029Berg", false, false},
	{"bidi override", "Anna\u202egreB", false, false},
	{"bidi embedding", "Anna\u202aBerg\u202c", false, false},
	{"bidi isolate", "Anna\u2067Berg\u2069", false, false},
	{"right-to-left mark", "Anna\u200f", true, true},
	{"left-to-right mark", "\u200eAnna", true, true},
	{"Arabic letter mark", "An\u061cna", true, true},
	{"direction marks only, which is an empty text", "\u200e\u200f\u061c", false, true},
	{"zero width space only", "\u200b", false, false},
	{"joiners only", "\u200c\u200d", false, false},
	{"word joiner and byte order mark only", "\u2060\ufeff", false, false},
	{"soft hyphen only", "\u00ad", false, false},
	{"variation selectors only", "\ufe0f\ufe0f", false, false},
	{"combining marks only", "\u0301\u0302", false, false},
	{"Hangul fillers only", "\u3164\u115f\u1160\uffa0", false, false},
	{"Braille blank only", "\u2800", false, false},
	{"private use only", "\ue000", false, false},
	{"five combining marks", "a\u0315\u031b\u0321\u0322\u0327", false, false},
	{"a pile of combining marks", "Z" + strings.Repeat("\u0301", 90), false, false},
	{"not UTF-8", "Anna\xff", false, false},
}

func TestTextRules(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			line := validate.Message(&userv1.CreateMasterRequest{UserId: someID, DisplayName: tt.in})
			if (line == nil) != tt.line {
				t.Errorf("line %q: %v", tt.in, line)
			}
			block := validate.Message(&appointmentv1.CancelAppointmentRequest{AppointmentId: someID, Reason: tt.in})
			if (block == nil) != tt.block {
				t.Errorf("block %q: %v", tt.in, block)
			}
		})
	}
}

func TestSecretRule(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"correct horse":     true,
		"  spaces count  ":  true,
		"пароль-密碼-🔑🔑🔑":     true,
		"line\nbreak here":  false,
		"bell\aaaaaaaaaaaa": false,
	} {
		m := &userv1.RegisterRequest{Email: "a@example.com", DisplayName: "A", Password: in}
		if err := validate.Message(m); (err == nil) != want {
			t.Errorf("%q: %v", in, err)
		}
		if m.GetPassword() != in {
			t.Errorf("%q was changed to %q", in, m.GetPassword())
		}
	}
}

func TestNormalised(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		in, want proto.Message
	}{
		{
			"a line loses the spaces around it",
			&userv1.RegisterRequest{Email: " Anna@example.com ", Password: " 12345678 ", DisplayName: "\u00a0\u3000Anna  Berg "},
			&userv1.RegisterRequest{Email: "Anna@example.com", Password: " 12345678 ", DisplayName: "Anna  Berg"},
		},
		{
			"a line is composed",
			&userv1.CreateMasterRequest{UserId: someID, DisplayName: "Zoe\u0308"},
			&userv1.CreateMasterRequest{UserId: someID, DisplayName: "Zo\u00eb"},
		},
		{
			"a block loses white space, and CR LF becomes LF",
			&appointmentv1.CancelAppointmentRequest{AppointmentId: someID, Reason: "\n\t I am ill.\r\nSorry. \r\n"},
			&appointmentv1.CancelAppointmentRequest{AppointmentId: someID, Reason: "I am ill.\nSorry."},
		},
		{
			"direction marks go, before spaces and lengths are looked at, but not from secrets",
			&userv1.RegisterRequest{
				Email: "anna\u200e@example.com\u200f", Password: "1234567\u200e", DisplayName: "\u200f \u061cAnna " + strings.Repeat("\u200eb", 95),
				Phone: "\u200e+4930123456\u200e", RequestId: "\u200e" + someID,
			},
			&userv1.RegisterRequest{
				Email: "anna@example.com", Password: "1234567\u200e", DisplayName: "Anna " + strings.Repeat("b", 95),
				Phone: "+4930123456", RequestId: someID,
			},
		},
		{
			"a password that is only compared stays as it is",
			&userv1.LoginRequest{Email: "anna@example.com", Password: "1234567\u200e"},
			&userv1.LoginRequest{Email: "anna@example.com", Password: "1234567\u200e"},
		},
		{
			"items of a list",
			&userv1.CreateMasterRequest{UserId: someID, DisplayName: "A", Specialties: []string{" cut", "colour "}},
			&userv1.CreateMasterRequest{UserId: someID, DisplayName: "A", Specialties: []string{"cut", "colour"}},
		},
		{
			"ids are lower case",
			&userv1.GetMasterRequest{MasterId: strings.ToUpper(someID)},
			&userv1.GetMasterRequest{MasterId: someID},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := validate.Message(tt.in); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(tt.in, tt.want) {
				t.Errorf("got %v, want %v", tt.in, tt.want)
			}
		})
	}
}
