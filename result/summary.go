package result

import (
	"time"
)

// takeSummary sets the fields of LLMeter's summary; one that is missing, null or of another type stays.
func (r *Result) takeSummary(s Stats) {
	for key, to := range map[string]*int{
		keyTotalRequests: &r.TotalRequests, keyClients: &r.Clients, keyRequests: &r.Requests,
	} {
		if v, ok := s.Lookup(key); ok && v == float64(int(v)) {
			*to = int(v)
		}
	}
	for key, to := range map[string]*string{
		keyModelID: &r.ModelID, keyEndpointName: &r.EndpointName, keyProvider: &r.Provider,
		keyRunName: &r.RunName, keyRunDescription: &r.RunDescription,
	} {
		if v, ok := s.value(key).(string); ok {
			*to = v
		}
	}
	for key, to := range map[string]*time.Time{
		keyStartTime: &r.StartTime, keyFirstRequestTime: &r.FirstRequestTime,
		keyLastRequestTime: &r.LastRequestTime, keyEndTime: &r.EndTime,
	} {
		v, _ := s.value(key).(string)
		if t, ok := parseStamp(v); ok {
			*to = t
		}
	}
	if v, ok := s.Lookup(keyTotalTestTime); ok {
		if d, ok := duration(&v); ok {
			r.TotalTestTime = d
		}
	}
}

// addSummary adds LLMeter's summary to s. What is not known is nil.
func (r *Result) addSummary(s *Stats) {
	text := func(key, value string) {
		if value == "" {
			s.set(key, nil)
			return
		}
		s.set(key, value)
	}
	instant := func(key string, t time.Time) {
		if t.IsZero() {
			s.set(key, nil)
			return
		}
		s.set(key, stamp(t))
	}
	s.set(keyTotalRequests, r.TotalRequests)
	s.set(keyClients, r.Clients)
	s.set(keyRequests, nil)
	if r.Requests > 0 {
		s.set(keyRequests, r.Requests)
	}
	s.set(keyTotalTestTime, nil)
	if r.TotalTestTime > 0 {
		s.set(keyTotalTestTime, r.TotalTestTime.Seconds())
	}
	text(keyModelID, r.ModelID)
	text(keyOutputPath, r.OutputPath)
	text(keyEndpointName, r.EndpointName)
	text(keyProvider, r.Provider)
	text(keyRunName, r.RunName)
	text(keyRunDescription, r.RunDescription)
	instant(keyStartTime, r.StartTime)
	instant(keyFirstRequestTime, r.FirstRequestTime)
	instant(keyLastRequestTime, r.LastRequestTime)
	instant(keyEndTime, r.EndTime)
}
