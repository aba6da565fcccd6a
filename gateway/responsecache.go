package gateway

import (
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/beauty-salon/platform/internal/memory"
)

// maxCachedResponses bounds the memory of cached answers: at about 1 KiB each, some 10 MiB.
const maxCachedResponses = 10_000

// responseCache keeps the encoded answers of the reads that the contract marks with salon.api.v1.cache, so that a
// frequent read costs neither a call nor an encoding.
//
// An answer is dropped when its event arrives (such as master.updated), when a write of the same service passes
// through this gateway, or when its time is up. The time is short and bounds the age of answers while NATS is down.
// put compares the generation, so that an answer that was read before a drop is not stored after it.
type responseCache struct {
	entries    *memory.Cache[cachedResponse]
	ttl        time.Duration
	generation atomic.Uint64
	templates  map[string][]*route // by entity
}

type cachedResponse struct {
	route   *route
	body    []byte // JSON for a REST key, protobuf for a gRPC key
	etag    string
	expires time.Time
}

func newResponseCache(rs *routes, ttl time.Duration) *responseCache {
	c := &responseCache{entries: memory.New[cachedResponse](maxCachedResponses), ttl: ttl, templates: map[string][]*route{}}
	for _, r := range rs.byMethod {
		if r.cache != nil {
			c.templates[r.cache.GetEntity()] = append(c.templates[r.cache.GetEntity()], r)
		}
	}
	return c
}

func (c *responseCache) get(key string) (cachedResponse, bool) {
	e, ok := c.entries.Get(key)
	if !ok || time.Now().After(e.expires) {
		return cachedResponse{}, false
	}
	return e, true
}

// put stores an answer that was read at that generation of the cache.
func (c *responseCache) put(generation uint64, key string, answer cachedResponse) {
	if c.ttl <= 0 || c.generation.Load() != generation {
		return
	}
	answer.expires = time.Now().Add(c.ttl)
	c.entries.Set(key, answer)
	// A drop between the check and Set would have missed this entry.
	if c.generation.Load() != generation {
		c.entries.Delete(key)
	}
}

// drop deletes the answers of one entity.
func (c *responseCache) drop(entity, id string) {
	c.generation.Add(1)
	for _, r := range c.templates[entity] {
		c.entries.Delete(locationOf(r.Template, id))
		c.entries.Delete(frameKey(r, id))
	}
}

// dropService deletes all answers of a service, because one of its writes has passed through the gateway.
func (c *responseCache) dropService(written *route) {
	for _, rs := range c.templates {
		for _, r := range rs {
			if r.desc.Parent() == written.desc.Parent() {
				c.dropAll()
				return
			}
		}
	}
}

// dropAll deletes everything, because events may have been missed.
func (c *responseCache) dropAll() {
	c.generation.Add(1)
	c.entries.Clear()
}

// frameKey is the key of a gRPC answer. The key of a REST answer is its path, which has no dot before its second
// slash.
func frameKey(r *route, id string) string { return r.fullMethod + "/" + id }

// idOf returns the value of the request field that names the cached entity.
func (r *route) idOf(req proto.Message) string {
	m := req.ProtoReflect()
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(r.cache.GetIdField()))
	if fd == nil {
		return ""
	}
	return strings.ToLower(m.Get(fd).String())
}

// encodedMessage is an answer that is already in protobuf's wire format.
type encodedMessage struct{ data []byte }

func (e *encodedMessage) buffers() mem.BufferSlice { return mem.BufferSlice{mem.SliceBuffer(e.data)} }
