package pagetoken

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// table is a list of numbers, in ascending order.
type table struct {
	rows   []int
	limits []int // of the calls of fetch
}

// numbers returns the table of the numbers from 1 to n.
func numbers(n int) *table {
	t := &table{}
	for i := range n {
		t.rows = append(t.rows, i+1)
	}
	return t
}

// place is the position of a row in the list.
type place struct{ Row int }

func (t *table) fetch(after *place, limit int) ([]int, error) {
	t.limits = append(t.limits, limit)
	rows := t.rows
	if after != nil {
		rows = rows[after.Row:]
	}
	return rows[:min(limit, len(rows))], nil
}

func (t *table) list(c *Codec, req *userv1.ListMastersRequest) ([]string, string, error) {
	return List(c, req, t.fetch, func(row int) place { return place{row} }, strconv.Itoa)
}

func TestListReadsEveryRowOnce(t *testing.T) {
	t.Parallel()
	c := codec(t, 'a')
	for _, tt := range []struct {
		rows  int
		size  int32
		pages []int // rows on each
	}{
		{rows: 0, size: 2, pages: []int{0}},
		{rows: 1, size: 2, pages: []int{1}},
		{rows: 2, size: 2, pages: []int{2}},
		{rows: 3, size: 2, pages: []int{2, 1}},
		{rows: 4, size: 2, pages: []int{2, 2}},
		{rows: 51, size: 0, pages: []int{50, 1}},
		{rows: 201, size: 1000, pages: []int{100, 100, 1}},
	} {
		all, req := numbers(tt.rows), &userv1.ListMastersRequest{Query: "mira", PageSize: tt.size}
		var got []string
		var pages []int
		for {
			items, next, err := all.list(c, req)
			if err != nil {
				t.Fatal(err)
			}
			if items == nil {
				t.Error("a page is nil")
			}
			got, pages = append(got, items...), append(pages, len(items))
			if next == "" {
				break
			}
			req.PageToken = next
		}
		if !slices.Equal(pages, tt.pages) {
			t.Errorf("%d rows on pages of %d: got pages of %v, want %v", tt.rows, tt.size, pages, tt.pages)
		}
		for i, item := range got {
			if item != strconv.Itoa(i+1) {
				t.Fatalf("%d rows on pages of %d: row %d is %s", tt.rows, tt.size, i+1, item)
			}
		}
		// One row more than fits shows whether there is another page.
		if want := pageSize(tt.size) + 1; all.limits[0] != want {
			t.Errorf("fetched %d rows for a page of %d", all.limits[0], tt.size)
		}
	}
}

func TestListErrors(t *testing.T) {
	t.Parallel()
	c := codec(t, 'a')
	_, next, err := numbers(3).list(c, &userv1.ListMastersRequest{Query: "mira", PageSize: 2})
	if err != nil || next == "" {
		t.Fatalf("next page %q, %v", next, err)
	}
	for _, req := range []*userv1.ListMastersRequest{
		{Query: "other", PageToken: next},
		{Query: "mira", PageToken: "nonsense"},
	} {
		all := numbers(3)
		if _, _, err := all.list(c, req); apierr.ReasonOf(err) != "INVALID_PAGE_TOKEN" || len(all.limits) != 0 {
			t.Errorf("%v: got %v after %d reads", req, err, len(all.limits))
		}
	}
	errRead := errors.New("connection lost")
	items, next, err := List(c, &userv1.ListMastersRequest{},
		func(*place, int) ([]int, error) { return nil, errRead }, func(int) place { return place{} }, strconv.Itoa)
	if !errors.Is(err, errRead) || items != nil || next != "" {
		t.Errorf("got %v, %q, %v", items, next, err)
	}
	_, _, err = List(c, &userv1.ListMastersRequest{PageSize: 2},
		numbers(3).fetchAny, func(int) chan int { return nil }, strconv.Itoa)
	if err == nil {
		t.Error("a cursor that cannot be encoded is accepted")
	}
}

// fetchAny is fetch of the first page for a cursor of another type.
func (t *table) fetchAny(_ *chan int, limit int) ([]int, error) { return t.fetch(nil, limit) }
