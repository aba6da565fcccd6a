package pagetoken

import "google.golang.org/protobuf/proto"

// Request is the request of a List method.
type Request interface {
	proto.Message
	// GetPageSize returns how many rows are asked for, 0 for the default.
	GetPageSize() int32
	// GetPageToken returns the token of the page, empty for the first one.
	GetPageToken() string
}

// List answers a List method: it reads the page token of req, fetches one row more
// than fits on the page, converts those that fit and makes the token of the next page,
// empty on the last one.
//
// fetch returns at most limit rows that come after the cursor, or from the first row on
// when after is nil. cursor returns the place of a row in the list: anything that
// encoding/json reads back.
func List[Row, Cursor, Item any](
	c *Codec, req Request,
	fetch func(after *Cursor, limit int) ([]Row, error), cursor func(Row) Cursor, item func(Row) Item,
) (items []Item, next string, err error) {
	var after *Cursor
	if _, err := c.Decode(req, &after); err != nil {
		return nil, "", err
	}
	size := Size(req.GetPageSize())
	rows, err := fetch(after, size+1)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > size {
		rows = rows[:size]
		if next, err = c.Encode(req, cursor(rows[size-1])); err != nil {
			return nil, "", err
		}
	}
	items = make([]Item, len(rows))
	for i, row := range rows {
		items[i] = item(row)
	}
	return items, next, nil
}
