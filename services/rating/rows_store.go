package rating

import "time"

// The rows as they lie in the database; migrations/ says what they mean.

type ratingRow struct {
	ID            string
	AppointmentID string
	MasterID      string
	CustomerID    string
	Stars         int
	Comment       string
	Reply         string
	ReplyTime     *time.Time
	CreateTime    time.Time
	UpdateTime    time.Time
	DeleteTime    *time.Time
	Version       int64
}

// TableName names the table to the mapper.
func (ratingRow) TableName() string { return "ratings" }

func rowOfRating(r Rating) ratingRow {
	return ratingRow{
		ID: r.ID, AppointmentID: r.AppointmentID, MasterID: r.MasterID, CustomerID: r.CustomerID,
		Stars: r.Stars, Comment: r.Comment, Reply: r.Reply, ReplyTime: nullable(r.ReplyTime),
		CreateTime: r.CreateTime, UpdateTime: r.UpdateTime, DeleteTime: nullable(r.DeleteTime), Version: r.Version,
	}
}

func (row ratingRow) rating() Rating {
	return Rating{
		ID: row.ID, AppointmentID: row.AppointmentID, MasterID: row.MasterID, CustomerID: row.CustomerID,
		Stars: row.Stars, Comment: row.Comment, Reply: row.Reply, ReplyTime: utc(row.ReplyTime),
		CreateTime: row.CreateTime.UTC(), UpdateTime: row.UpdateTime.UTC(), DeleteTime: utc(row.DeleteTime),
		Version: row.Version,
	}
}

type summaryRow struct {
	MasterID string
	Count    int
	StarsSum int64
	Stars1   int `gorm:"column:stars_1"`
	Stars2   int `gorm:"column:stars_2"`
	Stars3   int `gorm:"column:stars_3"`
	Stars4   int `gorm:"column:stars_4"`
	Stars5   int `gorm:"column:stars_5"`
	Version  int64
}

// TableName names the table to the mapper.
func (summaryRow) TableName() string { return "rating_summaries" }

func rowOfSummary(s Summary) summaryRow {
	h := s.Histogram
	return summaryRow{
		MasterID: s.MasterID, Count: s.Count, StarsSum: s.StarsSum,
		Stars1: h[0], Stars2: h[1], Stars3: h[2], Stars4: h[3], Stars5: h[4], Version: s.Version,
	}
}

func (row summaryRow) summary() Summary {
	return Summary{
		MasterID: row.MasterID, Count: row.Count, StarsSum: row.StarsSum,
		Histogram: [MaxStars]int{row.Stars1, row.Stars2, row.Stars3, row.Stars4, row.Stars5}, Version: row.Version,
	}
}

type visitRow struct {
	AppointmentID string
	CustomerID    string
	MasterID      string
	State         string
	CompleteTime  *time.Time
	Version       int64
}

// TableName names the table to the mapper.
func (visitRow) TableName() string { return "visits" }

func rowOfVisit(v Visit) visitRow {
	return visitRow{
		AppointmentID: v.AppointmentID, CustomerID: v.CustomerID, MasterID: v.MasterID,
		State: v.State, CompleteTime: nullable(v.CompleteTime), Version: v.Version,
	}
}

func (row visitRow) visit() Visit {
	return Visit{
		AppointmentID: row.AppointmentID, CustomerID: row.CustomerID, MasterID: row.MasterID,
		State: row.State, CompleteTime: utc(row.CompleteTime), Version: row.Version,
	}
}

// nullable is NULL for the zero time.
func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// utc is the zero time for NULL.
func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
