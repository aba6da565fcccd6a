package demo

import (
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// Password is that of every demo account.
const Password = "demo-salon-2026"

// Accounts that are good for a tour.
const (
	// AdminEmail is the administrator's.
	AdminEmail = "admin@salon.example"
	// ManagerEmail is the manager's of the first salon.
	ManagerEmail = "marta@salon.example"
	// ReceptionistEmail is the receptionist's of the first salon.
	ReceptionistEmail = "rosa@salon.example"
	// MasterEmail is a master's of the first salon.
	MasterEmail = "mira@salon.example"
	// CustomerEmail is a customer's.
	CustomerEmail = "anna@salon.example"
)

type person struct{ email, name, phone string }

type salonData struct {
	name, slug, description, address, phone, email, zone, currency string
	opening                                                        []hoursData
}

// The salons. The first one is the salon that every installation begins with.
var salons = []salonData{
	{
		"Lumen Berlin", "lumen-berlin", "Hair, nails, face and body, near the park.", "Lindenweg 1\n10115 Berlin",
		"+4930555000", "berlin@lumen.example", "Europe/Berlin", "EUR",
		[]hoursData{{weekdays, "09:00", "19:00"}, {saturday, "10:00", "16:00"}},
	},
	{
		"Lumen Brooklyn", "lumen-brooklyn", "Cuts and colour by the river.", "12 Water Street\nBrooklyn, NY 11201",
		"+17185550100", "brooklyn@lumen.example", "America/New_York", "USD",
		[]hoursData{{weekdays, "10:00", "20:00"}, {saturday, "10:00", "17:00"}},
	},
}

// The indexes of salons.
const (
	berlin = iota
	brooklyn
)

// memberData is somebody who works in a salon without being a master.
type memberData struct {
	person
	salon int
	role  apiv1.SalonRole
}

var members = []memberData{
	{person{ManagerEmail, "Marta Lindner", "+4930555001"}, berlin, apiv1.SalonRole_SALON_ROLE_MANAGER},
	{person{ReceptionistEmail, "Rosa Blum", "+4930555002"}, berlin, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST},
	{person{"nick@salon.example", "Nick Rivera", "+17185550101"}, brooklyn, apiv1.SalonRole_SALON_ROLE_MANAGER},
}

type masterData struct {
	person
	salon       int
	hours       []hoursData // none: the salon's
	bio         string
	specialties []string
	years       int32
	offerings   []offeringData
}

// offeringData is a service that a master performs; price and minutes are 0 where they are the service's.
type offeringData struct {
	service    string
	priceMinor int32
	minutes    int32
}

type serviceData struct {
	salon                       int
	category, name, description string
	priceMinor, minutes         int32
	before, after               int32
	capacity                    int32 // 0: for one customer at a time
}

var services = []serviceData{
	{berlin, "Hair", "Cut and blow-dry", "Wash, cut and styling.", 5200, 60, 0, 5, 0},
	{berlin, "Hair", "Trim", "A quick trim of the ends.", 3200, 30, 0, 5, 0},
	{berlin, "Hair", "Full colour", "One shade from root to tip, with care.", 8900, 120, 5, 10, 0},
	{berlin, "Hair", "Balayage", "Hand-painted highlights with a gloss.", 16500, 180, 5, 15, 0},
	{berlin, "Hair", "Updo", "Pinned up for a wedding or an evening.", 7500, 75, 0, 5, 0},
	{berlin, "Nails", "Classic manicure", "Shape, cuticles, hand massage and polish.", 3500, 45, 0, 10, 0},
	{berlin, "Nails", "Gel manicure", "Gel polish that lasts three weeks.", 4800, 60, 0, 10, 0},
	{berlin, "Nails", "Spa pedicure", "Foot bath, peeling, massage and polish.", 5500, 70, 5, 15, 0},
	{berlin, "Face", "Classic facial", "Cleansing, peeling, mask and massage.", 6900, 60, 5, 10, 0},
	{berlin, "Face", "Hydrating facial", "Hyaluron and a cooling mask for dry skin.", 8900, 75, 5, 10, 0},
	{berlin, "Face", "Brow shaping and tint", "Threaded into shape and tinted.", 2900, 30, 0, 5, 0},
	{berlin, "Face", "Lash lift", "Lifted and tinted lashes for six weeks.", 6200, 60, 0, 5, 0},
	{berlin, "Body", "Back massage", "Thirty minutes for neck, shoulders and back.", 4200, 30, 5, 10, 0},
	{berlin, "Body", "Full body massage", "An hour with warm oil.", 7800, 60, 5, 15, 0},
	{berlin, "Body", "Leg waxing", "Full legs, with a soothing balm.", 4500, 45, 5, 10, 0},
	{berlin, "Classes", "Make-up class", "A day look and an evening look, in a small group. Brushes are there.", 4500, 90, 10, 15, 6},
	{brooklyn, "Hair", "Signature cut", "Consultation, wash, cut and finish.", 9500, 60, 0, 10, 0},
	{brooklyn, "Hair", "Gloss", "Shine and tone in half an hour.", 6000, 30, 0, 5, 0},
	{brooklyn, "Hair", "Single process colour", "Root to tip in one shade.", 14000, 90, 5, 10, 0},
}

var masters = []masterData{
	{
		person{MasterEmail, "Mira Sol", "+4930555010"}, berlin,
		[]hoursData{{weekdays, "09:00", "13:00"}, {weekdays, "13:30", "18:00"}, {saturday, "10:00", "14:00"}},
		"Colour and care since 2012. I take my time.", []string{"balayage", "colour correction"}, 14,
		[]offeringData{{"Balayage", 17900, 0}, {"Full colour", 0, 0}, {"Cut and blow-dry", 0, 0}, {"Trim", 0, 0}},
	},
	{
		person{"jonas@salon.example", "Jonas Weber", "+4930555011"}, berlin,
		[]hoursData{{weekdays, "09:00", "12:00"}, {weekdays, "13:00", "19:00"}},
		"Precise cuts for short and curly hair.", []string{"curly hair", "short cuts"}, 8,
		[]offeringData{{"Cut and blow-dry", 4800, 50}, {"Trim", 0, 25}, {"Updo", 0, 0}},
	},
	{
		person{"aiko@salon.example", "Aiko Tanaka 田中", "+4930555012"}, berlin,
		[]hoursData{{weekdays, "09:30", "12:30"}, {weekdays, "13:30", "18:30"}, {saturday, "10:00", "16:00"}},
		"Nail art from Osaka.\nAsk me for a design.", []string{"nail art", "gel"}, 6,
		[]offeringData{{"Classic manicure", 0, 0}, {"Gel manicure", 5200, 75}, {"Spa pedicure", 0, 0}},
	},
	{
		person{"lena@salon.example", "Lena Fischer", "+4930555013"}, berlin,
		[]hoursData{{weekdays, "09:00", "13:00"}, {weekdays, "14:00", "18:00"}},
		"Skin therapist. Sensitive skin is welcome.", []string{"sensitive skin", "facials"}, 11,
		[]offeringData{{"Classic facial", 0, 0}, {"Hydrating facial", 0, 0}, {"Brow shaping and tint", 0, 0}, {"Lash lift", 0, 0}, {"Make-up class", 0, 0}},
	},
	{
		person{"omar@salon.example", "Omar Haddad", "+4930555014"}, berlin,
		[]hoursData{{weekdays, "11:00", "13:00"}, {weekdays, "14:00", "19:00"}, {saturday, "10:00", "16:00"}},
		"Massage therapist, deep and calm.", []string{"deep tissue", "hot oil"}, 9,
		[]offeringData{{"Back massage", 0, 0}, {"Full body massage", 8200, 0}},
	},
	{
		person{"nina@salon.example", "Nina Kovač", "+4930555015"}, berlin,
		[]hoursData{{weekdays, "09:00", "12:30"}, {weekdays, "13:00", "17:00"}, {saturday, "10:00", "13:00"}},
		"Brows, lashes and everything smooth.", []string{"brows", "waxing"}, 4,
		[]offeringData{{"Brow shaping and tint", 2700, 0}, {"Lash lift", 0, 0}, {"Leg waxing", 0, 0}, {"Classic manicure", 0, 50}},
	},
	{
		person{"zoe@salon.example", "Zoe Carter", "+17185550110"}, brooklyn,
		[]hoursData{{weekdays, "10:00", "13:00"}, {weekdays, "13:30", "18:00"}},
		"Cuts that grow out well.", []string{"bobs", "curly hair"}, 10,
		[]offeringData{{"Signature cut", 0, 0}, {"Gloss", 0, 0}},
	},
	{
		person{"luis@salon.example", "Luis Ortega", "+17185550111"}, brooklyn,
		nil,
		"Colour first.", []string{"colour"}, 7,
		[]offeringData{{"Single process colour", 0, 0}, {"Gloss", 5500, 0}, {"Signature cut", 8800, 0}},
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

// guestData is a customer without an account, whom the receptionist of the first salon has written down.
type guestData struct{ name, phone, email, notes string }

var guests = []guestData{
	{"Ida Keller", "+4930555090", "", "Prefers mornings. Allergic to latex."},
	{"Élodie Martin", "", "elodie@example.com", ""},
}
