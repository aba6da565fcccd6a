package pagetoken

const (
	// defaultSize is the number of rows on a page when the request has none.
	defaultSize = 50
	// maxSize is the largest number of rows on a page; larger requests get this many (AIP-158).
	maxSize = 100
)

// Request is the request of a List method.
type Request interface {
	Query
	// GetPageSize returns how many rows are asked for, 0 for the default.
	GetPageSize() int32
}

// List does the work of a List method: it reads the page token of req, fetches one row
// more than fits on the page, converts the rows that fit and makes the token of the next
// page, which is empty on the last page. A page has 50 rows by default and never more
// than 100.
//
// fetch returns at most limit rows that come after the cursor, or from the first row on
// when after is nil. cursor returns the position of a row in the list: a value that
// encoding/json writes and reads. A page token that was made for another query, or not
// by c, is INVALID_PAGE_TOKEN. Errors of fetch are returned as they are.
func List[Row, Cursor, Item any](
	c *Codec, req Request,
	fetch func(after *Cursor, limit int) ([]Row, error), cursor func(Row) Cursor, item func(Row) Item,
) (items []Item, next string, err error) {
	var after *Cursor
	if err := c.Decode(req, &after); err != nil {
		return nil, "", err
	}
	size := pageSize(req.GetPageSize())
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

// pageSize returns the number of rows on a page for the page_size of a request.
// Validation refuses negative sizes.
func pageSize(requested int32) int {
	if requested <= 0 {
		return defaultSize
	}
	return min(int(requested), maxSize)
}
