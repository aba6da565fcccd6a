package demo

// Password is the password of every demo account.
const Password = "demo-salon-2026"

// Accounts for a tour.
const (
	// AdminEmail is the address of the administrator.
	AdminEmail = "admin@salon.example"
	// MasterEmail is the address of a master.
	MasterEmail = "mira@salon.example"
	// CustomerEmail is the address of a customer.
	CustomerEmail = "anna@salon.example"
)

type person struct{ email, name, phone string }

type masterData struct {
	person
	bio         string
	specialties []string
	years       int32
	offers      []offer
}

// offer is a service that a master performs; price and minutes are 0 where they are the service's.
type offer struct {
	service    string
	priceMinor int32
	minutes    int32
}

type serviceData struct {
	category, name, description string
	priceMinor, minutes         int32
	before, after               int32
}

var services = []serviceData{
	{"Hair", "Cut and blow-dry", "Wash, cut and styling.", 5200, 60, 0, 5},
	{"Hair", "Trim", "A quick trim of the ends.", 3200, 30, 0, 5},
	{"Hair", "Full colour", "One shade from root to tip, with care.", 8900, 120, 5, 10},
	{"Hair", "Balayage", "Hand-painted highlights with a gloss.", 16500, 180, 5, 15},
	{"Hair", "Updo", "Pinned up for a wedding or an evening.", 7500, 75, 0, 5},
	{"Nails", "Classic manicure", "Shape, cuticles, hand massage and polish.", 3500, 45, 0, 10},
	{"Nails", "Gel manicure", "Gel polish that lasts three weeks.", 4800, 60, 0, 10},
	{"Nails", "Spa pedicure", "Foot bath, peeling, massage and polish.", 5500, 70, 5, 15},
	{"Face", "Classic facial", "Cleansing, peeling, mask and massage.", 6900, 60, 5, 10},
	{"Face", "Hydrating facial", "Hyaluron and a cooling mask for dry skin.", 8900, 75, 5, 10},
	{"Face", "Brow shaping and tint", "Threaded into shape and tinted.", 2900, 30, 0, 5},
	{"Face", "Lash lift", "Lifted and tinted lashes for six weeks.", 6200, 60, 0, 5},
	{"Body", "Back massage", "Thirty minutes for neck, shoulders and back.", 4200, 30, 5, 10},
	{"Body", "Full body massage", "An hour with warm oil.", 7800, 60, 5, 15},
	{"Body", "Leg waxing", "Full legs, with a soothing balm.", 4500, 45, 5, 10},
}

var masters = []masterData{
	{
		person{MasterEmail, "Mira Sol", "+4930555010"},
		"Colour and care since 2012. I take my time.", []string{"balayage", "colour correction"}, 14,
		[]offer{{"Balayage", 17900, 0}, {"Full colour", 0, 0}, {"Cut and blow-dry", 0, 0}, {"Trim", 0, 0}},
	},
	{
		person{"jonas@salon.example", "Jonas Weber", "+4930555011"},
		"Precise cuts for short and curly hair.", []string{"curly hair", "short cuts"}, 8,
		[]offer{{"Cut and blow-dry", 4800, 50}, {"Trim", 0, 25}, {"Updo", 0, 0}},
	},
	{
		person{"aiko@salon.example", "Aiko Tanaka 田中", "+4930555012"},
		"Nail art from Osaka.\nAsk me for a design.", []string{"nail art", "gel"}, 6,
		[]offer{{"Classic manicure", 0, 0}, {"Gel manicure", 5200, 75}, {"Spa pedicure", 0, 0}},
	},
	{
		person{"lena@salon.example", "Lena Fischer", "+4930555013"},
		"Skin therapist. Sensitive skin is welcome.", []string{"sensitive skin", "facials"}, 11,
		[]offer{{"Classic facial", 0, 0}, {"Hydrating facial", 0, 0}, {"Brow shaping and tint", 0, 0}, {"Lash lift", 0, 0}},
	},
	{
		person{"omar@salon.example", "Omar Haddad", "+4930555014"},
		"Massage therapist, deep and calm.", []string{"deep tissue", "hot oil"}, 9,
		[]offer{{"Back massage", 0, 0}, {"Full body massage", 8200, 0}},
	},
	{
		person{"nina@salon.example", "Nina Kovač", "+4930555015"},
		"Brows, lashes and everything smooth.", []string{"brows", "waxing"}, 4,
		[]offer{{"Brow shaping and tint", 2700, 0}, {"Lash lift", 0, 0}, {"Leg waxing", 0, 0}, {"Classic manicure", 0, 50}},
	},
}

var customers = []person{
	{CustomerEmail, "Anna Berg", "+4915255500001"},
	{"ben@salon.example", "Ben Carter", "+4915255500002"},
	{"chiara@salon.example", "Chiara Rossi", "+4915255500003"},
	{"david@salon.example", "David Osei", "+4915255500004"},
	{"emma@salon.example", "Emma Lindqvist", "+4915255500005"},
	{"farid@salon.example", "Farid Rahimi", "+4915255500006"},
	{"greta@salon.example", "Greta Novak", "+4915255500007"},
	{"hugo@salon.example", "Hugo Martins", "+4915255500008"},
}

// outcome is how an appointment ended.
type outcome int

const (
	completed outcome = iota
	noShow
	cancelled
	confirmed // still to come
	pending   // still to come, not confirmed
)

// appointment is one appointment. Its day counts from today, its hour is in UTC.
type appointment struct {
	day, hour, minute int
	customer, master  int // index into customers and masters
	service           string
	outcome           outcome
	stars             int32 // 0: not rated
	comment, reply    string
}

var appointments = []appointment{
	{-34, 9, 0, 0, 0, "Balayage", completed, 5, "The best colour I ever had. Mira listened and explained every step.", "Thank you, Anna! See you in spring."},
	{-33, 13, 0, 1, 1, "Cut and blow-dry", completed, 4, "Great cut, a little wait at the door.", ""},
	{-31, 10, 30, 2, 2, "Gel manicure", completed, 5, "Tiny cherry blossoms on every nail!", "それは嬉しいです. Come back soon."},
	{-29, 15, 0, 3, 4, "Full body massage", completed, 5, "My back is new.", ""},
	{-27, 11, 0, 4, 3, "Hydrating facial", completed, 4, "Very gentle with my sensitive skin.", "Thank you for your trust."},
	{-24, 9, 30, 5, 1, "Trim", noShow, 0, "", ""},
	{-22, 16, 0, 6, 5, "Leg waxing", completed, 3, "Fine, but it took longer than planned.", "Sorry for the delay, next time is on time."},
	{-20, 12, 0, 7, 0, "Full colour", completed, 5, "", ""},
	{-17, 10, 0, 0, 3, "Classic facial", completed, 5, "So relaxing that I fell asleep.", ""},
	{-15, 14, 0, 1, 4, "Back massage", completed, 4, "Strong hands, good music.", ""},
	{-12, 9, 0, 2, 5, "Brow shaping and tint", completed, 5, "Exactly the shape I wanted.", ""},
	{-10, 17, 0, 3, 1, "Cut and blow-dry", completed, 5, "Jonas knows curly hair.", ""},
	{-8, 11, 30, 4, 2, "Classic manicure", cancelled, 0, "", ""},
	{-6, 13, 30, 5, 0, "Cut and blow-dry", completed, 4, "", ""},
	{-4, 10, 0, 6, 2, "Spa pedicure", completed, 5, "Worth every cent.", ""},
	{-2, 15, 30, 7, 3, "Lash lift", completed, 0, "", ""},
	{1, 9, 0, 0, 0, "Full colour", confirmed, 0, "", ""},
	{1, 14, 0, 1, 1, "Trim", confirmed, 0, "", ""},
	{2, 10, 0, 2, 2, "Gel manicure", pending, 0, "", ""},
	{2, 12, 0, 3, 4, "Full body massage", confirmed, 0, "", ""},
	{3, 11, 0, 4, 3, "Hydrating facial", pending, 0, "", ""},
	{4, 16, 0, 5, 5, "Lash lift", pending, 0, "", ""},
	{6, 9, 30, 6, 0, "Balayage", confirmed, 0, "", ""},
	{9, 13, 0, 7, 1, "Updo", pending, 0, "", ""},
}
