// Package otlp reads and writes the traces of agent workflows as OpenTelemetry spans, in OTLP's JSON and protobuf.
//
// It knows OTLP's encodings and the attributes in which spans say that they are the call of a model or a tool: the semantic conventions
// for generative AI, OpenInference (LlamaIndex, LangChain, Arize Phoenix), OpenLLMetry (Traceloop), LangSmith (LangChain), and NAT's own
// exporter. It knows nothing of what is made of the traces, and nothing of networks.
package otlp
