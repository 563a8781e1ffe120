package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// How often writers write.
const (
	moveEvery   = 3 * time.Second
	createEvery = 250 * time.Millisecond
	patience    = 20 // tries of one creation
)

// alias is what is read of an alias.
type alias struct {
	Version  int
	Revision int64
}

// promote moves the champion between the versions until ctx ends, each time by
// two clients at once from one revision, of which at most one may win. Every
// third move is a rollback. It returns how many pairs there were.
func promote(ctx context.Context, c *client, to *champion, blame func(string)) (pairs int) {
	path := "/v1/models/" + model + "/aliases/champion"
	for pause(ctx, moveEvery) {
		var at alias
		if c.want(ctx, 200, "GET", path, "", "", &at) != nil {
			continue // the stage is down
		}
		condition := fmt.Sprintf("If-Match: \"%d\"", at.Revision)
		pairs++
		if pairs%3 == 0 {
			m := to.begin(3-at.Version, at.Revision+1, time.Now())
			a := c.call(ctx, "POST", path+"/rollback", condition, fmt.Sprintf(`{"to":%d}`, 3-at.Version))
			to.end(m, a, time.Now())
			continue
		}
		var answers [2]answer
		var both sync.WaitGroup
		for i := range answers {
			both.Go(func() {
				m := to.begin(3-at.Version, at.Revision+1, time.Now())
				answers[i] = c.call(ctx, "PUT", path, condition, fmt.Sprintf(`{"version":%d}`, 3-at.Version))
				to.end(m, answers[i], time.Now())
			})
		}
		both.Wait()
		if answers[0].status == 200 && answers[1].status == 200 {
			blame(fmt.Sprintf("two promotions from revision %d were made", at.Revision))
		}
		if answers[0].known() && answers[1].known() && answers[0].status != 200 && answers[1].status != 200 {
			blame(fmt.Sprintf("of two promotions from revision %d none was made: %d and %d", at.Revision, answers[0].status, answers[1].status))
		}
	}
	return pairs
}

// created are the data sets that were acknowledged, by the name of their file.
type created map[string]string

// create announces data sets until ctx ends, each under an Idempotency-Key and
// again under the same one until it is acknowledged.
func create(ctx context.Context, c *client) created {
	made := created{}
	for n := 0; pause(ctx, createEvery); n++ {
		name := fmt.Sprintf("soak-%d.csv", n)
		body := fmt.Sprintf(`{"model":%q,"filename":%q,"size":10,"sha256":"%064d"}`, model, name, n)
		for range patience {
			a := c.call(ctx, "POST", "/v1/datasets", "Idempotency-Key: "+name, body)
			var d struct{ ID string }
			if a.status == 201 && json.Unmarshal(a.body, &d) == nil {
				made[name] = d.ID
				break
			}
			if !pause(ctx, createEvery) {
				break
			}
		}
	}
	return made
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// lost returns what was acknowledged and is not there, or not once.
func (m created) lost(ctx context.Context, c *client) ([]string, error) {
	found := map[string][]string{}
	for token := ""; ; {
		var page struct {
			Items []struct{ ID, Filename string }
			Next  string `json:"next_page_token"`
		}
		if err := c.want(ctx, 200, "GET", "/v1/datasets?limit=200"+token, "", "", &page); err != nil {
			return nil, err
		}
		for _, d := range page.Items {
			found[d.Filename] = append(found[d.Filename], d.ID)
		}
		if page.Next == "" {
			break
		}
		token = "&page_token=" + page.Next
	}
	var lost []string
	for n := range len(m) + patience {
		name := fmt.Sprintf("soak-%d.csv", n)
		id, acknowledged := m[name]
		if ids := found[name]; len(ids) > 1 || acknowledged && (len(ids) != 1 || ids[0] != id) {
			lost = append(lost, fmt.Sprintf("%s was acknowledged as %q and is there as %v", name, id, ids))
		}
	}
	return lost, nil
}

// lost returns the acknowledged moves that the history does not have.
func (c *champion) lost(ctx context.Context, api *client) ([]string, error) {
	history := map[int64]int{}
	for token := ""; ; {
		var page struct {
			Items []struct {
				Revision int64
				To       int
			}
			Next string `json:"next_page_token"`
		}
		if err := api.want(ctx, 200, "GET", "/v1/models/"+model+"/aliases/champion/history?limit=200"+token, "", "", &page); err != nil {
			return nil, err
		}
		for _, h := range page.Items {
			history[h.Revision] = h.To
		}
		if page.Next == "" {
			break
		}
		token = "&page_token=" + page.Next
	}
	var lost []string
	for _, m := range c.acknowledged() {
		if history[m.revision] != m.version {
			lost = append(lost, fmt.Sprintf("the champion's revision %d to version %d was acknowledged, the history says version %d", m.revision, m.version, history[m.revision]))
		}
	}
	return lost, nil
}
