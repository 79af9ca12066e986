package otlp

import (
	"encoding/base64"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func fromProto(s *tracepb.Span, scope string) *span {
	out := &span{
		trace: bytesID(s.GetTraceId()), id: bytesID(s.GetSpanId()), parent: bytesID(s.GetParentSpanId()), name: s.GetName(), scope: scope,
		start: s.GetStartTimeUnixNano(), end: s.GetEndTimeUnixNano(), attributes: protoMap(s.GetAttributes()),
	}
	for _, e := range s.GetEvents() {
		out.events = append(out.events, event{e.GetName(), e.GetTimeUnixNano(), protoMap(e.GetAttributes())})
	}
	if s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR {
		out.failed = orError(s.GetStatus().GetMessage())
	}
	return out
}

func protoMap(list []*commonpb.KeyValue) map[string]any {
	m := make(map[string]any, len(list))
	for _, kv := range list {
		m[kv.GetKey()] = protoValue(kv.GetValue())
	}
	return m
}

func protoValue(v *commonpb.AnyValue) any {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_BoolValue:
		return v.BoolValue
	case *commonpb.AnyValue_IntValue:
		return v.IntValue
	case *commonpb.AnyValue_DoubleValue:
		return v.DoubleValue
	case *commonpb.AnyValue_BytesValue:
		return base64.StdEncoding.EncodeToString(v.BytesValue)
	case *commonpb.AnyValue_KvlistValue:
		return protoMap(v.KvlistValue.GetValues())
	case *commonpb.AnyValue_ArrayValue:
		list := make([]any, len(v.ArrayValue.GetValues()))
		for i, e := range v.ArrayValue.GetValues() {
			list[i] = protoValue(e)
		}
		return list
	}
	return nil
}
